/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Timers of all CPUs at once. timer.n= deadlines in all, from 10 us to 100 ms ahead, each magnitude
 * as often; the distribution of their lateness; then timer.storm= on each that have passed when
 * they are armed.
 */
#include <pv/bare.h>
#include <pv/timer.h>

#define MAX_CPUS 64
#define BUCKETS	 24 /* lateness below 1 us << n */
#define GIVE_UP	 10000000000ull

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {NULL};
const struct pv_driver *const pv_bare_drivers[] = {NULL};

static struct {
	volatile bool fired;
	volatile uint64_t at; /* when it was */
	uint64_t random;
	unsigned int armed, lost, early, double_fired, storm;
	unsigned int late[BUCKETS];
	uint64_t worst;
	bool failed;
	bool done;
} PV_ALIGNED(64) cpus[MAX_CPUS];

static uint64_t deadlines, storms;
static volatile unsigned int finished;

static void tick(void *arg)
{
	unsigned int cpu = (unsigned int)(uintptr_t)arg;

	cpus[cpu].at = pv_timer_now();
	cpus[cpu].double_fired += cpus[cpu].fired;
	cpus[cpu].fired = true;
}

/* 10 us to 100 ms: a magnitude, and a place in it. */
static uint64_t next_delay(unsigned int cpu)
{
	uint64_t r = cpus[cpu].random =
		cpus[cpu].random * 6364136223846793005u + 1442695040888963407u;
	uint64_t unit = 10000;
	unsigned int magnitude = (unsigned int)(r >> 60) & 3;

	while (magnitude--)
		unit *= 10;
	return unit + (r >> 20) % (9 * unit);
}

/* Sleeps until it fired, or it counts as lost. */
static bool await(unsigned int cpu)
{
	uint64_t begin = pv_timer_now();

	while (!cpus[cpu].fired) {
		pv_bare_wait(&cpus[cpu].fired, 100000000);
		if (pv_timer_now() - begin > GIVE_UP)
			return false;
	}
	return true;
}

static void one(unsigned int cpu)
{
	uint64_t deadline = pv_timer_now() + next_delay(cpu), late;
	unsigned int bucket = 0;

	cpus[cpu].fired = false;
	cpus[cpu].armed++;
	cpus[cpu].failed |= pv_timer_arm(deadline) != 0;
	if (!await(cpu)) {
		cpus[cpu].lost++;
		return;
	}
	if (cpus[cpu].at < deadline) {
		cpus[cpu].early++;
		return;
	}
	late = cpus[cpu].at - deadline;
	cpus[cpu].worst = late > cpus[cpu].worst ? late : cpus[cpu].worst;
	while (bucket < BUCKETS - 1 && late >> bucket >= 1000)
		bucket++;
	cpus[cpu].late[bucket]++;
}

/*
 * Each is in the past when it is armed; armed twice before the interrupt can come, it fires once.
 */
static void storm(unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < storms; i++) {
		cpus[cpu].fired = false;
		cpus[cpu].failed |= pv_timer_arm(i & 1 ? 1 : pv_timer_now()) != 0;
		if (!await(cpu))
			break;
		cpus[cpu].storm++;
	}
}

static void work(void)
{
	unsigned int cpu = pv_os_cpu();
	uint64_t i;

	cpus[cpu].random = 88172645463325252u + cpu;
	pv_bare_timer_give();
	cpus[cpu].failed = pv_timer_start(tick, (void *)(uintptr_t)cpu) != 0;
	for (i = cpu; !cpus[cpu].failed && i < deadlines; i += pv_cpu_find(NULL))
		one(cpu);
	if (!cpus[cpu].failed)
		storm(cpu);
	/* Nothing fires that was taken back; before that it may, if the host left no time. */
	cpus[cpu].fired = false;
	pv_timer_arm(pv_timer_now() + 1000000);
	pv_timer_cancel();
	cpus[cpu].fired = false;
	i = pv_timer_now();
	while (pv_timer_now() - i < 5000000)
		pv_bare_wait(&cpus[cpu].fired, 1000000);
	cpus[cpu].early += cpus[cpu].fired;
	pv_timer_stop();
	cpus[cpu].done = true;
	__atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
}

int pv_bare_main(const char *cmdline)
{
	unsigned int n, i, b, sum;
	uint64_t worst = 0;
	bool failed = false;
	unsigned int armed = 0, lost = 0, early = 0, twice = 0, stormed = 0;

	deadlines = 10000;
	storms = 1000;
	pv_cmdline_get_u64(cmdline, "timer.n", &deadlines);
	pv_cmdline_get_u64(cmdline, "timer.storm", &storms);
	n = pv_bare_cpus_start(work);
	work();
	while (finished < n)
		__asm__ __volatile__("pause");
	/* Not before: others write to the log, and a line may come to stand within another. */
	pv_bare_printf("cpus: %u\n", n);
	for (i = 0; i < n; i++) {
		armed += cpus[i].armed;
		lost += cpus[i].lost;
		early += cpus[i].early;
		twice += cpus[i].double_fired;
		stormed += cpus[i].storm;
		failed |= cpus[i].failed;
		worst = cpus[i].worst > worst ? cpus[i].worst : worst;
	}
	for (b = 0; b < BUCKETS; b++) {
		for (sum = i = 0; i < n; i++)
			sum += cpus[i].late[b];
		if (sum)
			pv_bare_printf("late below %llu us: %u\n", 1ull << b, sum);
	}
	pv_bare_printf("worst: %llu us\n", (unsigned long long)worst / 1000);
	pv_bare_printf("armed: %u\nlost: %u\nearly: %u\ntwice: %u\nstorm: %u\nfailed: %u\n", armed,
		       lost, early, twice, stormed, failed);
	return 0;
}
