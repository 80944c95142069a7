/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Names for the bits of a feature word, and their printing.
 */
#ifndef PV_BITS_H
#define PV_BITS_H

#include <pv/types.h>

PV_BEGIN_DECLS

/* One named bit. A table of them ends with a NULL name. */
struct pv_bit_name {
	unsigned int bit; /* 0 to 63 */
	const char *name;
};

/*
 * Writes the names of the set bits of `word`, lowest first, separated by spaces, to `buf`, always
 * terminated; "bitN" where the table has none. `prefix` goes before each.
 * The length that the whole text has, as snprintf. Context: any.
 */
int pv_bits_format(char *buf, size_t size, uint64_t word, const struct pv_bit_name *names,
		   const char *prefix);

PV_END_DECLS

#endif
