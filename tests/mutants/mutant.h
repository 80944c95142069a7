/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * In the copy of the library's sources that has all mutants: which one a run takes out, and which
 * branches it saw taken.
 */
#ifndef TESTS_MUTANTS_MUTANT_H
#define TESTS_MUTANTS_MUTANT_H

#define PV_MUTANTS_MAX 4096

extern int pv_mutant; /* -1: none */
extern unsigned char pv_mutants_seen[PV_MUTANTS_MAX];

/* Asked where branch `n` would be taken: whether it is. */
static inline int pv_mutant_on(int n)
{
	pv_mutants_seen[n] = 1;
	return n != pv_mutant;
}

static inline int pv_mutant_off(int n)
{
	return !pv_mutant_on(n);
}

#endif
