/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the kernel runs on.
 *
 * A hypervisor says who it is in CPUID: leaf 0x40000000 and, when it shows several faces, further
 * bases up to 0x4000ff00 in steps of 0x100 (Xen public/arch-x86/cpuid.h; Linux
 * Documentation/virt/kvm/x86/cpuid.rst). Xen and KVM put themselves behind Hyper-V's leaves when
 * they offer those too, and are preferred then.
 */
#ifndef PV_DETECT_H
#define PV_DETECT_H

#include <pv/types.h>

PV_BEGIN_DECLS

/* Who made the machine. */
enum pv_hypervisor {
	PV_HV_NONE,    /* no hypervisor bit in CPUID: bare metal, or one that hides */
	PV_HV_UNKNOWN, /* the hypervisor bit, but no signature that is known */
	PV_HV_XEN,
	PV_HV_KVM,
	PV_HV_TCG, /* QEMU's emulation */
	PV_HV_HYPERV,
	PV_HV_VMWARE,
	PV_HV_BHYVE,
	PV_HV_ACRN,
	PV_HV_JAILHOUSE
};

/* In which of Xen's ways the kernel runs. PVH and HVM differ only in what is emulated. */
enum pv_xen_mode { PV_XEN_NOT, PV_XEN_PV, PV_XEN_PVH, PV_XEN_HVM };

struct pv_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* Executes CPUID, or answers for a recorded machine. */
typedef struct pv_cpuid (*pv_cpuid_fn)(uint32_t leaf, uint32_t subleaf);

/* What is known apart from CPUID, by how the kernel was started. */
enum pv_boot_hint {
	PV_HINT_NONE,
	PV_HINT_XEN_PV, /* entered with a Xen PV start_info, in ring 3 */
	PV_HINT_PVH	/* entered by the PVH note */
};

struct pv_platform {
	enum pv_hypervisor hypervisor;
	enum pv_xen_mode xen_mode;
	uint32_t cpuid_base; /* base of the preferred hypervisor's leaves; 0 if none */
	uint32_t cpuid_max;  /* its highest leaf */
	uint32_t xen_major, xen_minor;
	uint32_t features;   /* feature word: KVM leaf base+1 EAX; Xen leaf base+4 EAX */
	uint32_t hints;	     /* KVM leaf base+1 EDX; else 0 */
	bool hyperv_face;    /* the preferred one also shows Hyper-V's leaves */
	char signature[13];  /* as in CPUID, terminated; "" if none */
	char cpu_vendor[13]; /* "GenuineIntel", "AuthenticAMD", ... */
};

/*
 * Fills `*out`. Never fails: with nothing there it says PV_HV_NONE.
 * Context: any.
 */
void pv_detect(struct pv_platform *out, pv_cpuid_fn cpuid, enum pv_boot_hint hint);

/* What pv_init() detected. Context: any, after pv_init(). */
const struct pv_platform *pv_platform(void);

/* "KVM", "Xen", "QEMU TCG", ...; "PVH", ... Context: any. */
const char *pv_hypervisor_name(enum pv_hypervisor hypervisor);
const char *pv_xen_mode_name(enum pv_xen_mode mode);

/*
 * The set bits of `platform->features` and `->hints` by name, separated by spaces, into `buf`,
 * always terminated. A bit without a name is given as "bitN"; hints are prefixed "hint:". The
 * length that the whole text has, as snprintf. Context: any.
 */
int pv_platform_features(const struct pv_platform *platform, char *buf, size_t size);

PV_END_DECLS

#endif
