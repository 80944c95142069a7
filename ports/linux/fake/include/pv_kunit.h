/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The kernel's KUnit, around the fake machine: each case of a suite begins with a new machine, and fails
 * if it keeps memory, mappings or interrupts of it. kunit/Kbuild has it included before anything else of a
 * suite, whose file is a module of its own.
 */
#ifndef PV_LINUX_FAKE_PV_KUNIT_H
#define PV_LINUX_FAKE_PV_KUNIT_H

#include <kunit/test.h>
#include <linux/module.h>

/* Before the suite runs: its cases are to run between the machine's reset and its check. */
void pv_fake_adopt(struct kunit_suite *suite);

#undef kunit_test_suite
#define kunit_test_suite(suite)                                                                    \
	static int __init suite##_adopt(void)                                                      \
	{                                                                                          \
		pv_fake_adopt(&suite);                                                             \
		return 0;                                                                          \
	}                                                                                          \
	module_init(suite##_adopt);                                                                \
	MODULE_LICENSE("Dual MIT/GPL");                                                            \
	kunit_test_suites(&suite)

#endif
