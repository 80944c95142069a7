/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The flush of <pv/tlb.h>. One at a time: `wanted` has the CPUs that are still to do it, each of
 * which takes its bit out when it has. While a CPU waits for its turn, or for the others, it does
 * what is wanted of itself. One that ends is not waited for: it has nothing in its TLB when it
 * begins again.
 */
#include <pv/config.h>
#include <pv/err.h>
#include <pv/ipi.h>
#include <pv/os.h>
#include <pv/string.h>
#include <pv/tlb.h>

#include "arch/x86/x86.h"
#include "pv-core/cpu.h"
#include "pv-core/part.h"

#define WORDS ((PV_CONFIG_MAX_CPUS + 63) / 64)

static int ipi = -1;
static bool busy;
static uint64_t online[WORDS]; /* CPUs that answer */
static uint64_t wanted[WORDS];
static struct pv_tlb_stats stats; /* written by the one whose turn it is */

/* A CPU that there is no place for is in no set. */
static bool is_in(const uint64_t *set, unsigned int cpu)
{
	return cpu < PV_CONFIG_MAX_CPUS &&
	       __atomic_load_n(&set[cpu / 64], __ATOMIC_ACQUIRE) >> cpu % 64 & 1;
}

static void answer(void *arg)
{
	unsigned int cpu = pv_os_cpu();

	(void)arg;
	if (!is_in(wanted, cpu))
		return;
	pv_flush_tlb_here();
	__atomic_fetch_and(&wanted[cpu / 64], ~(1ull << cpu % 64), __ATOMIC_RELEASE);
}

static int cpu_start(unsigned int cpu)
{
	if (cpu < PV_CONFIG_MAX_CPUS)
		__atomic_fetch_or(&online[cpu / 64], 1ull << cpu % 64, __ATOMIC_SEQ_CST);
	return 0;
}

static void cpu_stop(unsigned int cpu)
{
	if (cpu < PV_CONFIG_MAX_CPUS)
		__atomic_fetch_and(&online[cpu / 64], ~(1ull << cpu % 64), __ATOMIC_SEQ_CST);
}

static void end(void)
{
	ipi = -1; /* it ends by itself */
	pv_memset(online, 0, sizeof(online));
}

static struct pv_part part = {.cpu_start = cpu_start, .cpu_stop = cpu_stop, .end = end};

int pv_tlb_start(void)
{
	if (ipi >= 0 || (pv_cpu_host() && pv_cpu_host()->flush))
		return 0;
	ipi = pv_ipi_open(answer, NULL);
	if (ipi < 0)
		return ipi;
	pv_part_attach(&part);
	return cpu_start(pv_os_cpu());
}

void pv_tlb_stats(struct pv_tlb_stats *out)
{
	*out = stats;
}

static bool all_done(void)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		if (__atomic_load_n(&wanted[i], __ATOMIC_ACQUIRE) &
		    __atomic_load_n(&online[i], __ATOMIC_ACQUIRE))
			return false;
	return true;
}

static int wait_for_all(void)
{
	uint64_t begin = pv_os_uptime_ns();

	while (!all_done()) {
		answer(NULL);
		pv_pause();
		if (pv_os_uptime_ns() - begin > PV_CONFIG_CPU_MS * 1000000ull) {
			pv_memset(wanted, 0, sizeof(wanted));
			return PV_ETIMEDOUT;
		}
	}
	return 0;
}

/* Leaves in `set` those that are to be interrupted: they run, and are not this one. */
static void sort_out(uint64_t *set, const uint64_t *cpus)
{
	const struct pv_cpu_host *ops = pv_cpu_host();
	unsigned int cpu, here = pv_os_cpu();

	for (cpu = 0; cpu < PV_CONFIG_MAX_CPUS; cpu++) {
		if (cpu == here || !is_in(cpus, cpu) || !is_in(online, cpu))
			continue;
		if (ops && ops->flush_later && ops->flush_later(cpu)) {
			stats.left_to_host++;
			continue;
		}
		set[cpu / 64] |= 1ull << cpu % 64;
		stats.interrupted++;
	}
}

static int flush_others(const uint64_t *cpus)
{
	uint64_t set[WORDS] = {0};
	unsigned int i;

	if (pv_cpu_host() && pv_cpu_host()->flush)
		return pv_cpu_host()->flush(cpus);
	if (ipi < 0)
		return PV_ENODEV;
	sort_out(set, cpus);
	for (i = 0; i < WORDS; i++)
		__atomic_store_n(&wanted[i], set[i], __ATOMIC_RELEASE);
	pv_ipi_send_set(ipi, set);
	return wait_for_all();
}

int pv_tlb_flush(const uint64_t *cpus)
{
	int err;

	while (__atomic_exchange_n(&busy, true, __ATOMIC_ACQUIRE)) {
		answer(NULL);
		pv_pause();
	}
	stats.flushes++;
	if (is_in(cpus, pv_os_cpu()))
		pv_flush_tlb_here();
	err = flush_others(cpus);
	__atomic_store_n(&busy, false, __ATOMIC_RELEASE);
	return err;
}
