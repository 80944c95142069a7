/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A whole life, in which the n-th allocation, or the n-th hypercall, fails: for each n until there
 * is none. And one that has n grants and no more, for good or until the first that failed: for each
 * n until that is enough. What fails is given up cleanly, the rest goes on, and nothing is left.
 * The one after it, without a failure, is whole.
 */
#include <pv/blk.h>
#include <pv/err.h>
#include <pv/net.h>
#include <pv/virtio.h>
#include <pv/xen.h>
#include <stdio.h>

#include "fake_blkback.h"
#include "fake_netback.h"
#include "fake_store.h"
#include "fake_virtio.h"
#include "pv-core/bus.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xenbus.h"
#include "sim.h"

#define MOST	    2000u /* allocations, or hypercalls, in one life */
#define MOST_GRANTS 800u  /* a device reserves no more */
#define FEW_GRANTS  8u	  /* while so many are left none has failed */

static const struct pv_driver *const drivers[] = {&pv_blkfront, &pv_netfront, &pv_virtio_blk,
						  &pv_virtio_net, NULL};

static void receive(void *arg, struct pv_packet *pkt)
{
	(void)arg;
	pv_packet_put(pkt);
}

/* Uses what there is; whether there was something, and it worked. */
static bool use(void)
{
	static uint8_t page[4096] PV_ALIGNED(4096);
	struct pv_blk *blk = pv_blk_open(0);
	struct pv_net *net = pv_net_open(0);
	bool good = false;

	if (blk) {
		good = !pv_blk_read(blk, 0, page, sizeof(page));
		pv_blk_close(blk);
	}
	if (net) {
		good = !pv_net_start(net, receive, NULL);
		pv_net_poll(pv_net_queue(net, 0), 16);
		pv_net_stop(net);
		pv_net_close(net);
	}
	return good;
}

static void work(void)
{
	unsigned int i;

	for (i = 0; i < 20; i++) {
		pv_fake_xs_run();
		if (!(pv_xenbus.work() + pv_bus_work() + pv_xen_work()) && i > 2)
			break;
	}
}

/* --- grants that run out ---------------------------------------------------------------------- */

static long grants_left = -1; /* that the life has; -1: all there are */
static bool come_back;	      /* the others, once there was none */
static bool table_is_full;
static uint64_t least_grants;
static int hogged[2 * MOST_GRANTS];
static unsigned int num_hogged;

static void hog(void)
{
	static uint8_t page[PV_PAGE_SIZE] PV_ALIGNED(PV_PAGE_SIZE);
	struct pv_grant_stats s;

	if (grants_left < 0)
		return;
	PLAIN_CHECK(!pv_grant_reserve(MOST_GRANTS));
	pv_grant_unreserve(MOST_GRANTS);
	table_is_full = true;
	pv_grant_stats(&s);
	for (; s.free > grants_left; s.free--) {
		PLAIN_CHECK(num_hogged < PV_ARRAY_SIZE(hogged));
		hogged[num_hogged] = pv_grant(PV_FAKE_XEN_PEER, page, true);
		PLAIN_CHECK(hogged[num_hogged++] > 0);
	}
}

static void give_back(void)
{
	while (num_hogged)
		PLAIN_CHECK(!pv_grant_end(hogged[--num_hogged]));
}

/* Looks at how many are left, at each hypercall. */
static long scarce(unsigned int op, const unsigned long arg[5])
{
	struct pv_grant_stats s;

	if (op == __HYPERVISOR_memory_op && arg[0] == XENMEM_add_to_physmap && table_is_full)
		return PV_ENOMEM;
	if (table_is_full) {
		pv_grant_stats(&s);
		least_grants = s.free < least_grants ? s.free : least_grants;
		if (!s.free && come_back)
			give_back();
	}
	return pv_fake_xen_hypercall(op, arg);
}

/* --- lives ------------------------------------------------------------------------------------ */

static bool xen_devices(void (*plug)(void))
{
	bool good = false;

	pv_bus_set_drivers(drivers);
	if (!pv_xenbus.scan(pv_fake_xen_boot())) {
		plug();
		work();
		good = use();
		work();
		pv_bus_remove_all();
		pv_xenbus.end();
	}
	pv_bus_set_drivers(NULL);
	return good;
}

/* The backend has let go of all: so it is free again. */
static void expect_grants_free(void)
{
	struct pv_grant_stats s;

	table_is_full = false;
	give_back();
	pv_grant_retry();
	pv_grant_stats(&s);
	PLAIN_CHECK(!s.reserved && !s.quarantined && s.free == s.total);
	PLAIN_CHECK(!pv_fake_xen_mapped());
}

static struct fake_blkback *disk;
static struct fake_netback *wire;

static void plug_disk(void)
{
	fake_blkback_plug(disk, 51712);
}

static void plug_wire(void)
{
	fake_netback_appear(wire);
}

static bool live_blkfront(void)
{
	bool good = false;

	disk = kunit_kzalloc(&plain_test, sizeof(*disk), GFP_KERNEL);
	if (!fake_store_up(&plain_test)) {
		fake_blkback_init(&plain_test, disk);
		disk->automatic = true;
		disk->persistent = 1;
		hog();
		good = xen_devices(plug_disk);
		fake_blkback_exit(disk);
		expect_grants_free();
	}
	fake_store_down(&plain_test);
	return good;
}

static bool live_netfront(void)
{
	bool good = false;

	wire = kunit_kzalloc(&plain_test, sizeof(*wire), GFP_KERNEL);
	wire->frame =
		kunit_kzalloc(&plain_test, sizeof(*wire->frame) * FAKE_NETBACK_FRAMES, GFP_KERNEL);
	if (!fake_store_up(&plain_test)) {
		fake_netback_begin(wire);
		hog();
		good = xen_devices(plug_wire);
		fake_netback_end(wire);
		expect_grants_free();
	}
	fake_store_down(&plain_test);
	return good;
}

