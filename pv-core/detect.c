/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Which hypervisor this is, by CPUID.
 *
 * Leaf 1, ECX bit 31 says that there is one (reserved for that purpose by Intel and AMD). Its
 * leaves begin at 0x40000000: EAX is the highest, EBX, ECX and EDX a signature. A hypervisor that
 * also plays Hyper-V has that face there, and its own leaves 0x100 higher (Xen
 * public/arch-x86/cpuid.h), or, for Xen emulated by KVM, Hyper-V's, Xen's and KVM's leaves one
 * after the other. The best of the known ones is taken, by the order of the table.
 *
 * A Xen PV guest is told by how it was entered: CPUID may be the bare machine's there.
 */
#include <pv/detect.h>
#include <pv/string.h>

#define LEAF_FIRST 0x40000000u
#define LEAF_LAST  0x4000ff00u
#define LEAF_STEP  0x100u

#define HYPERVISOR_PRESENT (1u << 31)

/* Best first. Hyper-V comes last: the others show its face. */
static const struct signature {
	char text[13];
	uint8_t hypervisor;
	uint8_t min_leaves; /* that the signature's leaf must tell of, beyond itself */
	bool zero_max;	    /* 0 for the highest leaf means base + 1 */
} signatures[] = {
	{"XenVMMXenVMM", PV_HV_XEN, 2, false},
	/* Linux Documentation/virt/kvm/x86/cpuid.rst: old hosts say 0. */
	{"KVMKVMKVM\0\0\0", PV_HV_KVM, 1, true},
	{"TCGTCGTCGTCG", PV_HV_TCG, 0, true},
	{"VMwareVMware", PV_HV_VMWARE, 0, true},
	{"bhyve bhyve ", PV_HV_BHYVE, 0, true},
	{"ACRNACRNACRN", PV_HV_ACRN, 0, true},
	{"Jailhouse\0\0\0", PV_HV_JAILHOUSE, 0, true},
	/* Hypervisor Top Level Functional Specification, 2.4.1: at least 0x40000005. */
	{"Microsoft Hv", PV_HV_HYPERV, 5, false},
};

/* Its words as text; what would not print is a question mark. */
static void text_of(char out[13], uint32_t a, uint32_t b, uint32_t c)
{
	const uint32_t word[3] = {a, b, c};
	unsigned int i;

	for (i = 0; i < 12; i++) {
		char ch = (char)(word[i / 4] >> i % 4 * 8);

		out[i] = !ch || (ch >= ' ' && ch <= '~') ? ch : '?';
	}
	out[12] = '\0';
}

/* The index in signatures[] of what is at `base`, or their number; and its highest leaf. */
static unsigned int identify(const char text[13], uint32_t base, uint32_t *max)
{
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(signatures); i++) {
		const struct signature *s = &signatures[i];

		if (pv_memcmp(text, s->text, 12))
			continue;
		if (*max == 0 && s->zero_max)
			*max = base + s->min_leaves;
		if (*max >= base + s->min_leaves && *max - base < LEAF_STEP)
			return i;
	}
	return PV_ARRAY_SIZE(signatures);
}

static void scan(struct pv_platform *out, pv_cpuid_fn cpuid)
{
	unsigned int best = PV_ARRAY_SIZE(signatures), i;
	bool hyperv = false;
	struct pv_cpuid r;
	char text[13];
	uint32_t base;

	for (base = LEAF_FIRST; base <= LEAF_LAST; base += LEAF_STEP) {
		r = cpuid(base, 0);
		text_of(text, r.ebx, r.ecx, r.edx);
		if (base == LEAF_FIRST)
			pv_memcpy(out->signature, text, sizeof(text));
		i = identify(text, base, &r.eax);
		if (i < PV_ARRAY_SIZE(signatures) && signatures[i].hypervisor == PV_HV_HYPERV)
			hyperv = true;
		if (i < best) {
			best = i;
			out->hypervisor = (enum pv_hypervisor)signatures[i].hypervisor;
			out->cpuid_base = base;
			out->cpuid_max = r.eax;
			pv_memcpy(out->signature, text, sizeof(text));
		}
		/*
		 * Each question is an exit. Nothing is better than the first in the table; and
		 * behind a hypervisor's own leaves, those of another follow at once or not at all.
		 */
		if (best == 0 ||
		    (i == PV_ARRAY_SIZE(signatures) && best < i && out->hypervisor != PV_HV_HYPERV))
			break;
	}
	out->hyperv_face = hyperv && out->hypervisor != PV_HV_HYPERV;
}

static void xen_leaves(struct pv_platform *out, pv_cpuid_fn cpuid, enum pv_boot_hint hint)
{
	uint32_t version = cpuid(out->cpuid_base + 1, 0).eax;

	out->xen_major = version >> 16;
	out->xen_minor = version & 0xffff;
	if (out->cpuid_max >= out->cpuid_base + 4)
		out->features = cpuid(out->cpuid_base + 4, 0).eax;
	out->xen_mode = hint == PV_HINT_PVH ? PV_XEN_PVH : PV_XEN_HVM;
}

void pv_detect(struct pv_platform *out, pv_cpuid_fn cpuid, enum pv_boot_hint hint)
{
	struct pv_cpuid r = cpuid(0, 0);

	pv_memset(out, 0, sizeof(*out));
	text_of(out->cpu_vendor, r.ebx, r.edx, r.ecx);
	if (hint == PV_HINT_XEN_PV || cpuid(1, 0).ecx & HYPERVISOR_PRESENT) {
		out->hypervisor = PV_HV_UNKNOWN;
		scan(out, cpuid);
	}
	if (out->hypervisor == PV_HV_XEN) {
		xen_leaves(out, cpuid, hint);
	} else if (out->hypervisor == PV_HV_KVM) {
		r = cpuid(out->cpuid_base + 1, 0);
		out->features = r.eax;
		out->hints = r.edx;
	}
	if (hint == PV_HINT_XEN_PV) {
		if (out->hypervisor != PV_HV_XEN) {
			/* The machine's own leaves, which say nothing of this Xen. */
			out->cpuid_base = out->cpuid_max = 0;
			out->features = out->hints = 0;
			out->hyperv_face = false;
			pv_memset(out->signature, 0, sizeof(out->signature));
		}
		out->hypervisor = PV_HV_XEN;
		out->xen_mode = PV_XEN_PV;
	}
}
