/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Writes the tables of pv-core/xen/xenbus_table.c as xenbus.pml takes them: the model checks these.
 */
#include <stdio.h>

#include "pv-core/xen/xenbus.h"

static void table(const char *name, int (*entry)(unsigned int, unsigned int))
{
	unsigned int i, n = PV_XENBUS_STATES;

	printf("hidden byte %s[%u] = {", name, n * n);
	for (i = 0; i < n * n; i++)
		printf("%s%d", i ? ", " : " ", entry(i / n, i % n));
	printf(" };\n");
}

static int attach(unsigned int front, unsigned int back)
{
	return (int)pv_xenbus_attach((enum xenbus_state)front, (enum xenbus_state)back);
}

static int step(unsigned int from, unsigned int to)
{
	return (int)pv_xenbus_step((enum xenbus_state)from, (enum xenbus_state)to);
}

#define NAME(name) printf("#define " #name " %d\n", PV_XB_##name)

int main(void)
{
	NAME(WAIT);
	NAME(OFFER);
	NAME(RESTART);
	NAME(CLOSING);
	NAME(CLOSED);
	NAME(SAME);
	NAME(CHANGED);
	NAME(LOST);
	NAME(REJOIN);
	NAME(RECLAIM);
	NAME(REMOVE);
	NAME(BREAK);
	table("attach", attach);
	table("step", step);
	return 0;
}
