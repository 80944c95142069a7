/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The clock: readings that never step back, from pages that the host writes.
 *
 * Each CPU has a slot of one cache line: where its page is, the last value that it returned, and
 * counters. The slots are private; the page is the host's.
 *
 * With PVCLOCK_TSC_STABLE_BIT the host promises that readings of all CPUs are from one clock, and a
 * reading touches nothing that another CPU writes. Should the host break its promise, a CPU's own
 * time does not step back all the same. Without the bit the pages of two CPUs may disagree by some
 * microseconds, and every reading is taken forward to the highest that any CPU returned before:
 * `latest.ns`, which only grows, by compare-and-exchange.
 *
 * A kernel that knows better may have the bit ignored (pv_clock_use_stable()).
 *
 * A page that does not settle, or makes no sense, gives the highest value that any CPU returned,
 * and is counted as stuck. Nor is there a step back when the bit comes or goes (a migration; the
 * host writes all pages anew while no vCPU runs): each CPU's first reading after it is taken
 * forward to the highest value, too.
 *
 * A slot's last value is written by a plain store. An interrupt between the comparison and the
 * store, which reads the clock itself, has its value replaced by one that is older by that
 * interrupt; it shows only if the page gets stuck right then.
 */
#include <pv/config.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/string.h>

#include "pv-core/clock.h"
#include "pv-core/pvclock.h"

struct slot {
	struct pvclock_vcpu_time_info PV_SHARED *page; /* NULL: the CPU was not started */
	uint64_t last;				       /* value returned on this CPU */
	uint64_t stopped, retries, stuck, clamped;     /* as in struct pv_clock_info */
	uint8_t valid_flags;			       /* the source's */
	bool unstable;				       /* the last reading's page was */
} PV_ALIGNED(64);

static struct slot slots[PV_CONFIG_MAX_CPUS];
static const struct pv_clock_source *source;
static struct {
	uint64_t ns;
} PV_ALIGNED(64) latest; /* nothing else in its line: every reading without the bit may write it */
static uint64_t ahead;	 /* of the host's, which was behind when the guest came to it */
static bool distrusts_stable; /* pv_clock_use_stable() */
static void (*stopped_fn)(void *arg);
static void *stopped_arg;

bool pv_clock_present(void)
{
	return source;
}

const char *pv_clock_name(void)
{
	return source ? source->name : "none";
}

