/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/pvclock.c: the arithmetic against an independent one, and the version protocol.
 *
 * Covers: pv-core/pvclock.c
 */
#include <kunit/test.h>
#include <pv/err.h>
#include <pv/fake.h>

#include "pv-core/pvclock.h"

/* Bit by bit: the product of mul and (delta << shift), in 128 bits, without its low 32. */
static uint64_t scale_slowly(uint64_t delta, uint32_t mul, int shift)
{
	uint64_t hi = 0, lo = delta, acc_hi = 0, acc_lo = 0;
	int bit;

	for (; shift > 0; shift--) {
		hi = hi << 1 | lo >> 63;
		lo <<= 1;
	}
	for (; shift < 0; shift++)
		lo >>= 1;
	for (bit = 31; bit >= 0; bit--) {
		acc_hi = acc_hi << 1 | acc_lo >> 63;
		acc_lo <<= 1;
		if (!(mul >> bit & 1))
			continue;
		acc_lo += lo;
		acc_hi += hi + (acc_lo < lo);
	}
	return acc_hi << 32 | acc_lo >> 32;
}

static uint64_t seed;

/* Marsaglia's xorshift. */
static uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void scale_extremes(struct kunit *test)
{
	static const uint64_t deltas[] = {0,	      1,	  2,	      0x7fffffff,
					  0xffffffff, 1ull << 32, 1ull << 33, (1ull << 63) - 1,
					  1ull << 63, ~0ull};
	static const uint32_t muls[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
	unsigned int d, m;
	int shift;

	for (d = 0; d < PV_ARRAY_SIZE(deltas); d++)
		for (m = 0; m < PV_ARRAY_SIZE(muls); m++)
			for (shift = -31; shift <= 31; shift++)
				KUNIT_ASSERT_EQ_MSG(
					test, pv_pvclock_scale(deltas[d], muls[m], shift),
					scale_slowly(deltas[d], muls[m], shift), "shift %d", shift);
}

static void scale_random(struct kunit *test)
{
	unsigned int i;

	seed = 0x9e3779b97f4a7c15ull;
	for (i = 0; i < 100000; i++) {
		/* Of all magnitudes. */
		uint64_t delta = draw() >> (draw() & 63);
		uint32_t mul = (uint32_t)draw();
		int shift = (int)(draw() % 63) - 31;

		KUNIT_ASSERT_EQ_MSG(test, pv_pvclock_scale(delta, mul, shift),
				    scale_slowly(delta, mul, shift), "shift %d", shift);
	}
}

/* What Xen and KVM compute for real frequencies, over a year, to one part in 10^9. */
static void scale_real(struct kunit *test)
{
	static const struct {
		uint64_t khz;
		uint32_t mul;
		int8_t shift;
	} cpus[] = {
		{500000, 0x80000000, 2},    {1000000, 0x80000000, 1},  {2000000, 0x80000000, 0},
		{3000000, 0xaaaaaaaa, -1},  {2400000, 0xd5555555, -1}, {4000000, 0x80000000, -1},
		{10000000, 0xcccccccc, -3},
	};
	const uint64_t year_ms = 365ull * 86400 * 1000;
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(cpus); i++) {
		uint64_t ns = pv_pvclock_scale(cpus[i].khz * year_ms, cpus[i].mul, cpus[i].shift);
		uint64_t khz = pv_pvclock_khz(cpus[i].mul, cpus[i].shift);

		KUNIT_EXPECT_LE(test, ns, year_ms * 1000000);
		KUNIT_EXPECT_GE(test, ns, year_ms * 1000000 - year_ms / 1000);
		KUNIT_EXPECT_GE(test, khz, cpus[i].khz);
		KUNIT_EXPECT_LE(test, khz, cpus[i].khz + 1);
	}
}

static void khz_nonsense(struct kunit *test)
{
	int shift;

	KUNIT_EXPECT_EQ(test, pv_pvclock_khz(0, 0), 0);
	KUNIT_EXPECT_EQ(test, pv_pvclock_khz(0x80000000, 32), 0);
	KUNIT_EXPECT_EQ(test, pv_pvclock_khz(0x80000000, -32), 0);
	KUNIT_EXPECT_EQ(test, pv_pvclock_khz(3, -31), 0);
	KUNIT_EXPECT_EQ(test, pv_pvclock_khz(0xffffffff, 31), 0);
	for (shift = -128; shift <= 127; shift++)
		pv_pvclock_khz(1, shift);
}

/* Fault row 46 */
static void time_of_sample(struct kunit *test)
{
	struct pv_pvclock_sample s = {
		.tsc = 3000, .tsc_timestamp = 1000, .system_time = 77, .mul = 0x80000000};
	uint64_t ns = 5;
	int shift;

	KUNIT_EXPECT_TRUE(test, pv_pvclock_time(&s, &ns));
	KUNIT_EXPECT_EQ(test, ns, 1077);
	/* A TSC behind the time stamp is no 2^64 ticks ahead of it. */
	s.tsc = 999;
	KUNIT_EXPECT_TRUE(test, pv_pvclock_time(&s, &ns));
	KUNIT_EXPECT_EQ(test, ns, 77);
	/* A time stamp from before the TSC was 0, as Xen gives to a new PVH guest. */
	s.tsc = 500;
	s.tsc_timestamp = -1500ull;
	KUNIT_EXPECT_TRUE(test, pv_pvclock_time(&s, &ns));
	KUNIT_EXPECT_EQ(test, ns, 1077);
	s.mul = 0;
	s.tsc = ~0ull;
	KUNIT_EXPECT_TRUE(test, pv_pvclock_time(&s, &ns));
	KUNIT_EXPECT_EQ(test, ns, 77);
	for (shift = -128; shift <= 127; shift++) {
		s.shift = (int8_t)shift;
		KUNIT_EXPECT_EQ(test, pv_pvclock_time(&s, &ns), shift >= -31 && shift <= 31);
	}
}

