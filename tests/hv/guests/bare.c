/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What ports/bare is for, and what it does when things go wrong: `bare.do=` says which.
 */
#include <pv/bare.h>
#include <pv/string.h>

#include "arch/x86/x86.h"
#include "ports/bare/bare.h"

#define UART_IER  0x3f9
#define UART_IRQ  4
#define NO_INLINE __attribute__((noinline))

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_virtio_mmio, &pv_virtio_pci, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_virtio_blk, &pv_virtio_net, NULL};

static volatile uint8_t code[] = {0xc3};

static int NO_INLINE divide(void)
{
	__asm__ __volatile__("divl %0" : : "r"(0) : "eax", "edx");
	return 0;
}

static int NO_INLINE write_null(void)
{
	volatile uint8_t *volatile null = NULL;

	null[16] = 1;
	return 0;
}

static int NO_INLINE write_text(void)
{
	*(volatile uint8_t *)(uintptr_t)divide = 0;
	return 0;
}

static int NO_INLINE execute_data(void)
{
	((void (*)(void))(uintptr_t)code)();
	return 0;
}

static int NO_INLINE overflow(int n)
{
	volatile uint8_t room[256];

	room[n & 255] = (uint8_t)n;
	return n < 0 ? 0 : overflow(n + 1) + room[n & 255];
}

static int NO_INLINE panic(void)
{
	pv_os_panic("as asked for");
}

/* --- memory ----------------------------------------------------------------------------------- */

struct block {
	struct block *next;
	uint64_t pages;
};

/* All of it, in blocks of 1 to 7 pages, each marked at both ends; and back. */
static int all_memory(void)
{
	struct pv_bare_memory before, empty, after;
	struct block *list = NULL, *b;
	uint64_t n, bad = 0, end, highest = 0;
	uint64_t *last;

	pv_bare_memory(&before);
	for (n = 0; (b = pv_os_pages_alloc(n % 7 + 1)) || n % 7; n++) {
		if (!b)
			continue;
		last = (uint64_t *)((uint8_t *)b + (n % 7 + 1) * PV_PAGE_SIZE) - 1;
		bad += b->next || b->pages || *last;
		*b = (struct block) {list, n % 7 + 1};
		*last = ~(uintptr_t)b;
		list = b;
		end = pv_os_virt_to_phys(b) + b->pages * PV_PAGE_SIZE;
		highest = end > highest ? end : highest;
	}
	pv_bare_memory(&empty);
	while ((b = list)) {
		list = b->next;
		last = (uint64_t *)((uint8_t *)b + b->pages * PV_PAGE_SIZE) - 1;
		bad += *last != ~(uintptr_t)b;
		pv_os_pages_free(b, (unsigned int)b->pages);
	}
	pv_bare_memory(&after);
	pv_bare_printf("total: %llu\n", (unsigned long long)before.total);
	pv_bare_printf("highest: 0x%llx\n", (unsigned long long)highest);
	pv_bare_printf("left: %llu\n", (unsigned long long)empty.free);
	pv_bare_printf("lost: %llu\n", (unsigned long long)(before.free - after.free));
	pv_bare_printf("bad: %llu\n", (unsigned long long)bad);
	return 0;
}

static int double_free(void)
{
	void *p = pv_os_pages_alloc(2);

	pv_os_pages_free(p, 2);
	pv_os_pages_free((uint8_t *)p + PV_PAGE_SIZE, 1);
	return 0;
}

/* Objects of all sizes: zeroed, apart from each other, and usable again. */
static int heap(void)
{
	static uint8_t *object[3000];
	size_t size, i, bad = 0;
	unsigned int round;

	for (round = 0; round < 3; round++) {
		for (size = 1; size < PV_ARRAY_SIZE(object); size++) {
			object[size] = pv_os_alloc(size);
			bad += !object[size] || (uintptr_t)object[size] % 16;
			for (i = 0; i < size; i++)
				bad += object[size][i] != 0;
			pv_memset(object[size], (uint8_t)size, size);
		}
		for (size = 1; size < PV_ARRAY_SIZE(object); size++) {
			for (i = 0; i < size; i++)
				bad += object[size][i] != (uint8_t)size;
			pv_os_free(object[size], size);
		}
	}
	pv_bare_printf("bad: %llu\n", (unsigned long long)bad);
	return 0;
}

/* --- time and interrupts ---------------------------------------------------------------------- */

