/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Which runs there are.
 *
 *	sim [--rig NAME] [--only KIND] [--seeds N] [--from S] [--ops N] [--pairs N]
 *	sim --rig NAME --seed S --ops N [--fault WHICH@STEP]...		one run again
 *
 * For each rig: "nth", lives in which the n-th allocation, hypercall or grant fails; "one-fault",
 * none, and each at each step of 16; "two-faults", each two at each two steps of --pairs; and
 * "seeds", runs of many steps with faults here and there, one for each seed from S on. With
 * PV_RESULTS in the environment each kind of runs is a test.
 */
#include <pv/string.h>

#include "pv-core/bus.h"
#include "sim.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MAX_FAULTS 32u
#define BASES	   4u /* seeds of the exhaustive schedules */

struct run {
	const struct sim_rig *rig;
	uint64_t seed;
	unsigned int ops, num_faults;
	struct {
		unsigned int at, which;
	} fault[MAX_FAULTS];
};

static const struct sim_rig *const rigs[] = {
	&sim_virtio_blk,
	&sim_blkfront,
	&sim_virtio_net,
	&sim_netfront,
};

static struct run run;
static uint64_t state;
static unsigned long runs;
static const char *kind = "run";

struct sim_story sim_story;

void sim_forget_lie(bool broken)
{
	if (!broken && sim_story.lied) {
		sim_story.lied = false;
		sim_story.may_break = true;
	}
}

uint64_t sim_random(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* --- one run ---------------------------------------------------------------------------------- */

static void result(const char *verdict, const char *detail)
{
	const char *path = getenv("PV_RESULTS");
	FILE *f = path ? fopen(path, "a") : NULL;

	if (!f)
		return;
	fprintf(f, "sim\t%s.%s\t%s\t0\t%s\n", run.rig ? run.rig->name : "none", kind, verdict,
		detail);
	fclose(f);
}

static void say(char *text, size_t size)
{
	unsigned int i;
	int n = snprintf(text, size, "build/host/sim --rig %s --seed %llu --ops %u", run.rig->name,
			 (unsigned long long)run.seed, run.ops);

	for (i = 0; i < run.num_faults && n < (int)size; i++)
		n += snprintf(text + n, size - (size_t)n, " --fault %s@%u",
			      run.rig->faults[run.fault[i].which], run.fault[i].at);
}

static void context(void)
{
	char text[2048];

	if (!strcmp(kind, "nth")) {
		fprintf(stderr, "sim: failed in a life of %s in which %s\n", run.rig->name,
			sim_nth_trying());
		result("fail", sim_nth_trying());
		return;
	}
	say(text, sizeof(text));
	fprintf(stderr, "sim: failed in a run that this repeats:\n  %s\n", text);
	result("fail", text);
}

static void died(int sig)
{
	if (sig == SIGALRM) {
		fprintf(stderr, "sim: a run does not end\n");
		context();
	}
	_exit(1);
}

static void die_of_sanitizer(void)
{
	context();
}

void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));
const char *__asan_default_options(void);

/*
 * Memory is reused after some runs, and its history is short: else a third of the time goes there.
 * One run again may have ASAN_OPTIONS=malloc_context_size=20.
 */
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4:malloc_context_size=1:max_malloc_fill_size=0";
}

static void one(void)
{
	unsigned int i, f;

	alarm(60);
	pv_fake_reset();
	/* Seeds that are near each other are not to begin alike. */
	state = run.seed * 0xd1342543de82ef95 + 1;
	sim_random();
	/* Of four seeds one has a peer that is not to see memory. */
	pv_bus_set_untrusted(run.seed % 4 == 3);
	pv_memset(&sim_story, 0, sizeof(sim_story));
	run.rig->up();
	for (i = 0; i < run.ops; i++) {
		for (f = 0; f < run.num_faults; f++)
			if (run.fault[f].at == i)
				run.rig->fault(run.fault[f].which);
		run.rig->step();
	}
	run.rig->settle();
	run.rig->down();
	plain_free();
	PLAIN_CHECK(!pv_fake.live_allocs && !pv_fake.live_pages && !pv_fake.live_maps &&
		    !pv_fake.live_irqs && !pv_fake.control_depth);
	runs++;
}

/* --- schedules -------------------------------------------------------------------------------- */

static unsigned int num_faults(const struct sim_rig *rig)
{
	unsigned int n = 0;

	while (rig->faults[n])
		n++;
	return n;
}

static void begin(const struct sim_rig *rig, uint64_t seed, unsigned int ops)
{
	run = (struct run) {.rig = rig, .seed = seed, .ops = ops};
}

static void ones(const struct sim_rig *rig, unsigned int ops)
{
	unsigned int which, at;
	uint64_t seed;

	for (seed = 0; seed < BASES; seed++) {
		begin(rig, seed, ops);
		one();
		for (which = 0; rig->faults[which]; which++) {
			for (at = 0; at < ops; at++) {
				begin(rig, seed, ops);
				run.num_faults = 1;
				run.fault[0].at = at;
				run.fault[0].which = which;
				one();
			}
		}
	}
}