static struct pvclock_vcpu_time_info page;

/* Fault row 45 */
static void version_odd(struct kunit *test)
{
	struct pv_pvclock_sample s;
	uint64_t retries;

	page.version = 7;
	KUNIT_EXPECT_FALSE(test, pv_pvclock_read(&page, &s, &retries));
	KUNIT_EXPECT_EQ(test, retries, PV_PVCLOCK_TRIES);
	KUNIT_EXPECT_EQ(test, pv_fake.pauses, PV_PVCLOCK_TRIES);
	page.version = 8;
	KUNIT_EXPECT_TRUE(test, pv_pvclock_read(&page, &s, &retries));
	KUNIT_EXPECT_EQ(test, retries, 0);
}

/* A host that writes during the n-th load. */
static unsigned int loads, write_at, writes;

static void host_writes(uint64_t value)
{
	page.version += 2;
	page.tsc_timestamp = value;
	page.system_time = value;
	page.tsc_to_system_mul = (uint32_t)value;
	page.tsc_shift = (int8_t)value;
	page.flags = (uint8_t)value;
}

static uint64_t load_and_write(const volatile void *p, size_t size, uint64_t value)
{
	(void)p;
	(void)size;
	if (++loads == write_at || !write_at) {
		writes++;
		host_writes(10 + writes);
	}
	return value;
}

static void expect_whole(struct kunit *test, const struct pv_pvclock_sample *s)
{
	uint64_t v = s->tsc_timestamp;

	KUNIT_EXPECT_EQ(test, s->system_time, v);
	KUNIT_EXPECT_EQ(test, s->mul, v);
	KUNIT_EXPECT_EQ(test, s->shift, v);
	KUNIT_EXPECT_EQ(test, s->flags, v);
}

/* Whenever the host writes, a reading is of before or of after, and no mixture. Fault row 45. */
static void torn_page(struct kunit *test)
{
	struct pv_pvclock_sample s;
	uint64_t retries;
	unsigned int n;

	for (n = 1; n <= 7; n++) {
		page.version = 0;
		host_writes(10);
		loads = writes = 0;
		write_at = n;
		pv_fake.shared_read = load_and_write;
		KUNIT_ASSERT_TRUE(test, pv_pvclock_read(&page, &s, &retries));
		KUNIT_EXPECT_EQ(test, writes, 1);
		/* The seventh load finds the version as it was, just before the host writes. */
		KUNIT_EXPECT_EQ(test, s.tsc_timestamp, n == 7 ? 10 : 11);
		KUNIT_EXPECT_EQ(test, retries, n == 7 ? 0 : 1);
		expect_whole(test, &s);
	}
}

static void never_settles(struct kunit *test)
{
	struct pv_pvclock_sample s;
	uint64_t retries;

	loads = writes = write_at = 0;
	pv_fake.shared_read = load_and_write;
	KUNIT_EXPECT_FALSE(test, pv_pvclock_read(&page, &s, &retries));
	KUNIT_EXPECT_LE(test, loads, 7 * PV_PVCLOCK_TRIES);
}

static void wall_page(struct kunit *test)
{
	struct pvclock_wall_clock wall = {.version = 2, .sec = 0xffffffff, .nsec = 999999999};
	struct pv_wall_time t;

	KUNIT_EXPECT_EQ(test, pv_pvclock_read_wall(&wall, &t), 0);
	KUNIT_EXPECT_EQ(test, t.sec, 0xffffffff);
	KUNIT_EXPECT_EQ(test, t.nsec, 999999999);
	/* Nanoseconds beyond a second are a host's mistake, and still a time. */
	wall.nsec = 0xffffffff;
	KUNIT_EXPECT_EQ(test, pv_pvclock_read_wall(&wall, &t), 0);
	KUNIT_EXPECT_EQ(test, t.sec, 0x100000003ull);
	KUNIT_EXPECT_EQ(test, t.nsec, 294967295);
	wall.version = 3;
	KUNIT_EXPECT_EQ(test, pv_pvclock_read_wall(&wall, &t), PV_EAGAIN);
	KUNIT_EXPECT_EQ(test, pv_fake.pauses, PV_PVCLOCK_TRIES);
}

static void stopped_flag(struct kunit *test)
{
	page.flags = 0xff;
	KUNIT_EXPECT_TRUE(test, pv_pvclock_clear_stopped(&page));
	KUNIT_EXPECT_EQ(test, page.flags, 0xff & ~PVCLOCK_GUEST_STOPPED);
	KUNIT_EXPECT_FALSE(test, pv_pvclock_clear_stopped(&page));
}

static struct kunit_case pvclock_cases[] = {
	KUNIT_CASE(scale_extremes),
	KUNIT_CASE(scale_random),
	KUNIT_CASE(scale_real),
	KUNIT_CASE(khz_nonsense),
	KUNIT_CASE(time_of_sample),
	KUNIT_CASE(version_odd),
	KUNIT_CASE(torn_page),
	KUNIT_CASE(never_settles),
	KUNIT_CASE(wall_page),
	KUNIT_CASE(stopped_flag),
	{},
};

static struct kunit_suite pvclock_suite = {
	.name = "pvclock",
	.test_cases = pvclock_cases,
};

kunit_test_suite(pvclock_suite);
