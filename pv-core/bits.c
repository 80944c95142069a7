/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <pv/bits.h>
#include <pv/log.h>

static const char *name_of(const struct pv_bit_name *names, unsigned int bit)
{
	for (; names && names->name; names++)
		if (names->bit == bit)
			return names->name;
	return NULL;
}

int pv_bits_format(char *buf, size_t size, uint64_t word, const struct pv_bit_name *names,
		   const char *prefix)
{
	unsigned int bit;
	size_t len = 0;

	if (size)
		buf[0] = '\0';
	for (bit = 0; bit < 64; bit++) {
		const char *space = len ? " " : "", *name = name_of(names, bit);
		bool room = len < size;

		if (!(word >> bit & 1))
			continue;
		if (name)
			len += (size_t)pv_snprintf(room ? buf + len : NULL, room ? size - len : 0,
						   "%s%s%s", space, prefix, name);
		else
			len += (size_t)pv_snprintf(room ? buf + len : NULL, room ? size - len : 0,
						   "%s%sbit%u", space, prefix, bit);
	}
	return (int)len;
}
