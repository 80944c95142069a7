/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The domain is saved, and runs again as another one, or as itself: what was there is there again,
 * and a disk's requests are done, each once.
 *
 * Covers: pv-core/suspend.c pv-core/xen/xen_suspend.c pv-core/xen/evtchn_suspend.c
 * pv-core/xen/xenbus_resume.c
 */
#include <pv/clock.h>
#include <pv/control.h>
#include <pv/kvm.h>
#include <pv/log.h>
#include <pv/string.h>
#include <pv/timer.h>
#include <pv/xen.h>

#include "fake_vbd.h"
#include "pv-core/part.h"
#include "pv-core/suspend.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/xen.h"

#define WRITES	 24
#define NEW_BACK "/local/domain/0/backend/vbd/9/51712"

static struct fake_vbd *v;
static unsigned int count, hook_calls;

/* How the new domain is. */
static bool renamed, slow, missing;
static uint64_t behind;

static const struct pv_bus *bus(unsigned int n)
{
	return n ? NULL : &pv_xenbus;
}

static int suspend(void)
{
	return pv_suspend_on(&pv_xen, bus);
}

static void node(const char *folder, const char *key, const char *value)
{
	char path[160];

	pv_snprintf(path, sizeof(path), "%s/%s", folder, key);
	if (value)
		pv_fake_xs_write(path, value);
	else
		pv_fake_xs_rm(path);
}

/* As the toolstack writes them for a domain that it makes. */
static void write_folders(void)
{
	static const char *const ours[] = {"ring-ref",	   "ring-ref0", "ring-ref1",
					   "ring-ref2",	   "ring-ref3", "ring-page-order",
					   "event-channel"};
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(ours); i++)
		node(v->back.front, ours[i], NULL);
	if (renamed) {
		pv_fake_xs_rm(v->back.back);
		pv_snprintf(v->back.back, sizeof(v->back.back), NEW_BACK);
		node(v->back.front, "backend", NEW_BACK);
		node(v->back.back, "frontend", v->back.front);
	}
	node(v->back.front, "state", "1");
	if (missing)
		pv_fake_xs_device_rm("vbd", 51712);
	else if (!slow)
		fake_blkback_restart(&v->back);
}

static long move(void)
{
	hook_calls++;
	fake_blkback_die(&v->back);
	pv_fake_xen_migrate();
	pv_fake_xen.behind = behind;
	if (fake_store_migrate())
		pv_os_panic("the new domain cannot be made");
	write_folders();
	return 0;
}

static int suspend_init(struct kunit *test)
{
	int err = fake_vbd_init(test);

	v = test->priv;
	renamed = slow = missing = false;
	behind = 0;
	count = hook_calls = 0;
	pv_fake_xen.suspend = move;
	return err;
}

/* Timers are parts of the library's that end with it. */
static void suspend_exit(struct kunit *test)
{
	pv_parts_end();
	fake_vbd_exit(test);
}

static void counting(void *arg)
{
	(void)arg;
	count++;
}

static void write_some(struct kunit *test, unsigned int from)
{
	unsigned int i;

	for (i = 0; i < WRITES; i++) {
		pv_memset(v->mem + i * 4 * 4096, (int)(i + 1 + from), 4 * 4096);
		fake_vbd_request(v, i, PV_BLK_WRITE, 16 * i, 4);
		v->seg[i][0].va = v->mem + i * 4 * 4096;
		KUNIT_ASSERT_EQ(test, pv_blk_submit(v->q, &v->req[i]), 0);
	}
	pv_blk_flush(v->q);
}

/* All are done once; each write is over the end of the one before it, and the later one counts. */
static void expect_written(struct kunit *test, unsigned int from)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, v->total, WRITES);
	for (i = 0; i < WRITES; i++) {
		KUNIT_EXPECT_EQ(test, v->done[i], 1u);
		KUNIT_EXPECT_EQ(test, v->req[i].status, 0);
		KUNIT_EXPECT_EQ(test, v->back.disk[16 * i * 512], (uint8_t)(i + 1 + from));
	}
	KUNIT_EXPECT_EQ(test, v->back.disk[(16 * WRITES + 15) * 512], (uint8_t)(WRITES + from));
	for (i = 1; i < v->back.num_writes; i++)
		KUNIT_EXPECT_GT(test, v->back.writes[i], v->back.writes[i - 1]);
	KUNIT_EXPECT_EQ(test, v->back.bad, 0u);
	v->total = 0;
	pv_memset(v->done, 0, sizeof(v->done));
}

