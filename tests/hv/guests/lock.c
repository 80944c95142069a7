/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A lock that all CPUs want, `cpus.n=` times, with the host's help (cpus.do=lock) and without
 * (spin). Each has it for `lock.hold=` turns of a loop, and is without it for `lock.rest=`.
 */
#include "together.h"

#include <pv/lock.h>

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {NULL};
const struct pv_driver *const pv_bare_drivers[] = {NULL};

static struct pv_lock lock;
static volatile uint64_t guarded[2];
static uint64_t hold = 200, rest = 200;

/* Not pauses, which a host may take for a CPU that waits. */
static void work(uint64_t turns)
{
	while (turns--)
		__asm__ __volatile__("");
}

static void contend(void)
{
	unsigned int cpu = pv_os_cpu();
	uint64_t i;

	if (cpu)
		meet();
	cpus[cpu].begin = pv_timer_now();
	for (i = 0; i < rounds; i++) {
		pv_lock_take(&lock);
		cpus[cpu].bad += guarded[0] != guarded[1];
		guarded[0]++;
		work(hold);
		guarded[1]++;
		pv_lock_drop(&lock);
		work(rest);
	}
	cpus[cpu].end = pv_timer_now();
	cpus[cpu].n = i;
	done();
}

static void lock_test(bool host)
{
	struct pv_lock_stats s, sum = {0};
	uint64_t longest = 0, bad = 0;
	unsigned int i;

	pv_lock_use_host(host);
	rounds /= pv_cpu_find(pv_bare_boot());
	together(contend);
	for (i = 0; i < num; i++) {
		pv_lock_stats(i, &s);
		sum.contended += s.contended;
		sum.slept += s.slept;
		sum.kicked += s.kicked;
		sum.yielded += s.yielded;
		bad += cpus[i].bad;
		if (cpus[i].end - cpus[0].begin > longest)
			longest = cpus[i].end - cpus[0].begin;
	}
	pv_bare_printf("taken: %llu\nwrong: %llu\n", (unsigned long long)guarded[0],
		       (unsigned long long)bad + (guarded[0] != rounds * num) + pv_lock_try(&lock) -
			       1);
	pv_bare_printf("contended: %llu\nslept: %llu\nkicked: %llu\nyielded: %llu\n",
		       (unsigned long long)sum.contended, (unsigned long long)sum.slept,
		       (unsigned long long)sum.kicked, (unsigned long long)sum.yielded);
	pv_bare_printf("each: %llu ns\n",
		       (unsigned long long)(longest / (guarded[0] ? guarded[0] : 1)));
}

static void with_host(void)
{
	lock_test(true);
}

static void without_host(void)
{
	lock_test(false);
}

int pv_bare_main(const char *cmdline)
{
	static const struct action actions[] = {{"lock", with_host}, {"spin", without_host}};

	pv_cmdline_get_u64(cmdline, "lock.hold", &hold);
	pv_cmdline_get_u64(cmdline, "lock.rest", &rest);
	return run_action(cmdline, actions, PV_ARRAY_SIZE(actions));
}
