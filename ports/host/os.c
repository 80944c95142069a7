/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The port for a process: memory from malloc, one CPU, the fake machine's time.
 *
 * Each allocation is one of the C library's, so that the address sanitizer sees an access beyond it, a
 * use after its end, and what was never returned.
 */
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/kvm.h>
#include <pv/shared.h>
#include <pv/xen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANGES 4096

/* What pv_os_pages_alloc() gave out: the memory that pv_os_map() reaches. */
static struct {
	char *va;
	size_t len;
} range[RANGES];

bool pv_fake_keeps_pages;
const struct pv_hv *const pv_fake_hypervisors[] = {&pv_xen, &pv_kvm, NULL};

/* What pages_free() keeps for the next pages_alloc(), oldest first, as long as nobody may reach it. */
#define SPARES 256

static struct {
	void *va[SPARES];
	unsigned int first, num;
} spare;

/* The address sanitizer's, where it is linked in. */
void __asan_poison_memory_region(const volatile void *p, size_t n) __attribute__((weak));
void __asan_unpoison_memory_region(const volatile void *p, size_t n) __attribute__((weak));

static char *lines; /* what was logged since the reset */
static size_t lines_len, lines_size;

void pv_fake_log_reset(void)
{
	lines_len = 0;
	if (lines)
		lines[0] = '\0';
}

void pv_fake_reset(void)
{
	struct pv_fake fresh = {
		.relax_ns = 1000000,
		.live_allocs = pv_fake.live_allocs,
		.live_pages = pv_fake.live_pages,
		.live_maps = pv_fake.live_maps,
		.live_irqs = pv_fake.live_irqs,
	};

	pv_fake = fresh;
	pv_fake_cpu_reset();
	pv_fake_bus_reset();
	pv_fake_log_reset();
	pv_fake_xen_reset();
}

void pv_os_log(enum pv_log_level level, const char *line)
{
	static const char *const name[] = {"error", "warn", "info", "debug"};
	size_t n = strlen(line);
	char *more;

	if (n > 255 || strchr(line, '\n'))
		pv_os_panic("host: a log line that is too long, or more than one");
	if (getenv("PV_LOG"))
		fprintf(stderr, "# %s: %s\n", name[level], line);
	if (lines_len + n + 2 > lines_size) {
		more = realloc(lines, 2 * (lines_len + n + 2));
		if (!more)
			return;
		lines = more;
		lines_size = 2 * (lines_len + n + 2);
	}
	memcpy(lines + lines_len, line, n);
	lines_len += n;
	lines[lines_len++] = '\n';
	lines[lines_len] = '\0';
}

bool pv_fake_logged(const char *text)
{
	return lines && strstr(lines, text);
}

void pv_os_panic(const char *what)
{
	fprintf(stderr, "panic: %s\n", what);
	abort();
}

static bool fails(void)
{
	return pv_fake.alloc_fail_at && --pv_fake.alloc_fail_at == 0;
}

void *pv_os_alloc(size_t size)
{
	void *p = fails() ? NULL : calloc(1, size ? size : 1);

	pv_fake.live_allocs += !!p;
	if (p && pv_fake.given)
		pv_fake.given(p, size);
	return p;
}

void pv_os_free(void *p, size_t size)
{
	(void)size;
	pv_fake.live_allocs -= !!p;
	if (p && pv_fake.taken)
		pv_fake.taken(p);
	free(p);
}

/*
 * A program of many short lives keeps single pages, and takes them again in the order in which they were freed. In between
 * they are poisoned, as the sanitizer's own quarantine would do it, at a tenth of its cost.
 */
static void *page_take(void)
{
	void *va;

	if (!spare.num)
		return NULL;
	va = spare.va[spare.first++ % SPARES];
	spare.num--;
	__asan_unpoison_memory_region(va, PV_PAGE_SIZE);
	return va;
}

static bool page_keep(void *va)
{
	if (!pv_fake_keeps_pages || spare.num == SPARES || !__asan_poison_memory_region)
		return false;
	spare.va[(spare.first + spare.num++) % SPARES] = va;
	__asan_poison_memory_region(va, PV_PAGE_SIZE);
	return true;
}

void *pv_os_pages_alloc(unsigned int n)
{
	size_t len = (size_t)n * PV_PAGE_SIZE;
	unsigned int i;
	char *va;

	if (!n)
		pv_os_panic("host: an allocation of no pages");
	if (fails() || (pv_fake.pages_max && n > pv_fake.pages_max))
		return NULL;
	for (i = 0; i < RANGES && range[i].va; i++)
		;
	if (i == RANGES)
		return NULL;
	va = n == 1 ? page_take() : NULL;
	if (!va)
		va = aligned_alloc(PV_PAGE_SIZE, len);
	if (!va)
		return NULL;
	memset(va, 0, len);
	range[i].va = va;
	range[i].len = len;
	pv_fake.live_pages += n;
	if (pv_fake.given)
		pv_fake.given(va, len);
	return va;
}

