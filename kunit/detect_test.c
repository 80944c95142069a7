/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv_detect() on what CPUID says in the guests of each hypervisor.
 *
 * Covers: pv-core/detect.c
 */
#include <kunit/test.h>
#include <pv/detect.h>
#include <pv/string.h>

struct leaf {
	uint32_t leaf;
	struct pv_cpuid r;
};

#define MAX_LEAVES 16

/* The vendors' names, as leaf 0 has them; a highest leaf of 0x16. */
/* clang-format off */
#define INTEL {0, {0x16, 0x756e6547, 0x6c65746e, 0x49656e69}}
#define AMD   {0, {0x10, 0x68747541, 0x444d4163, 0x69746e65}}
#define GUEST {1, {0x000806f8, 0x00100800, 0xfffa3203, 0x178bfbff}}
#define METAL {1, {0x000806f8, 0x00100800, 0x7ffafbff, 0xbfebfbff}}
/* clang-format on */

#define HYPERV_AT(max)                                                                             \
	{                                                                                          \
		0x40000000,                                                                        \
		{                                                                                  \
			max, 0x7263694d, 0x666f736f, 0x76482074                                    \
		}                                                                                  \
	}
#define HYPERV_ID                                                                                  \
	{                                                                                          \
		0x40000001,                                                                        \
		{                                                                                  \
			0x31237648, 0, 0, 0                                                        \
		}                                                                                  \
	}
#define KVM_AT(base, max)                                                                          \
	{                                                                                          \
		base,                                                                              \
		{                                                                                  \
			max, 0x4b4d564b, 0x564b4d56, 0x4d                                          \
		}                                                                                  \
	}
#define XEN_AT(base, max)                                                                          \
	{                                                                                          \
		base,                                                                              \
		{                                                                                  \
			max, 0x566e6558, 0x65584d4d, 0x4d4d566e                                    \
		}                                                                                  \
	}
#define OTHER(max, a, b, c)                                                                        \
	{                                                                                          \
		0x40000000,                                                                        \
		{                                                                                  \
			max, a, b, c                                                               \
		}                                                                                  \
	}
#define LEAF(leaf, a, d)                                                                           \
	{                                                                                          \
		leaf,                                                                              \
		{                                                                                  \
			a, 0, 0, d                                                                 \
		}                                                                                  \
	}

struct machine {
	const char *name;
	struct leaf leaves[MAX_LEAVES]; /* to one that is all zeroes, after the first */
	enum pv_boot_hint hint;
	struct pv_platform want;
};

