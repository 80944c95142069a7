/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The local APIC's timer as a source (Intel SDM 3A, 11.5.4): by TSC deadline where the CPU has that
 * (CPUID 1, ECX[24]), else by its counter, once.
 *
 * Deadlines are in pv_timer_now(), the timer counts cycles. The factor between them is the clock's
 * own, or, for the counter and without a PV clock, measured when the first CPU starts. It need not
 * be exact: the interrupt looks at the clock, and if it came early, programs what is left. So does
 * one that was meant for a deadline further away than the counter reaches.
 *
 * The vector is one that the port gives, the same on all CPUs.
 */
#include <pv/clock.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/os.h>

#include "arch/x86/x86.h"
#include "pv-core/lapic.h"
#include "pv-core/timer.h"

#define MSR_TSC_DEADLINE   0x6e0
#define CPUID_TSC_DEADLINE (1u << 24) /* leaf 1, ECX */
#define DIVIDE_BY_1	   0xb

#define MEASURE_NS	2000000
#define MEASURE_TRIES	16
#define MEASURE_GOOD_NS 1000

#define MAX_AHEAD_NS 3600000000000ull
#define MAX_COUNT    0xffffffffull

static int irq;
static unsigned int users; /* CPUs; 0: nothing is set up */
static unsigned int vector;
static bool by_deadline;
static uint64_t per_ns; /* cycles, or counts, times 2^32 */

/* --- how fast it counts ----------------------------------------------------------------------- */

static uint64_t counter(void)
{
	return by_deadline ? pv_rdtsc() : MAX_COUNT - pv_lapic_read(PV_LAPIC_CURRENT);
}

/* The counter and the time at one moment: of several tries the one that lasted the shortest. */
static void sample(uint64_t *count, uint64_t *ns)
{
	uint64_t before, c, after, best = ~0ull;
	unsigned int i;

	for (i = 0; i < MEASURE_TRIES && best > MEASURE_GOOD_NS; i++) {
		before = pv_timer_now();
		c = counter();
		after = pv_timer_now();
		if (after - before >= best)
			continue;
		best = after - before;
		*count = c;
		*ns = before + best / 2;
	}
}

static int measure(void)
{
	uint64_t c0 = 0, c1 = 0, t0 = 0, t1 = 0;

	if (!by_deadline) {
		pv_lapic_write(PV_LAPIC_LVT_TIMER, PV_LAPIC_LVT_MASKED | vector);
		pv_lapic_write(PV_LAPIC_INITIAL, MAX_COUNT);
	}
	sample(&c0, &t0);
	do {
		pv_pause();
		sample(&c1, &t1);
	} while (t1 - t0 < MEASURE_NS);
	if (!by_deadline)
		pv_lapic_write(PV_LAPIC_INITIAL, 0);
	if (c1 <= c0 || (c1 - c0) >> 32)
		return PV_ENODEV;
	per_ns = ((c1 - c0) << 32) / (t1 - t0);
	return per_ns ? 0 : PV_ENODEV;
}

static int find_rate(void)
{
	uint64_t khz = by_deadline ? pv_clock_tsc_khz() : 0;

	if (!khz)
		return measure();
	per_ns = (khz << 32) / 1000000;
	return 0;
}

/* --- the timer -------------------------------------------------------------------------------- */

static uint64_t ahead(uint64_t ns)
{
	if (ns > MAX_AHEAD_NS)
		ns = MAX_AHEAD_NS;
	return (uint64_t)((unsigned __int128)ns * per_ns >> 32);
}

/*
 * The TSC is read before the clock, so that what comes between them makes the deadline earlier, not
 * later. 0 would disarm it. A count of 0 would, too.
 */
static int set(unsigned int cpu, uint64_t deadline)
{
	uint64_t flags = pv_irq_save(), tsc, now, n;

	(void)cpu;
	if (deadline == PV_TIMER_NEVER) {
		if (by_deadline)
			pv_wrmsr(MSR_TSC_DEADLINE, 0);
		else
			pv_lapic_write(PV_LAPIC_INITIAL, 0);
		pv_irq_restore(flags);
		return 0;
	}
	tsc = pv_rdtsc();
	now = pv_timer_now();
	n = deadline > now ? ahead(deadline - now) : 0;
	if (by_deadline)
		pv_wrmsr(MSR_TSC_DEADLINE, tsc + n + !(tsc + n));
	else
		pv_lapic_write(PV_LAPIC_INITIAL,
			       (uint32_t)(n < 1 ? 1 : (n < MAX_COUNT ? n : MAX_COUNT)));
	pv_irq_restore(flags);
	return 0;
}

/* A function that is called arms the timer itself, if it likes. */
static bool fired(void *arg)
{
	unsigned int cpu = pv_os_cpu();
	uint64_t deadline = pv_timer_deadline(cpu), now = pv_timer_now();

	(void)arg;
	if (deadline <= now)
		pv_timer_fire(cpu, now);
	else if (deadline != PV_TIMER_NEVER)
		set(cpu, deadline);
	return true;
}

static int begin(void)
{
	int err = pv_lapic_init();

	if (err)
		return err == PV_ENOTSUP ? PV_ENODEV : err;
	irq = pv_os_irq_vector(true, fired, NULL, &vector);
	if (irq < 0)
		return PV_ENODEV;
	by_deadline = pv_cpuid(1, 0).ecx & CPUID_TSC_DEADLINE;
	pv_lapic_write(PV_LAPIC_DIVIDE, DIVIDE_BY_1);
	err = find_rate();
	if (err) {
		pv_os_irq_free(irq);
		return err;
	}
	pv_info("timer: local APIC, by %s", by_deadline ? "TSC deadline" : "its counter");
	return 0;
}

static int start(unsigned int cpu)
{
	int err = users ? 0 : begin();

	(void)cpu;
	if (err)
		return err;
	users++;
	pv_lapic_write(PV_LAPIC_DIVIDE, DIVIDE_BY_1);
	pv_lapic_write(PV_LAPIC_LVT_TIMER, vector | (by_deadline ? PV_LAPIC_LVT_DEADLINE : 0));
	/*
	 * In the page's mode the register is memory, and the deadline's MSR is not ordered behind
	 * it.
	 */
	pv_mb();
	return 0;
}

static void stop(unsigned int cpu)
{
	(void)cpu;
	pv_lapic_write(PV_LAPIC_LVT_TIMER, PV_LAPIC_LVT_MASKED | vector);
	if (!--users)
		pv_os_irq_free(irq);
}

const struct pv_timer_source pv_lapic_timer = {.start = start, .stop = stop, .set = set};
