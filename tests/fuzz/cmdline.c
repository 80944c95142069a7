/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The command line's words, and those of them that name virtio-mmio devices.
 */
#include <pv/boot.h>

#include "drivers/virtio/mmio.h"
#include "fuzz.h"
#include "pv-core/bus.h"

static void one(void)
{
	static struct pv_boot_info info;
	struct pv_virtio_mmio_place place;
	char key[8], value[16], *text;
	uint64_t number = 77;
	int n;

	memset(key, 0, sizeof(key));
	fuzz_bytes(key, fuzz_below(sizeof(key)));
	/* To the byte: what is read beyond the end is seen. */
	text = kunit_kzalloc(&plain_test, fuzz_left() + 1, GFP_KERNEL);
	n = (int)fuzz_bytes(text, fuzz_left());
	(void)pv_virtio_mmio_parse(text, text + n, &place);
	n = pv_cmdline_get(text, key, value, sizeof(value));
	PLAIN_CHECK(n < (int)sizeof(value));
	PLAIN_CHECK(n < 0 || strlen(value) == (size_t)n);
	PLAIN_CHECK(!pv_cmdline_get_u64(text, key, &number) || number == 77);
	pv_snprintf(info.cmdline, sizeof(info.cmdline), "virtio_mmio.device=%s", text);
	(void)pv_virtio_mmio.scan(&info);
	pv_bus_remove_all();
}

const struct fuzz_target fuzz_cmdline = {.name = "cmdline", .one = one};
