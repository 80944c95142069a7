/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The library's clock in a process, on this machine's own TSC: what it costs beside the vDSO's, and
 * that it never steps back over four threads that stand for CPUs.
 *
 *	clock back N	N readings, handed from thread to thread by a shared word: with one clock
 *			for all and the host's promise of that; and, the promise ignored, with
 *			clocks that are up to 600 us apart
 *	clock cost	nanoseconds for a reading, and for one of clock_gettime(CLOCK_MONOTONIC),
 *			which reads the vDSO
 *
 * The pages are written here, as a host does, with a rate that was measured. Where the TSC is no
 * good nothing of this makes sense.
 */
#include <pthread.h>
#include <pv/config.h>
#include <pv/log.h>
#include <pv/os.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pv-core/clock.h"
#include "pv-core/pvclock.h"

#define CPUS	  4
#define BURST	  4096 /* readings in a turn */
#define APART_NS  200000
#define WINDOW_NS 50000000
#define ROUNDS	  21
#define READINGS  1000000

static struct pvclock_vcpu_time_info page[CPUS];
static __thread unsigned int this_cpu;

static struct {
	_Alignas(64) _Atomic uint64_t turn;
	uint64_t last;
} word;

static uint64_t turns;
static struct {
	_Alignas(64) uint64_t readings, back;
} result[CPUS];

/* --- what the library needs of a port --------------------------------------------------------- */

unsigned int pv_os_cpu(void)
{
	return this_cpu;
}

void pv_log(enum pv_log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

/* --- the host --------------------------------------------------------------------------------- */

static uint64_t monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int start(unsigned int cpu, struct pvclock_vcpu_time_info PV_SHARED **at)
{
	*at = &page[cpu];
	return 0;
}

static void stop(unsigned int cpu)
{
	(void)cpu;
}

static int wall(struct pv_wall_time *out)
{
	memset(out, 0, sizeof(*out));
	return 0;
}

static void end(void)
{
}

static const struct pv_clock_source source = {
	.name = "this process",
	.valid_flags = PVCLOCK_TSC_STABLE_BIT,
	.cpu_start = start,
	.cpu_stop = stop,
	.wall = wall,
	.end = end,
};

/* ns for a cycle, times 2^32, for a shift of 0; or of 1, below 1 GHz. */
static void write_pages(uint64_t apart)
{
	uint64_t ns0 = monotonic(), tsc0 = pv_rdtsc(), ns, mul;
	int8_t shift = 0;
	unsigned int i;

	while (monotonic() - ns0 < WINDOW_NS)
		;
	ns = monotonic() - ns0;
	mul = (ns << 32) / (pv_rdtsc() - tsc0);
	while (mul >> 32) {
		mul >>= 1;
		shift++;
	}
	for (i = 0; i < CPUS; i++)
		page[i] = (struct pvclock_vcpu_time_info) {.version = 2,
							   .tsc_timestamp = tsc0,
							   .system_time = ns0 + i * apart,
							   .tsc_to_system_mul = (uint32_t)mul,
							   .tsc_shift = shift,
							   .flags = PVCLOCK_TSC_STABLE_BIT};
}

/* --- never back ------------------------------------------------------------------------------- */

static void *take_turns(void *arg)
{
	unsigned int i;
	uint64_t turn, last, now;

	this_cpu = (unsigned int)(uintptr_t)arg;
	if (this_cpu)
		pv_clock_cpu_start();
	while ((turn = atomic_load_explicit(&word.turn, memory_order_acquire)) < turns) {
		if (turn % CPUS != this_cpu) {
			sched_yield(); /* there may be fewer processors than threads */
			continue;
		}
		last = word.last;
		for (i = 0; i < BURST; i++) {
			now = pv_clock_now();
			result[this_cpu].back += now < last;
			last = now;
		}
		result[this_cpu].readings += BURST;
		word.last = last;
		atomic_store_explicit(&word.turn, turn + 1, memory_order_release);
	}
	if (this_cpu)
		pv_clock_cpu_stop();
	return NULL;
}

static int never_back(const char *name, uint64_t apart, bool stable)
{
	uint64_t readings = 0, back = 0;
	pthread_t thread[CPUS];
	struct pv_clock_info info;
	unsigned int i;

	memset(result, 0, sizeof(result));
	word.turn = word.last = 0;
	write_pages(apart);
	if (pv_clock_register(&source))
		return 1;
	pv_clock_use_stable(stable);
	for (i = 1; i < CPUS; i++)
		if (pthread_create(&thread[i], NULL, take_turns, (void *)(uintptr_t)i))
			return 1;
	take_turns(NULL);
	for (i = 1; i < CPUS; i++)
		pthread_join(thread[i], NULL);
	pv_clock_info(&info);
	pv_clock_end();
	for (i = 0; i < CPUS; i++) {
		readings += result[i].readings;
		back += result[i].back;
	}
	printf("clock: %s: %llu readings, %llu turns over %u threads, %llu back, %llu held\n", name,
	       (unsigned long long)readings, (unsigned long long)turns, CPUS,
	       (unsigned long long)back, (unsigned long long)info.clamped);
	/* Clocks that are apart have to be held together, or nothing was tried. */
	return back != 0 || readings < turns * BURST || (apart && !info.clamped);
}

/* --- what it costs ---------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* In turn, so that what disturbs one disturbs the other; the median of the rounds. */
static int cost(void)
{
	static double ours[ROUNDS], vdso[ROUNDS];
	uint64_t t0, t1, t2;
	unsigned int round, i;

	write_pages(0);
	if (pv_clock_register(&source))
		return 1;
	for (round = 0; round < ROUNDS; round++) {
		t0 = monotonic();
		for (i = 0; i < READINGS; i++)
			pv_clock_now();
		t1 = monotonic();
		for (i = 0; i < READINGS; i++)
			monotonic();
		t2 = monotonic();
		ours[round] = (double)(t1 - t0) / READINGS;
		vdso[round] = (double)(t2 - t1) / READINGS;
	}
	pv_clock_end();
	qsort(ours, ROUNDS, sizeof(ours[0]), by_time);
	qsort(vdso, ROUNDS, sizeof(vdso[0]), by_time);
	printf("clock_ns=%.2f\nvdso_ns=%.2f\n", ours[ROUNDS / 2], vdso[ROUNDS / 2]);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "cost"))
		return cost();
	if (argc != 3 || strcmp(argv[1], "back"))
		return 2;
	turns = (strtoull(argv[2], NULL, 0) + BURST - 1) / BURST;
	return never_back("one clock", 0, true) |
	       never_back("clocks apart, promise ignored", APART_NS, false);
}
