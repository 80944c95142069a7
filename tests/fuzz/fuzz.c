/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The fuzz targets' frame: libFuzzer's two functions, the input, and what is counted after each
 * one.
 *
 * There is one program for all targets. Which one it is says the name by which it was called.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

static const struct fuzz_target *const targets[] = {
	&fuzz_vring,  &fuzz_virtio_blk, &fuzz_virtio_net, &fuzz_virtio_pci, &fuzz_virtio_mmio,
	&fuzz_acpi,   &fuzz_blkback,	&fuzz_netback,	  &fuzz_xenstore,   &fuzz_xenbus,
	&fuzz_events, &fuzz_boot,	&fuzz_multiboot2, &fuzz_cmdline,    &fuzz_pages,
};

static const struct fuzz_target *target;
static const uint8_t *front, *back; /* what is left of the input is between them */
static unsigned int honest;	    /* loads to let be */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

/*
 * Memory is reused soon, and has no history: else the most time goes there. An input that failed
 * can be run again with ASAN_OPTIONS=malloc_context_size=20. Leaks are counted here.
 */
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=1:malloc_context_size=1:max_malloc_fill_size=0:detect_leaks=0";
}

/* --- the input -------------------------------------------------------------------------------- */

size_t fuzz_left(void)
{
	return (size_t)(back - front);
}

size_t fuzz_bytes(void *buf, size_t n)
{
	if (n > fuzz_left())
		n = fuzz_left();
	if (n)
		memcpy(buf, front, n);
	front += n;
	return n;
}

uint8_t fuzz_u8(void)
{
	return front < back ? *front++ : 0;
}

uint16_t fuzz_u16(void)
{
	uint16_t v = 0;

	fuzz_bytes(&v, sizeof(v));
	return v;
}

uint32_t fuzz_u32(void)
{
	uint32_t v = 0;

	fuzz_bytes(&v, sizeof(v));
	return v;
}

uint64_t fuzz_u64(void)
{
	uint64_t v = 0;

	fuzz_bytes(&v, sizeof(v));
	return v;
}

/* From the back. */
static uint64_t take_back(unsigned int n)
{
	uint64_t v = 0;

	while (n-- && front < back)
		v = v << 8 | *--back;
	return v;
}

uint64_t fuzz_answer(uint64_t value, unsigned int size)
{
	uint8_t how;

	if (honest) {
		honest--;
		return value;
	}
	if (front == back)
		return value;
	how = (uint8_t)take_back(1);
	if (how < 0xc0) {
		honest = how;
		return value;
	}
	switch (how & 7) {
	case 0:
		return value + 1;
	case 1:
		return value - 1;
	case 2:
		return value ^ 1ull << (take_back(1) % (8 * size));
	case 3:
		return take_back(1);
	case 4:
		return value + (uint64_t)(int8_t)take_back(1);
	case 5:
		return ~0ull;
	case 6:
		return 0;
	default:
		return take_back(size);
	}
}

static uint64_t answer_shared(const volatile void *p, size_t size, uint64_t value)
{
	(void)p;
	return fuzz_answer(value, (unsigned int)size);
}

void fuzz_shared(bool on)
{
	pv_fake.shared_read = on ? answer_shared : NULL;
}

/* --- one input -------------------------------------------------------------------------------- */

static void fresh(void)
{
	pv_fake_log_reset();
	pv_fake_bus_reset();
	fuzz_shared(false);
	pv_fake.relax = NULL;
	pv_fake.relax_ns = 500000000;
	pv_fake.alloc_fail_at = 0;
	pv_fake.pages_max = 0;
	honest = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pv_fake before = pv_fake;

	front = data;
	back = data + size;
	fresh();
	target->one();
	plain_free();
	if (target->keeps)
		pv_fake_pages_forget(before.live_pages);
	PLAIN_CHECK(pv_fake.live_allocs == before.live_allocs);
	PLAIN_CHECK(pv_fake.live_pages == before.live_pages);
	PLAIN_CHECK(pv_fake.live_maps == before.live_maps);
	PLAIN_CHECK(pv_fake.live_irqs == before.live_irqs);
	PLAIN_CHECK(!pv_fake.control_depth);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *slash = strrchr((*argv)[0], '/'), *name = slash ? slash + 1 : (*argv)[0];
	unsigned int i;

	if (*argc > 1 && !strcmp((*argv)[1], "--list")) {
		for (i = 0; i < PV_ARRAY_SIZE(targets); i++)
			printf("%s\n", targets[i]->name);
		exit(0);
	}
	for (i = 0; i < PV_ARRAY_SIZE(targets); i++)
		if (!strcmp(targets[i]->name, name))
			target = targets[i];
	if (!target) {
		fprintf(stderr, "fuzz: call it by the name of a target; --list lists them\n");
		exit(2);
	}
	pv_fake_reset();
	pv_fake_keeps_memory = true;
	fresh();
	if (target->start)
		target->start();
	return 0;
}
