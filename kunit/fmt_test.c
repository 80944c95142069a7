/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv_snprintf() and pv_log(); pv_bits_format(); pv_wait_until().
 */
#include <kunit/test.h>
#include <pv/bits.h>
#include <pv/fake.h>
#include <pv/log.h>
#include <pv/string.h>
#include <pv/wait.h>

#define EXPECT_TEXT(test, want, ...)                                                               \
	do {                                                                                       \
		char text_[128];                                                                   \
		int n_ = pv_snprintf(text_, sizeof(text_), __VA_ARGS__);                           \
                                                                                                   \
		KUNIT_EXPECT_STREQ(test, text_, want);                                             \
		KUNIT_EXPECT_EQ(test, n_, pv_strlen(want));                                        \
	} while (0)

static void fmt_text(struct kunit *test)
{
	EXPECT_TEXT(test, "", "%s", "");
	EXPECT_TEXT(test, "plain", "plain");
	EXPECT_TEXT(test, "a-b-100%", "%s-%c-%d%%", "a", 'b', 100);
	EXPECT_TEXT(test, "[   ab]", "[%5s]", "ab");
	EXPECT_TEXT(test, "[ab   ]", "[%-5s]", "ab");
	EXPECT_TEXT(test, "[abcdef]", "[%3s]", "abcdef");
	EXPECT_TEXT(test, "[abc]", "[%.3s]", "abcdef");
	EXPECT_TEXT(test, "[  abc]", "[%5.3s]", "abcdef");
	EXPECT_TEXT(test, "[]", "[%.0s]", "abcdef");
	EXPECT_TEXT(test, "[  x]", "[%3c]", 'x');
}

/* A precision bounds what is read: CPUID's signatures have no terminator. */
static void fmt_unterminated(struct kunit *test)
{
	char *four = kunit_kmalloc(test, 4, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, four);
	pv_memcpy(four, "HdrS", 4);
	EXPECT_TEXT(test, "HdrS", "%.4s", four);
}

static void fmt_null_text(struct kunit *test)
{
	const char *volatile none = NULL;

	EXPECT_TEXT(test, "[(null)]", "[%s]", none);
}

static void fmt_numbers(struct kunit *test)
{
	EXPECT_TEXT(test, "0 -1 2147483647 -2147483648", "%d %d %i %d", 0, -1, 2147483647,
		    -2147483647 - 1);
	EXPECT_TEXT(test, "4294967295 ffffffff FFFFFFFF", "%u %x %X", 0xffffffffu, 0xffffffffu,
		    0xffffffffu);
	EXPECT_TEXT(test, "-9223372036854775808", "%lld", -9223372036854775807ll - 1);
	EXPECT_TEXT(test, "18446744073709551615", "%llu", 18446744073709551615ull);
	EXPECT_TEXT(test, "ffffffffffffffff", "%llx", 18446744073709551615ull);
	EXPECT_TEXT(test, "-5 5 5", "%ld %lu %zu", -5l, 5ul, (size_t)5);
	EXPECT_TEXT(test, "ff -1 ffff -2", "%hhx %hhd %hx %hd", (unsigned char)0xff,
		    (signed char)-1, (unsigned short)0xffff, (short)-2);
}

static void fmt_widths(struct kunit *test)
{
	EXPECT_TEXT(test, "[   42]", "[%5d]", 42);
	EXPECT_TEXT(test, "[00042]", "[%05d]", 42);
	EXPECT_TEXT(test, "[42   ]", "[%-5d]", 42);
	EXPECT_TEXT(test, "[-0042]", "[%05d]", -42);
	EXPECT_TEXT(test, "[  -42]", "[%5d]", -42);
	EXPECT_TEXT(test, "[123456]", "[%3d]", 123456);
	EXPECT_TEXT(test, "0000:00:1f.7", "%04x:%02x:%02x.%u", 0, 0, 0x1f, 7);
	EXPECT_TEXT(test, "000000000000002a", "%016llx", 42ull);
	EXPECT_TEXT(test, "0x2a", "%p", (void *)42);
}

/* C99 7.19.6.5: nothing beyond size, a terminator, and the length of the whole. */
static void fmt_cut(struct kunit *test)
{
	const char *want = "value 12345, text";
	size_t size, whole = pv_strlen(want);

	for (size = 0; size <= whole + 1; size++) {
		char *text = kunit_kmalloc(test, size, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, text);
		KUNIT_EXPECT_EQ(test, pv_snprintf(text, size, "value %d, %s", 12345, "text"),
				whole);
		if (size) {
			KUNIT_EXPECT_EQ(test, pv_memcmp(text, want, size - 1), 0);
			KUNIT_EXPECT_EQ(test, text[size - 1], 0);
		}
		kunit_kfree(test, text);
	}
	KUNIT_EXPECT_EQ(test, pv_snprintf(NULL, 0, "%s", want), whole);
}

/* The port is told 255 characters at most; it checks that itself. */
static void fmt_log_cut(struct kunit *test)
{
	char text[512], *x = text + 252;

	pv_memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	pv_warn("a: %s", text);
	KUNIT_EXPECT_FALSE(test, pv_fake_logged(x));
	*x = '\0';
	KUNIT_EXPECT_TRUE(test, pv_fake_logged(text));
}

