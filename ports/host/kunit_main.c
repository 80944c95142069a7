/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Runs the KUnit suites that are linked in.
 *
 *	unit [--list] [--filter SUITE[.CASE]]	with * and ? as in a shell
 *
 * Before each case the fake machine is made new; after it, what the case took must be given back. A
 * failure prints where and why, and the case goes on, or is left, as in the kernel. A sanitizer's
 * report, a panic or a case that takes a minute ends the run, and counts as that case's failure.
 * With PV_RESULTS in the environment each result is appended to that file:
 *
 *	unit <tab> suite.case <tab> pass|fail|skip <tab> milliseconds <tab> detail
 */
#include <fnmatch.h>
#include <kunit/test.h>
#include <pv/fake.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CASE_SECONDS 60

extern struct kunit_suite *const __start_kunit_suites[];
extern struct kunit_suite *const __stop_kunit_suites[];

/* The sanitizers', where they are linked in. */
void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

struct kunit_resource {
	struct kunit_resource *next;
	max_align_t data[];
};

static unsigned int passed, failed, skipped;
static char running[512]; /* "suite.case" */
static struct timespec started;

void pv_fake_leave(void **to)
{
	__builtin_longjmp(to, 1);
}

/* --- results ---------------------------------------------------------------------------------- */

static void result(const char *verdict, const char *detail)
{
	const char *path = getenv("PV_RESULTS");
	struct timespec now;
	FILE *f;

	if (!path)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	f = fopen(path, "a");
	if (!f) {
		perror(path);
		exit(2);
	}
	fprintf(f, "unit\t%s\t%s\t%ld\t%s\n", running, verdict,
		(now.tv_sec - started.tv_sec) * 1000 + (now.tv_nsec - started.tv_nsec) / 1000000,
		detail);
	fclose(f);
}

static void died(const char *why)
{
	static bool once;

	if (once || !running[0])
		return;
	once = true;
	result("fail", why);
	printf("not ok - %s: %s\nunit: %u cases passed, %u failed\n", running, why, passed,
	       failed + 1);
	fflush(stdout);
}

static void died_of_sanitizer(void)
{
	died("a sanitizer's report ended it");
}

static void died_of_signal(int sig)
{
	died(sig == SIGALRM ? "did not end within a minute" : "it aborted");
	_exit(1);
}

/* --- what suites call ------------------------------------------------------------------------- */

/* A field of a table. */
static void one_line(char *text)
{
	for (; *text; text++)
		if (*text == '\t' || *text == '\n')
			*text = ' ';
}

