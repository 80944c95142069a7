/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What CPUs do with each other, by `cpus.do=`, `cpus.n=` times: interrupts there and back, a lock that all want, TLBs flushed
 * while another uses what goes, the clock read by one after the other, time that the host took.
 */
#include <pv/bare.h>
#include <pv/ipi.h>
#include <pv/lock.h>
#include <pv/string.h>
#include <pv/timer.h>
#include <pv/tlb.h>

#define MAX_CPUS 64
#define GIVE_UP	 20000000000ull
#define WORK	 200 /* turns */

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_xenbus, NULL};
const struct pv_driver *const pv_bare_drivers[] = {NULL};

static struct {
	volatile bool woken;
	volatile uint64_t got;
	uint64_t n, bad;
	uint64_t begin, end;
} PV_ALIGNED(64) cpus[MAX_CPUS];

static uint64_t rounds;
static unsigned int num;
static int ipi;
static volatile unsigned int ready, finished;
static volatile bool go, stop;

static void pause_cpu(void)
{
	__asm__ __volatile__("pause");
}

/* All begin together. */
static void meet(void)
{
	__atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
	while (!go)
		pause_cpu();
}

static void done(void)
{
	__atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
}

/* Starts the others, which call `fn`, calls it here, too, and waits for all. */
static void together(void (*fn)(void))
{
	num = pv_cpu_find(NULL);
	num = pv_bare_cpus_start(fn);
	pv_bare_printf("cpus: %u\n", num);
	while (ready < num - 1)
		pause_cpu();
	go = true;
	fn();
	while (finished < num)
		pause_cpu();
}

/* --- interrupts there and back ---------------------------------------------------------------- */

static void pinged(void *arg)
{
	unsigned int cpu = pv_os_cpu();

	(void)arg;
	cpus[cpu].got++;
	cpus[cpu].woken = true;
}

static bool await(unsigned int cpu, uint64_t n)
{
	uint64_t begin = pv_timer_now();

	while (cpus[cpu].got < n) {
		cpus[cpu].woken = false;
		if (cpus[cpu].got >= n)
			break;
		pv_bare_wait(&cpus[cpu].woken, 100000000);
		if (pv_timer_now() - begin > GIVE_UP)
			return false;
	}
	return true;
}

