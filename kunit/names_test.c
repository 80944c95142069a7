/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The names of numbers: each has one of its own, and what is no number of the kind is unknown.
 *
 * Covers: arch/x86/boot_info.c pv-core/detect.c pv-core/detect_names.c pv-core/device.c
 * drivers/virtio/virtio.c
 */
#include <kunit/test.h>
#include <pv/boot.h>
#include <pv/detect.h>
#include <pv/device.h>
#include <pv/fake.h>

#include "arch/x86/x86.h"
#include "drivers/virtio/virtio.h"

#define ALL 16u

static const char *hypervisor(unsigned int i)
{
	return pv_hypervisor_name((enum pv_hypervisor)i);
}

static const char *xen_mode(unsigned int i)
{
	return pv_xen_mode_name((enum pv_xen_mode)i);
}

static const char *device_state(unsigned int i)
{
	return pv_device_state_name((enum pv_device_state)i);
}

static const char *boot_protocol(unsigned int i)
{
	return pv_boot_protocol_name((enum pv_boot_protocol)i);
}

static const struct kind {
	const char *name;
	const char *(*of)(unsigned int i);
	unsigned int num;
	unsigned int unknown; /* the one that is itself so called; `num` if none is */
} kinds[] = {
	{"hypervisor", hypervisor, PV_HV_JAILHOUSE + 1, PV_HV_UNKNOWN},
	{"xen mode", xen_mode, PV_XEN_HVM + 1, PV_XEN_HVM + 1},
	{"device state", device_state, PV_DEV_GONE + 1, PV_DEV_GONE + 1},
	{"boot protocol", boot_protocol, PV_BOOT_XEN_PV + 1, PV_BOOT_UNKNOWN},
};

static void kind_name(const struct kind *k, char *desc)
{
	strscpy(desc, k->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kinds, kind_name);

static void names_differ(struct kunit *test)
{
	const struct kind *k = test->param_value;
	unsigned int i, j;

	for (i = 0; i < k->num; i++) {
		KUNIT_EXPECT_EQ_MSG(test, !strcmp(k->of(i), "unknown"), i == k->unknown, "%u", i);
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_TRUE(test, strcmp(k->of(i), k->of(j)));
	}
	for (; i < ALL; i++)
		KUNIT_EXPECT_STREQ(test, k->of(i), "unknown");
}

static void names_virtio_classes(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pv_virtio_class(VIRTIO_ID_NET), PV_CLASS_NET);
	KUNIT_EXPECT_EQ(test, pv_virtio_class(VIRTIO_ID_BLOCK), PV_CLASS_BLK);
	KUNIT_EXPECT_EQ(test, pv_virtio_class(VIRTIO_ID_CONSOLE), PV_CLASS_CONSOLE);
	KUNIT_EXPECT_EQ(test, pv_virtio_class(0), PV_CLASS_OTHER);
}

/* Hints without features, beside them, and where there is room for nothing of them. */
static void names_features(struct kunit *test)
{
	struct pv_platform p = {.hypervisor = PV_HV_KVM, .hints = 1};
	char text[64], small[4];
	int alone;

	alone = pv_platform_features(&p, text, sizeof(text));
	KUNIT_EXPECT_GT(test, alone, 0);
	KUNIT_EXPECT_NE(test, text[0], ' ');
	p.features = 1;
	KUNIT_EXPECT_GT(test, pv_platform_features(&p, text, sizeof(text)), alone + 1);
	KUNIT_EXPECT_GT(test, pv_platform_features(&p, small, sizeof(small)), alone + 1);
	KUNIT_EXPECT_EQ(test, small[3], 0);
}

/* Xen's signature, whose highest leaf cannot be 0: KVM's can, for an old one. */
static void names_no_leaves(struct kunit *test)
{
	static struct pv_fake_leaf leaves[] = {
		{.leaf = 1, .value = {.ecx = 1u << 31}},
		{.leaf = 0x40000000,
		 .value = {0, 0x566e6558, 0x65584d4d, 0x4d4d566e},
		 .last = true},
	};
	struct pv_platform p;

	pv_fake_cpuid(leaves);
	pv_detect(&p, pv_cpuid, PV_HINT_NONE);
	KUNIT_EXPECT_NE(test, p.hypervisor, PV_HV_XEN);
	leaves[1].value = (struct pv_cpuid) {0, 0x4b4d564b, 0x564b4d56, 0x4d};
	pv_detect(&p, pv_cpuid, PV_HINT_NONE);
	KUNIT_EXPECT_EQ(test, p.hypervisor, PV_HV_KVM);
}

static struct kunit_case names_cases[] = {
	KUNIT_CASE(names_features),
	KUNIT_CASE(names_no_leaves),
	KUNIT_CASE_PARAM(names_differ, kind_gen_params),
	KUNIT_CASE(names_virtio_classes),
	{},
};

static struct kunit_suite names_suite = {
	.name = "names",
	.test_cases = names_cases,
};

kunit_test_suite(names_suite);
