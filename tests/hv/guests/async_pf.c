/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Pages that the host has swapped out: apf.mode=place waits for them in place, apf.mode=scheduler
 * does other work meanwhile. apf.n: how many are to be waited for.
 *
 * The scheduler has two threads: the application's walks over memory, and the other one counts
 * until the first can go on.
 */
#include <pv/bare.h>
#include <pv/string.h>

#include "arch/x86/x86.h"

#define PAGES	 8192
#define WALKS_NS 60000000000ull /* at most */
#define PAUSE_NS 5000000000ull	/* for the host to take the pages */
#define STACK	 16384
#define WAITED	 16 /* at once */

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {NULL};
const struct pv_driver *const pv_bare_drivers[] = {NULL};

static volatile uint64_t *pages[PAGES];

/* --- two threads ------------------------------------------------------------------------------ */

/* void switch_to(void **save_sp, void *sp): what a function preserves is on the stack. */
void switch_to(void **save_sp, void *sp);
__asm__("	.text\n"
	"switch_to:\n"
	"	pushq %rbx\n	pushq %rbp\n	pushq %r12\n	pushq %r13\n	pushq %r14\n	pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n	popq %r14\n	popq %r13\n	popq %r12\n	popq %rbp\n	popq %rbx\n"
	"	retq\n");

static uint64_t other_stack[STACK / 8] PV_ALIGNED(16);
static void *walker_sp, *other_sp;
static bool other_runs;
static uint32_t walker_token;
static volatile bool walker_ready;
static volatile uint64_t other_work;
static uint32_t ready_tokens[WAITED]; /* of the other thread, in place */
static unsigned int num_ready;
static uint64_t switches;

static void other(void)
{
	for (;;) {
		__asm__ __volatile__("sti" : : : "memory");
		while (!walker_ready)
			other_work++;
		__asm__ __volatile__("cli" : : : "memory");
		other_runs = false;
		switch_to(&other_sp, walker_sp);
	}
}

static bool take_ready(uint32_t token)
{
	unsigned int i;

	for (i = 0; i < num_ready; i++)
		if (ready_tokens[i] == token) {
			ready_tokens[i] = ready_tokens[--num_ready];
			return true;
		}
	return false;
}

static void wait(void *arg, uint32_t token)
{
	(void)arg;
	if (other_runs) {
		while (!take_ready(token))
			pv_wait_for_interrupt();
		return;
	}
	walker_token = token;
	walker_ready = false;
	other_runs = true;
	switches++;
	switch_to(&walker_sp, other_sp);
}

static void ready(void *arg, uint32_t token)
{
	(void)arg;
	if (token == walker_token || token == PV_KVM_EVERY_PAGE)
		walker_ready = true;
	else if (num_ready < WAITED)
		ready_tokens[num_ready++] = token;
}

static const struct pv_kvm_async_pf scheduler = {.wait = wait, .ready = ready};

static void make_other(void)
{
	uint64_t *sp = &other_stack[STACK / 8 - 2];

	*--sp = (uintptr_t)other;
	sp -= 6; /* what switch_to() takes off */
	other_sp = sp;
}

/* --- the walk --------------------------------------------------------------------------------- */

static bool fill(void)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		pages[i] = pv_os_pages_alloc(1);
		if (!pages[i])
			return false;
		*pages[i] = i * 0x9e3779b97f4a7c15ull;
	}
	return true;
}

static unsigned int walk(void)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < PAGES; i++)
		wrong += *pages[i] != i * 0x9e3779b97f4a7c15ull;
	return wrong;
}

int pv_bare_main(const char *cmdline)
{
	struct pv_kvm_async_pf_stats stats = {0};
	uint64_t n = 20, begin;
	unsigned int wrong = 0;
	bool never = false;
	char mode[16];
	int err;

	if (pv_cmdline_get(cmdline, "apf.mode", mode, sizeof(mode)) < 0)
		return 3;
	(void)!pv_cmdline_get_u64(cmdline, "apf.n", &n);

	make_other();
	pv_bare_on_page_fault(pv_kvm_page_fault);
	err = pv_kvm_async_pf_start(!pv_strcmp(mode, "place") ? NULL : &scheduler);
	pv_bare_printf("start: %d\n", err);
	if (err || !fill())
		return 2;
	pv_bare_printf("filled\n");
	for (begin = pv_os_uptime_ns(); stats.waited < n && pv_os_uptime_ns() - begin < WALKS_NS;) {
		uint64_t end = pv_os_uptime_ns() + PAUSE_NS, now;

		while ((now = pv_os_uptime_ns()) < end)
			pv_bare_wait(&never, end - now);
		wrong += walk();
		pv_kvm_async_pf_stats(0, &stats);
	}
	pv_bare_printf("wrong: %u\nwaited: %llu\nready: %llu\nswitches: %llu\nother work: %llu\n",
		       wrong, (unsigned long long)stats.waited, (unsigned long long)stats.ready,
		       (unsigned long long)switches, (unsigned long long)other_work);
	return 0;
}
