/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * KUnit's interface (Linux 6.1, include/kunit/test.h), as much of it as the suites use, for a
 * process.
 *
 * The same suites run here in milliseconds, under sanitizers, and in a Linux kernel's KUnit. So a
 * suite includes <kunit/test.h>, the library's headers and <pv/fake.h>, and nothing else; what is
 * not in this file is not used. KUnit's own documentation (Documentation/dev-tools/kunit/) says
 * what each name means. Here, an assertion that fails leaves the case by longjmp.
 */
#ifndef _KUNIT_TEST_H
#define _KUNIT_TEST_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define KUNIT_PARAM_DESC_SIZE 128
#define GFP_KERNEL	      0

typedef unsigned int gfp_t;

enum kunit_status { KUNIT_SUCCESS, KUNIT_FAILURE, KUNIT_SKIPPED };

struct kunit_resource;

struct kunit {
	void *priv; /* the case's own */
	const char *name;
	const void *param_value; /* with KUNIT_CASE_PARAM */
	int param_index;

	/* The runner's. */
	enum kunit_status status;
	char status_comment[256]; /* first failure, or why it is skipped */
	struct kunit_resource *resources;
	jmp_buf leave;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(const void *prev, char *desc);
};

struct kunit_suite {
	const char name[256];
	int (*suite_init)(struct kunit_suite *suite);
	void (*suite_exit)(struct kunit_suite *suite);
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

#define KUNIT_CASE(test_name)                                                                      \
	{                                                                                          \
		.run_case = test_name, .name = #test_name                                          \
	}
#define KUNIT_CASE_PARAM(test_name, gen_params)                                                    \
	{                                                                                          \
		.run_case = test_name, .name = #test_name, .generate_params = gen_params           \
	}

/*
 * name##_gen_params(), which walks `array`; get_desc(element, text) describes one, and may be NULL.
 */
#define KUNIT_ARRAY_PARAM(name, array, get_desc)                                                   \
	static const void *name##_gen_params(const void *prev, char *desc)                         \
	{                                                                                          \
		__typeof__((array)[0]) *next_ = prev ? (__typeof__(next_))prev + 1 : (array);      \
		void (*describe_)(__typeof__(next_), char *) = get_desc;                           \
                                                                                                   \
		if (next_ == (array) + sizeof(array) / sizeof((array)[0]))                         \
			return NULL;                                                               \
		if (describe_)                                                                     \
			describe_(next_, desc);                                                    \
		return next_;                                                                      \
	}

#define KUNIT_PASTE_(a, b) a##b
#define KUNIT_PASTE(a, b)  KUNIT_PASTE_(a, b)

/* The suites' addresses make a table between two symbols of the linker's. */
#define kunit_test_suites(...)                                                                     \
	static struct kunit_suite *const KUNIT_PASTE(kunit_suites_, __LINE__)[]                    \
		__attribute__((used, section("kunit_suites"))) = {__VA_ARGS__}
#define kunit_test_suite(suite) kunit_test_suites(&suite)

/* --- the runner ------------------------------------------------------------------------------- */

void kunit_fail_at(struct kunit *test, bool leave, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void kunit_note(struct kunit *test, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void kunit_leave_skipped(struct kunit *test, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

void *kunit_kmalloc(struct kunit *test, size_t size, gfp_t gfp);
void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp);
void *kunit_kcalloc(struct kunit *test, size_t n, size_t size, gfp_t gfp);
void kunit_kfree(struct kunit *test, const void *p);

#define kunit_info(test, ...) kunit_note(test, __VA_ARGS__)
#define kunit_warn(test, ...) kunit_note(test, __VA_ARGS__)
#define kunit_err(test, ...)  kunit_note(test, __VA_ARGS__)
#define kunit_skip(test, ...) kunit_leave_skipped(test, __VA_ARGS__)

/* What the kernel's suites describe a parameter by. */
static inline long strscpy(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size);

	if (!size)
		return -7;
	if (n == size) {
		memcpy(dst, src, size - 1);
		dst[size - 1] = '\0';
		return -7; /* E2BIG */
	}
	memcpy(dst, src, n + 1);
	return (long)n;
}

/* --- expectations ----------------------------------------------------------------------------- */

#define KUNIT_AT	      __FILE__, __LINE__
#define KUNIT_FAIL(test, ...) kunit_fail_at(test, false, KUNIT_AT, __VA_ARGS__)

/* As in the kernel, integers of different signedness may be compared. */
#define KUNIT_QUIET                                                                                \
	_Pragma("GCC diagnostic push");                                                            \
	_Pragma("GCC diagnostic ignored \"-Wsign-compare\"")
#define KUNIT_LOUD _Pragma("GCC diagnostic pop")

#define KUNIT_COMPARE(test, leave, left, op, right, fmt, ...)                                      \
	do {                                                                                       \
		__typeof__(left) left_ = (left);                                                   \
		__typeof__(right) right_ = (right);                                                \
		KUNIT_QUIET;                                                                       \
		if (!(left_ op right_))                                                            \
			kunit_fail_at(test, leave, KUNIT_AT,                                       \
				      "%s " #op " %s, but they are %lld (0x%llx) and "             \
				      "%lld (0x%llx)" fmt,                                         \
				      #left, #right, (long long)left_, (unsigned long long)left_,  \
				      (long long)right_, (unsigned long long)right_,               \
				      ##__VA_ARGS__);                                              \
		KUNIT_LOUD;                                                                        \
	} while (0)

#define KUNIT_COMPARE_PTR(test, leave, left, op, right, fmt, ...)                                  \
	do {                                                                                       \
		const volatile void *left_ = (left);                                               \
		const volatile void *right_ = (right);                                             \
		if (!(left_ op right_))                                                            \
			kunit_fail_at(test, leave, KUNIT_AT,                                       \
				      "%s " #op " %s, but they are %p and %p" fmt, #left, #right,  \
				      (const void *)left_, (const void *)right_, ##__VA_ARGS__);   \
	} while (0)

#define KUNIT_COMPARE_STR(test, leave, left, op, right, fmt, ...)                                  \
	do {                                                                                       \
		const char *left_ = (left);                                                        \
		const char *right_ = (right);                                                      \
		if (!(strcmp(left_, right_) op 0))                                                 \
			kunit_fail_at(test, leave, KUNIT_AT,                                       \
				      "%s " #op " %s, but they are \"%s\" and \"%s\"" fmt, #left,  \
				      #right, left_, right_, ##__VA_ARGS__);                       \
	} while (0)

#define KUNIT_CONDITION(test, leave, condition, wanted, fmt, ...)                                  \
	do {                                                                                       \
		if ((bool)(condition) != (wanted))                                                 \
			kunit_fail_at(test, leave, KUNIT_AT, "%s is not " #wanted fmt, #condition, \
				      ##__VA_ARGS__);                                              \
	} while (0)

#define KUNIT_EXPECT_TRUE(test, condition) KUNIT_CONDITION(test, false, condition, true, "")
#define KUNIT_EXPECT_TRUE_MSG(test, condition, fmt, ...)                                           \
	KUNIT_CONDITION(test, false, condition, true, ": " fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_FALSE(test, condition) KUNIT_CONDITION(test, false, condition, false, "")
#define KUNIT_EXPECT_FALSE_MSG(test, condition, fmt, ...)                                          \
	KUNIT_CONDITION(test, false, condition, false, ": " fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_EQ(test, left, right) KUNIT_COMPARE(test, false, left, ==, right, "")
#define KUNIT_EXPECT_EQ_MSG(test, left, right, fmt, ...)                                           \
	KUNIT_COMPARE(test, false, left, ==, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_NE(test, left, right) KUNIT_COMPARE(test, false, left, !=, right, "")
#define KUNIT_EXPECT_NE_MSG(test, left, right, fmt, ...)                                           \
	KUNIT_COMPARE(test, false, left, !=, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_LT(test, left, right) KUNIT_COMPARE(test, false, left, <, right, "")
#define KUNIT_EXPECT_LT_MSG(test, left, right, fmt, ...)                                           \
	KUNIT_COMPARE(test, false, left, <, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_LE(test, left, right) KUNIT_COMPARE(test, false, left, <=, right, "")
#define KUNIT_EXPECT_LE_MSG(test, left, right, fmt, ...)                                           \
	KUNIT_COMPARE(test, false, left, <=, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_GT(test, left, right) KUNIT_COMPARE(test, false, left, >, right, "")
#define KUNIT_EXPECT_GT_MSG(test, left, right, fmt, ...)                                           \
	KUNIT_COMPARE(test, false, left, >, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_GE(test, left, right) KUNIT_COMPARE(test, false, left, >=, right, "")
#define KUNIT_EXPECT_GE_MSG(test, left, right, fmt, ...)                                           \
	KUNIT_COMPARE(test, false, left, >=, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_PTR_EQ(test, left, right) KUNIT_COMPARE_PTR(test, false, left, ==, right, "")
#define KUNIT_EXPECT_PTR_EQ_MSG(test, left, right, fmt, ...)                                       \
	KUNIT_COMPARE_PTR(test, false, left, ==, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_PTR_NE(test, left, right) KUNIT_COMPARE_PTR(test, false, left, !=, right, "")
#define KUNIT_EXPECT_PTR_NE_MSG(test, left, right, fmt, ...)                                       \
	KUNIT_COMPARE_PTR(test, false, left, !=, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_STREQ(test, left, right) KUNIT_COMPARE_STR(test, false, left, ==, right, "")
#define KUNIT_EXPECT_STREQ_MSG(test, left, right, fmt, ...)                                        \
	KUNIT_COMPARE_STR(test, false, left, ==, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_STRNEQ(test, left, right) KUNIT_COMPARE_STR(test, false, left, !=, right, "")
#define KUNIT_EXPECT_STRNEQ_MSG(test, left, right, fmt, ...)                                       \
	KUNIT_COMPARE_STR(test, false, left, !=, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_NULL(test, ptr) KUNIT_COMPARE_PTR(test, false, ptr, ==, NULL, "")
#define KUNIT_EXPECT_NULL_MSG(test, ptr, fmt, ...)                                                 \
	KUNIT_COMPARE_PTR(test, false, ptr, ==, NULL, ": " fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_NOT_NULL(test, ptr) KUNIT_COMPARE_PTR(test, false, ptr, !=, NULL, "")
#define KUNIT_EXPECT_NOT_NULL_MSG(test, ptr, fmt, ...)                                             \
	KUNIT_COMPARE_PTR(test, false, ptr, !=, NULL, ": " fmt, ##__VA_ARGS__)

#define KUNIT_ASSERT_TRUE(test, condition) KUNIT_CONDITION(test, true, condition, true, "")
#define KUNIT_ASSERT_TRUE_MSG(test, condition, fmt, ...)                                           \
	KUNIT_CONDITION(test, true, condition, true, ": " fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_FALSE(test, condition) KUNIT_CONDITION(test, true, condition, false, "")
#define KUNIT_ASSERT_FALSE_MSG(test, condition, fmt, ...)                                          \
	KUNIT_CONDITION(test, true, condition, false, ": " fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_EQ(test, left, right) KUNIT_COMPARE(test, true, left, ==, right, "")
#define KUNIT_ASSERT_EQ_MSG(test, left, right, fmt, ...)                                           \
	KUNIT_COMPARE(test, true, left, ==, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_NE(test, left, right) KUNIT_COMPARE(test, true, left, !=, right, "")
#define KUNIT_ASSERT_NE_MSG(test, left, right, fmt, ...)                                           \
	KUNIT_COMPARE(test, true, left, !=, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_LT(test, left, right) KUNIT_COMPARE(test, true, left, <, right, "")
#define KUNIT_ASSERT_LT_MSG(test, left, right, fmt, ...)                                           \
	KUNIT_COMPARE(test, true, left, <, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_LE(test, left, right) KUNIT_COMPARE(test, true, left, <=, right, "")
#define KUNIT_ASSERT_LE_MSG(test, left, right, fmt, ...)                                           \
	KUNIT_COMPARE(test, true, left, <=, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_GT(test, left, right) KUNIT_COMPARE(test, true, left, >, right, "")
#define KUNIT_ASSERT_GT_MSG(test, left, right, fmt, ...)                                           \
	KUNIT_COMPARE(test, true, left, >, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_GE(test, left, right) KUNIT_COMPARE(test, true, left, >=, right, "")
#define KUNIT_ASSERT_GE_MSG(test, left, right, fmt, ...)                                           \
	KUNIT_COMPARE(test, true, left, >=, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_PTR_EQ(test, left, right) KUNIT_COMPARE_PTR(test, true, left, ==, right, "")
#define KUNIT_ASSERT_PTR_EQ_MSG(test, left, right, fmt, ...)                                       \
	KUNIT_COMPARE_PTR(test, true, left, ==, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_PTR_NE(test, left, right) KUNIT_COMPARE_PTR(test, true, left, !=, right, "")
#define KUNIT_ASSERT_PTR_NE_MSG(test, left, right, fmt, ...)                                       \
	KUNIT_COMPARE_PTR(test, true, left, !=, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_STREQ(test, left, right) KUNIT_COMPARE_STR(test, true, left, ==, right, "")
#define KUNIT_ASSERT_STREQ_MSG(test, left, right, fmt, ...)                                        \
	KUNIT_COMPARE_STR(test, true, left, ==, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_STRNEQ(test, left, right) KUNIT_COMPARE_STR(test, true, left, !=, right, "")
#define KUNIT_ASSERT_STRNEQ_MSG(test, left, right, fmt, ...)                                       \
	KUNIT_COMPARE_STR(test, true, left, !=, right, ": " fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_NULL(test, ptr) KUNIT_COMPARE_PTR(test, true, ptr, ==, NULL, "")
#define KUNIT_ASSERT_NULL_MSG(test, ptr, fmt, ...)                                                 \
	KUNIT_COMPARE_PTR(test, true, ptr, ==, NULL, ": " fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_NOT_NULL(test, ptr) KUNIT_COMPARE_PTR(test, true, ptr, !=, NULL, "")
#define KUNIT_ASSERT_NOT_NULL_MSG(test, ptr, fmt, ...)                                             \
	KUNIT_COMPARE_PTR(test, true, ptr, !=, NULL, ": " fmt, ##__VA_ARGS__)

#endif
