/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * In which order a suspension goes through hypervisor, drivers and buses; and that nothing else is
 * touched if it is cancelled, refused, or not to be had.
 *
 * Covers: pv-core/suspend.c
 */
#include <kunit/test.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/log.h>
#include <pv/string.h>

#include "pv-core/bus.h"
#include "pv-core/clock.h"
#include "pv-core/suspend.h"

static char story[160];
static int hv_says, resume_says, bus_says;

static void tell(const char *what)
{
	size_t n = pv_strlen(story);

	pv_snprintf(story + n, sizeof(story) - n, "%s ", what);
}

#define EXPECT_STORY(test, want)                                                                   \
	do {                                                                                       \
		KUNIT_EXPECT_STREQ(test, story, want);                                             \
		story[0] = '\0';                                                                   \
	} while (0)

/* --- hypervisor, buses, devices --------------------------------------------------------------- */

static int hv_suspend(void)
{
	tell("suspend");
	return hv_says;
}

static int hv_resume(void)
{
	tell("resume");
	return resume_says;
}

static int resume_a(void)
{
	tell("bus-a");
	return bus_says;
}

static int resume_b(void)
{
	tell("bus-b");
	return 0;
}

static void release(struct pv_device *dev)
{
	(void)dev;
}

static const struct pv_hv able = {.suspend = hv_suspend, .resume = hv_resume};
static const struct pv_hv unable;
static const struct pv_bus bus_a = {.name = "a", .resume = resume_a, .release = release};
static const struct pv_bus bus_saved = {.name = "saved",
					.release = release}; /* its devices went along */
static const struct pv_bus bus_b = {.name = "b", .resume = resume_b, .release = release};

static const struct pv_bus *bus(unsigned int n)
{
	static const struct pv_bus *const all[] = {&bus_a, &bus_saved, &bus_b, NULL};

	return all[n];
}

static bool match(const struct pv_device *dev)
{
	(void)dev;
	return true;
}

static int probe(struct pv_device *dev)
{
	(void)dev;
	return 0;
}

static void remove_dev(struct pv_device *dev)
{
	(void)dev;
}

static void lost(struct pv_device *dev)
{
	tell(dev->name);
}

static const struct pv_driver driver = {
	.name = "test", .match = match, .probe = probe, .remove = remove_dev, .lost = lost};
static const struct pv_driver *const drivers[] = {&driver, NULL};

static struct pv_device devices[4];

static int order_init(struct kunit *test)
{
	static const struct pv_bus *const of[] = {&bus_a, &bus_saved, &bus_b, &bus_b};
	unsigned int i;

	(void)test;
	pv_clock_end(); /* of the suite before */
	story[0] = '\0';
	hv_says = resume_says = bus_says = 0;
	pv_bus_set_drivers(drivers);
	for (i = 0; i < PV_ARRAY_SIZE(devices); i++) {
		pv_memset(&devices[i], 0, sizeof(devices[i]));
		devices[i].bus = of[i];
		pv_snprintf(devices[i].name, sizeof(devices[i].name), "dev-%u", i);
		if (pv_device_add(&devices[i]))
			return PV_EIO;
	}
	return 0;
}

static void order_exit(struct kunit *test)
{
	(void)test;
	pv_bus_remove_all();
	pv_bus_set_drivers(NULL);
}

/* --- the order -------------------------------------------------------------------------------- */

/*
 * Drivers let go before anything is bound anew, the last found first; buses come back in the
 * kernel's order.
 */
static void order_of_a_move(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pv_suspend_on(&able, bus), 0);
	EXPECT_STORY(test, "suspend dev-3 dev-2 dev-0 resume bus-a bus-b ");
}

static void order_of_none(struct kunit *test)
{
	hv_says = 1;
	KUNIT_EXPECT_EQ(test, pv_suspend_on(&able, bus), 1);
	EXPECT_STORY(test, "suspend ");
	hv_says = PV_EPERM;
	KUNIT_EXPECT_EQ(test, pv_suspend_on(&able, bus), PV_EPERM);
	EXPECT_STORY(test, "suspend ");
	KUNIT_EXPECT_EQ(test, pv_suspend_on(&unable, bus), PV_ENOTSUP);
	KUNIT_EXPECT_EQ(test, pv_suspend_on(NULL, bus), PV_ENOTSUP);
	EXPECT_STORY(test, "");
}

/* A bus that fails is told, and the others come back; without the hypervisor none does. */
static void order_of_failures(struct kunit *test)
{
	bus_says = PV_EIO;
	KUNIT_EXPECT_EQ(test, pv_suspend_on(&able, bus), PV_EIO);
	EXPECT_STORY(test, "suspend dev-3 dev-2 dev-0 resume bus-a bus-b ");
	resume_says = PV_ENODEV;
	KUNIT_EXPECT_EQ(test, pv_suspend_on(&able, bus), PV_ENODEV);
	EXPECT_STORY(test, "suspend dev-3 dev-2 dev-0 resume ");
}

static struct kunit_case order_cases[] = {
	KUNIT_CASE(order_of_a_move),
	KUNIT_CASE(order_of_none),
	KUNIT_CASE(order_of_failures),
	{},
};

static struct kunit_suite order_suite = {
	.name = "suspend_order",
	.init = order_init,
	.exit = order_exit,
	.test_cases = order_cases,
};
kunit_test_suite(order_suite);