/* What is printed of others' texts begins no line of its own. */
static void fmt_log_one_line(struct kunit *test)
{
	pv_warn("named %s", "a\nb\r\x1b[1m\x7f\tc");
	KUNIT_EXPECT_TRUE(test, pv_fake_logged("named a?b??[1m??c\n"));
}

static const struct pv_bit_name names[] = {{3, "THREE"}, {0, "ZERO"}, {63, "LAST"}, {0, NULL}};

static void bits_names(struct kunit *test)
{
	char text[64];
	int n;

	n = pv_bits_format(text, sizeof(text), 0x800000000000000bull, names, "");
	KUNIT_EXPECT_STREQ(test, text, "ZERO bit1 THREE LAST");
	KUNIT_EXPECT_EQ(test, n, 20);
	n = pv_bits_format(text, sizeof(text), 0x9, names, "hint:");
	KUNIT_EXPECT_STREQ(test, text, "hint:ZERO hint:THREE");
	KUNIT_EXPECT_EQ(test, n, 20);
	n = pv_bits_format(text, sizeof(text), 0, names, "x");
	KUNIT_EXPECT_STREQ(test, text, "");
	KUNIT_EXPECT_EQ(test, n, 0);
	n = pv_bits_format(text, sizeof(text), 0x3, NULL, "");
	KUNIT_EXPECT_STREQ(test, text, "bit0 bit1");
	KUNIT_EXPECT_EQ(test, n, 9);
}

static void bits_cut(struct kunit *test)
{
	const char *want = "ZERO bit1 THREE LAST";
	size_t size, whole = pv_strlen(want);

	for (size = 0; size <= whole + 1; size++) {
		char *text = kunit_kmalloc(test, size, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, text);
		KUNIT_EXPECT_EQ(test, pv_bits_format(text, size, 0x800000000000000bull, names, ""),
				whole);
		if (size) {
			KUNIT_EXPECT_EQ(test, pv_memcmp(text, want, size - 1), 0);
			KUNIT_EXPECT_EQ(test, text[size - 1], 0);
		}
		kunit_kfree(test, text);
	}
}

struct countdown {
	int left; /* calls until it is true; -1: never */
	int calls;
};

static bool counted(void *arg)
{
	struct countdown *c = arg;

	c->calls++;
	if (c->left > 0)
		c->left--;
	return !c->left;
}

static void wait_true_at_once(struct kunit *test)
{
	struct countdown c = {.left = 1};

	KUNIT_EXPECT_EQ(test, pv_wait_until(counted, &c, 0), 0);
	KUNIT_EXPECT_EQ(test, c.calls, 1);
}

static void wait_true_later(struct kunit *test)
{
	struct countdown c = {.left = 50};

	KUNIT_EXPECT_EQ(test, pv_wait_until(counted, &c, 1000), 0);
	KUNIT_EXPECT_EQ(test, c.calls, 50);
	KUNIT_EXPECT_GE(test, pv_fake.now, 49 * 1000000ull);
	KUNIT_EXPECT_LT(test, pv_fake.now, 60 * 1000000ull);
}

static void wait_times_out(struct kunit *test)
{
	struct countdown c = {.left = -1};

	KUNIT_EXPECT_EQ(test, pv_wait_until(counted, &c, 2000), PV_ETIMEDOUT);
	KUNIT_EXPECT_GE(test, pv_fake.now, 2000 * 1000000ull);
	KUNIT_EXPECT_LT(test, pv_fake.now, 2010 * 1000000ull);
}

/* What became true while the CPU was away is no timeout. */
static void wait_asks_once_more(struct kunit *test)
{
	struct countdown c = {.left = 2};

	KUNIT_EXPECT_EQ(test, pv_wait_until(counted, &c, 0), 0);
	KUNIT_EXPECT_EQ(test, c.calls, 2);
}

/* 4294967 s and more: the deadline is not cut to 32 bits of nanoseconds, or of anything. */
static void wait_long(struct kunit *test)
{
	struct countdown c = {.left = 20};

	pv_fake.relax_ns = 200000000000ull;
	KUNIT_EXPECT_EQ(test, pv_wait_until(counted, &c, 4294967295u), 0);
	KUNIT_EXPECT_EQ(test, c.calls, 20);
}

static struct kunit_case fmt_cases[] = {
	KUNIT_CASE(fmt_text),	 KUNIT_CASE(fmt_unterminated), KUNIT_CASE(fmt_null_text),
	KUNIT_CASE(fmt_numbers), KUNIT_CASE(fmt_widths),       KUNIT_CASE(fmt_cut),
	KUNIT_CASE(fmt_log_cut), KUNIT_CASE(fmt_log_one_line), {},
};

static struct kunit_suite fmt_suite = {
	.name = "fmt",
	.test_cases = fmt_cases,
};

static struct kunit_case bits_cases[] = {
	KUNIT_CASE(bits_names),
	KUNIT_CASE(bits_cut),
	{},
};

static struct kunit_suite bits_suite = {
	.name = "bits",
	.test_cases = bits_cases,
};

static struct kunit_case wait_cases[] = {
	KUNIT_CASE(wait_true_at_once),	 KUNIT_CASE(wait_true_later), KUNIT_CASE(wait_times_out),
	KUNIT_CASE(wait_asks_once_more), KUNIT_CASE(wait_long),	      {},
};

static struct kunit_suite wait_suite = {
	.name = "wait",
	.test_cases = wait_cases,
};

kunit_test_suites(&fmt_suite, &bits_suite, &wait_suite);
