/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Xen's grants, to this domain itself. */
#include <pv/string.h>
#include <pv/xen.h>

#include "pv-core/xen/grants.h"
#include "pv-core/xen/xen.h"
#include "xen_guest.h"

static bool all(const uint8_t *page_at, uint8_t value)
{
	unsigned int i = 0;

	while (i < PV_PAGE_SIZE && page_at[i] == value)
		i++;
	return i == PV_PAGE_SIZE;
}

static int copy_from(int ref, const void *to)
{
	struct gnttab_copy op = {
		.source = {.u.ref = (grant_ref_t)ref, .domid = self},
		.dest = {.u.gmfn = pv_xen_gfn(to), .domid = DOMID_SELF},
		.len = PV_PAGE_SIZE,
		.flags = GNTCOPY_source_gref,
	};

	return pv_grant_copy(&op, 1);
}

void grants(void)
{
	uint8_t *ours = pv_os_pages_alloc(1), *there = pv_os_pages_alloc(1);
	struct pv_grant_stats before, now;
	uint32_t handle = 0;
	int ref;

	CHECK(ours && there);
	pv_grant_stats(&before);
	say("grants: version %u, %u of %u frames, %u entries\n", before.version, before.frames,
	    before.max_frames, before.total);
	CHECK(before.free == before.total && before.quarantined == 0);
	pv_memset(ours, 0x5a, PV_PAGE_SIZE);
	ref = pv_grant(self, ours, true);
	CHECK(ref >= PV_XEN_RESERVED_GRANTS);
	CHECK(copy_from(ref, there) == 0 && all(there, 0x5a));
	CHECK(pv_grant_end(ref) == 0);
	CHECK(copy_from(ref, there) < 0);

	/* Read-only is not writable; and a copy that is too long is refused. */
	ref = pv_grant(self, ours, true);
	CHECK(pv_grant_map(self, (uint32_t)ref, there, false, &handle) == PV_EIO);
	CHECK(all(there, 0));
	CHECK(pv_grant_end(ref) == 0);

	/*
	 * Mapped: the same memory at two addresses. But where frame numbers are the guest's own,
	 * Xen knows one of them for each of our pages: mapping our own page takes it away from
	 * where it was.
	 */
	ref = pv_grant(self, ours, false);
	CHECK(pv_grant_map(self, (uint32_t)ref, there, false, &handle) == 0);
	CHECK(all(there, 0x5a) && pv_grant_in_use(ref));
	pv_memset(there, 0xa5, PV_PAGE_SIZE);
	CHECK(!pv_xen_is_pv() || all(ours, 0xa5));

	/* Ended while mapped: in quarantine, and it stays the peer's. */
	CHECK(pv_grant_end(ref) == PV_EBUSY);
	pv_grant_stats(&now);
	CHECK(now.free == before.free - 1 && now.quarantined == 1);
	CHECK(pv_grant_retry() == 0 && all(there, 0xa5));
	CHECK(pv_grant_unmap(there, handle) == 0 && all(there, 0));
	CHECK(pv_grant_retry() == 1);
	pv_grant_stats(&now);
	CHECK(now.free == before.free && now.quarantined == 0);
	CHECK(pv_xen_is_pv() || pv_xen_page_back(ours) == 0);
	pv_os_pages_free(ours, 1);
	pv_os_pages_free(there, 1);
}

static int ref_of[40000];

/* All that there are, after the table has grown; and back. */
void growth(void)
{
	uint8_t *ours = pv_os_pages_alloc(1), *there = pv_os_pages_alloc(1);
	struct pv_grant_stats before, now;
	unsigned int n, i;

	pv_grant_stats(&before);
	CHECK(pv_grant_reserve(3000) == 0);
	pv_grant_stats(&now);
	CHECK(now.total >= 3000 && now.frames > before.frames && now.free == now.total);
	CHECK(pv_grant_reserve(1000000) == PV_ENOMEM);
	pv_grant_stats(&now);
	for (n = 0; n < PV_ARRAY_SIZE(ref_of); n++) {
		ref_of[n] = pv_grant(self, ours, true);
		if (ref_of[n] < 0)
			break;
	}
	CHECK(n == now.total && ref_of[n] == PV_EBUSY);
	pv_memset(ours, 0x3c, PV_PAGE_SIZE);
	for (i = 0; i < n; i += 500) {
		pv_memset(there, 0, PV_PAGE_SIZE);
		CHECK(copy_from(ref_of[i], there) == 0 && all(there, 0x3c));
	}
	say("growth=%u frames, %u grants\n", now.frames, n);
	while (n--)
		CHECK(pv_grant_end(ref_of[n]) == 0);
	pv_grant_stats(&now);
	CHECK(now.free == now.total);
	pv_grant_unreserve(3000);
	pv_os_pages_free(ours, 1);
	pv_os_pages_free(there, 1);
}
