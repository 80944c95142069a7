/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A PV guest's CPU: exceptions, events and segments, which are all Xen's to set (arch-x86/xen.h).
 * xen.h says when upcalls are taken.
 */
#include <pv/shared.h>
#include <pv/xen.h>

#include "hypercall/xen_mmu.h"
#include "hypercall/xen_pv.h"
#include "hypercall/xen_sched.h"
#include "ports/bare/xen.h"

/* Present, writable, accessed, dirty. */
#define PTE_DATA 0x63ull

#define TRAP_MASK                                                                                  \
	4 /* in trap_info's flags: upcalls are masked meanwhile; below is the least privilege */
#define TRAP_STUB 8 /* bytes of each stub */

/* xen_pv_entry.S */
extern char pv_bare_pv_trap_stubs[], pv_bare_pv_failsafe[];

/* Replaced by Xen's page. */
static union {
	struct shared_info info;
	uint8_t page[PV_PAGE_SIZE];
} shared PV_ALIGNED(PV_PAGE_SIZE);

/* CPUs are numbered as by Xen. */
static struct vcpu_info *here(void)
{
	return &shared.info.vcpu_info[pv_os_cpu() % XEN_LEGACY_MAX_VCPUS];
}

void pv_bare_pv_failed(void) PV_NORETURN;

void pv_bare_pv_failed(void)
{
	pv_os_panic("Xen could not return to where it came from: a segment is bad");
}

/* Vectors of exceptions: all but NMI and 9, 15, 20-31, which Xen does not deliver. */
#define TRAPS 0x000f7dfb

static void trap_init(void)
{
	struct trap_info traps[33] = {0};
	struct trap_info *t = traps;
	unsigned int vector;

	for (vector = 0; vector < 32; vector++) {
		if (!(TRAPS >> vector & 1))
			continue;
		t->vector = (uint8_t)vector;
		t->flags = TRAP_MASK;
		t->cs = FLAT_KERNEL_CS;
		t->address = (unsigned long)pv_bare_pv_trap_stubs + vector * TRAP_STUB;
		t++;
	}
	pv_xen_set_trap_table(traps);
}

static void cpu_init(uint64_t fs_base)
{
	pv_xen_fpu_taskswitch(false);
	if (pv_xen_set_segment_base(SEGBASE_FS, fs_base))
		pv_os_panic("Xen refuses the segment base");
}

static void irq_cpu_init(void)
{
	if (pv_xen_set_callbacks((unsigned long)pv_xen_pv_wakeup,
				 (unsigned long)pv_bare_pv_failsafe, 0))
		pv_os_panic("Xen refuses the callbacks");
}

static void map_shared(void)
{
	const struct start_info *start = pv_bare_boot()->xen_start_info;

	if (pv_xen_update_va_mapping(&shared, start->shared_info | PTE_DATA, UVMF_INVLPG))
		pv_os_panic("Xen's shared page cannot be mapped");
}

static void unmap_shared(void)
{
	if (pv_xen_update_va_mapping(&shared, 0, UVMF_INVLPG))
		pv_os_panic("Xen's shared page cannot be unmapped");
}

static void irq_init(void)
{
	static const struct pv_xen_pv_kernel kernel = {.unmap = unmap_shared, .map = map_shared};

	map_shared();
	irq_cpu_init();
	pv_xen_pv_can_suspend(&kernel);
}

static void poll(void)
{
	if (__atomic_load_n(&here()->evtchn_upcall_pending, __ATOMIC_ACQUIRE))
		pv_xen_dispatch();
}

/* Xen unmasks and sleeps in one, and does not sleep if an event is pending. */
static void sleep(void)
{
	pv_xen_sched_block();
	__atomic_store_n(&here()->evtchn_upcall_mask, 1, __ATOMIC_SEQ_CST);
}

static uint64_t cr2(void)
{
	return here()->arch.cr2;
}

const struct pv_bare_pv pv_bare_xen_pv = {
	.protocol = PV_BOOT_XEN_PV,
	.trap_init = trap_init,
	.cpu_init = cpu_init,
	.irq_init = irq_init,
	.irq_cpu_init = irq_cpu_init,
	.poll = poll,
	.sleep = sleep,
	.cr2 = cr2,
	.paging_init = pv_bare_xen_paging_init,
	.guard = pv_bare_xen_guard,
	.map = pv_bare_xen_map,
};
