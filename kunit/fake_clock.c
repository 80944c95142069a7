/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_clock.h"

#include <pv/string.h>

struct fake_clock fake_clock;

static int start(unsigned int cpu, struct pvclock_vcpu_time_info PV_SHARED **at)
{
	if (fake_clock.start_err)
		return fake_clock.start_err;
	fake_clock.started++;
	*at = &fake_clock.page[cpu];
	return 0;
}

static void stop(unsigned int cpu)
{
	(void)cpu;
	fake_clock.stopped++;
}

static int wall(struct pv_wall_time *out)
{
	*out = fake_clock.wall;
	return fake_clock.wall_err;
}

static void end(void)
{
	fake_clock.ended++;
}

const struct pv_clock_source fake_clock_source = {
	.name = "test clock",
	.valid_flags = PVCLOCK_TSC_STABLE_BIT | PVCLOCK_GUEST_STOPPED,
	.cpu_start = start,
	.cpu_stop = stop,
	.wall = wall,
	.end = end,
};

const struct pv_clock_source fake_clock_flagless = {
	.name = "test clock without flags",
	.cpu_start = start,
	.cpu_stop = stop,
	.wall = wall,
	.end = end,
};

void fake_clock_write(unsigned int cpu, uint64_t ns, uint8_t flags)
{
	struct pvclock_vcpu_time_info *page = &fake_clock.page[cpu];

	page->version += 2;
	page->tsc_timestamp = pv_fake.tsc;
	page->system_time = ns;
	page->tsc_to_system_mul = 0x80000000u; /* with shift 1, a tick is a nanosecond */
	page->tsc_shift = 1;
	page->flags = flags;
}

void fake_clock_init(void)
{
	unsigned int cpu;

	pv_clock_end();
	pv_memset(&fake_clock, 0, sizeof(fake_clock));
	pv_fake.tsc = 1000000;
	for (cpu = 0; cpu < FAKE_CLOCK_CPUS; cpu++)
		fake_clock_write(cpu, 5000, PVCLOCK_TSC_STABLE_BIT);
}

int fake_clock_start(void)
{
	int err = pv_clock_register(&fake_clock_source);
	unsigned int cpu;

	for (cpu = 1; cpu < FAKE_CLOCK_CPUS && !err; cpu++) {
		pv_fake.cpu = cpu;
		err = pv_clock_cpu_start();
	}
	pv_fake.cpu = 0;
	return err;
}

void fake_clock_stop(void)
{
	for (pv_fake.cpu = FAKE_CLOCK_CPUS - 1; pv_fake.cpu; pv_fake.cpu--)
		pv_clock_cpu_stop();
	pv_clock_end();
}

struct pv_clock_info fake_clock_info(void)
{
	struct pv_clock_info info;

	pv_clock_info(&info);
	return info;
}

uint64_t fake_clock_on(unsigned int cpu)
{
	pv_fake.cpu = cpu;
	return pv_clock_now();
}
