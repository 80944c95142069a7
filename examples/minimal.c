/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The smallest kernel that uses libpv: one CPU, no interrupts, no page tables of its own. It prints
 * the first bytes of the first disk, and ends the virtual machine. docs/porting.md walks through
 * it.
 *
 * The library's PVH entry brings it to pv_os_main() in 64-bit mode, with the low 4 GiB of physical
 * memory mapped to themselves. The port is complete; what a polling kernel has no use for is in
 * os_polling.h.
 */
#include <pv/log.h>
#include <pv/os_polling.h>
#include <pv/pv.h>

#define COM1	   0x3f8
#define DEBUG_EXIT 0x501 /* QEMU: -device isa-debug-exit,iobase=0x501,iosize=2 */

#pragma GCC diagnostic ignored "-Wunused-parameter"

/* --- log and failure: a 16550, QEMU's debug exit ---------------------------------------------- */

static void out8(uint16_t port, uint8_t v)
{
	__asm__ __volatile__("outb %0, %1" : : "a"(v), "Nd"(port));
}

/* A virtual UART takes every character at once. */
void pv_os_log(enum pv_log_level level, const char *line)
{
	for (; level < PV_LOG_DEBUG && *line; line++)
		out8(COM1, (uint8_t)*line);
	if (level < PV_LOG_DEBUG)
		out8(COM1, '\n');
}

static void PV_NORETURN power_off(uint16_t status)
{
	__asm__ __volatile__("outw %0, %1" : : "a"(status), "Nd"((uint16_t)DEBUG_EXIT));
	for (;;) /* not QEMU, then: a triple fault, which is a reset */
		__asm__ __volatile__("lidt %0; int3" : : "m"((char[10]) {0}));
}

void pv_os_panic(const char *what)
{
	pv_os_log(PV_LOG_ERROR, what);
	power_off(0x20 | 1);
}

/* --- memory: pages from a heap, which nothing returns to -------------------------------------- */

static uint8_t heap[512][PV_PAGE_SIZE] PV_ALIGNED(PV_PAGE_SIZE);
static unsigned int heap_used;

void *pv_os_pages_alloc(unsigned int n)
{
	if (n > PV_ARRAY_SIZE(heap) - heap_used)
		return NULL;
	heap_used += n;
	return heap[heap_used - n]; /* zero, as .bss is */
}

void *pv_os_alloc(size_t size)
{
	return pv_os_pages_alloc((unsigned int)((size + PV_PAGE_SIZE - 1) / PV_PAGE_SIZE));
}

void pv_os_pages_free(void *va, unsigned int n)
{
}
void pv_os_free(void *p, size_t size)
{
}

uint64_t pv_os_virt_to_phys(const void *va)
{
	return (uintptr_t)va;
}

void *pv_os_map(uint64_t pa, size_t len, enum pv_map_type type)
{
	return (pa | (pa + len - 1)) >> 32 ? NULL : (void *)(uintptr_t)pa;
}

void pv_os_unmap(void *va, size_t len)
{
}

/* --- time ------------------------------------------------------------------------------------- */

uint64_t pv_os_uptime_ns(void)
{
	return pv_clock_present() ? pv_clock_now() : __builtin_ia32_rdtsc(); /* as if at 1 GHz */
}

/* --- the kernel ------------------------------------------------------------------------------- */

static const struct pv_hv *const hypervisors[] = {&pv_kvm, NULL};
static const struct pv_bus *const buses[] = {&pv_virtio_mmio, &pv_virtio_pci, NULL};
static const struct pv_driver *const drivers[] = {&pv_virtio_blk, NULL};
static uint8_t block[PV_PAGE_SIZE] PV_ALIGNED(PV_PAGE_SIZE);

void pv_os_main(const struct pv_boot_info *info)
{
	struct pv_init_args args = {
		.boot = info, .hypervisors = hypervisors, .buses = buses, .drivers = drivers};
	struct pv_blk *disk;

	if (pv_init(&args))
		pv_os_panic("pv_init() failed");
	pv_info("CPUs: %u, of which this is one", pv_cpu_find(info));
	disk = pv_blk_open(0);
	if (!disk || pv_blk_read(disk, 0, block, sizeof(block)))
		pv_os_panic("no disk, or it cannot be read");
	pv_info("first bytes: %02x %02x %02x %02x", block[0], block[1], block[2], block[3]);
	power_off(0x20 | 0);
}