/* Fault row 31: at any step of what is in flight, many times, as a domain of another number. */
static void moves(struct kunit *test)
{
	unsigned int served;

	renamed = true;
	fake_vbd_up(test);
	for (served = 0; served <= WRITES + 4; served++) {
		write_some(test, served);
		fake_blkback_run(&v->back, served);
		pv_blk_poll(v->q, (int)(served * 2 / 3));
		v->back.num_writes = 0;
		v->back.persistent = served / 3 % 2;
		v->back.indirect = served % 2 ? 256 : -1;
		KUNIT_ASSERT_EQ(test, suspend(), 0);
		KUNIT_ASSERT_EQ(test, v->dev->state, PV_DEV_LIVE);
		fake_vbd_run(v);
		expect_written(test, served);
	}
	KUNIT_EXPECT_EQ(test, hook_calls, WRITES + 5);
	KUNIT_EXPECT_PTR_EQ(test, pv_blk_open(0), v->blk);
	pv_blk_close(v->blk);
}

static long cancelled(void)
{
	hook_calls++;
	/* The backend goes on, and nobody hears of it yet. */
	count = v->events;
	pv_fake_xen_peer_send(v->back.port);
	fake_blkback_run(&v->back, 1000);
	count = v->events - count;
	return 1;
}

static void note(void *arg)
{
	unsigned int *n = arg;

	++*n;
}

/* Fault row 32: all is as before; what was sent meanwhile is delivered then. */
static void is_cancelled(struct kunit *test)
{
	unsigned int ports, granted;
	uint64_t before;

	fake_vbd_up(test);
	pv_blk_set_event(v->q, note, &v->events);
	while (pv_blk_poll(v->q, 64))
		;
	write_some(test, 0);
	ports = pv_fake_xen_ports();
	granted = pv_fake_xen_granted();
	before = pv_clock_now();
	pv_fake_xen.suspend = cancelled;
	KUNIT_EXPECT_EQ(test, suspend(), 1);
	KUNIT_EXPECT_EQ(test, hook_calls, 1u);
	KUNIT_EXPECT_EQ(test, count, 0u);
	KUNIT_EXPECT_EQ(test, v->events, 1u);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_ports(), ports);
	KUNIT_EXPECT_EQ(test, pv_fake_xen_granted(), granted);
	KUNIT_EXPECT_GE(test, pv_clock_now(), before);
	KUNIT_EXPECT_EQ(test, v->back.connects, 1u);
	fake_vbd_run(v);
	expect_written(test, 0);
}

static long refused(void)
{
	return PV_EPERM;
}

static void is_refused(struct kunit *test)
{
	fake_vbd_up(test);
	pv_fake_xen.suspend = refused;
	KUNIT_EXPECT_EQ(test, suspend(), PV_EPERM);
	write_some(test, 0);
	fake_vbd_run(v);
	expect_written(test, 0);
	KUNIT_EXPECT_EQ(test, pv_suspend(), PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, pv_suspend_on(&pv_kvm, bus), PV_ENOTSUP);
}

/* A backend that is late comes back by pv_work(); until then requests wait. */
static void backend_is_late(struct kunit *test)
{
	fake_vbd_up(test);
	write_some(test, 3);
	slow = true;
	KUNIT_EXPECT_EQ(test, suspend(), 0);
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("not all backends are there yet"));
	pv_blk_flush(v->q);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 0);
	fake_blkback_restart(&v->back);
	fake_vbd_work();
	fake_vbd_run(v);
	expect_written(test, 3);
}

/* The new domain has no such disk: it went. */
static void disk_is_missing(struct kunit *test)
{
	unsigned int i;

	fake_vbd_up(test);
	write_some(test, 3);
	missing = true;
	KUNIT_EXPECT_EQ(test, suspend(), 0);
	fake_vbd_work();
	while (pv_blk_poll(v->q, 64))
		;
	KUNIT_EXPECT_EQ(test, v->total, WRITES);
	for (i = 0; i < WRITES; i++)
		KUNIT_EXPECT_EQ(test, v->req[i].status, PV_EGONE);
	KUNIT_EXPECT_TRUE(test, v->blk->gone);
}

/*
 * What has no driver, and what was not there yet, is as it was; a driver's disk comes back beside
 * them.
 */
