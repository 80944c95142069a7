/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * CPUs that the toolstack gives and takes: cpu/N/availability in the fake xenstore.
 *
 * Covers: pv-core/xen/xen_hotplug.c
 */
#include <pv/config.h>
#include <pv/cpu.h>
#include <pv/err.h>
#include <pv/fake_xen.h>
#include <pv/log.h>
#include <pv/xen.h>

#include "fake_store.h"
#include "pv-core/bus.h"
#include "pv-core/cpu.h"
#include "pv-core/part.h"
#include "pv-core/xen/xen_hotplug.h"

static struct {
	unsigned int times, cpu;
	bool present;
} told;

static void changed(void *arg, unsigned int cpu, bool present)
{
	*(unsigned int *)arg += 1;
	told.times++;
	told.cpu = cpu;
	told.present = present;
}

static void work(void)
{
	unsigned int i;

	for (i = 0; i < 6; i++) {
		pv_fake_xs_run();
		pv_xenbus.work();
	}
}

static void set(unsigned int vcpu, const char *word)
{
	pv_fake_xs_printf("cpu/0/availability", "online");
	pv_fake_xs_printf(vcpu == 1 ? "cpu/1/availability" : "cpu/2/availability", "%s", word);
	work();
}

static int hotplug_init(struct kunit *test)
{
	int err;

	told.times = 0;
	fake_store.no_console = true;
	err = fake_store_up(test);
	pv_fake_xen.vcpus = 3;
	return err;
}

static void hotplug_exit(struct kunit *test)
{
	pv_parts_end();
	pv_xenbus.end();
	fake_store_down(test);
}

static void xen_hotplug_told(struct kunit *test)
{
	struct pv_cpu_info info;
	unsigned int arg = 0;

	KUNIT_ASSERT_EQ(test, pv_xenbus.scan(NULL), 0);
	KUNIT_ASSERT_EQ(test, pv_cpu_find(NULL), 3);
	pv_fake_xs_write("cpu/1/availability", "online");
	pv_fake_xs_write("cpu/2/availability", "offline");
	pv_fake_xs_write("cpu/0/availability", "online");
	KUNIT_ASSERT_EQ(test, pv_cpu_on_change(changed, &arg), 0);
	/* What is different already. */
	work();
	KUNIT_EXPECT_TRUE(test, told.times == 1 && told.cpu == 2 && !told.present && arg == 1);
	pv_cpu_get(2, &info);
	KUNIT_EXPECT_FALSE(test, info.present);
	set(2, "online");
	KUNIT_EXPECT_TRUE(test, told.times == 2 && told.cpu == 2 && told.present);
	set(1, "offline");
	KUNIT_EXPECT_TRUE(test, told.times == 3 && told.cpu == 1 && !told.present);
	/* The same again, and what is no word, and a CPU that is not ours. */
	set(1, "offline");
	set(1, "perhaps");
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("cpu/1/availability is not understood"));
	pv_fake_xs_write("cpu/3/availability", "online");
	work();
	KUNIT_EXPECT_EQ(test, told.times, 3);
	KUNIT_EXPECT_EQ(test, pv_cpu_on_change(NULL, NULL), 0);
	set(2, "offline");
	KUNIT_EXPECT_EQ(test, told.times, 3);
}

static void xen_hotplug_not_there(struct kunit *test)
{
	unsigned int arg = 0;

	pv_cpu_register(NULL);
	KUNIT_EXPECT_EQ(test, pv_cpu_on_change(changed, &arg), PV_ENOTSUP);
}

/* No store, or one that takes no watch: nobody looks, and it can be tried again. */
static void xen_hotplug_refused(struct kunit *test)
{
	unsigned int arg = 0;

	KUNIT_ASSERT_EQ(test, pv_cpu_find(NULL), 3);
	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_EQ(test, pv_cpu_on_change(changed, &arg), PV_ENOMEM);
	pv_xen_hotplug_stop();
	pv_fake_xs.deny = PV_FAKE_XS_HOME "/cpu";
	KUNIT_EXPECT_EQ(test, pv_cpu_on_change(changed, &arg), PV_EPERM);
	pv_fake_xs.deny = NULL;
	KUNIT_EXPECT_EQ(test, pv_fake_xs.watches, 0);
	KUNIT_EXPECT_EQ(test, pv_fake.live_maps, 0);
	KUNIT_EXPECT_EQ(test, pv_cpu_on_change(changed, &arg), 0);
	KUNIT_EXPECT_EQ(test, pv_xen_hotplug_start(), 0);
	/* Another function in its place, and none. */
	KUNIT_EXPECT_EQ(test, pv_cpu_on_change(changed, NULL), 0);
	KUNIT_EXPECT_EQ(test, pv_cpu_on_change(NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, pv_cpu_on_change(NULL, NULL), 0);
}

/* A CPU that goes while nobody is told, and words that are none. */
static void xen_hotplug_words(struct kunit *test)
{
	unsigned int arg = 0, vcpu;
	char path[32];

	KUNIT_ASSERT_EQ(test, pv_xenbus.scan(NULL), 0);
	KUNIT_ASSERT_EQ(test, pv_cpu_find(NULL), 3);
	for (vcpu = 0; vcpu < PV_CONFIG_MAX_CPUS + 3; vcpu++) {
		pv_snprintf(path, sizeof(path), "cpu/%u/availability", vcpu);
		pv_fake_xs_write(path, vcpu == 2 ? "a word that is longer than any" : "");
	}
	KUNIT_ASSERT_EQ(test, pv_cpu_on_change(changed, &arg), 0);
	work();
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("cpu/1/availability is not understood, error 0"));
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("cpu/2/availability is not understood, error -"));
	KUNIT_EXPECT_FALSE(test, pv_fake_logged("cpu/64/availability"));
	KUNIT_EXPECT_EQ(test, told.times, 0);
	KUNIT_EXPECT_EQ(test, pv_cpu_on_change(NULL, NULL), 0);
	pv_cpu_changed(2, false);
	KUNIT_EXPECT_EQ(test, told.times, 0);
}

static struct kunit_case hotplug_cases[] = {
	KUNIT_CASE(xen_hotplug_refused),
	KUNIT_CASE(xen_hotplug_words),
	KUNIT_CASE(xen_hotplug_told),
	KUNIT_CASE(xen_hotplug_not_there),
	{},
};

static struct kunit_suite hotplug_suite = {
	.name = "xen_hotplug",
	.init = hotplug_init,
	.exit = hotplug_exit,
	.test_cases = hotplug_cases,
};
kunit_test_suite(hotplug_suite);
