/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * CPUs that read the clock while the host stops the machine and lets it go on, and count how often
 * they are told. They end when each was told `stopped.n=` times, and a second has gone by in which
 * no other word came.
 */
#include "together.h"

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {NULL};
const struct pv_driver *const pv_bare_drivers[] = {NULL};

static void told(void *arg)
{
	(void)arg;
	cpus[pv_os_cpu()].got++;
}

static void read_clock(void)
{
	unsigned int cpu = pv_os_cpu();
	uint64_t last = 0, now;

	meet();
	while (!stop) {
		now = pv_clock_now();
		cpus[cpu].bad += now < last;
		last = now;
		pause_cpu();
	}
	done();
}

/* How many CPUs were told as often as that, and a line if one was since the last call. */
static unsigned int look(uint64_t times)
{
	static uint64_t before = ~0ull;
	uint64_t sum = 0;
	unsigned int i, n = 0;

	for (i = 0; i < num; i++) {
		sum += cpus[i].got;
		n += cpus[i].got >= times;
	}
	if (sum != before) {
		pv_bare_printf("told:");
		for (i = 0; i < num; i++)
			pv_bare_printf(" %llu", (unsigned long long)cpus[i].got);
		pv_bare_printf("\n");
	}
	before = sum;
	return n;
}

/* The boot CPU's part: what it reads the time for is to wait. */
static void watch(void)
{
	uint64_t quiet = 0, last = pv_clock_now(), now;

	while (quiet < 1000000000) {
		pv_bare_wait(&cpus[0].woken, 10000000);
		now = pv_clock_now();
		cpus[0].bad += now < last;
		quiet = look(rounds) == num ? quiet + now - last : 0;
		last = now;
	}
	stop = true;
	done();
}

static void either(void)
{
	if (pv_os_cpu())
		read_clock();
	else
		watch();
}

int pv_bare_main(const char *cmdline)
{
	struct pv_clock_info info;
	uint64_t back = 0;
	unsigned int i;

	pv_cmdline_get_u64(cmdline, "stopped.n", &rounds);
	pv_clock_on_stopped(told, NULL);
	pv_cpu_find(pv_bare_boot());
	together(either);
	for (i = 0; i < num; i++)
		back += cpus[i].bad;
	pv_clock_info(&info);
	pv_bare_printf("counted: %llu\nback: %llu\n", (unsigned long long)info.stopped,
		       (unsigned long long)back);
	return 0;
}