static void others_are_there(struct kunit *test)
{
	struct pv_device *dev;
	unsigned int n = 0;

	fake_vbd_up(test);
	pv_fake_xs_device("vif", 0, NULL, 0);
	pv_fake_xs_device("vbd", 9, NULL, 0);
	fake_vbd_work();
	write_some(test, 5);
	KUNIT_EXPECT_EQ(test, suspend(), 0);
	pv_for_each_device (dev)
		n++;
	KUNIT_EXPECT_EQ(test, n, 2u);
	KUNIT_EXPECT_EQ(test, v->dev->state, PV_DEV_LIVE);
	fake_vbd_run(v);
	expect_written(test, 5);
}

/*
 * The new domain's store breaks before the disks are back: the kernel goes on, and they are lost.
 */
static void break_the_ring(void)
{
	fake_store_ring()->rsp_prod += 5000;
	pv_fake.relax = pv_fake_xs_run;
}

static long move_to_a_broken_store(void)
{
	long err = move();

	pv_fake.relax = break_the_ring;
	return err;
}

static void store_breaks(struct kunit *test)
{
	uint64_t before;

	fake_vbd_up(test);
	slow = true;
	pv_fake_xen.suspend = move_to_a_broken_store;
	before = pv_fake.now;
	(void)!suspend();
	KUNIT_EXPECT_LT(test, pv_fake.now - before, PV_CONFIG_XENBUS_MS * 1000000ull / 2);
	pv_blk_flush(v->q);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(v->q, 64), 0);
}

/* Time goes on from where it was, whatever the new host's is; a timer goes off at its time. */
static void clock_goes_on(struct kunit *test)
{
	struct pv_wall_time wall;
	uint64_t before, now;

	pv_fake.now += 3600 * 1000000000ull;
	pv_fake_xen_relax();
	KUNIT_ASSERT_EQ(test, pv_timer_start(counting, NULL), 0);
	before = pv_clock_now();
	pv_timer_arm(before + 1000000);
	fake_vbd_up(test);
	count = 0;
	pv_timer_arm(pv_clock_now() + 5000000000ull);
	before = pv_clock_now();
	behind = 3000 * 1000000000ull;
	KUNIT_EXPECT_EQ(test, suspend(), 0);
	now = pv_clock_now();
	KUNIT_EXPECT_GE(test, now, before);
	KUNIT_EXPECT_LT(test, now, before + 4000000000ull);
	KUNIT_EXPECT_EQ(test, pv_clock_wall(&wall), 0);
	/* The host's wall clock at its time 0, and its time: 600 seconds. */
	KUNIT_EXPECT_EQ(test, wall.sec, pv_fake_xen.wall_sec + (pv_fake.now - behind) / 1000000000);
	pv_fake.now += 1000000000;
	pv_fake_xen_relax();
	KUNIT_EXPECT_EQ(test, count, 0u);
	KUNIT_EXPECT_GE(test, pv_clock_now(), now + 1000000000);
	pv_fake.now += 4000000000ull;
	pv_fake_xen_relax();
	KUNIT_EXPECT_EQ(test, count, 1u);
	/* And back to one that is ahead. */
	behind = 0;
	before = pv_clock_now();
	KUNIT_EXPECT_EQ(test, suspend(), 0);
	KUNIT_EXPECT_GE(test, pv_clock_now(), before);
	pv_timer_stop();
}

static void other_cpu_runs(struct kunit *test)
{
	pv_fake_xen.vcpus = 2;
	pv_fake.cpu = 1;
	KUNIT_ASSERT_EQ(test, pv_xen_cpu_start(), 0);
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, suspend(), PV_EBUSY);
	KUNIT_EXPECT_EQ(test, hook_calls, 0u);
	pv_fake.cpu = 1;
	pv_xen_cpu_stop();
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, suspend(), 0);
}

static struct kunit_case suspend_cases[] = {
	KUNIT_CASE(moves),	     KUNIT_CASE(is_cancelled),
	KUNIT_CASE(is_refused),	     KUNIT_CASE(backend_is_late),
	KUNIT_CASE(disk_is_missing), KUNIT_CASE(others_are_there),
	KUNIT_CASE(store_breaks),    KUNIT_CASE(clock_goes_on),
	KUNIT_CASE(other_cpu_runs),  {},
};

static struct kunit_suite suspend_suite = {
	.name = "suspend",
	.init = suspend_init,
	.exit = suspend_exit,
	.test_cases = suspend_cases,
};

kunit_test_suite(suspend_suite);
