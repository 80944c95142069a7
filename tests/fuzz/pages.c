/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Pages that the hypervisor or another domain writes, and that are no rings of requests: the
 * clock's, the wall clock's, the areas of stolen time, and the byte rings of console and store.
 */
#include <pv/err.h>

#include "fuzz.h"
#include "pv-core/kvm/kvm_cpu.h"
#include "pv-core/pvclock.h"
#include "pv-core/xen/cons_ring.h"
#include "pv-core/xen/xen_smp.h"
#include "pv-core/xen/xs_ring.h"

static uint8_t page[4096] PV_ALIGNED(4096);

static void clock_page(void)
{
	struct pv_pvclock_sample s;
	struct pv_wall_time wall;
	uint64_t retries, ns;

	fuzz_bytes(page, sizeof(struct pvclock_vcpu_time_info));
	pv_fake.tsc = fuzz_u64();
	fuzz_shared(true);
	if (pv_pvclock_read((void *)page, &s, &retries))
		(void)pv_pvclock_time(&s, &ns);
	PLAIN_CHECK(retries <= PV_PVCLOCK_TRIES);
	(void)pv_pvclock_khz(s.mul, s.shift);
	if (!pv_pvclock_read_wall((void *)page, &wall))
		PLAIN_CHECK(wall.nsec < 1000000000);
	(void)pv_pvclock_clear_stopped((void *)page);
}

/* What is read while nobody writes is what is there, unless that says that it is being written. */
static void stolen(void)
{
	const struct vcpu_runstate_info *run = (void *)page;
	const struct kvm_steal_time *steal = (void *)page;
	bool xen = fuzz_u8() & 1, known = false;
	uint64_t ns = 0;
	int state;

	fuzz_bytes(page, xen ? sizeof(*run) : sizeof(*steal));
	fuzz_shared(fuzz_left() != 0);
	if (xen)
		known = pv_xen_runstate_read((void *)page, &ns, &state);
	else
		ns = pv_kvm_steal_read((void *)page);
	if (pv_fake.shared_read)
		return;
	if (!xen)
		PLAIN_CHECK(ns == (steal->version & 1 ? 0 : steal->steal));
	else if (!(run->state_entry_time & XEN_RUNSTATE_UPDATE))
		PLAIN_CHECK(known && state == run->state &&
			    ns == run->time[RUNSTATE_runnable] + run->time[RUNSTATE_offline]);
	else
		PLAIN_CHECK(!known);
}

static void console_ring(void)
{
	struct pv_cons_ring ring;
	uint8_t buf[64];
	int n;

	fuzz_bytes(page + offsetof(struct xencons_interface, in_cons), 16);
	pv_cons_ring_adopt(&ring, (void *)page);
	fuzz_shared(true);
	while (fuzz_left()) {
		size_t len = fuzz_u8() % sizeof(buf);

		n = pv_byte_ring_put(&ring.out, buf, len);
		PLAIN_CHECK(n == PV_EPROTO || (n >= 0 && n <= (int)len));
		n = pv_byte_ring_get(&ring.in, buf, len);
		PLAIN_CHECK(n == PV_EPROTO || (n >= 0 && n <= (int)len));
		n = pv_byte_ring_unread(&ring.out);
		PLAIN_CHECK(n == PV_EPROTO ||
			    (n >= 0 && n <= (int)sizeof(((struct xencons_interface *)0)->out)));
	}
}

static void store_ring(void)
{
	struct pv_xs_ring ring;
	uint8_t buf[64];
	int n;

	fuzz_bytes(page + offsetof(struct xenstore_domain_interface, req_cons), 16);
	fuzz_shared(true);
	n = pv_xs_ring_adopt(&ring, (void *)page);
	while (!n && fuzz_left()) {
		size_t len = fuzz_u8() % sizeof(buf);

		n = pv_byte_ring_put(&ring.req, buf, len);
		PLAIN_CHECK(n == PV_EPROTO || (n >= 0 && n <= (int)len));
		n = pv_byte_ring_get(&ring.rsp, buf, len);
		PLAIN_CHECK(n == PV_EPROTO || (n >= 0 && n <= (int)len));
		(void)pv_byte_ring_unread(&ring.req); /* whatever it is: for a report */
		n = 0;
	}
}

static void one(void)
{
	memset(page, 0, sizeof(page));
	switch (fuzz_below(4)) {
	case 0:
		clock_page();
		break;
	case 1:
		console_ring();
		break;
	case 2:
		store_ring();
		break;
	default:
		stolen();
	}
}

const struct fuzz_target fuzz_pages = {.name = "pages", .one = one};
