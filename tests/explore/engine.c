/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The explorer's engine, as explore.h tells. What it knows is in the C library's heap, which is not
 * put back between runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "engine.h"

struct engine *explore_engine;

/* --- a run ------------------------------------------------------------------------------------ */

/*
 * Whether a step touches nothing that anybody ever does, so that it need not be tried later: a
 * barrier, or a thread's beginning, of the only thread of its CPU.
 */
static bool alone(unsigned int s)
{
	unsigned int i;

	for (i = 0; i < EXPLORE_THREADS; i++)
		if (i != s && e->thread[i].state == READY && e->thread[i].cpu == e->thread[s].cpu)
			return false;
	return !e->thread[s].access.size;
}

static uint32_t enabled(void)
{
	const struct thread *t;
	unsigned int i;
	uint32_t mask = 0;

	for (i = 0; i < EXPLORE_THREADS; i++) {
		t = &e->thread[i];
		if (t->state == READY && t->level >= e->cpu[t->cpu].level &&
		    !(t->fenced && e->cpu[t->cpu].num) &&
		    (!t->condition || t->condition(t->condition_arg))) {
			if (alone(i))
				return 1u << i;
			mask |= 1u << i;
		}
	}
	for (i = 0; i < EXPLORE_CPUS; i++)
		if (e->cpu[i].num)
			mask |= 1u << STEP_STORE(i);
	return mask;
}

static const struct access *access_of(unsigned int s)
{
	if (s < EXPLORE_THREADS)
		return &e->thread[s].access;
	return &e->cpu[s - EXPLORE_THREADS].queue[0].access;
}

/* Whether two steps lead to the same, in whichever order. */
static bool independent(unsigned int s, unsigned int t)
{
	const struct access *a = access_of(s), *b = access_of(t);

	if (s < EXPLORE_THREADS && t < EXPLORE_THREADS && e->thread[s].cpu == e->thread[t].cpu)
		return false;
	return !(explore_overlap(a, b) && (a->write || b->write));
}

static void execute(unsigned int s)
{
	struct store now;
	struct cpu *c;

	if (s < EXPLORE_THREADS) {
		e->current = &e->thread[s];
		explore_switch(&e->sp, e->current->sp);
		e->current = NULL;
		return;
	}
	c = &e->cpu[s - EXPLORE_THREADS];
	now = c->queue[0];
	memcpy((void *)now.access.at, &now.value, now.access.size);
	memmove(&c->queue[0], &c->queue[1], --c->num * sizeof(now));
}

static uint32_t asleep_after(const struct choice *c)
{
	uint32_t rest = (c->sleep | c->done) & ~(1u << c->chosen), sleep = 0;
	unsigned int s;

	for (s = 0; s < STEPS; s++)
		if (rest >> s & 1 && independent(s, c->chosen))
			sleep |= 1u << s;
	return sleep;
}

/* Nobody has a step: the end, or threads that wait for ever. */
static void rest(void)
{
	unsigned int i;

	for (i = 0; i < EXPLORE_THREADS; i++) {
		if (e->thread[i].state == READY && !e->thread[i].servant) {
			snprintf(e->result->message, sizeof(e->result->message),
				 "thread %u waits for ever", i);
			e->result->failed = true;
		}
	}
}

/* What a thread of the engine's does at the end of a run, so that checks are as any thread's. */
static void check_end(void *arg)
{
	(void)arg;
	e->scenario->end();
}

static void run_end(void)
{
	struct thread *t = e->thread;
	unsigned int i;

	for (i = 0; i < EXPLORE_THREADS; i++)
		e->thread[i].state = FREE;
	explore_thread(0, false, check_end, NULL);
	while (t->state == READY && !e->result->failed) {
		e->current = t;
		explore_switch(&e->sp, t->sp);
		e->current = NULL;
		if (t->state == READY && t->condition)
			break;
	}
}

/* One run. */
static void run(void)
{
	struct choice *c;
	unsigned int i;
	uint32_t may;

	if (e->scenario->state)
		memcpy(e->scenario->state, e->state, e->scenario->size);
	else
		explore_put_back();
	for (i = 0; i < EXPLORE_THREADS; i++)
		e->thread[i].state = FREE;
	memset(e->cpu, 0, sizeof(e->cpu));
	e->depth = 0;
	e->sleep = 0;
	e->scenario->begin();
	for (;;) {
		may = enabled();
		c = &e->path[e->depth];
		if (!may) {
			rest();
			if (!e->result->failed && e->scenario->end)
				run_end();
			return;
		}
		if (e->depth == DEPTH - 1) {
			snprintf(e->result->message, sizeof(e->result->message),
				 "a run without end");
			e->result->failed = true;
			return;
		}
		if (e->depth == e->length) {
			if (!(may & ~e->sleep)) {
				e->result->cut++;
				return;
			}
			c->step = true;
			c->enabled = may;
			c->sleep = e->sleep;
			c->done = 0;
			c->chosen = (unsigned int)__builtin_ctz(may & ~e->sleep);
			e->length++;
		}
		e->depth++;
		e->sleep = asleep_after(c);
		execute(c->chosen);
		if (e->result->failed)
			return;
	}
}

/* Takes the last choice that has an alternative left. False if none has. */
static bool back(void)
{
	struct choice *c;
	uint32_t left;

	for (; e->length; e->length--) {
		c = &e->path[e->length - 1];
		if (!c->step) {
			if (++c->chosen < c->num)
				return true;
			continue;
		}
		c->done |= 1u << c->chosen;
		left = c->enabled & ~c->sleep & ~c->done;
		if (left) {
			c->chosen = (unsigned int)__builtin_ctz(left);
			return true;
		}
	}
	return false;
}

void explore_run(const struct explore_scenario *s, unsigned int bug, struct explore_result *r)
{
	memset(r, 0, sizeof(*r));
	e = calloc(1, sizeof(*e));
	if (!e)
		exit(2);
	e->scenario = s;
	e->bug = bug;
	e->result = r;
	if (s->setup)
		s->setup();
	if (s->state) {
		e->state = malloc(s->size);
		if (!e->state)
			exit(2);
		memcpy(e->state, s->state, s->size);
	} else {
		explore_keep();
	}
	do {
		run();
		r->runs++;
		if (e->depth > r->longest)
			r->longest = e->depth;
	} while (!r->failed && back());
}
