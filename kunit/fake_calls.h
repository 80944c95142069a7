/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A Xen guest that goes to a new domain again and again; in the n-th life, the n-th hypercall that
 * is made until all is back fails.
 */
#ifndef PV_KUNIT_FAKE_CALLS_H
#define PV_KUNIT_FAKE_CALLS_H

#include <kunit/test.h>

struct fake_calls {
	/* A kunit_suite's, for each life. */
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);

	/*
	 * Brings the device up and uses it, calls fake_calls_failing() once, then
	 * fake_calls_suspend(), and expects what it has to. Whether the device went for it.
	 */
	bool (*life)(struct kunit *test);

	/* Its backend ends, and is there again; between them the toolstack writes to its folder. */
	void (*die)(void);
	void (*reborn)(void);
	const char *(*front)(void); /* the frontend's folder */
};

struct fake_calls_count {
	unsigned int calls;  /* that can fail */
	unsigned int errors; /* of suspensions */
	unsigned int lost;   /* how often the device went */
};

/* Lives, until one makes fewer hypercalls; `error` is what each that fails answers. */
struct fake_calls_count fake_calls_each_fails(struct kunit *test, const struct fake_calls *calls,
					      long error);

/* A suspension in which that hypercall fails: its error; or 0, and all is back. */
int fake_calls_failing(struct kunit *test);

/* One in which none fails. */
void fake_calls_suspend(struct kunit *test);

#endif
