/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * KUnit's core as the kernel has it, where struct task_struct has no kunit_test and struct module
 * no kunit_suites: another pointer of the task that runs a test, which it has no use for, stands
 * in, and the suites' modules call us instead of being found.
 */
#include <kunit/resource.h>
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>

#undef CONFIG_MODULES
#define kunit_test journal_info
#include "test.c"
