/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The port for a process: one CPU, the fake machine's time, shared memory behind hooks; its memory
 * is fake_memory.c's.
 */
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/kvm.h>
#include <pv/shared.h>
#include <pv/xen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct pv_hv *const pv_fake_hypervisors[] = {&pv_xen, &pv_kvm, NULL};

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
	static int shown = -1;
	size_t n = strlen(line);
	char *more;

	if (n > 255 || strchr(line, '\n'))
		pv_os_panic("host: a log line that is too long, or more than one");
	if (shown < 0)
		shown = getenv("PV_LOG") != NULL;
	if (shown)
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
