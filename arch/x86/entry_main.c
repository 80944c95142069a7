/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The end of every boot entry: from assembly to pv_os_main().
 */
#include <pv/boot.h>
#include <pv/os.h>

/* Called by pv_entry_long only. */
void pv_entry_main(int (*parser)(struct pv_boot_info *, uint64_t, pv_boot_map_fn),
		   uint64_t pa) PV_NORETURN;

static struct pv_boot_info info;

/* The entry's tables map the low 4 GiB to themselves. */
static const void *map(uint64_t pa, size_t len)
{
	uint64_t limit = 1ull << 32;

	return pa < limit && len <= limit - pa ? (const void *)(uintptr_t)pa : NULL;
}

/*
 * What the parser refuses leaves the protocol PV_BOOT_UNKNOWN: pv_os_main() is the first that has
 * a console to say so.
 */
void pv_entry_main(int (*parser)(struct pv_boot_info *, uint64_t, pv_boot_map_fn), uint64_t pa)
{
	if (parser(&info, pa, map))
		info.protocol = PV_BOOT_UNKNOWN;
	pv_os_main(&info);
}
