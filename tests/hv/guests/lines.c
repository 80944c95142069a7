/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Which cache lines of the image's own data each CPU writes. One after the other does what CPUs do
 * all the time: reads the clock, sleeps until its timer, interrupts itself, takes a lock of its
 * own; the others only look at a word meanwhile. All data are compared with a copy from before
 * that. A line that two CPUs wrote is told, with what differed in it.
 *
 * Not looked at: `lines.skip=` bytes from `lines.from=` on, where pages are missing, which guard
 * stacks.
 */
#include "together.h"

#include <pv/ipi.h>
#include <pv/lock.h>

#define LINE	 64
#define TIMES	 5
#define SLEEP_NS 200000

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {NULL};
const struct pv_driver *const pv_bare_drivers[] = {NULL};

extern uint8_t pv_bare_data[], pv_bare_clean[]; /* the linker script's */

static size_t size, skip_from, skip_to; /* of the data; of what is left out */
static uint8_t *copy;
static uint64_t *first,
	*second; /* of each line: the bytes that one CPU wrote, and those that a later one did */
static uint8_t *writers; /* of each line */
static int ipi;

static struct {
	volatile uint64_t turn;
} PV_ALIGNED(LINE) word;

static struct {
	struct pv_lock lock;
	volatile bool never;
} PV_ALIGNED(LINE) own[MAX_CPUS];

static void pinged(void *arg)
{
	(void)arg;
	cpus[pv_os_cpu()].got++;
}

static void work(unsigned int cpu)
{
	uint64_t begin, deadline;
	unsigned int i;

	for (i = 1; i <= TIMES; i++) {
		cpus[cpu].end = pv_clock_now();
		pv_bare_wait(&own[cpu].never, SLEEP_NS);
		cpus[cpu].bad += pv_ipi_send(ipi, cpu) != 0;
		for (begin = pv_timer_now(); cpus[cpu].got < i;) {
			pv_bare_wait(&own[cpu].never, SLEEP_NS);
			if (pv_timer_now() - begin > 5000000000ull) {
				cpus[cpu].bad++;
				break;
			}
		}
		pv_lock_take(&own[cpu].lock);
		cpus[cpu].n++;
		pv_lock_drop(&own[cpu].lock);
	}
	/* Its timer, which would go off while the next one works. */
	while (pv_timer_next(&deadline) && deadline != ~0ull)
		pause_cpu();
}

static void take_copy(void)
{
	pv_memcpy(copy, pv_bare_data, skip_from);
	pv_memcpy(copy + skip_to, pv_bare_data + skip_to, size - skip_to);
}

/* What this CPU has written since the copy was made. */
static void mark(unsigned int cpu)
{
	size_t i;

	for (i = 0; i < size; i++) {
		size_t line;

		if (i == skip_from)
			i = skip_to;
		line = i / LINE;
		if (pv_bare_data[i] == copy[i])
			continue;
		if (writers[line] & ~(1u << cpu))
			second[line] |= 1ull << i % LINE;
		else
			first[line] |= 1ull << i % LINE;
		writers[line] |= (uint8_t)(1u << cpu);
	}
}

static void in_turn(void)
{
	unsigned int cpu = pv_os_cpu();

	if (cpu)
		meet();
	while (__atomic_load_n(&word.turn, __ATOMIC_ACQUIRE) != cpu)
		pause_cpu();
	take_copy();
	work(cpu);
	mark(cpu);
	__atomic_store_n(&word.turn, cpu + 1, __ATOMIC_RELEASE);
	/* None goes off, which writes what is everybody's, before the last one is done. */
	while (__atomic_load_n(&word.turn, __ATOMIC_ACQUIRE) != num)
		pause_cpu();
	done();
}

static void tell(void)
{
	size_t i, written = 0;
	uint64_t bad = 0;

	for (i = 0; i < num; i++)
		bad += cpus[i].bad + (cpus[i].n != TIMES);
	for (i = 0; i < size / LINE; i++) {
		written += writers[i] != 0;
		if (second[i])
			pv_bare_printf("line %p: %llx %llx by %x\n", pv_bare_data + i * LINE,
				       (unsigned long long)first[i], (unsigned long long)second[i],
				       writers[i]);
	}
	pv_bare_printf("written: %llu\nbad: %llu\n", (unsigned long long)written,
		       (unsigned long long)bad);
}

int pv_bare_main(const char *cmdline)
{
	uint64_t from = 0, skip = 0;
	size_t lines;

	pv_cmdline_get_u64(cmdline, "lines.from", &from);
	pv_cmdline_get_u64(cmdline, "lines.skip", &skip);
	size = (size_t)(pv_bare_clean - pv_bare_data);
	skip_from = from - (uintptr_t)pv_bare_data;
	skip_to = skip_from + skip;
	if (!skip || skip_from > size || skip_to > size || skip_to < skip_from)
		return 3;
	lines = size / LINE;
	copy = pv_os_alloc(lines * LINE);
	first = pv_os_alloc(lines * sizeof(*first));
	second = pv_os_alloc(lines * sizeof(*second));
	writers = pv_os_alloc(lines);
	if (!copy || !first || !second || !writers)
		return 2;
	pv_memset(first, 0, lines * sizeof(*first));
	pv_memset(second, 0, lines * sizeof(*second));
	pv_memset(writers, 0, lines);
	pv_cpu_find(pv_bare_boot());
	ipi = pv_ipi_open(pinged, NULL);
	together(in_turn);
	tell();
	pv_ipi_close(ipi);
	return 0;
}
