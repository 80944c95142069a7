/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv_snprintf() and pv_log(): what the formatter knows, and where it cuts.
 *
 * Covers: pv-core/fmt.c
 */
#include <kunit/test.h>
#include <pv/fake.h>
#include <pv/log.h>
#include <pv/string.h>

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

/* What is no conversion is shown as it is; a width is bounded, and a character may be 0. */
static void fmt_odd(struct kunit *test)
{
	const char *volatile none = NULL, *volatile odd = "[%y] 100%", *volatile end = "5%";
	const char *volatile wide = "%99999999d|";
	char text[8];

	EXPECT_TEXT(test, "[(null)]", "[%6s]", none);
	KUNIT_EXPECT_EQ(test, pv_snprintf(text, sizeof(text), "a%cb", 0), 3);
	KUNIT_EXPECT_EQ(test, pv_memcmp(text, "a\0b", 4), 0);
	KUNIT_EXPECT_EQ(test, pv_snprintf(text, sizeof(text), odd), 9);
	KUNIT_EXPECT_EQ(test, pv_memcmp(text, "[%y] 10", 8), 0);
	KUNIT_EXPECT_EQ(test, pv_snprintf(text, sizeof(text), end), 2);
	KUNIT_EXPECT_STREQ(test, text, "5%");
	KUNIT_EXPECT_EQ(test, pv_snprintf(text, sizeof(text), wide, 1), 99999 + 1);
	EXPECT_TEXT(test, "100%", "%d%%", 100);
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

static struct kunit_case fmt_cases[] = {
	KUNIT_CASE(fmt_text),	   KUNIT_CASE(fmt_unterminated),
	KUNIT_CASE(fmt_null_text), KUNIT_CASE(fmt_numbers),
	KUNIT_CASE(fmt_widths),	   KUNIT_CASE(fmt_cut),
	KUNIT_CASE(fmt_log_cut),   KUNIT_CASE(fmt_log_one_line),
	KUNIT_CASE(fmt_odd),	   {},
};

static struct kunit_suite fmt_suite = {
	.name = "fmt",
	.test_cases = fmt_cases,
};

kunit_test_suite(fmt_suite);
