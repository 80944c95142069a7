/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What CPUs do with each other, by `cpus.do=`, `cpus.n=` times: interrupts there and back, TLBs
 * flushed while another uses what goes, time that the host took.
 */
#include "together.h"

#include <pv/ipi.h>
#include <pv/tlb.h>

#include "arch/x86/x86.h"

#define MSR_APIC_BASE	 0x1b
#define APIC_BASE_X2APIC (1u << 10)

#define GIVE_UP 20000000000ull

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {NULL};
const struct pv_driver *const pv_bare_drivers[] = {NULL};

/* --- interrupts there and back ---------------------------------------------------------------- */

static int ipi;

static void pinged(void *arg)
{
	unsigned int cpu = pv_os_cpu();

	(void)arg;
	cpus[cpu].got++;
	cpus[cpu].woken = true;
}

/*
 * Each CPU's timer looks now and then whether any came: a wait need not set one, which on Xen is a
 * hypercall.
 */
static void look(void *arg)
{
	unsigned int cpu = pv_os_cpu();

	(void)arg;
	cpus[cpu].late = cpus[cpu].got == cpus[cpu].seen;
	cpus[cpu].seen = cpus[cpu].got;
	cpus[cpu].woken = true;
	pv_timer_arm(pv_timer_now() + GIVE_UP);
}

static int watch(void)
{
	int err;

	pv_bare_timer_give();
	err = pv_timer_start(look, NULL);
	return err ? err : pv_timer_arm(pv_timer_now() + GIVE_UP);
}

static bool await(unsigned int cpu, uint64_t n)
{
	while (cpus[cpu].got < n && !cpus[cpu].late) {
		cpus[cpu].woken = false;
		if (cpus[cpu].got < n && !cpus[cpu].late)
			pv_bare_wait(&cpus[cpu].woken, 2 * GIVE_UP);
	}
	return cpus[cpu].got >= n;
}

/* CPUs in pairs: the even one sends first, and each answers the other. */
static void ping(void)
{
	unsigned int cpu = pv_os_cpu(), other = cpu ^ 1;
	uint64_t i;

	if (cpu)
		meet();
	cpus[cpu].bad = watch() != 0;
	cpus[cpu].begin = pv_timer_now();
	for (i = 1; other < num && i <= rounds && !cpus[cpu].bad; i++) {
		if (cpu & 1)
			cpus[cpu].bad += !await(cpu, i) || pv_ipi_send(ipi, other);
		else
			cpus[cpu].bad += pv_ipi_send(ipi, other) || !await(cpu, i);
		cpus[cpu].n = i;
	}
	cpus[cpu].end = pv_timer_now();
	pv_timer_stop();
	done();
}

static void ipis(void)
{
	uint64_t all[MAX_CPUS / 64] = {~0ull}, begin;
	struct pv_bare_irq_stats irq;
	unsigned int i, missing = 0;
	uint64_t bad = 0, n = 0;

	pv_cpu_find(pv_bare_boot());
	ipi = pv_ipi_open(pinged, NULL);
	pv_bare_printf("open: %d\n", ipi);
	together(ping);
	for (i = 0; i < num; i++) {
		bad += cpus[i].bad + (cpus[i].got != cpus[i].n);
		n += cpus[i].n;
	}
	pv_bare_printf("sent: %llu\nlost: %llu\n", (unsigned long long)n, (unsigned long long)bad);
	pv_bare_printf("there and back: %llu ns\n",
		       (unsigned long long)((cpus[0].end - cpus[0].begin) / (rounds ? rounds : 1)));
	pv_bare_irq_stats(&irq);
	pv_bare_printf("interrupts: %llu\neoi saved: %llu\nnested: %llu\n",
		       (unsigned long long)irq.taken, (unsigned long long)irq.eoi_saved,
		       (unsigned long long)irq.nested);
	/* To a CPU that has gone, and to all that are left. */
	for (i = 1; i < num; i++) {
		struct pv_cpu_info info;

		do {
			pause_cpu();
		} while (!pv_cpu_get(i, &info) && info.started);
		missing += pv_ipi_send(ipi, i) != PV_ENOENT;
	}
	cpus[0].got = 0;
	pv_ipi_send_set(ipi, all);
	begin = pv_timer_now();
	while (!cpus[0].got && pv_timer_now() - begin < GIVE_UP)
		pv_bare_wait(&cpus[0].woken, 1000000);
	pv_bare_printf("to those gone: %u\nto itself: %llu\n", missing,
		       (unsigned long long)cpus[0].got);
	pv_ipi_close(ipi);
}

/* --- interrupts to all ------------------------------------------------------------------------ */