static struct fake_blk virtio_disk;
static struct fake_net virtio_wire;

static void serve_virtio(void)
{
	if (virtio_disk.f.q[0].vq)
		fake_blk_run(&virtio_disk, 16);
}

static bool live_virtio_blk(void)
{
	bool good;

	fake_blk_init(&virtio_disk,
		      1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_INDIRECT_DESC);
	fake_virtio_lends(&plain_test, &virtio_disk.f);
	pv_fake.relax = serve_virtio;
	fake_virtio_plug(&virtio_disk.f, &pv_virtio_blk);
	good = use();
	fake_virtio_unplug(&virtio_disk.f);
	PLAIN_CHECK(!virtio_disk.f.lent);
	return good;
}

static bool live_virtio_net(void)
{
	bool good;

	fake_net_init(&virtio_wire, 1ull << VIRTIO_F_VERSION_1 |
					    1ull << VIRTIO_RING_F_INDIRECT_DESC |
					    1ull << VIRTIO_NET_F_MAC);
	virtio_wire.f.q[0].max = virtio_wire.f.q[1].max = 32;
	fake_virtio_lends(&plain_test, &virtio_wire.f);
	fake_virtio_plug(&virtio_wire.f, &pv_virtio_net);
	good = use();
	fake_virtio_unplug(&virtio_wire.f);
	PLAIN_CHECK(!virtio_wire.f.lent);
	return good;
}

static const struct life {
	const char *name;
	bool (*live)(void);
	bool xen;
} lives[] = {
	{"virtio-blk", live_virtio_blk, false},
	{"blkfront", live_blkfront, true},
	{"virtio-net", live_virtio_net, false},
	{"netfront", live_netfront, true},
};

/* --- failures --------------------------------------------------------------------------------- */

static void ended(void)
{
	plain_free();
	PLAIN_CHECK(!pv_fake.live_allocs && !pv_fake.live_pages && !pv_fake.live_maps &&
		    !pv_fake.live_irqs && !pv_fake.control_depth);
}

static long hypercalls_left, hypercall_error;
static bool
	keeps_pages; /* a page of Xen's that could not be taken out again is not freed, by design */

static long failing(unsigned int op, const unsigned long arg[5])
{
	if (hypercalls_left && !--hypercalls_left) {
		keeps_pages = op == __HYPERVISOR_memory_op;
		return hypercall_error;
	}
	return pv_fake_xen_hypercall(op, arg);
}

/* What is tried, for who reads of a failure. */
static char trying[80];

const char *sim_nth_trying(void)
{
	return trying;
}

/* Whether it was the n-th of something that there is. */
static bool live_with(const struct life *life, long n, long error)
{
	bool failed;

	pv_fake_reset();
	if (error)
		pv_fake.xen_hypercall = failing;
	else
		pv_fake.alloc_fail_at = n;
	keeps_pages = false;
	hypercalls_left = n;
	hypercall_error = error;
	(void)life->live();
	failed = error ? !hypercalls_left : !pv_fake.alloc_fail_at;
	pv_fake_reset();
	if (keeps_pages)
		pv_fake_pages_forget(0);
	ended();
	pv_fake_reset();
	PLAIN_CHECK(life->live());
	ended();
	return failed;
}

/* Whether there were too few. */
static bool live_with_grants(const struct life *life, long n, bool back)
{
	pv_fake_reset();
	pv_fake.xen_hypercall = scarce;
	grants_left = n;
	come_back = back;
	least_grants = ~0ull;
	(void)life->live();
	grants_left = -1;
	pv_fake_reset();
	ended();
	pv_fake_reset();
	PLAIN_CHECK(life->live());
	ended();
	return least_grants < FEW_GRANTS;
}

static unsigned long too_few_grants(const struct life *life)
{
	unsigned long runs = 0;
	unsigned int back;
	long n;

	for (back = 0; back < 2; back++) {
		for (n = 0;; n++, runs++) {
			snprintf(trying, sizeof(trying), "there are %ld grants%s", n,
				 back ? ", and then more" : "");
			PLAIN_CHECK(n <= (long)MOST_GRANTS);
			if (!live_with_grants(life, n, back))
				break;
		}
		PLAIN_CHECK(n > (long)FEW_GRANTS);
	}
	return runs;
}

/* Fault row 49 */
unsigned long sim_nth(const char *name)
{
	static const long errors[] = {0, PV_ENOMEM, PV_EPERM, PV_ENOSYS};
	unsigned int i, e, twice = 2 * PV_ARRAY_SIZE(lives);
	unsigned long runs = 0;
	long n;

	/*
	 * With a peer that is trusted, and with one that is not, for which other allocations are
	 * made.
	 */
	for (i = 0; i < twice; i++) {
		const struct life *life = &lives[i / 2];
		bool all = life->xen && i % 2 == 0;

		if (strcmp(life->name, name))
			continue;
		pv_bus_set_untrusted(i % 2);
		for (e = 0; e < (all ? PV_ARRAY_SIZE(errors) : 1); e++) {
			for (n = 1;; n++, runs++) {
				snprintf(trying, sizeof(trying), "%s %ld fails, error %ld",
					 errors[e] ? "hypercall" : "allocation", n, errors[e]);
				PLAIN_CHECK(n < (long)MOST);
				if (!live_with(life, n, errors[e]))
					break;
			}
		}
		if (all)
			runs += too_few_grants(life);
	}
	return runs;
}
