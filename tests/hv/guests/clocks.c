/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The clock, read by one CPU after the other (cpus.do=in-turn) and by all at once (at-once); with
 * clocks.stable=0 as if the host did not promise that all have one clock.
 */
#include "together.h"

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {NULL};
const struct pv_driver *const pv_bare_drivers[] = {NULL};

static struct {
	volatile uint64_t turn, last;
} PV_ALIGNED(64) word;

/*
 * Each CPU in turn reads the clock `BURST` times, and hands its last reading on. Within a burst
 * there is no other CPU's reading in between; at its beginning there is.
 */
#define BURST 64

static void read_clock(void)
{
	unsigned int cpu = pv_os_cpu(), i;
	uint64_t turn, now, last;

	if (cpu)
		meet();
	for (;;) {
		turn = __atomic_load_n(&word.turn, __ATOMIC_ACQUIRE);
		if (turn >= rounds)
			break;
		if (turn % num != cpu) {
			pause_cpu();
			continue;
		}
		last = word.last;
		for (i = 0; i < BURST; i++) {
			now = pv_timer_now();
			cpus[cpu].bad += now < last;
			last = now;
		}
		cpus[cpu].n += BURST;
		word.last = last;
		__atomic_store_n(&word.turn, turn + 1, __ATOMIC_RELEASE);
	}
	done();
}

/* And by all at once, each against the latest that any has seen. */
static volatile uint64_t latest;

static void read_at_once(void)
{
	unsigned int cpu = pv_os_cpu();
	uint64_t seen, now, i;

	if (cpu)
		meet();
	for (i = 0; i < rounds; i++) {
		seen = __atomic_load_n(&latest, __ATOMIC_ACQUIRE);
		now = pv_timer_now();
		cpus[cpu].bad += now < seen;
		cpus[cpu].n++;
		if (!(i & 15) && now > seen)
			__atomic_compare_exchange_n(&latest, &seen, now, false, __ATOMIC_RELEASE,
						    __ATOMIC_RELAXED);
	}
	done();
}

static void clock_test(void (*fn)(void))
{
	uint64_t bad = 0, n = 0, begin, took;
	struct pv_clock_info info;
	unsigned int i;

	pv_cpu_find(pv_bare_boot());
	begin = pv_os_uptime_ns();
	together(fn);
	took = pv_os_uptime_ns() - begin;
	for (i = 0; i < num; i++) {
		bad += cpus[i].bad;
		n += cpus[i].n;
	}
	pv_clock_info(&info);
	pv_bare_printf("clock: %s%s\nreadings: %llu\nback: %llu\n", pv_clock_name(),
		       info.stable ? ", stable" : "", (unsigned long long)n,
		       (unsigned long long)bad);
	pv_bare_printf("clamped: %llu\ntook: %llu ms\n", (unsigned long long)info.clamped,
		       (unsigned long long)took / 1000000);
}

static void clock_in_turn(void)
{
	clock_test(read_clock);
}

static void clock_at_once(void)
{
	clock_test(read_at_once);
}

int pv_bare_main(const char *cmdline)
{
	static const struct action actions[] = {{"in-turn", clock_in_turn},
						{"at-once", clock_at_once}};
	uint64_t stable = 1;

	pv_cmdline_get_u64(cmdline, "clocks.stable", &stable);
	pv_clock_use_stable(stable);
	return run_action(cmdline, actions, PV_ARRAY_SIZE(actions));
}
