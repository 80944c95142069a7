/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <pv/fake_xen.h>
#include <pv/log.h>
#include <pv/os.h>
#include <pv/string.h>
#include <pv/xen.h>

#include "fake_calls.h"
#include "fake_store.h"
#include "pv-core/suspend.h"
#include "pv-core/xen/xen.h"

#define MOST 200u /* hypercalls in one resume */

static struct {
	const struct fake_calls *of;
	struct fake_calls_count count;
	unsigned int fail_at, made;
	long answer;
	bool failed;
} calls;

static const struct pv_bus *bus(unsigned int n)
{
	return n ? NULL : &pv_xenbus;
}

static long hypercall(unsigned int op, const unsigned long arg[5])
{
	return ++calls.made == calls.fail_at ? calls.answer : pv_fake_xen_hypercall(op, arg);
}

/* As the toolstack does it, and from then on hypercalls are counted. */
static long move(void)
{
	char path[160];

	calls.of->die();
	pv_fake_xen_migrate();
	if (fake_store_migrate())
		pv_os_panic("the new domain cannot be made");
	pv_snprintf(path, sizeof(path), "%s/state", calls.of->front());
	pv_fake_xs_write(path, "1");
	calls.of->reborn();
	calls.made = 0;
	pv_fake.xen_hypercall = hypercall;
	return 0;
}

static int suspend(unsigned int nth)
{
	int err;

	calls.fail_at = nth;
	err = pv_suspend_on(&pv_xen, bus);
	pv_fake.xen_hypercall = NULL;
	return err;
}

int fake_calls_failing(struct kunit *test)
{
	int err = suspend(calls.fail_at);

	calls.failed = calls.made >= calls.fail_at;
	calls.count.errors += err < 0;
	KUNIT_EXPECT_LE(test, err, 0);
	KUNIT_EXPECT_TRUE(test, calls.failed || !err);
	return err;
}

void fake_calls_suspend(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, suspend(0), 0);
}

struct fake_calls_count fake_calls_each_fails(struct kunit *test, const struct fake_calls *of,
					      long error)
{
	unsigned int n;

	calls.of = of;
	calls.answer = error;
	pv_memset(&calls.count, 0, sizeof(calls.count));
	for (n = 1;; n++) {
		pv_fake_xen.suspend = move;
		calls.fail_at = n;
		calls.failed = false;
		calls.count.lost += of->life(test);
		if (!calls.failed || n == MOST)
			break;
		of->exit(test);
		KUNIT_ASSERT_EQ(test, of->init(test), 0);
	}
	calls.count.calls = n - 1;
	KUNIT_EXPECT_FALSE(test, calls.failed);
	KUNIT_EXPECT_GT(test, n, 10u);
	KUNIT_EXPECT_GT(test, calls.count.errors, 0u);
	return calls.count;
}
