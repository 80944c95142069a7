/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Several CPUs: each comes up, answers, goes off and comes up again. The rest of what is tried with
 * them is in files of their own.
 */
#include <pv/bare.h>

#define MAX_CPUS    64
#define DEADLINE_NS 20000000000ull
#define ROUNDS	    3
#define TURNS	    20

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {NULL};
const struct pv_driver *const pv_bare_drivers[] = {NULL};

static struct {
	volatile uint64_t turns; /* answers */
	volatile unsigned int number;
	volatile uint64_t stack;
} PV_ALIGNED(64) cpus[MAX_CPUS];

static volatile uint64_t turn; /* of the CPU whose number it is, modulo the count */
static volatile unsigned int up;
static volatile bool stop;
static unsigned int running;

static void answer(void)
{
	unsigned int cpu = pv_os_cpu();

	cpus[cpu].number = cpu;
	cpus[cpu].stack = (uintptr_t)__builtin_frame_address(0);
	__atomic_fetch_add(&up, 1, __ATOMIC_SEQ_CST);
	while (!stop) {
		if (turn % running != cpu) {
			__asm__ __volatile__("pause");
			continue;
		}
		cpus[cpu].turns++;
		turn++;
	}
}

static bool reached(const volatile uint64_t *v, uint64_t n)
{
	uint64_t begin = pv_os_uptime_ns();

	while (*v < n)
		if (pv_os_uptime_ns() - begin > DEADLINE_NS)
			return false;
	return true;
}

/* The word goes around all CPUs. */
static unsigned int round(void)
{
	unsigned int i, bad = 0;

	turn = 0;
	for (i = 1; i < running; i++)
		cpus[i].turns = 0;
	for (i = 0; i < TURNS; i++) {
		if (!reached(&turn, (uint64_t)i * running))
			return 1000 + i;
		turn++;
	}
	if (!reached(&turn, (uint64_t)TURNS * running))
		return 2000;
	for (i = 1; i < running; i++)
		bad += cpus[i].turns != TURNS || cpus[i].number != i;
	return bad;
}

static bool all_off(void)
{
	uint64_t begin = pv_os_uptime_ns();
	struct pv_cpu_info info;
	unsigned int i;

	stop = true;
	for (i = 1; i < running; i++)
		do {
			if (pv_os_uptime_ns() - begin > DEADLINE_NS)
				return false;
		} while (pv_cpu_get(i, &info) == 0 && info.started);
	stop = false;
	return true;
}

int pv_bare_main(const char *cmdline)
{
	unsigned int n = pv_cpu_find(pv_bare_boot()), i, bad = 0, twice = 0;
	struct pv_cpu_info info;

	(void)cmdline;
	pv_bare_printf("found: %u\n", n);
	for (i = 0; i < n && pv_cpu_get(i, &info) == 0; i++)
		pv_bare_printf("cpu: %u apic %u uid %u%s%s\n", i, info.apic_id, info.uid,
			       info.present ? " present" : "", info.started ? " started" : "");
	running = n;
	for (i = 0; i < ROUNDS; i++) {
		stop = false;
		running = pv_bare_cpus_start(answer);
		pv_bare_printf("running: %u\n", running);
		while (running > 1 && up < (running - 1) * (i + 1))
			__asm__ __volatile__("pause");
		bad += round();
		twice += pv_bare_cpus_start(answer) != running;
		if (!all_off())
			bad += 100000;
	}
	pv_bare_printf("bad: %u\n", bad);
	pv_bare_printf("twice: %u\n", twice);
	return 0;
}
