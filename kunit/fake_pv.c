/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_pv.h"

#include <pv/err.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/os.h>
#include <pv/string.h>
#include <pv/xen.h>

#include "hypercall/xen.h"
#include "pv-core/xen/xen.h"

#define PER_PAGE (PV_PAGE_SIZE / sizeof(xen_pfn_t))

/* What is where, by the guest's own numbers. */
#define START_PFN   1
#define TABLE_PFN   2 /* two pages */
#define STORE_PFN   4
#define CONSOLE_PFN 5
#define FIRST_PFN   16 /* of what is allocated */

#define NUM_MAPPED 16

static union {
	struct start_info info;
	uint8_t page[PV_PAGE_SIZE];
} start PV_ALIGNED(PV_PAGE_SIZE);
static xen_pfn_t table[2 * PER_PAGE] PV_ALIGNED(PV_PAGE_SIZE);
static struct pv_boot_info boot;
static struct pv_fake_region region[64], start_region, table_region;
static void *mapped[NUM_MAPPED]; /* where a page of Xen's is */
static uint64_t domain;		 /* what all of its frames have in common */

struct fake_pv fake_pv;

static void expect(bool right, const char *what)
{
	if (!right && !fake_pv.wrong)
		fake_pv.wrong = what;
}

uint64_t fake_pv_mfn(uint64_t pfn)
{
	return domain | (FAKE_PV_OWN + pfn);
}

struct start_info *fake_pv_start_info(void)
{
	return &start.info;
}

/* --- the guest's memory ----------------------------------------------------------------------- */

static void given(void *va, size_t len)
{
	unsigned int i;

	if (len % PV_PAGE_SIZE || (uintptr_t)va % PV_PAGE_SIZE)
		return;
	for (i = 0; i < PV_ARRAY_SIZE(region) && region[i].memory; i++)
		;
	if (i == PV_ARRAY_SIZE(region))
		pv_os_panic("more pages than there are places for");
	region[i] = (struct pv_fake_region) {
		.base = (FIRST_PFN + 2 * i) << PV_PAGE_SHIFT, .len = len, .memory = va};
	pv_fake_memory_add(&region[i]);
}

static void taken(void *va)
{
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(region); i++) {
		if (region[i].memory != va)
			continue;
		pv_fake_region_remove(&region[i]);
		region[i].memory = NULL;
	}
}

/* --- Xen -------------------------------------------------------------------------------------- */

unsigned int fake_pv_num_mapped(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < NUM_MAPPED; i++)
		n += !!mapped[i];
	return n;
}

static void note(void *from, void *to)
{
	unsigned int i;

	for (i = 0; i < NUM_MAPPED; i++) {
		if (mapped[i] == from) {
			mapped[i] = to;
			return;
		}
	}
}

static long add(void *va, unsigned int space, unsigned long index)
{
	struct xen_add_to_physmap op = {.domid = DOMID_SELF,
					.space = space,
					.idx = index,
					.gpfn = pv_fake_xen_phys(va) >> PV_PAGE_SHIFT};
	const unsigned long arg[5] = {XENMEM_add_to_physmap, (unsigned long)&op};

	note(va, NULL);
	note(NULL, va);
	return pv_fake_xen_hypercall(__HYPERVISOR_memory_op, arg);
}

static long take_back(void *va)
{
	xen_pfn_t gfn = pv_fake_xen_phys(va) >> PV_PAGE_SHIFT;
	struct xen_remove_from_physmap op = {.domid = DOMID_SELF, .gpfn = gfn};
	struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};
	const unsigned long out[5] = {XENMEM_remove_from_physmap, (unsigned long)&op};
	const unsigned long in[5] = {XENMEM_populate_physmap, (unsigned long)&r};

	set_xen_guest_handle(r.extent_start, &gfn);
	note(va, NULL);
	if (!pv_fake_xen_hypercall(__HYPERVISOR_memory_op, out))
		pv_fake_xen_hypercall(__HYPERVISOR_memory_op, in);
	return 0;
}

static long map(void *va, uint64_t pte)
{
	uint64_t mfn = pte >> PV_PAGE_SHIFT, frame = mfn - domain;

	if (fake_pv.refuse && frame == fake_pv.refuse && fake_pv.refusals) {
		fake_pv.refusals--;
		return PV_EPERM;
	}
	expect(mfn - domain < FAKE_PV_DOMAIN, "a frame of the domain before is mapped");
	if (frame == FAKE_PV_SHARED)
		return add(va, XENMAPSPACE_shared_info, 0);
	if (frame >= FAKE_PV_STATUS)
		return add(va, XENMAPSPACE_grant_table,
			   (frame - FAKE_PV_STATUS) | XENMAPIDX_grant_table_status);
	if (frame >= FAKE_PV_GRANT)
		return add(va, XENMAPSPACE_grant_table, frame - FAKE_PV_GRANT);
	if (frame == FAKE_PV_OWN + CONSOLE_PFN) {
		fake_pv.console = va;
		pv_memset(va, 0, PV_PAGE_SIZE);
		return 0;
	}
	expect(frame == FAKE_PV_OWN + (pv_os_virt_to_phys(va) >> PV_PAGE_SHIFT),
	       "a page is not its own");
	return take_back(va);
}

static long list(const xen_pfn_t *to, uint32_t n, uint64_t first)
{
	while (n--)
		((xen_pfn_t *)(uintptr_t)to)[n] = domain | (first + n);
	return 0;
}

static long initialise(uint32_t vcpu, const void *context)
{
	(void)vcpu;
	(void)context;
	fake_pv.initialised++;
	return 0;
}

/* --- the toolstack ---------------------------------------------------------------------------- */

