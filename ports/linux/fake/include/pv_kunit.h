/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The kernel's KUnit, around the fake machine: each case of a suite begins with a new machine, and
 * fails if it keeps memory, mappings or interrupts of it. kunit/Kbuild has it included before
 * anything else of a suite, whose file is a module of its own.
 */
#ifndef PV_LINUX_FAKE_PV_KUNIT_H
#define PV_LINUX_FAKE_PV_KUNIT_H

#include <kunit/test.h>
#include <linux/module.h>

/* Before the suite runs: its cases are to run between the machine's reset and its check. */
#ifdef PV_KUNIT_REAL
static inline void pv_fake_adopt(struct kunit_suite *suite)
{
	/* The machine is real. */
}
#else
void pv_fake_adopt(struct kunit_suite *suite);
#endif

/*
 * A kernel that was built without KUnit does not run what a module has for it. There, KUnit is a
 * module too (ports/linux/kunit), and a suite runs by the beginning of its own.
 */
#if IS_ENABLED(CONFIG_KUNIT)
#define PV_KUNIT_RUN(suite)
#define PV_KUNIT_START(suite) 0
#define PV_KUNIT_REGISTER     kunit_test_suites
#else
#define PV_KUNIT_RUN(suite)                                                                        \
	static struct kunit_suite *suite##_list[] = {&suite};                                      \
	static void __exit suite##_end(void)                                                       \
	{                                                                                          \
		__kunit_test_suites_exit(suite##_list, 1);                                         \
	}                                                                                          \
	module_exit(suite##_end);
#define PV_KUNIT_START(suite) __kunit_test_suites_init(suite##_list, 1)
#define PV_KUNIT_REGISTER(suite)
#endif

#undef kunit_test_suite
#define kunit_test_suite(suite)                                                                    \
	PV_KUNIT_RUN(suite)                                                                        \
	static int __init suite##_begin(void)                                                      \
	{                                                                                          \
		pv_fake_adopt(&suite);                                                             \
		return PV_KUNIT_START(suite);                                                      \
	}                                                                                          \
	module_init(suite##_begin);                                                                \
	MODULE_LICENSE("Dual MIT/GPL");                                                            \
	PV_KUNIT_REGISTER(&suite)

#endif