/* Uptime goes on while the CPU sleeps, and never back; a sleep ends by itself. */
static int time(void)
{
	volatile bool woken = false;
	uint64_t now, last = pv_os_uptime_ns(), end = last + 300000000, back = 0, sleeps = 0;

	for (; last < end; last = now) {
		pv_bare_wait(&woken, 5000000);
		sleeps++;
		now = pv_os_uptime_ns();
		back += now < last;
	}
	pv_bare_printf("time: %s\n", pv_bare_time_source());
	pv_bare_printf("backwards: %llu\n", (unsigned long long)back);
	pv_bare_printf("sleeps: %llu\n", (unsigned long long)sleeps);
	return 0;
}

static bool not_mine(void *arg)
{
	(void)arg;
	return false;
}

/*
 * A level-triggered line that nobody lowers: the serial port's, always ready to take a character.
 */
static int stuck_line(void)
{
	struct pv_bare_irq_stats stats;
	int irq = pv_os_irq_gsi(UART_IRQ, true, not_mine, NULL);
	unsigned int i;

	if (irq < 0)
		return 2;
	pv_out8(UART_IER, 0x02);
	for (i = 0; i < 1000; i++)
		pv_os_relax();
	pv_bare_irq_stats(&stats);
	pv_out8(UART_IER, 0);
	pv_os_irq_free(irq);
	pv_bare_printf("spurious: %llu\n", (unsigned long long)stats.spurious);
	return 0;
}

/* Messages until there are no more: each has a vector to itself, and all can be had again. */
static int messages(void)
{
	static int irq[300];
	static bool used[256];
	struct pv_msi_msg msg;
	unsigned int round, n, bad = 0, count[2] = {0, 0};

	for (round = 0; round < 2; round++) {
		pv_memset(used, 0, sizeof(used));
		for (n = 0; n < PV_ARRAY_SIZE(irq); n++) {
			irq[n] = pv_os_irq_msi(0, not_mine, NULL, &msg);
			if (irq[n] < 0)
				break;
			bad += msg.data < 32 || msg.data > 255 || used[msg.data & 255];
			used[msg.data & 255] = true;
		}
		count[round] = n;
		bad += n == PV_ARRAY_SIZE(irq) || irq[n] != PV_ENOSPC;
		while (n--)
			pv_os_irq_free(irq[n]);
	}
	pv_bare_printf("messages: %u\n", count[0]);
	pv_bare_printf("bad: %u\n", bad + (count[0] != count[1]));
	return 0;
}

/* An interrupt in the midst of one: both come to their end. */
#define TWICE 48

static unsigned int handled;

static bool again(void *arg)
{
	(void)arg;
	if (!handled++)
		__asm__ __volatile__("int %0" : : "i"(TWICE) : "memory");
	return true;
}

static int twice(void)
{
	unsigned int vector = 0;

	while (vector < TWICE)
		if (pv_os_irq_vector(false, again, NULL, &vector) < 0)
			return 2;
	__asm__ __volatile__("int %0" : : "i"(TWICE) : "memory");
	pv_bare_printf("handled: %u\n", handled);
	return 0;
}

static int devices(void)
{
	struct pv_device *dev;
	unsigned int live = 0;

	pv_for_each_device (dev) {
		live += dev->state == PV_DEV_LIVE;
	}
	pv_bare_printf("live: %u\n", live);
	return 0;
}

/*
 * An interrupt between STI and HLT, as no CPU takes it: pending while they are off, it comes after
 * the jump, which the STI's shadow is on. Nothing else would end the sleep.
 */
static int sleep_race(void)
{
	uint64_t begin = pv_os_uptime_ns();

	__asm__ __volatile__("cli" : : : "memory");
	pv_bare_apic_timer(1000);
	while (pv_os_uptime_ns() - begin < 50000000)
		pv_pause();
	__asm__ __volatile__("sti; jmp 1f; sti; 1: hlt" : : : "memory");
	pv_bare_printf("woken: 1\n");
	return 0;
}

static int reboot(void)
{
	pv_bare_reboot();
}

static int NO_INLINE overflow_begin(void)
{
	return overflow(0);
}

int pv_bare_main(const char *cmdline)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} actions[] = {{"divide", divide},     {"null", write_null},	     {"text", write_text},
		       {"data", execute_data}, {"stack", overflow_begin},    {"panic", panic},
		       {"memory", all_memory}, {"double-free", double_free}, {"heap", heap},
		       {"time", time},	       {"stuck-line", stuck_line},   {"messages", messages},
		       {"twice", twice},       {"devices", devices},	     {"reboot", reboot},
		       {"sleep", sleep_race}};
	char word[16];
	size_t i;

	pv_cmdline_get(cmdline, "bare.do", word, sizeof(word));
	for (i = 0; i < PV_ARRAY_SIZE(actions); i++)
		if (!pv_strcmp(word, actions[i].name))
			return actions[i].run();
	return 3;
}
