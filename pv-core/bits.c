/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <pv/bits.h>
#include <pv/string.h>

struct out {
	char *buf;
	size_t size;
	size_t len; /* of the text so far, written or not */
};

static void put(struct out *o, const char *text)
{
	for (; *text; text++) {
		if (o->len + 1 < o->size)
			o->buf[o->len] = *text;
		o->len++;
	}
}

static const char *name_of(const struct pv_bit_name *names, unsigned int bit)
{
	for (; names && names->name; names++)
		if (names->bit == bit)
			return names->name;
	return NULL;
}

/* "bitN", where there is no name. */
static const char *number(char text[6], unsigned int bit)
{
	char *p = text + 3;

	pv_memcpy(text, "bit", 3);
	if (bit >= 10)
		*p++ = (char)('0' + bit / 10);
	*p++ = (char)('0' + bit % 10);
	*p = '\0';
	return text;
}

int pv_bits_format(char *buf, size_t size, uint64_t word, const struct pv_bit_name *names,
		   const char *prefix)
{
	struct out o = {buf, size, 0};
	char text[6];

	for (; word; word &= word - 1) {
		unsigned int bit = (unsigned int)__builtin_ctzll(word);
		const char *name = name_of(names, bit);

		if (o.len)
			put(&o, " ");
		put(&o, prefix);
		put(&o, name ? name : number(text, bit));
	}
	if (size)
		buf[o.len < size ? o.len : size - 1] = '\0';
	return (int)o.len;
}
