/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Between engine.c, which chooses steps, and threads.c, which has them done. */
#ifndef TESTS_EXPLORE_ENGINE_H
#define TESTS_EXPLORE_ENGINE_H

#include "explore.h"

#define STACK (256ul << 10)
#define DEPTH 4000 /* choices in a run */
#define QUEUE 64   /* stores in a CPU's */

/* What a step touches. */
struct access {
	const volatile char *at;
	size_t size; /* 0: nothing that another sees */
	bool write;
};

enum state { FREE, READY, DONE };

struct thread {
	enum state state;
	unsigned int cpu, level;
	bool servant;
	bool fenced; /* the step needs the CPU's queue to be empty */
	bool (*condition)(void *arg);
	void *condition_arg;
	struct access access; /* of its next step */
	void (*fn)(void *arg);
	void *arg;
	void *sp;
	char *stack;
};

struct store {
	struct access access;
	uint64_t value;
};

struct cpu {
	struct store queue[QUEUE];
	unsigned int num;
	unsigned int level; /* threads below stand still */
};

/* A choice: of a step, or of the scenario's. */
struct choice {
	bool step;
	unsigned int chosen;
	unsigned int num;	       /* the scenario's: of so many */
	uint32_t enabled, sleep, done; /* steps' */
};

/* Steps are numbered: the threads', then that of the oldest store of each CPU. */
#define STEP_STORE(cpu) (EXPLORE_THREADS + (cpu))
#define STEPS		(EXPLORE_THREADS + EXPLORE_CPUS)

struct engine {
	const struct explore_scenario *scenario;
	unsigned int bug;
	struct thread thread[EXPLORE_THREADS];
	struct cpu cpu[EXPLORE_CPUS];
	struct thread *current; /* NULL: the engine itself */
	void *sp;
	struct choice path[DEPTH];
	unsigned int depth, length;
	uint32_t sleep;
	struct explore_result *result;
	void *state; /* the scenario's, as it is before each run */
};

/* In the C library's heap, which is not put back between runs; NULL before the first. */
extern struct engine *explore_engine;
#define e explore_engine

/* threads.c: leaves one stack for another. */
void explore_switch(void **save, void *load);

/* Whether both touch some of the same memory. */
static inline bool explore_overlap(const struct access *a, const struct access *b)
{
	return a->size && b->size && a->at < b->at + b->size && b->at < a->at + a->size;
}

#endif
