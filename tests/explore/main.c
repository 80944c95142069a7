/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * explore [SCENARIO...]: explores each, and each of its planted bugs, in a process of its own.
 *
 * With PV_RESULTS in the environment each result is appended to that file:
 *
 *	explore <tab> scenario[-bug] <tab> pass|fail <tab> milliseconds <tab> detail
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scenarios.h"

#define SECONDS 60

static const struct explore_scenario *const scenarios[] = {
	&explore_xring,	      &explore_vring_event,  &explore_vring_flags, &explore_events_late,
	&explore_events_lost, &explore_events_plain, &explore_grants_v1,   &explore_grants_v2,
	&explore_clock,	      &explore_blkfront,     &explore_netfront,	   &explore_virtio_blk,
	&explore_virtio_net,  &explore_virtio_irqs,
};

static struct explore_result *shared;

static void record(const char *name, bool good, long ms, const char *detail)
{
	const char *path = getenv("PV_RESULTS");
	FILE *f = path ? fopen(path, "a") : NULL;

	if (f) {
		fprintf(f, "explore\t%s\t%s\t%ld\t%s\n", name, good ? "pass" : "fail", ms,
			good ? "" : detail);
		fclose(f);
	} else if (path) {
		perror(path);
		exit(2);
	}
}

/* In a process of its own: what a set-up does, and a crash, stay there. */
static void explore(const struct explore_scenario *s, unsigned int bug)
{
	int status;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(2);
	}
	if (!pid) {
		alarm(SECONDS);
		explore_run(s, bug, shared);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
		shared->failed = true;
		snprintf(shared->message, sizeof(shared->message), "died of signal %d",
			 WTERMSIG(status));
	}
}

static bool one(const struct explore_scenario *s, const struct explore_plant *plant)
{
	struct timespec from, to;
	char name[80];
	bool good;
	long ms;

	snprintf(name, sizeof(name), "%s%s%s", s->name, plant ? "-" : "", plant ? plant->name : "");
	clock_gettime(CLOCK_MONOTONIC, &from);
	explore(s, plant ? plant->bug : 0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	ms = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
	good = shared->failed == !!plant;
	if (plant && !good)
		snprintf(shared->message, sizeof(shared->message), "not found");
	printf("%-32s %s%s%s%lu runs, %lu cut, longest %lu (%ld ms)\n", name,
	       good ? "" : "FAILED: ", shared->message, shared->message[0] ? "; " : "",
	       shared->runs, shared->cut, shared->longest, ms);
	record(name, good, ms, shared->message);
	return good;
}

static bool wanted(int argc, char **argv, const char *name)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	unsigned int i, passed = 0, failed = 0;
	const struct explore_plant *plant;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return 2;
	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		if (!wanted(argc, argv, scenarios[i]->name))
			continue;
		one(scenarios[i], NULL) ? passed++ : failed++;
		for (plant = scenarios[i]->plants; plant->name; plant++)
			one(scenarios[i], plant) ? passed++ : failed++;
	}
	printf("explore: %u as they must be, %u not\n", passed, failed);
	return failed || !passed;
}
