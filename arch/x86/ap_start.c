/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What a CPU that is started needs to know of the one that starts it. */
#include "arch/x86/ap_start.h"
#include "arch/x86/x86.h"

#define MSR_EFER 0xc0000080
#define EFER_SCE (1u << 0)
#define EFER_LME (1u << 8)
#define EFER_NXE (1u << 11)
#define CR4_PAE	 (1u << 5)
#define CR4_LA57 (1u << 12)

#define CHECK(field, offset) _Static_assert(offsetof(struct pv_ap_start, field) == (offset), #field)
CHECK(low_cr3, AP_LOW_CR3);
CHECK(low_cr4, AP_LOW_CR4);
CHECK(efer, AP_EFER);
CHECK(jump_offset, AP_JUMP);
CHECK(gdt_limit, AP_GDTR);
CHECK(gdt, AP_GDT);
CHECK(land, AP_LAND);
CHECK(cr3, AP_CR3);
CHECK(cr4, AP_CR4);
CHECK(cr0, AP_CR0);
CHECK(entry, AP_ENTRY);
CHECK(arg, AP_ARG);
CHECK(stack_end, AP_STACK);
_Static_assert(sizeof(struct pv_ap_start) == AP_SIZE, "struct pv_ap_start");

uint32_t pv_ap_arrived;

void pv_ap_start_fill(struct pv_ap_start *start, uint32_t base, void (*entry)(void *arg), void *arg,
		      void *stack_end)
{
	const uint32_t here = base + (uint32_t)(pv_ap_trampoline_start - pv_ap_trampoline);

	start->low_cr3 = base + PV_PAGE_SIZE;
	start->cr4 = pv_read_cr4();
	start->low_cr4 = ((uint32_t)start->cr4 & CR4_LA57) | CR4_PAE;
	start->efer = ((uint32_t)pv_rdmsr(MSR_EFER) & (EFER_SCE | EFER_NXE)) | EFER_LME;
	start->jump_offset = base + (uint32_t)(pv_ap_trampoline_long - pv_ap_trampoline);
	start->jump_selector = AP_CS;
	start->gdt_limit = sizeof(start->gdt) - 1;
	start->gdt_base = here + AP_GDT;
	start->gdt[0] = 0;
	start->gdt[AP_CS / 8] = AP_CODE;
	start->gdt[AP_DS / 8] = AP_DATA;
	start->land = (uint64_t)(uintptr_t)pv_ap_land;
	start->cr3 = pv_read_cr3();
	start->cr0 = pv_read_cr0();
	start->entry = (uint64_t)(uintptr_t)entry;
	start->arg = (uint64_t)(uintptr_t)arg;
	start->stack_end = (uint64_t)(uintptr_t)stack_end;
}
