/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Parts of the library that are linked only where they are named, and yet have something to do when
 * a CPU comes or goes, and in the end: each attaches itself when it is used first.
 */
#ifndef PV_CORE_PART_H
#define PV_CORE_PART_H

#include <pv/types.h>

struct pv_part {
	/* This CPU begins, its clock and upcalls in place. NULL: nothing to do. 0 or PV_E*. */
	int (*cpu_start)(unsigned int cpu);
	/* Its mirror; also after cpu_start failed. */
	void (*cpu_stop)(unsigned int cpu);
	/* Control work that is due, in each pv_work(); the number of things done. NULL: none. */
	int (*work)(void);
	/*
	 * Everything is given back; the devices have been removed, the clock and events are still
	 * there.
	 */
	void (*end)(void);

	struct pv_part *next; /* part.c's */
	bool attached;
};

/*
 * Takes part from now on; what this CPU needs the part does itself. Nothing if it does already.
 * Context: control.
 */
void pv_part_attach(struct pv_part *part);

/* Called by init.c. The first error, and then all were stopped. Context: control. */
int pv_parts_cpu_start(unsigned int cpu);
void pv_parts_cpu_stop(unsigned int cpu);
int pv_parts_work(void);
void pv_parts_end(void);

#endif
