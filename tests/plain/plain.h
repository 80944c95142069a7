/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The fakes of kunit/ without KUnit: for programs that use them and are no suites. What the fakes'
 * own assertions find ends the program.
 */
#ifndef PV_TESTS_PLAIN_H
#define PV_TESTS_PLAIN_H

#include <kunit/test.h>

/* What fakes are called with. Their memory lasts until plain_free(). */
extern struct kunit plain_test;
void plain_free(void);

/* What must hold. `plain_context`, if not NULL, prints what the program is at. */
#define PLAIN_CHECK(condition)                                                                     \
	do {                                                                                       \
		if (!(condition))                                                                  \
			plain_failed(#condition, __FILE__, __LINE__);                              \
	} while (0)
void plain_failed(const char *what, const char *file, int line) __attribute__((noreturn));
extern void (*plain_context)(void);

#endif
