/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the fuzz targets have in common.
 *
 * A target is a piece of the library on the fake machine, and one input is the life of its peer.
 * The input is read from both ends. From its front come, one after the other, the steps: what the
 * kernel does, what the peer puts where. From its back come the answers to single loads: with
 * fuzz_shared(true) each load of shared memory passes by fuzz_answer(), which mostly lets it be,
 * and sometimes answers otherwise. So what is loaded twice may differ, and what made it differ is
 * in the input: each attack on a time of check replays. Where the ends meet the input is used up:
 * steps end, and loads are honest.
 *
 * Each input begins with the same machine. What a target brought up once (fuzz_target.start) stays;
 * all else is to be given back by the end of one(): allocations, pages, mappings, interrupts and
 * the control lock are counted.
 */
#ifndef PV_FUZZ_H
#define PV_FUZZ_H

#include <pv/fake.h>
#include <pv/log.h>
#include <pv/string.h>

#include "tests/plain/plain.h"

struct fuzz_target {
	const char *name;
	void (*start)(void); /* once; NULL */
	void (*one)(void);
	bool keeps; /* pages of a device that was not seen to end its reset stay lent, by design */
};

/* The table, in fuzz.c. */
extern const struct fuzz_target fuzz_vring, fuzz_virtio_blk, fuzz_virtio_net, fuzz_virtio_pci,
	fuzz_virtio_mmio, fuzz_acpi, fuzz_blkback, fuzz_netback, fuzz_xenstore, fuzz_xenbus,
	fuzz_events, fuzz_boot, fuzz_multiboot2, fuzz_cmdline, fuzz_pages;

/* --- the input -------------------------------------------------------------------------------- */

/* Bytes that are left between front and back. */
size_t fuzz_left(void);

/* From the front; zeroes where it is used up. */
uint8_t fuzz_u8(void);
uint16_t fuzz_u16(void);
uint32_t fuzz_u32(void);
uint64_t fuzz_u64(void);

/* Copies at most `n` bytes from the front, and no zeroes in their place; how many. */
size_t fuzz_bytes(void *buf, size_t n);

/* Below `n`. */
static inline unsigned int fuzz_below(unsigned int n)
{
	return fuzz_u8() % n;
}

/*
 * What a load of `size` bytes gives that finds `value`, by the back of the input: a byte below 0xc0
 * lets it and so many more be; another says how it is changed.
 */
uint64_t fuzz_answer(uint64_t value, unsigned int size);

/* Loads of shared memory pass by fuzz_answer(), or do not. */
void fuzz_shared(bool on);

#endif
