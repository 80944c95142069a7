/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the explorer's threads do: their steps, as explore.h tells. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arena.h"
#include "engine.h"

/* Leaves one stack for another. */
__asm__(".text\n"
	".globl explore_switch\n"
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
	/*
	 * As explore_switch() leaves a stack: six registers, and where it returns to; aligned there
	 * as after a call.
	 */
	sp = (void **)(t->stack + STACK) - 1;
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

/* The newest store of the CPU's to what is loaded. */
static const struct store *own_store(const struct access *a)
{
	const struct cpu *c = &e->cpu[e->current->cpu];
	unsigned int i;

	for (i = c->num; i-- > 0;)
		if (explore_overlap(&c->queue[i].access, a))
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