static void listen(void)
{
	unsigned int cpu = pv_os_cpu();

	meet();
	while (!stop) {
		cpus[cpu].woken = false;
		pv_bare_wait(&cpus[cpu].woken, 10000000);
	}
	done();
}

static void broadcast(void)
{
	uint64_t set[MAX_CPUS / 64], i, lost = 0;
	unsigned int cpu;

	pv_cpu_find(pv_bare_boot());
	ipi = pv_ipi_open(pinged, NULL);
	num = pv_bare_cpus_start(listen);
	while (ready < num - 1)
		pause_cpu();
	go = true;
	set[0] = ((num < 64 ? 1ull << num : 0) - 1) & ~1ull;
	for (i = 1; i <= rounds && !lost; i++) {
		pv_ipi_send_set(ipi, set);
		for (cpu = 1; cpu < num; cpu++) {
			uint64_t begin = pv_timer_now();

			while (cpus[cpu].got < i && !lost) {
				pause_cpu();
				lost += pv_timer_now() - begin > GIVE_UP;
			}
		}
	}
	stop = true;
	pv_bare_printf("cpus: %u\nsets: %llu\nlost: %llu\n", num, (unsigned long long)i - 1,
		       (unsigned long long)lost);
	while (finished < num - 1)
		pause_cpu();
}

/* The same, and which mode of the local APIC it is by, where that is not Xen's. */
static void apic(void)
{
	pv_bare_printf("mode: %s\n",
		       pv_rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC ? "x2APIC" : "memory");
	broadcast();
}

/* --- TLBs ------------------------------------------------------------------------------------- */

static void flush(void)
{
	static const uint64_t all[MAX_CPUS / 64] = {~0ull};
	unsigned int cpu = pv_os_cpu();
	uint64_t i;

	if (cpu)
		meet();
	for (i = 0; i < rounds; i++)
		cpus[cpu].bad += pv_tlb_flush(all) != 0;
	cpus[cpu].n = i;
	done();
}

static void tlb(void)
{
	struct pv_tlb_stats s;
	uint64_t bad = 0;
	unsigned int i;

	pv_cpu_find(pv_bare_boot());
	pv_bare_printf("start: %d\n", pv_tlb_start());
	together(flush);
	for (i = 0; i < num; i++)
		bad += cpus[i].bad;
	pv_tlb_stats(&s);
	pv_bare_printf("flushes: %llu\nfailed: %llu\ninterrupted: %llu\nleft to host: %llu\n",
		       (unsigned long long)s.flushes, (unsigned long long)bad,
		       (unsigned long long)s.interrupted, (unsigned long long)s.left_to_host);
}

/* --- stolen time ------------------------------------------------------------------------------ */

static void begin_account(unsigned int cpu)
{
	cpus[cpu].n = pv_clock_stolen_ns(cpu);
	cpus[cpu].begin = pv_timer_now();
}

/*
 * All CPUs run for a while, from their start on: what they got, and what the host says it took, is
 * the time that passed.
 */
static void spin(void)
{
	unsigned int cpu = pv_os_cpu();
	uint64_t begin;

	if (cpu) {
		begin_account(cpu);
		meet();
	}
	begin = pv_timer_now();
	while (pv_timer_now() - begin < rounds * 1000000)
		pause_cpu();
	cpus[cpu].end = pv_timer_now();
	cpus[cpu].n = pv_clock_stolen_ns(cpu) - cpus[cpu].n;
	done();
}

static void sleep_until(uint64_t when)
{
	while (pv_timer_now() < when)
		pv_bare_wait(&stop, when - pv_timer_now());
}

/* With a pause, to look at the host's account before; and then stays, to look at it again. */
static void steal(void)
{
	unsigned int i;

	pv_cpu_find(pv_bare_boot());
	pv_bare_printf("ready: 1\n");
	sleep_until(pv_timer_now() + 5000000000);
	begin_account(0);
	together(spin);
	pv_bare_printf("known: %u\n", pv_clock_stolen_known());
	for (i = 0; i < num; i++)
		pv_bare_printf("cpu %u: ran %llu us, stolen %llu us\n", i,
			       (unsigned long long)(cpus[i].end - cpus[i].begin) / 1000,
			       (unsigned long long)cpus[i].n / 1000);
	pv_bare_printf("held: 1\n");
	for (;;)
		sleep_until(pv_timer_now() + 1000000000);
}

int pv_bare_main(const char *cmdline)
{
	static const struct action actions[] = {{"ipi", ipis},
						{"broadcast", broadcast},
						{"apic", apic},
						{"tlb", tlb},
						{"steal", steal}};

	return run_action(cmdline, actions, PV_ARRAY_SIZE(actions));
}