/* Takes latest.ns forward to `now`; the higher of both. */
static uint64_t forward(uint64_t now)
{
	uint64_t last = __atomic_load_n(&latest.ns, __ATOMIC_RELAXED);

	/* Bounded: it fails only if another CPU took it forward meanwhile. */
	while (now > last)
		if (__atomic_compare_exchange_n(&latest.ns, &last, now, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return now;
	return last;
}

/* The highest value that any CPU returned. */
static uint64_t highest(void)
{
	uint64_t last = 0;
	unsigned int i;

	for (i = 0; i < PV_CONFIG_MAX_CPUS; i++) {
		uint64_t v = __atomic_load_n(&slots[i].last, __ATOMIC_RELAXED);

		last = v > last ? v : last;
	}
	return forward(last);
}

/* Other CPUs read it, in highest(). */
static inline void set_last(struct slot *s, uint64_t v)
{
	__atomic_store_n(&s->last, v, __ATOMIC_RELAXED);
}

static uint64_t stuck(struct slot *s)
{
	s->stuck++;
	return highest();
}

static void tell_stopped(struct slot *s)
{
	void (*fn)(void *arg);

	if (!pv_pvclock_clear_stopped(s->page))
		return;
	s->stopped++;
	/* Pairs with pv_clock_on_stopped(): the argument is that of the function. */
	fn = __atomic_load_n(&stopped_fn, __ATOMIC_ACQUIRE);
	if (fn)
		fn(stopped_arg);
}

/*
 * Everything that is not one good reading of a stable page. Out of line, so that the common case is
 * short.
 */
static PV_NOINLINE uint64_t now_slow(struct slot *s)
{
	struct pv_pvclock_sample sample;
	uint64_t now, retries, v;
	bool unstable;

	if (!source)
		return 0;
	if (!s->page)
		return stuck(s);
	if (!pv_pvclock_read(s->page, &sample, &retries)) {
		s->retries += retries;
		return stuck(s);
	}
	s->retries += retries;
	if (!pv_pvclock_time(&sample, &now))
		return stuck(s);
	now += ahead;
	sample.flags &= s->valid_flags;
	if (sample.flags & PVCLOCK_GUEST_STOPPED)
		tell_stopped(s);
	unstable = !(sample.flags & PVCLOCK_TSC_STABLE_BIT);
	v = now > s->last ? now : s->last;
	if (unstable != s->unstable) {
		s->unstable = unstable;
		set_last(s, v);
		v = highest();
	} else if (unstable) {
		v = forward(v);
	}
	s->clamped += v != now;
	set_last(s, v);
	return v;
}

uint64_t pv_clock_now(void)
{
	struct pv_pvclock_sample sample;
	unsigned int cpu = pv_os_cpu();
	struct slot *s;
	uint64_t now;

	if (pv_unlikely(cpu >= PV_CONFIG_MAX_CPUS))
		return source ? highest() : 0;
	s = &slots[cpu];
	if (pv_likely(s->page && pv_pvclock_try(s->page, &sample) && !s->unstable &&
		      (sample.flags & s->valid_flags) == PVCLOCK_TSC_STABLE_BIT &&
		      pv_pvclock_time(&sample, &now) && (now += ahead) >= s->last)) {
		set_last(s, now);
		return now;
	}
	return now_slow(s);
}

int pv_clock_wall(struct pv_wall_time *out)
{
	struct pv_wall_time wall;
	uint64_t now;
	int err;

	if (!source)
		return PV_ENODEV;
	err = source->wall(&wall);
	if (err)
		return err;
	now = pv_clock_to_host(pv_clock_now());
	wall.sec += now / 1000000000;
	wall.nsec += (uint32_t)(now % 1000000000);
	if (wall.nsec >= 1000000000) {
		wall.nsec -= 1000000000;
		wall.sec++;
	}
	*out = wall;
	return 0;
}

/* A reading of this CPU's page, apart from the clock's own. */
static bool sample_here(struct pv_pvclock_sample *sample)
{
	unsigned int cpu = pv_os_cpu();
	uint64_t retries;

	return cpu < PV_CONFIG_MAX_CPUS && slots[cpu].page &&
	       pv_pvclock_read(slots[cpu].page, sample, &retries);
}

bool pv_clock_at(uint64_t tsc, uint64_t *ns)
{
	struct pv_pvclock_sample sample;

	if (!source || !sample_here(&sample))
		return false;
	sample.tsc = tsc;
	if (!pv_pvclock_time(&sample, ns))
		return false;
	*ns += ahead;
	return true;
}

uint64_t pv_clock_to_host(uint64_t ns)
{
	return ns > ahead ? ns - ahead : 0;
}

void pv_clock_resume(void)
{
	struct pv_pvclock_sample sample;
	uint64_t now, last = highest();

	if (source && sample_here(&sample) && pv_pvclock_time(&sample, &now))
		ahead = last > now ? last - now : 0;
}

uint64_t pv_clock_tsc_khz(void)
{
	struct pv_pvclock_sample sample;

	return sample_here(&sample) ? pv_pvclock_khz(sample.mul, sample.shift) : 0;
}

static uint8_t valid_flags(void)
{
	return source->valid_flags & (uint8_t) ~(distrusts_stable ? PVCLOCK_TSC_STABLE_BIT : 0);
}

void pv_clock_info(struct pv_clock_info *out)
{
	struct pv_pvclock_sample sample;
	unsigned int i;

	pv_memset(out, 0, sizeof(*out));
	out->stable = source && sample_here(&sample) &&
		      sample.flags & valid_flags() & PVCLOCK_TSC_STABLE_BIT;
	for (i = 0; i < PV_CONFIG_MAX_CPUS; i++) {
		out->stopped += slots[i].stopped;
		out->retries += slots[i].retries;
		out->stuck += slots[i].stuck;
		out->clamped += slots[i].clamped;
	}
}

void pv_clock_on_stopped(void (*fn)(void *arg), void *arg)
{
	/* Nobody is told in between: no function gets the argument of another. */
	__atomic_store_n(&stopped_fn, NULL, __ATOMIC_SEQ_CST);
	stopped_arg = arg;
	__atomic_store_n(&stopped_fn, fn, __ATOMIC_RELEASE);
}

void pv_clock_use_stable(bool use)
{
	unsigned int i;

	distrusts_stable = !use;
	for (i = 0; source && i < PV_CONFIG_MAX_CPUS; i++)
		__atomic_store_n(&slots[i].valid_flags, valid_flags(), __ATOMIC_RELAXED);
}

int pv_clock_cpu_start(void)
{
	struct pvclock_vcpu_time_info PV_SHARED *page;
	unsigned int cpu = pv_os_cpu();
	int err;

	if (!source)
		return 0;
	if (cpu >= PV_CONFIG_MAX_CPUS)
		return PV_ENOSPC;
	err = source->cpu_start(cpu, &page);
	if (err)
		return err;
	slots[cpu].valid_flags = valid_flags();
	slots[cpu].page = page;
	return 0;
}

void pv_clock_cpu_stop(void)
{
	unsigned int cpu = pv_os_cpu();

	if (!source || cpu >= PV_CONFIG_MAX_CPUS || !slots[cpu].page)
		return;
	slots[cpu].page = NULL;
	source->cpu_stop(cpu);
}

static bool in_use(void)
{
	unsigned int i;

	for (i = 0; i < PV_CONFIG_MAX_CPUS; i++)
		if (slots[i].page)
			return true;
	return false;
}

int pv_clock_register(const struct pv_clock_source *new_source)
{
	struct pv_pvclock_sample sample;
	int err;

	source = new_source;
	err = pv_clock_cpu_start();
	if (!err && (!sample_here(&sample) || !sample.mul))
		err = PV_ENODEV;
	if (err)
		pv_clock_end();
	return err;
}

void pv_clock_end(void)
{
	if (!source)
		return;
	pv_clock_cpu_stop();
	if (in_use()) {
		pv_warn("clock: memory is kept, which the host writes for other CPUs");
	} else {
		source->end();
		pv_memset(slots, 0, sizeof(slots));
		latest.ns = 0;
		ahead = 0;
	}
	distrusts_stable = false;
	source = NULL;
}
