/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A loader for tests: starts an ELF64 image by the 64-bit Linux boot protocol, as Firecracker does.
 *
 * It is started by the PVH note itself, with the image as its first module (QEMU: -initrd IMAGE).
 * It copies the image's segments to their physical addresses, fills a zero page with the memory
 * map, the command line and the RSDP it was given, and jumps to e_entry (Linux
 * Documentation/arch/x86/boot.rst, "64-bit Boot Protocol"; zero-page.rst). It is linked at 64 MiB,
 * out of the image's way.
 */
#include <elf.h>

#include <pv/boot.h>
#include <pv/os.h>
#include <pv/string.h>

#include "arch/x86/x86.h"

/* Where Firecracker puts them. */
#define ZERO_PAGE 0x7000
#define CMDLINE	  0x20000

/* boot_params. */
#define ACPI_RSDP_ADDR 0x070
#define E820_ENTRIES   0x1e8
#define BOOT_FLAG      0x1fe
#define HEADER	       0x202
#define VERSION	       0x206
#define LOADER_TYPE    0x210
#define CMD_LINE_PTR   0x228
#define E820_TABLE     0x2d0
#define E820_MAX       128

static uint8_t zero_page[PV_PAGE_SIZE];

static void PV_NORETURN fail(const char *what)
{
	for (; *what; what++)
		pv_out8(0x3f8, (uint8_t)*what);
	pv_out8(0x3f8, '\n');
	for (;;)
		pv_out16(0x501, 0x20 | 31);
}

static void put(unsigned int offset, uint64_t v, unsigned int size)
{
	pv_memcpy(zero_page + offset, &v, size);
}

static uint64_t load(const struct pv_module *module)
{
	const uint8_t *file = (const uint8_t *)(uintptr_t)module->base;
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)file;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(file + eh->e_phoff);
	unsigned int i;

	if (pv_memcmp(eh->e_ident, ELFMAG, SELFMAG) || eh->e_ident[EI_CLASS] != ELFCLASS64)
		fail("loader: the module is no ELF64");
	for (i = 0; i < eh->e_phnum; i++) {
		uint8_t *to = (uint8_t *)(uintptr_t)ph[i].p_paddr;

		if (ph[i].p_type != PT_LOAD)
			continue;
		pv_memcpy(to, file + ph[i].p_offset, ph[i].p_filesz);
		pv_memset(to + ph[i].p_filesz, 0, ph[i].p_memsz - ph[i].p_filesz);
	}
	return eh->e_entry;
}

static void fill_zero_page(const struct pv_boot_info *info)
{
	unsigned int i;

	put(ACPI_RSDP_ADDR, info->rsdp, 8);
	put(BOOT_FLAG, 0xaa55, 2);
	put(HEADER, 0x53726448, 4); /* "HdrS" */
	put(VERSION, 0x020f, 2);
	put(LOADER_TYPE, 0xff, 1);
	put(CMD_LINE_PTR, CMDLINE, 4);
	for (i = 0; i < info->num_ranges && i < E820_MAX; i++) {
		put(E820_TABLE + 20 * i, info->range[i].base, 8);
		put(E820_TABLE + 20 * i + 8, info->range[i].size, 8);
		put(E820_TABLE + 20 * i + 16, info->range[i].type, 4);
	}
	put(E820_ENTRIES, i, 1);
}

void pv_os_main(const struct pv_boot_info *info)
{
	uint64_t entry;

	if (!info->num_modules)
		fail("loader: no module: -initrd IMAGE");
	entry = load(&info->module[0]);
	fill_zero_page(info);
	pv_memcpy((void *)(uintptr_t)ZERO_PAGE, zero_page, sizeof(zero_page));
	pv_memcpy((void *)(uintptr_t)CMDLINE, info->cmdline, sizeof(info->cmdline));
	__asm__ __volatile__("jmp *%0" : : "r"(entry), "S"((uintptr_t)ZERO_PAGE) : "memory");
	__builtin_unreachable();
}