static const struct machine machines[] = {
	{
		.name = "KVM on Intel",
		.leaves = {INTEL, GUEST, KVM_AT(0x40000000, 0x40000001),
			   LEAF(0x40000001, 0x01007efb, 0)},
		.want = {.hypervisor = PV_HV_KVM,
			 .cpuid_base = 0x40000000,
			 .cpuid_max = 0x40000001,
			 .features = 0x01007efb,
			 .signature = "KVMKVMKVM",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "KVM on AMD, dedicated CPUs, entered by the PVH note",
		.leaves = {AMD, GUEST, KVM_AT(0x40000000, 0x40000001),
			   LEAF(0x40000001, 0x0100fafb, 1)},
		.hint = PV_HINT_PVH,
		.want = {.hypervisor = PV_HV_KVM,
			 .cpuid_base = 0x40000000,
			 .cpuid_max = 0x40000001,
			 .features = 0x0100fafb,
			 .hints = 1,
			 .signature = "KVMKVMKVM",
			 .cpu_vendor = "AuthenticAMD"},
	},
	{
		.name = "an old KVM, whose highest leaf is 0",
		.leaves = {INTEL, GUEST, KVM_AT(0x40000000, 0), LEAF(0x40000001, 0x7, 0)},
		.want = {.hypervisor = PV_HV_KVM,
			 .cpuid_base = 0x40000000,
			 .cpuid_max = 0x40000001,
			 .features = 7,
			 .signature = "KVMKVMKVM",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "KVM with Hyper-V's face",
		.leaves = {INTEL, GUEST, HYPERV_AT(0x4000000a), HYPERV_ID,
			   KVM_AT(0x40000100, 0x40000101), LEAF(0x40000101, 0x01007efb, 0)},
		.want = {.hypervisor = PV_HV_KVM,
			 .cpuid_base = 0x40000100,
			 .cpuid_max = 0x40000101,
			 .features = 0x01007efb,
			 .hyperv_face = true,
			 .signature = "KVMKVMKVM",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "KVM with Hyper-V's face behind it",
		.leaves = {INTEL,
			   GUEST,
			   KVM_AT(0x40000000, 0x40000001),
			   LEAF(0x40000001, 0x01007efb, 0),
			   {0x40000100, {0x40000105, 0x7263694d, 0x666f736f, 0x76482074}}},
		.want = {.hypervisor = PV_HV_KVM,
			 .cpuid_base = 0x40000000,
			 .cpuid_max = 0x40000001,
			 .features = 0x01007efb,
			 .hyperv_face = true,
			 .signature = "KVMKVMKVM",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "Xen 4.17 HVM",
		.leaves = {INTEL, GUEST, XEN_AT(0x40000000, 0x40000005),
			   LEAF(0x40000001, 0x00040011, 0), LEAF(0x40000004, 0x5c, 0)},
		.want = {.hypervisor = PV_HV_XEN,
			 .xen_mode = PV_XEN_HVM,
			 .cpuid_base = 0x40000000,
			 .cpuid_max = 0x40000005,
			 .xen_major = 4,
			 .xen_minor = 17,
			 .features = 0x5c,
			 .signature = "XenVMMXenVMM",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "Xen 4.17 PVH",
		.leaves = {AMD, GUEST, XEN_AT(0x40000000, 0x40000005),
			   LEAF(0x40000001, 0x00040011, 0), LEAF(0x40000004, 0x1c, 0)},
		.hint = PV_HINT_PVH,
		.want = {.hypervisor = PV_HV_XEN,
			 .xen_mode = PV_XEN_PVH,
			 .cpuid_base = 0x40000000,
			 .cpuid_max = 0x40000005,
			 .xen_major = 4,
			 .xen_minor = 17,
			 .features = 0x1c,
			 .signature = "XenVMMXenVMM",
			 .cpu_vendor = "AuthenticAMD"},
	},
	{
		.name = "an old Xen, without leaf 4",
		.leaves = {INTEL, GUEST, XEN_AT(0x40000000, 0x40000002),
			   LEAF(0x40000001, 0x00030004, 0), LEAF(0x40000004, 0xbad, 0)},
		.want = {.hypervisor = PV_HV_XEN,
			 .xen_mode = PV_XEN_HVM,
			 .cpuid_base = 0x40000000,
			 .cpuid_max = 0x40000002,
			 .xen_major = 3,
			 .xen_minor = 4,
			 .signature = "XenVMMXenVMM",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "Xen with viridian",
		.leaves = {INTEL, GUEST, HYPERV_AT(0x40000006), HYPERV_ID,
			   XEN_AT(0x40000100, 0x40000105), LEAF(0x40000101, 0x00040011, 0),
			   LEAF(0x40000104, 0x1c, 0)},
		.want = {.hypervisor = PV_HV_XEN,
			 .xen_mode = PV_XEN_HVM,
			 .cpuid_base = 0x40000100,
			 .cpuid_max = 0x40000105,
			 .xen_major = 4,
			 .xen_minor = 17,
			 .features = 0x1c,
			 .hyperv_face = true,
			 .signature = "XenVMMXenVMM",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "KVM that plays Xen and Hyper-V",
		.leaves = {INTEL, GUEST, HYPERV_AT(0x4000000a), HYPERV_ID,
			   XEN_AT(0x40000100, 0x40000105), LEAF(0x40000101, 0x00040011, 0),
			   LEAF(0x40000104, 0, 0), KVM_AT(0x40000200, 0x40000201),
			   LEAF(0x40000201, 0x01007efb, 0)},
		.want = {.hypervisor = PV_HV_XEN,
			 .xen_mode = PV_XEN_HVM,
			 .cpuid_base = 0x40000100,
			 .cpuid_max = 0x40000105,
			 .xen_major = 4,
			 .xen_minor = 17,
			 .hyperv_face = true,
			 .signature = "XenVMMXenVMM",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "Xen behind KVM",
		.leaves = {INTEL, GUEST, KVM_AT(0x40000000, 0x40000001),
			   XEN_AT(0x40000100, 0x40000105), LEAF(0x40000101, 0x00040011, 0),
			   LEAF(0x40000104, 0, 0)},
		.want = {.hypervisor = PV_HV_XEN,
			 .xen_mode = PV_XEN_HVM,
			 .cpuid_base = 0x40000100,
			 .cpuid_max = 0x40000105,
			 .xen_major = 4,
			 .xen_minor = 17,
			 .signature = "XenVMMXenVMM",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "Xen at the last base, after a gap",
		.leaves = {INTEL, GUEST, HYPERV_AT(0x40000006), HYPERV_ID,
			   XEN_AT(0x4000ff00, 0x4000ff02), LEAF(0x4000ff01, 0x00040011, 0)},
		.want = {.hypervisor = PV_HV_XEN,
			 .xen_mode = PV_XEN_HVM,
			 .cpuid_base = 0x4000ff00,
			 .cpuid_max = 0x4000ff02,
			 .xen_major = 4,
			 .xen_minor = 17,
			 .hyperv_face = true,
			 .signature = "XenVMMXenVMM",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "Xen PV, CPUID faulting",
		.leaves = {INTEL, METAL, XEN_AT(0x40000000, 0x40000005),
			   LEAF(0x40000001, 0x00040011, 0), LEAF(0x40000004, 0, 0)},
		.hint = PV_HINT_XEN_PV,
		.want = {.hypervisor = PV_HV_XEN,
			 .xen_mode = PV_XEN_PV,
			 .cpuid_base = 0x40000000,
			 .cpuid_max = 0x40000005,
			 .xen_major = 4,
			 .xen_minor = 17,
			 .signature = "XenVMMXenVMM",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "Xen PV, the machine's own CPUID",
		.leaves = {INTEL, METAL},
		.hint = PV_HINT_XEN_PV,
		.want = {.hypervisor = PV_HV_XEN,
			 .xen_mode = PV_XEN_PV,
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "Xen PV on a Xen that itself is a guest of KVM",
		.leaves = {AMD, GUEST, KVM_AT(0x40000000, 0x40000001),
			   LEAF(0x40000001, 0x0100fafb, 1)},
		.hint = PV_HINT_XEN_PV,
		.want = {.hypervisor = PV_HV_XEN,
			 .xen_mode = PV_XEN_PV,
			 .cpu_vendor = "AuthenticAMD"},
	},
	{
		.name = "Hyper-V",
		.leaves = {INTEL, GUEST, HYPERV_AT(0x4000000b), HYPERV_ID},
		.want = {.hypervisor = PV_HV_HYPERV,
			 .cpuid_base = 0x40000000,
			 .cpuid_max = 0x4000000b,
			 .signature = "Microsoft Hv",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "VMware",
		.leaves = {INTEL, GUEST, OTHER(0x40000010, 0x61774d56, 0x4d566572, 0x65726177)},
		.want = {.hypervisor = PV_HV_VMWARE,
			 .cpuid_base = 0x40000000,
			 .cpuid_max = 0x40000010,
			 .signature = "VMwareVMware",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "bhyve",
		.leaves = {AMD, GUEST, OTHER(0x40000001, 0x76796862, 0x68622065, 0x20657679)},
		.want = {.hypervisor = PV_HV_BHYVE,
			 .cpuid_base = 0x40000000,
			 .cpuid_max = 0x40000001,
			 .signature = "bhyve bhyve ",
			 .cpu_vendor = "AuthenticAMD"},
	},
	{
		.name = "ACRN",
		.leaves = {INTEL, GUEST, OTHER(0x40000010, 0x4e524341, 0x4e524341, 0x4e524341)},
		.want = {.hypervisor = PV_HV_ACRN,
			 .cpuid_base = 0x40000000,
			 .cpuid_max = 0x40000010,
			 .signature = "ACRNACRNACRN",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "Jailhouse",
		.leaves = {INTEL, GUEST, OTHER(0x40000001, 0x6c69614a, 0x73756f68, 0x00000065)},
		.want = {.hypervisor = PV_HV_JAILHOUSE,
			 .cpuid_base = 0x40000000,
			 .cpuid_max = 0x40000001,
			 .signature = "Jailhouse",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "QEMU TCG",
		.leaves = {AMD, GUEST, OTHER(0x40000001, 0x54474354, 0x43544743, 0x47435447)},
		.want = {.hypervisor = PV_HV_TCG,
			 .cpuid_base = 0x40000000,
			 .cpuid_max = 0x40000001,
			 .signature = "TCGTCGTCGTCG",
			 .cpu_vendor = "AuthenticAMD"},
	},
	{
		.name = "none",
		.leaves = {INTEL, METAL},
		.want = {.hypervisor = PV_HV_NONE, .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "hidden: the leaves, but not the bit",
		.leaves = {INTEL, METAL, KVM_AT(0x40000000, 0x40000001),
			   LEAF(0x40000001, 0x01007efb, 0)},
		.want = {.hypervisor = PV_HV_NONE, .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "hidden: the bit, but no leaves",
		.leaves = {INTEL, GUEST, OTHER(0, 0, 0, 0)},
		.want = {.hypervisor = PV_HV_UNKNOWN, .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "a signature that nobody knows, and that does not print",
		.leaves = {INTEL, GUEST, OTHER(0x40000001, 0x41424344, 0x1b07ff80, 0x7f)},
		.want = {.hypervisor = PV_HV_UNKNOWN,
			 .signature = "DCBA?????",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "KVM's signature, but leaves out of bounds",
		.leaves = {INTEL, GUEST, KVM_AT(0x40000000, 0x4fffffff),
			   LEAF(0x40000001, 0x01007efb, 0)},
		.want = {.hypervisor = PV_HV_UNKNOWN,
			 .signature = "KVMKVMKVM",
			 .cpu_vendor = "GenuineIntel"},
	},
	{
		.name = "Xen's signature, but not the leaves",
		.leaves = {INTEL, GUEST, XEN_AT(0x40000000, 0x40000001)},
		.want = {.hypervisor = PV_HV_UNKNOWN,
			 .signature = "XenVMMXenVMM",
			 .cpu_vendor = "GenuineIntel"},
	},
};

static const struct machine *machine;
static unsigned int asked; /* how often CPUID was executed */

/* Beyond the highest leaf a CPU answers as for the highest basic one (Intel SDM 2A, CPUID). */
static struct pv_cpuid recorded(uint32_t leaf, uint32_t subleaf)
{
	const struct pv_cpuid beyond = {0x00000bb8, 0x00000ed8, 0x00000064, 0};
	const struct leaf *l;

	(void)subleaf;
	asked++;
	for (l = machine->leaves; l == machine->leaves || l->leaf; l++)
		if (l->leaf == leaf)
			return l->r;
	return beyond;
}

static void machine_name(const struct machine *m, char *text)
{
	strscpy(text, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(machine, machines, machine_name);

static void detect_machine(struct kunit *test)
{
	const struct machine *m = test->param_value;
	struct pv_platform p;

	machine = m;
	pv_memset(&p, 0xa5, sizeof(p));
	pv_detect(&p, recorded, m->hint);
	KUNIT_EXPECT_EQ(test, p.hypervisor, m->want.hypervisor);
	KUNIT_EXPECT_EQ(test, p.xen_mode, m->want.xen_mode);
	KUNIT_EXPECT_EQ(test, p.cpuid_base, m->want.cpuid_base);
	KUNIT_EXPECT_EQ(test, p.cpuid_max, m->want.cpuid_max);
	KUNIT_EXPECT_EQ(test, p.xen_major, m->want.xen_major);
	KUNIT_EXPECT_EQ(test, p.xen_minor, m->want.xen_minor);
	KUNIT_EXPECT_EQ(test, p.features, m->want.features);
	KUNIT_EXPECT_EQ(test, p.hints, m->want.hints);
	KUNIT_EXPECT_EQ(test, p.hyperv_face, m->want.hyperv_face);
	KUNIT_EXPECT_STREQ(test, p.signature, m->want.signature);
	KUNIT_EXPECT_STREQ(test, p.cpu_vendor, m->want.cpu_vendor);
}

/* Each CPUID is an exit: a plain guest does not pay for 256 of them. */
static void detect_asks_little(struct kunit *test)
{
	struct pv_platform p;

	machine = &machines[0];
	asked = 0;
	pv_detect(&p, recorded, PV_HINT_NONE);
	KUNIT_EXPECT_EQ(test, p.hypervisor, PV_HV_KVM);
	KUNIT_EXPECT_LE(test, asked, 6);
}

static struct kunit_case detect_cases[] = {
	KUNIT_CASE_PARAM(detect_machine, machine_gen_params),
	KUNIT_CASE(detect_asks_little),
	{},
};

static struct kunit_suite detect_suite = {
	.name = "detect",
	.test_cases = detect_cases,
};

kunit_test_suite(detect_suite);
