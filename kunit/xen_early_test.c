/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Output to Xen itself: in pieces that it shows whole, and none after one that it refused.
 *
 * Covers: pv-core/xen/xen_early.c
 */
#include <kunit/test.h>
#include <pv/err.h>
#include <pv/fake_xen.h>
#include <pv/string.h>
#include <pv/xen.h>

#include "arch/x86/x86.h"

static int early_init(struct kunit *test)
{
	(void)test;
	pv_fake_xen_start();
	pv_xen_call_mode = PV_XEN_CALL_VMCALL;
	return 0;
}

static void early_exit(struct kunit *test)
{
	(void)test;
	pv_xen_call_mode = PV_XEN_CALL_NONE;
}

static void early_in_pieces(struct kunit *test)
{
	static const struct {
		size_t len;
		unsigned int calls;
	} text[] = {{0, 0}, {1, 1}, {127, 1}, {128, 1}, {129, 2}, {300, 3}, {384, 3}};
	char buf[400];
	unsigned int i;

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (char)('a' + i % 26);
	for (i = 0; i < PV_ARRAY_SIZE(text); i++) {
		pv_fake_xen.calls = 0;
		pv_memset(pv_fake_xen.console, 0, sizeof(pv_fake_xen.console));
		pv_xen_early_write(buf, text[i].len);
		KUNIT_EXPECT_EQ(test, pv_fake_xen.calls, text[i].calls);
		KUNIT_EXPECT_EQ(test, pv_strlen(pv_fake_xen.console), text[i].len);
		KUNIT_EXPECT_EQ(test, pv_memcmp(pv_fake_xen.console, buf, text[i].len), 0);
	}
}

static void early_refused(struct kunit *test)
{
	char buf[400];

	pv_memset(buf, 'x', sizeof(buf));
	pv_fake_xen.fail_at = 2;
	pv_fake_xen.fail_with = PV_EPERM;
	pv_xen_early_write(buf, sizeof(buf));
	KUNIT_EXPECT_EQ(test, pv_fake_xen.calls, 2);
	KUNIT_EXPECT_EQ(test, pv_strlen(pv_fake_xen.console), 128);
}

static void early_without_xen(struct kunit *test)
{
	pv_xen_call_mode = PV_XEN_CALL_NONE;
	pv_xen_early_write("text", 4);
	KUNIT_EXPECT_EQ(test, pv_fake_xen.calls, 0);
}

static struct kunit_case early_cases[] = {
	KUNIT_CASE(early_in_pieces),
	KUNIT_CASE(early_refused),
	KUNIT_CASE(early_without_xen),
	{},
};

static struct kunit_suite early_suite = {
	.name = "xen_early",
	.init = early_init,
	.exit = early_exit,
	.test_cases = early_cases,
};

kunit_test_suite(early_suite);
