/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * PV_MUTANT=n takes branch n out; PV_MUTANTS_SEEN=file gets the numbers of those that the run saw
 * taken.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/mutants/mutant.h"

int pv_mutant = -1;
unsigned char pv_mutants_seen[PV_MUTANTS_MAX];

static __attribute__((constructor)) void begin(void)
{
	const char *n = getenv("PV_MUTANT");

	if (n)
		pv_mutant = atoi(n);
}

static __attribute__((destructor)) void end(void)
{
	const char *path = getenv("PV_MUTANTS_SEEN");
	FILE *file = path ? fopen(path, "a") : NULL;
	int i;

	if (!file)
		return;
	for (i = 0; i < PV_MUTANTS_MAX; i++)
		if (pv_mutants_seen[i])
			fprintf(file, "%d\n", i);
	fclose(file);
}
