/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the guests have in common that do things on all CPUs: they begin together, and the boot CPU
 * waits for all.
 */
#ifndef TESTS_TOGETHER_H
#define TESTS_TOGETHER_H

#include <pv/bare.h>
#include <pv/string.h>
#include <pv/timer.h>

#define MAX_CPUS 64

static struct {
	volatile bool woken;
	volatile bool late;
	volatile uint64_t got;
	uint64_t n, bad, seen;
	uint64_t begin, end;
} PV_ALIGNED(64) cpus[MAX_CPUS];

static uint64_t rounds;
static unsigned int num;
static volatile unsigned int ready, finished;
static volatile bool go, stop;

static inline void pause_cpu(void)
{
	__asm__ __volatile__("pause");
}

/* All begin together. */
static inline void meet(void)
{
	__atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
	while (!go)
		pause_cpu();
}

static inline void done(void)
{
	__atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
}

/* Starts the others, which call `fn`, calls it here, too, and waits for all. */
static inline void together(void (*fn)(void))
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

struct action {
	const char *name;
	void (*run)(void);
};

/* Does what `cpus.do=` names, `cpus.n=` times; the status. */
static inline int run_action(const char *cmdline, const struct action *actions, size_t len)
{
	char name[16];
	size_t i;

	rounds = 1000;
	pv_cmdline_get_u64(cmdline, "cpus.n", &rounds);
	pv_cmdline_get(cmdline, "cpus.do", name, sizeof(name));
	for (i = 0; i < len; i++) {
		if (pv_strcmp(name, actions[i].name))
			continue;
		actions[i].run();
		return 0;
	}
	return 3;
}

#endif