static void *page_of(uint64_t mfn)
{
	uint64_t pa = (mfn - fake_pv_mfn(0)) << PV_PAGE_SHIFT;
	void *va = mfn >= fake_pv_mfn(0) && mfn < fake_pv_mfn(FAKE_PV_PFNS)
			   ? pv_fake_map(pa, PV_PAGE_SIZE)
			   : NULL;

	expect(va, "the tree has a frame that is none");
	return va;
}

static void look_at_table(void)
{
	const struct arch_shared_info *arch = &pv_fake_xen_shared()->arch;
	const xen_pfn_t *top = page_of(arch->pfn_to_mfn_frame_list_list), *first;

	expect(arch->max_pfn == FAKE_PV_PFNS, "the table's length");
	expect(!arch->p2m_cr3, "the table is to be found in another way");
	first = top ? page_of(top[0]) : NULL;
	expect(first && page_of(first[0]) == table, "the table's first page");
	expect(first && page_of(first[1]) == table + PER_PAGE, "the table's second page");
}

static void number_anew(void)
{
	unsigned int i;

	for (i = 0; i < FAKE_PV_PFNS; i++)
		table[i] = fake_pv_mfn(i);
	start.info.shared_info = (domain | FAKE_PV_SHARED) << PV_PAGE_SHIFT;
	start.info.store_mfn = fake_pv_mfn(STORE_PFN);
	start.info.console.domU.mfn = fake_pv_mfn(CONSOLE_PFN);
	start.info.store_evtchn = pv_fake_xen_peer_connect(0);
	start.info.console.domU.evtchn = pv_fake_xen_peer_connect(0);
}

static long suspended(uint64_t mfn)
{
	fake_pv.suspends++;
	expect(mfn == fake_pv_mfn(START_PFN), "the frame of start_info");
	expect(start.info.store_mfn == STORE_PFN && start.info.console.domU.mfn == CONSOLE_PFN,
	       "start_info has frames of the machine");
	expect(!fake_pv_num_mapped(), "a page of Xen's is mapped");
	expect(fake_pv.unmaps == fake_pv.maps + 1, "the kernel has Xen's page mapped");
	expect(pv_fake_xen_shared()->vcpu_info[0].evtchn_upcall_mask == 1, "upcalls are on");
	look_at_table();
	if (fake_pv.answer)
		return fake_pv.answer;
	pv_fake_xen_migrate();
	domain += FAKE_PV_DOMAIN;
	number_anew();
	pv_fake_xen_shared()->vcpu_info[0].evtchn_upcall_mask = 1;
	return 0;
}

static long hypercall(unsigned int op, const unsigned long arg[5])
{
	struct gnttab_setup_table *frames = (void *)arg[1];
	struct gnttab_get_status_frames *status = (void *)arg[1];

	if (op == __HYPERVISOR_update_va_mapping)
		return map((void *)arg[0], arg[1]);
	if (op == __HYPERVISOR_sched_op && arg[0] == SCHEDOP_shutdown)
		return suspended(arg[2]);
	if (op == __HYPERVISOR_memory_op && arg[0] == XENMEM_maximum_ram_page)
		return pv_fake_xen.maximum_gpfn;
	if (op == __HYPERVISOR_grant_table_op && arg[0] == GNTTABOP_setup_table)
		return list(frames->frame_list.p, frames->nr_frames, FAKE_PV_GRANT);
	if (op == __HYPERVISOR_grant_table_op && arg[0] == GNTTABOP_get_status_frames)
		return list((const xen_pfn_t *)status->frame_list.p, status->nr_frames,
			    FAKE_PV_STATUS);
	return pv_fake_xen_hypercall(op, arg);
}

/* --- the kernel ------------------------------------------------------------------------------- */

static void unmap_own(void)
{
	fake_pv.unmaps++;
	expect(fake_pv_num_mapped(), "Xen's page went before the kernel's mapping of it");
}

static void map_own(void)
{
	fake_pv.maps++;
	expect((void PV_FORCE *)pv_xen_shared_info() == pv_fake_xen_shared(),
	       "Xen's page is not there for the kernel");
}

static const struct pv_xen_pv_kernel kernel = {.unmap = unmap_own, .map = map_own};

void fake_pv_up(void)
{
	pv_memset(&fake_pv, 0, sizeof(fake_pv));
	pv_memset(mapped, 0, sizeof(mapped));
	domain = FAKE_PV_DOMAIN;
	pv_fake_xen_start();
	pv_fake_xen.features = 0;
	pv_fake_xen.vcpus = 2;
	pv_fake_xen.down[1] = true;
	pv_fake_xen.initialise = initialise;
	pv_fake.xen_hypercall = hypercall;
	pv_fake.given = given;
	pv_fake.taken = taken;
	start_region = (struct pv_fake_region) {
		.base = START_PFN << PV_PAGE_SHIFT, .len = PV_PAGE_SIZE, .memory = &start};
	table_region = (struct pv_fake_region) {
		.base = TABLE_PFN << PV_PAGE_SHIFT, .len = sizeof(table), .memory = table};
	pv_fake_memory_add(&start_region);
	pv_fake_memory_add(&table_region);
	start.info =
		(struct start_info) {.nr_pages = FAKE_PV_PFNS, .mfn_list = (unsigned long)table};
	boot = (struct pv_boot_info) {.protocol = PV_BOOT_XEN_PV, .xen_start_info = &start};
	number_anew();
	pv_xen_pv_can_suspend(&kernel);
}

const struct pv_boot_info *fake_pv_boot(void)
{
	return &boot;
}

void fake_pv_down(void)
{
	pv_xen_pv_can_suspend(NULL);
	pv_fake.given = NULL;
	pv_fake.taken = NULL;
	pv_fake_region_remove(&start_region);
	pv_fake_region_remove(&table_region);
	pv_fake.xen_hypercall = NULL;
}
