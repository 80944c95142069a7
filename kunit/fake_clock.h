/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A source for pv-core/clock.c, whose pages, one for each CPU, are the suite's to write.
 */
#ifndef PV_KUNIT_FAKE_CLOCK_H
#define PV_KUNIT_FAKE_CLOCK_H

#include <pv/fake.h>

#include "pv-core/clock.h"
#include "pv-core/pvclock.h"

#define FAKE_CLOCK_CPUS 4

struct fake_clock {
	struct pvclock_vcpu_time_info page[FAKE_CLOCK_CPUS];
	struct pv_wall_time wall;
	int wall_err, start_err; /* what asking for the wall clock, and starting a CPU's, return */
	unsigned int started, stopped, ended; /* calls */
};

extern struct fake_clock fake_clock;

/* With the flags' meanings, and without. */
extern const struct pv_clock_source fake_clock_source, fake_clock_flagless;

/* The host writes CPU `cpu`'s page: `ns` at the present TSC, a nanosecond for each tick. */
void fake_clock_write(unsigned int cpu, uint64_t ns, uint8_t flags);

/* All pages are at 5000, stable, and no CPU has begun. */
void fake_clock_init(void);

/* Registers the source, and starts the clock of each CPU. The first error. */
int fake_clock_start(void);
/* The clock of each CPU is stopped, the boot CPU's last, and the source's end called. */
void fake_clock_stop(void);

/* What pv_clock_info() tells. */
struct pv_clock_info fake_clock_info(void);

/* The time that a CPU reads; it is the one that runs then. */
uint64_t fake_clock_on(unsigned int cpu);

#endif
