/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The explorer's engine, as explore.h tells. What it knows is in the C library's heap, which is not
 * put back between runs.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arena.h"
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

static struct engine *e;

/* Leaves one stack for another. */
void explore_switch(void **save, void *load);
__asm__(".text\n"
	"explore_switch:\n"
	"	push %rbp\n	push %rbx\n	push %r12\n	push %r13\n	push %r14\n	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n	pop %rbx\n	pop %rbp\n"
	"	ret\n");

static void to_engine(void)
{
	struct thread *t = e->current;

	explore_switch(&t->sp, e->sp);
}

void explore_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->result->message, sizeof(e->result->message), fmt, ap);
	va_end(ap);
	e->result->failed = true;
	if (!e->current) {
		fprintf(stderr, "explore: %s: outside of a run: %s\n", e->scenario->name,
			e->result->message);
		exit(2);
	}
	to_engine();
	__builtin_unreachable();
}

void explore_abort(void)
{
	explore_fail("panic");
}

bool explore_planted(unsigned int bug)
{
	return e->bug & bug;
}

/* --- what threads do -------------------------------------------------------------------------- */

static void entry(void)
{
	e->current->fn(e->current->arg);
	e->current->state = DONE;
	to_engine();
}

void explore_thread(unsigned int cpu, bool servant, void (*fn)(void *arg), void *arg)
{
	struct thread *t = e->thread;
	void **sp;

	while (t->state != FREE)
		t++;
	if (!t->stack) {
		t->stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				-1, 0);
		if (t->stack == MAP_FAILED)
			exit(2);
	}
	t->state = READY;
	t->cpu = cpu;
	t->level = 0;
	t->servant = servant;
	t->fenced = false;
	t->condition = NULL;
	t->access.size = 0;
	t->fn = fn;
	t->arg = arg;
	/* As explore_switch() leaves a stack: six registers, and where it returns to. */
	sp = (void **)(t->stack + STACK) - 2;
	*--sp = (void *)entry;
	t->sp = sp - 6;
}

/* The next step; returns when it is the thread's turn. */
static void step(const volatile void *at, size_t size, bool write, bool fenced)
{
	struct thread *t = e->current;

	t->access.at = at;
	t->access.size = size;
	t->access.write = write;
	t->fenced = fenced;
	to_engine();
	t->condition = NULL;
}

void explore_touch(const void *object)
{
	if (e->current)
		step(object, 1, true, false);
}

void explore_wait(bool (*condition)(void *arg), void *arg, const void *object)
{
	e->current->condition = condition;
	e->current->condition_arg = arg;
	step(object, 1, true, false);
}

void explore_interrupt(bool on)
{
	e->current->level = on;
	e->cpu[e->current->cpu].level = on;
}

void explore_fence(void)
{
	if (!e || !e->current || !e->cpu[e->current->cpu].num)
		return;
	if (!explore_planted(EXPLORE_NO_FENCE) || e->current->cpu)
		step(NULL, 0, false, true);
}

static uint64_t load(const volatile void *p, size_t size)
{
	uint64_t v = 0;

	memcpy(&v, (const void *)p, size);
	return v;
}

static bool overlap(const struct access *a, const struct access *b)
{
	return a->size && b->size && a->at < b->at + b->size && b->at < a->at + a->size;
}

/* The newest store of the CPU's to what is loaded. */
static const struct store *own_store(const struct access *a)
{
	const struct cpu *c = &e->cpu[e->current->cpu];
	unsigned int i;

	for (i = c->num; i-- > 0;)
		if (overlap(&c->queue[i].access, a))
			return &c->queue[i];
	return NULL;
}

unsigned int explore_choose(unsigned int n)
{
	struct choice *c = &e->path[e->depth];

	if (n < 2 || !e->current)
		return 0;
	if (e->depth == DEPTH - 1)
		explore_fail("a run without end");
	if (e->depth == e->length) {
		memset(c, 0, sizeof(*c));
		c->num = n;
		e->length++;
	}
	e->depth++;
	return c->chosen;
}

uint64_t pv_hook_read(const volatile void *p, size_t size)
{
	struct access a = {.at = p, .size = size};
	const struct store *s;
	uint64_t other[8];
	unsigned int n;

	if (!e || !e->current)
		return load(p, size);
	s = own_store(&a);
	if (s && (s->access.at != p || s->access.size != size))
		explore_fail("a load of a part of what is stored: not known how");
	if (s)
		return s->value;
	if (!e->scenario->lies) {
		step(p, size, false, false);
		return load(p, size);
	}
	n = e->scenario->lies(p, size, load(p, size), other);
	n = explore_choose(n + 1);
	if (n)
		memcpy((void *)p, &other[n - 1], size);
	e->scenario->told(p, size, load(p, size));
	return load(p, size);
}

void pv_hook_write(volatile void *p, uint64_t v, size_t size)
{
	struct cpu *c;
	struct store *s;

	/* Alone, there is nobody to see it late. */
	if (!e || !e->current || e->scenario->lies) {
		memcpy((void *)p, &v, size);
		return;
	}
	c = &e->cpu[e->current->cpu];
	if (c->num == QUEUE)
		explore_fail("more stores than a queue takes");
	s = &c->queue[c->num++];
	s->access.at = p;
	s->access.size = size;
	s->access.write = true;
	s->value = v;
}

void pv_hook_read_block(void *dst, const volatile void *src, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		((uint8_t *)dst)[i] = (uint8_t)pv_hook_read((const volatile uint8_t *)src + i, 1);
}

void pv_hook_write_block(volatile void *dst, const void *src, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		pv_hook_write((volatile uint8_t *)dst + i, ((const uint8_t *)src)[i], 1);
}

void pv_hook_atomic(volatile void *p, size_t size)
{
	if (e && e->current && !e->scenario->lies)
		step(p, size, true, true);
}

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
	return !(overlap(a, b) && (a->write || b->write));
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
