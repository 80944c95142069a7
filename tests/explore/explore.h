/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The explorer: runs the library's code against a peer in every order of their accesses to shared
 * memory, or against every answer that shared memory could give.
 *
 * WHAT IS EXPLORED
 *	A scenario starts threads, each on a CPU. Each access to shared memory (pv_hook_*), each
 *	barrier, wait and explore_touch() is a step; between two steps any other thread may have its
 *	own. A store goes into the CPU's queue, and from there, in order, to memory: a step of its
 *	own, at any later moment (total store order, as x86 has it). A load of what the CPU has in
 *	its queue, and a store, are no steps, since nobody else sees them. A locked operation and
 *	pv_mb() wait for the queue to be empty.
 *
 *	explore_choose() is a choice of the scenario's own. With `lies` each load is one: what is
 *	there, or what a hostile peer may have put there that moment.
 *
 * HOW
 *	Depth first: a run is made of choices, which are recorded; the next run repeats them up to
 *	the last that has an alternative left, and takes that. Before each run memory is as the
 *	set-up left it. Of orders that differ only in steps that do not touch the same memory one
 *	is run (sleep sets: Godefroid, Partial-Order Methods, 1996, ch. 5). Nothing else is left
 *	out: there is no bound but on the length of a run, and reaching that is a failure.
 *
 * WHAT FAILS
 *	explore_fail(); a panic; threads that wait for ever, unless all of them are servants.
 *
 * PLANTED BUGS
 *	Each scenario names some, which must be found, or it proves nothing.
 */
#ifndef TESTS_EXPLORE_H
#define TESTS_EXPLORE_H

#include <pv/shared.h>
#include <pv/types.h>

#define EXPLORE_CPUS	2
#define EXPLORE_THREADS 5

/* Planted bugs of the machine's; a scenario's own are from EXPLORE_OWN on. */
#define EXPLORE_NO_FENCE 1u /* pv_mb() does nothing on CPU 0 */
#define EXPLORE_OWN	 2u

struct explore_plant {
	const char *name;
	unsigned int bug;
};

struct explore_scenario {
	const char *name;
	void (*setup)(void); /* once; what it leaves is how memory is before each run */
	/* What a run changes, if that is not more; NULL: put back all that the program has. */
	void *state;
	size_t size;
	void (*begin)(void); /* each run: starts threads */
	void (*end)(void);   /* all threads but servants are done, all stores in memory */
	/* Other values for a load; their number, at most 8. NULL: memory is what it is. */
	unsigned int (*lies)(const volatile void *p, size_t size, uint64_t is, uint64_t *other);
	/* What a load gave, with `lies`. */
	void (*told)(const volatile void *p, size_t size, uint64_t value);
	struct explore_plant plants[8];
};

/* Ends the run: the scenario fails. */
void explore_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
#define explore_check(condition)                                                                   \
	do {                                                                                       \
		if (!(condition))                                                                  \
			explore_fail("%s:%d: %s", __FILE__, __LINE__, #condition);                 \
	} while (0)

/* A thread, from begin(). A servant may wait for ever. */
void explore_thread(unsigned int cpu, bool servant, void (*fn)(void *arg), void *arg);

/* 0 to n - 1: each is tried. */
unsigned int explore_choose(unsigned int n);

/* A step that changes, or looks at, what `object` stands for: Xen's work, an event. */
void explore_touch(const void *object);

/* Waits until condition(arg), which somebody changes by a step that touches `object`. */
void explore_wait(bool (*condition)(void *arg), void *arg, const void *object);

/* From now on, until `on` is false, the others of this CPU stand still: an interrupt. */
void explore_interrupt(bool on);

/* Whether this bug is planted. */
bool explore_planted(unsigned int bug);

/* pv_mb(), by explore_hooks.h. */
void explore_fence(void);

/* --- between engine.c and main.c -------------------------------------------------------------- */

struct explore_result {
	bool failed;
	unsigned long runs, cut, longest;
	char message[300];
};
void explore_run(const struct explore_scenario *s, unsigned int bug, struct explore_result *r);

#endif