void kunit_fail_at(struct kunit *test, bool leave, const char *file, int line, const char *fmt, ...)
{
	char text[sizeof(test->status_comment)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (test->status != KUNIT_FAILURE) {
		printf("not ok - %s\n", running);
		snprintf(test->status_comment, sizeof(test->status_comment), "%s:%d: %.160s", file,
			 line, text);
		one_line(test->status_comment);
	}
	test->status = KUNIT_FAILURE;
	printf("    # %s at %s:%d\n    # expected %s\n",
	       leave ? "ASSERTION FAILED" : "EXPECTATION FAILED", file, line, text);
	if (leave)
		longjmp(test->leave, 1);
}

void kunit_note(struct kunit *test, const char *fmt, ...)
{
	va_list ap;

	printf("    # %s: ", test->name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

void kunit_leave_skipped(struct kunit *test, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(test->status_comment, sizeof(test->status_comment), fmt, ap);
	va_end(ap);
	test->status = KUNIT_SKIPPED;
	longjmp(test->leave, 1);
}

void *kunit_kmalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	struct kunit_resource *r = malloc(sizeof(*r) + size);

	(void)gfp;
	if (!r)
		return NULL;
	memset(r->data, 0xa5, size);
	r->next = test->resources;
	test->resources = r;
	return r->data;
}

void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	void *p = kunit_kmalloc(test, size, gfp);

	return p ? memset(p, 0, size) : NULL;
}

void *kunit_kcalloc(struct kunit *test, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : kunit_kzalloc(test, bytes, gfp);
}

void kunit_kfree(struct kunit *test, const void *p)
{
	struct kunit_resource **at, *r;

	for (at = &test->resources; (r = *at); at = &r->next) {
		if (r->data == p) {
			*at = r->next;
			free(r);
			return;
		}
	}
	if (p)
		kunit_fail_at(test, true, __FILE__, __LINE__,
			      "kunit_kfree() of this case's memory");
}

/* --- running ---------------------------------------------------------------------------------- */

static unsigned int live(void)
{
	return pv_fake.live_allocs + pv_fake.live_pages + pv_fake.live_maps + pv_fake.live_irqs;
}

static void run_guarded(struct kunit_suite *suite, struct kunit_case *c, struct kunit *test)
{
	if (setjmp(test->leave) == 0) {
		int err = suite->init ? suite->init(test) : 0;

		if (err)
			KUNIT_FAIL(test, "init to succeed, but it returned %d", err);
		else
			c->run_case(test);
	}
	if (!suite->exit)
		return;
	if (setjmp(test->leave) == 0)
		suite->exit(test);
}

static void run_one(struct kunit_suite *suite, struct kunit_case *c, const void *param, int index)
{
	struct kunit test = {.name = c->name, .param_value = param, .param_index = index};
	unsigned int before = live();

	clock_gettime(CLOCK_MONOTONIC, &started);
	alarm(CASE_SECONDS);
	pv_fake_reset();
	run_guarded(suite, c, &test);
	alarm(0);
	while (test.resources)
		kunit_kfree(&test, test.resources->data);
	if (test.status == KUNIT_SUCCESS && live() != before)
		KUNIT_FAIL(&test,
			   "all to be given back: live %u allocations, %u pages, %u maps, %u IRQs",
			   pv_fake.live_allocs, pv_fake.live_pages, pv_fake.live_maps,
			   pv_fake.live_irqs);
	if (test.status == KUNIT_SUCCESS && pv_fake.control_depth)
		KUNIT_FAIL(&test, "the control lock to be released");
	if (test.status == KUNIT_SUCCESS) {
		passed++;
		result("pass", "");
	} else if (test.status == KUNIT_SKIPPED) {
		skipped++;
		printf("ok - %s # SKIP %s\n", running, test.status_comment);
		result("skip", test.status_comment);
	} else {
		failed++;
		result("fail", test.status_comment);
	}
}

static void run_case(struct kunit_suite *suite, struct kunit_case *c)
{
	char desc[KUNIT_PARAM_DESC_SIZE];
	const void *param = NULL;
	int index;

	if (!c->generate_params) {
		run_one(suite, c, NULL, 0);
		return;
	}
	for (index = 0;; index++) {
		desc[0] = '\0';
		param = c->generate_params(param, desc);
		if (!param)
			break;
		if (!desc[0])
			snprintf(desc, sizeof(desc), "%d", index);
		snprintf(running, sizeof(running), "%.200s.%.120s:%.120s", suite->name, c->name,
			 desc);
		run_one(suite, c, param, index);
	}
}

static bool wanted(const char *filter, const struct kunit_suite *suite, const struct kunit_case *c)
{
	snprintf(running, sizeof(running), "%.200s.%.120s", suite->name, c->name);
	return !filter || !fnmatch(filter, suite->name, 0) || !fnmatch(filter, running, 0);
}

static void run_suite(struct kunit_suite *suite, const char *filter, bool list)
{
	struct kunit_case *c;
	bool begun = false;

	for (c = suite->test_cases; c->run_case; c++) {
		if (!wanted(filter, suite, c))
			continue;
		if (list) {
			printf("%s\n", running);
			passed++;
			continue;
		}
		if (!begun && suite->suite_init && suite->suite_init(suite)) {
			printf("not ok - %s: suite_init failed\n", suite->name);
			failed++;
			result("fail", "suite_init failed");
			return;
		}
		begun = true;
		run_case(suite, c);
	}
	if (begun && suite->suite_exit)
		suite->suite_exit(suite);
}

static int usage(void)
{
	fprintf(stderr, "usage: unit [--list] [--filter SUITE[.CASE]]\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct kunit_suite *const *s;
	const char *filter = NULL;
	bool list = false;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--list"))
			list = true;
		else if (!strcmp(argv[i], "--filter") && i + 1 < argc)
			filter = argv[++i];
		else
			return usage();
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGABRT, died_of_signal);
	signal(SIGALRM, died_of_signal);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(died_of_sanitizer);

	/* The files' parts of the table are aligned: there may be gaps, of zeroes. */
	for (s = __start_kunit_suites; s < __stop_kunit_suites; s++)
		if (*s)
			run_suite(*s, filter, list);
	if (!passed && !failed && !skipped) {
		fprintf(stderr, "unit: no case matches %s\n", filter ? filter : "anything");
		return 2;
	}
	if (list)
		return 0;
	pv_fake_reset();
	snprintf(running, sizeof(running), "unit.leaks");
	if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check()) {
		printf("not ok - %s\n", running);
		failed++;
		result("fail", "memory was leaked");
	}
	printf("unit: %u cases passed, %u failed", passed, failed);
	if (skipped)
		printf(", %u skipped", skipped);
	printf("\n");
	return failed ? 1 : 0;
}
