/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Words of the kernel's command line.
 */
#include <pv/boot.h>
#include <pv/err.h>
#include <pv/string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The last `key` or `key=value`: what follows "=", or the word's end. NULL if there is none. */
static const char *find(const char *cmdline, const char *key, size_t *len)
{
	size_t n = pv_strlen(key);
	const char *found = NULL, *word;

	while (*cmdline) {
		while (is_space(*cmdline))
			cmdline++;
		word = cmdline;
		while (*cmdline && !is_space(*cmdline))
			cmdline++;
		if ((size_t)(cmdline - word) < n || pv_memcmp(word, key, n))
			continue;
		word += n;
		if (word == cmdline)
			found = word;
		else if (*word == '=')
			found = ++word;
		else
			continue;
		*len = (size_t)(cmdline - word);
	}
	return n ? found : NULL;
}

int pv_cmdline_get(const char *cmdline, const char *key, char *buf, size_t size)
{
	size_t len = 0;
	const char *value = find(cmdline, key, &len);

	if (!value)
		return PV_ENOENT;
	if (len >= size)
		return PV_ERANGE;
	pv_memcpy(buf, value, len);
	buf[len] = '\0';
	return (int)len;
}

/* 99 for what is none, in any base. */
static unsigned int digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a') + 10 : 99;
}

static unsigned int unit_shift(char c)
{
	switch (c | 0x20) {
	case 'k':
		return 10;
	case 'm':
		return 20;
	case 'g':
		return 30;
	}
	return 0;
}

int pv_cmdline_get_u64(const char *cmdline, const char *key, uint64_t *value)
{
	unsigned int base = 10, digits = 0, shift;
	size_t len = 0;
	const char *c = find(cmdline, key, &len), *end;
	uint64_t v = 0;

	if (!c)
		return PV_ENOENT;
	end = c + len;
	if (len > 2 && c[0] == '0' && (c[1] | 0x20) == 'x') {
		base = 16;
		c += 2;
	} else if (len > 1 && c[0] == '0') {
		base = 8;
	}
	for (; c < end && digit(*c) < base; c++, digits++)
		if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit(*c), &v))
			return PV_EINVAL;
	if (!digits)
		return PV_EINVAL;
	if (c < end) {
		shift = unit_shift(*c++);
		if (!shift || v << shift >> shift != v)
			return PV_EINVAL;
		v <<= shift;
	}
	if (c != end)
		return PV_EINVAL;
	*value = v;
	return 0;
}