static void pairs(const struct sim_rig *rig, unsigned int ops)
{
	unsigned int n = num_faults(rig) * ops, a, b;

	for (a = 0; a < n; a++) {
		for (b = a; b < n; b++) {
			begin(rig, 1, ops);
			run.num_faults = 2;
			run.fault[0].at = a % ops;
			run.fault[0].which = a / ops;
			run.fault[1].at = b % ops;
			run.fault[1].which = b / ops;
			one();
		}
	}
}

static void seeds(const struct sim_rig *rig, uint64_t from, uint64_t n, unsigned int ops)
{
	unsigned int i, most = num_faults(rig);
	uint64_t seed;

	for (seed = from; seed < from + n; seed++) {
		begin(rig, seed, ops);
		state = ~seed;
		run.num_faults = sim_below(5);
		for (i = 0; i < run.num_faults; i++) {
			run.fault[i].at = sim_below(ops);
			run.fault[i].which = sim_below(most);
		}
		one();
	}
}

static unsigned long num_seeds = 100, from = 1000, ops = 64, pair_ops = 16;

static void nth(const struct sim_rig *rig)
{
	begin(rig, 0, 0);
	alarm(300);
	runs += sim_nth(rig->name);
}

static void one_fault(const struct sim_rig *rig)
{
	ones(rig, 16);
}

static void two_faults(const struct sim_rig *rig)
{
	if (pair_ops)
		pairs(rig, (unsigned int)pair_ops);
}

static void many(const struct sim_rig *rig)
{
	seeds(rig, from, num_seeds, (unsigned int)ops);
}

static const struct {
	const char *name;
	void (*run)(const struct sim_rig *rig);
} kinds[] = {
	{"nth", nth},
	{"one-fault", one_fault},
	{"two-faults", two_faults},
	{"seeds", many},
};

static void all(const struct sim_rig *rig, const char *only)
{
	struct timespec since, now;
	unsigned long before;
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(kinds); i++) {
		if (only && strcmp(only, kinds[i].name))
			continue;
		kind = kinds[i].name;
		before = runs;
		clock_gettime(CLOCK_MONOTONIC, &since);
		kinds[i].run(rig);
		clock_gettime(CLOCK_MONOTONIC, &now);
		printf("sim %s: %s: %lu runs in %.1f s\n", rig->name, kind, runs - before,
		       (double)(now.tv_sec - since.tv_sec) +
			       (double)(now.tv_nsec - since.tv_nsec) / 1e9);
		fflush(stdout);
		result("pass", "");
	}
}

/* --- command line ----------------------------------------------------------------------------- */

static void usage(void)
{
	fprintf(stderr,
		"usage: sim [--rig NAME] [--only KIND] [--seeds N] [--from S] [--ops N] [--pairs N]\n"
		"       sim --rig NAME --seed S --ops N [--fault WHICH@STEP]...\n");
	exit(2);
}

static const struct sim_rig *rig_named(const char *name)
{
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(rigs); i++)
		if (!strcmp(rigs[i]->name, name))
			return rigs[i];
	fprintf(stderr, "sim: no rig %s; there are:", name);
	for (i = 0; i < PV_ARRAY_SIZE(rigs); i++)
		fprintf(stderr, " %s", rigs[i]->name);
	fprintf(stderr, "\n");
	exit(2);
}

/* "lost-event@7" */
static void add_fault(const struct sim_rig *rig, const char *text)
{
	size_t n = strcspn(text, "@");
	unsigned int which;

	for (which = 0; rig->faults[which]; which++) {
		if (strlen(rig->faults[which]) != n || strncmp(rig->faults[which], text, n) ||
		    !text[n] || run.num_faults == MAX_FAULTS)
			continue;
		run.fault[run.num_faults].which = which;
		run.fault[run.num_faults++].at = (unsigned int)strtoul(text + n + 1, NULL, 10);
		return;
	}
	fprintf(stderr, "sim: no fault %s\n", text);
	exit(2);
}

int main(int argc, char **argv)
{
	const struct sim_rig *rig = NULL;
	const char *only = NULL;
	unsigned long seed = 0;
	bool again = false;
	unsigned int f;
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--rig"))
			rig = rig_named(argv[i + 1]);
		else if (!strcmp(argv[i], "--only"))
			only = argv[i + 1];
		else if (!strcmp(argv[i], "--seeds"))
			num_seeds = strtoul(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--from"))
			from = strtoul(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--ops"))
			ops = strtoul(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--pairs"))
			pair_ops = strtoul(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--seed")) {
			seed = strtoul(argv[i + 1], NULL, 0);
			again = true;
		} else if (!strcmp(argv[i], "--fault") && rig)
			add_fault(rig, argv[i + 1]);
		else
			usage();
	}
	if (i < argc || !ops || (again && !rig))
		usage();
	plain_context = context;
	pv_fake_keeps_memory = true;
	signal(SIGALRM, died);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(die_of_sanitizer);
	if (again) {
		run.rig = rig;
		run.seed = seed;
		run.ops = (unsigned int)ops;
		one();
		printf("sim: that run is good\n");
		return 0;
	}
	for (f = 0; f < PV_ARRAY_SIZE(rigs); f++)
		if (!rig || rig == rigs[f])
			all(rigs[f], only);
	printf("sim: %lu runs, all good\n", runs);
	return !runs;
}