void pv_os_pages_free(void *va, unsigned int n)
{
	unsigned int i;

	if (!va)
		return;
	for (i = 0; i < RANGES && range[i].va != va; i++)
		;
	if (i == RANGES || range[i].len != (size_t)n * PV_PAGE_SIZE)
		pv_os_panic("host: pages returned that were not given out so");
	range[i].va = NULL;
	pv_fake.live_pages -= n;
	if (pv_fake.taken)
		pv_fake.taken(va);
	if (n != 1 || !page_keep(va))
		free(va);
}

void pv_fake_pages_forget(unsigned int keep)
{
	unsigned int i;

	for (i = RANGES; i-- && pv_fake.live_pages > keep;)
		if (range[i].va)
			pv_os_pages_free(range[i].va, (unsigned int)(range[i].len / PV_PAGE_SIZE));
}

uint64_t pv_os_virt_to_phys(const void *va)
{
	uint64_t pa;

	if (pv_fake_phys(va, &pa))
		return pa;
	return pv_fake_xen_running() ? pv_fake_xen_phys(va) : (uint64_t)va;
}

void *pv_os_map(uint64_t pa, size_t len, enum pv_map_type type)
{
	char *at = pv_fake_xen_running() ? pv_fake_xen_virt(pa) : (char *)pa;
	void *va = NULL;
	unsigned int i;

	(void)type;
	if (pv_fake.no_map || !len)
		return NULL;
	va = pv_fake_map(pa, len);
	for (i = 0; i < RANGES && !va; i++)
		if (range[i].va && at >= range[i].va && at < range[i].va + range[i].len &&
		    len <= (size_t)(range[i].va + range[i].len - at))
			va = at;
	pv_fake.live_maps += !!va;
	return va;
}

void pv_os_unmap(void *va, size_t len)
{
	(void)len;
	if (!va)
		return;
	pv_fake_unmap(va);
	if (!pv_fake.live_maps--)
		pv_os_panic("host: unmapped more than was mapped");
}

uint64_t pv_os_uptime_ns(void)
{
	return pv_fake.now += 100;
}

void pv_os_relax(void)
{
	pv_fake.now += pv_fake.relax_ns;
	if (pv_fake.relax)
		pv_fake.relax();
	pv_fake_xen_relax();
}

unsigned int pv_os_cpu(void)
{
	return pv_fake.cpu;
}

void pv_os_control_lock(void)
{
	if (pv_fake.control_depth++)
		pv_os_panic("host: the control lock taken twice");
}

void pv_os_control_unlock(void)
{
	if (!pv_fake.control_depth--)
		pv_os_panic("host: the control lock was not held");
}

void pv_os_schedule_work(void)
{
	pv_fake.work_scheduled++;
}

#ifdef PV_SHARED_HOOKS

static uint64_t load(const volatile void *p, size_t size)
{
	uint64_t v = 0;

	if ((uint64_t)p % size)
		pv_os_panic("host: shared memory read that is not aligned");
	switch (size) {
	case 1:
		v = *(const volatile uint8_t *)p;
		break;
	case 2:
		v = *(const volatile uint16_t *)p;
		break;
	case 4:
		v = *(const volatile uint32_t *)p;
		break;
	case 8:
		v = *(const volatile uint64_t *)p;
		break;
	default:
		pv_os_panic("host: shared memory read of an odd size");
	}
	return v;
}

uint64_t pv_hook_read(const volatile void *p, size_t size)
{
	uint64_t v = load(p, size);

	return pv_fake.shared_read ? pv_fake.shared_read(p, size, v) : v;
}

void pv_hook_write(volatile void *p, uint64_t v, size_t size)
{
	if ((uint64_t)p % size)
		pv_os_panic("host: shared memory written that is not aligned");
	switch (size) {
	case 1:
		*(volatile uint8_t *)p = (uint8_t)v;
		break;
	case 2:
		*(volatile uint16_t *)p = (uint16_t)v;
		break;
	case 4:
		*(volatile uint32_t *)p = (uint32_t)v;
		break;
	case 8:
		*(volatile uint64_t *)p = v;
		break;
	default:
		pv_os_panic("host: shared memory written in an odd size");
	}
	if (pv_fake.shared_wrote)
		pv_fake.shared_wrote(p, size);
}

void pv_hook_read_block(void *dst, const volatile void *src, size_t n)
{
	size_t i;

	if (!pv_fake.shared_read) {
		memcpy(dst, (const void *)(uint64_t)src, n);
		return;
	}
	for (i = 0; i < n; i++)
		((uint8_t *)dst)[i] = (uint8_t)pv_hook_read((const volatile uint8_t *)src + i, 1);
}

void pv_hook_write_block(volatile void *dst, const void *src, size_t n)
{
	memcpy((void *)(uint64_t)dst, src, n);
	if (pv_fake.shared_wrote)
		pv_fake.shared_wrote(dst, n);
}

void pv_hook_atomic(volatile void *p, size_t size)
{
	if ((uint64_t)p % size)
		pv_os_panic("host: a locked operation that is not aligned");
	if (pv_fake.shared_atomic)
		pv_fake.shared_atomic(p, size);
}

#endif