/* CPUs in pairs: the even one sends first, and each answers the other. */
static void ping(void)
{
	unsigned int cpu = pv_os_cpu(), other = cpu ^ 1;
	uint64_t i;

	if (cpu)
		meet();
	cpus[cpu].begin = pv_timer_now();
	for (i = 1; other < num && i <= rounds && !cpus[cpu].bad; i++) {
		if (cpu & 1)
			cpus[cpu].bad += !await(cpu, i) || pv_ipi_send(ipi, other);
		else
			cpus[cpu].bad += pv_ipi_send(ipi, other) || !await(cpu, i);
		cpus[cpu].n = i;
	}
	cpus[cpu].end = pv_timer_now();
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
	pv_bare_printf("interrupts: %llu\neoi saved: %llu\n", (unsigned long long)irq.taken,
		       (unsigned long long)irq.eoi_saved);
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

/* --- a lock that all want --------------------------------------------------------------------- */

static struct pv_lock lock;
static volatile uint64_t guarded[2];

/* As long in the lock as out of it. */
static void work(void)
{
	unsigned int i;

	for (i = 0; i < WORK; i++)
		pause_cpu();
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
		work();
		guarded[1]++;
		pv_lock_drop(&lock);
		work();
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

/* --- the clock, from CPU to CPU --------------------------------------------------------------- */

static struct {
	volatile uint64_t turn, last;
} PV_ALIGNED(64) word;

/*
 * Each CPU in turn reads the clock `BURST` times, and hands its last reading on. Within a burst there is no other
 * CPU's reading in between; at its beginning there is.
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
	uint64_t bad = 0, n = 0;
	struct pv_clock_info info;
	unsigned int i;

	pv_cpu_find(pv_bare_boot());
	together(fn);
	for (i = 0; i < num; i++) {
		bad += cpus[i].bad;
		n += cpus[i].n;
	}
	pv_clock_info(&info);
	pv_bare_printf("clock: %s%s\nreadings: %llu\nback: %llu\n", pv_clock_name(),
		       info.stable ? ", stable" : "", (unsigned long long)n,
		       (unsigned long long)bad);
	pv_bare_printf("clamped: %llu\n", (unsigned long long)info.clamped);
}

static void clock_in_turn(void)
{
	clock_test(read_clock);
}

static void clock_at_once(void)
{
	clock_test(read_at_once);
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

/* All CPUs run for a while: what they got, and what the host says it took, is the time that passed. */
static void spin(void)
{
	unsigned int cpu = pv_os_cpu();

	if (cpu)
		meet();
	cpus[cpu].begin = pv_timer_now();
	while (pv_timer_now() - cpus[cpu].begin < rounds * 1000000)
		pause_cpu();
	cpus[cpu].end = pv_timer_now();
	done();
	/* What a CPU has that went off is not told any more. */
	while (cpu && !stop)
		pause_cpu();
}

static void steal(void)
{
	unsigned int i;

	pv_cpu_find(pv_bare_boot());
	together(spin);
	pv_bare_printf("known: %u\n", pv_clock_stolen_known());
	for (i = 0; i < num; i++)
		pv_bare_printf("cpu %u: ran %llu us, stolen %llu us\n", i,
			       (unsigned long long)(cpus[i].end - cpus[i].begin) / 1000,
			       (unsigned long long)pv_clock_stolen_ns(i) / 1000);
	stop = true;
}

/* --- CPUs that come and go -------------------------------------------------------------------- */

static volatile bool wanted[MAX_CPUS], some_changed;

static void plugged(void *arg, unsigned int cpu, bool present)
{
	(void)arg;
	wanted[cpu] = present;
	some_changed = true;
}

/* Busy, until it is taken away. */
static void load(void)
{
	unsigned int cpu = pv_os_cpu();

	while (wanted[cpu]) {
		pv_lock_take(&lock);
		guarded[0]++;
		guarded[1]++;
		pv_lock_drop(&lock);
		cpus[cpu].n++;
	}
}

static unsigned int count_started(void)
{
	struct pv_cpu_info info;
	unsigned int i, n = 0;

	for (i = 0; pv_cpu_get(i, &info) == 0; i++)
		n += info.started;
	return n;
}

/* Does as the toolstack says, and tells, until `rounds` changes were made. */
static void plug(void)
{
	unsigned int i, was, n = pv_cpu_find(pv_bare_boot());
	struct pv_cpu_info info;

	num = n;
	for (i = 0; i < n && pv_cpu_get(i, &info) == 0; i++)
		wanted[i] = info.present;
	pv_bare_printf("cpus: %u\nwatch: %d\n", n, pv_cpu_on_change(plugged, NULL));
	was = pv_bare_cpus_start(load);
	pv_bare_printf("started: %u\n", was);
	while (rounds) {
		some_changed = false;
		pv_bare_cpus_start(load);
		i = count_started();
		if (i != was) {
			pv_bare_printf("now: %u\n", i);
			was = i;
			rounds--;
		}
		pv_bare_wait(&some_changed, 10000000);
	}
	pv_bare_printf("wrong: %d\n", guarded[0] != guarded[1]);
}

int pv_bare_main(const char *cmdline)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} actions[] = {
		{"ipi", ipis},		{"broadcast", broadcast},   {"lock", with_host},
		{"spin", without_host}, {"in-turn", clock_in_turn}, {"at-once", clock_at_once},
		{"tlb", tlb},		{"steal", steal},	    {"plug", plug}};
	char name[16];
	size_t i;

	rounds = 1000;
	pv_cmdline_get_u64(cmdline, "cpus.n", &rounds);
	pv_cmdline_get(cmdline, "cpus.do", name, sizeof(name));
	for (i = 0; i < PV_ARRAY_SIZE(actions); i++) {
		if (pv_strcmp(name, actions[i].name))
			continue;
		actions[i].run();
		return 0;
	}
	return 3;
}
