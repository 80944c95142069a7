/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The formatter behind pv_snprintf() and pv_log().
 *
 * It walks the format once. What it writes beyond the buffer is counted and dropped, so that the
 * length of the whole text is known in the end. A conversion that it does not know is copied as it
 * stands; the compiler's format check has it rejected before.
 */
#include <pv/log.h>
#include <pv/string.h>

#define LINE_MAX 256 /* of pv_os_log(), with the terminator */

struct out {
	char *buf;
	size_t size;
	size_t len; /* of the text so far, written or not */
};

struct spec {
	bool left, zero;
	int width;
	int precision; /* -1: none */
	int longs;     /* 1: long or size_t, 2: long long */
	int halves;    /* 1: short, 2: char */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_run(struct out *o, const char *text, size_t n)
{
	size_t room = o->len < o->size ? o->size - o->len - 1 : 0;

	if (room)
		pv_memcpy(o->buf + o->len, text, n < room ? n : room);
	o->len += n;
}

static void pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_text(struct out *o, const struct spec *s, const char *text)
{
	int n = 0;

	while ((s->precision < 0 || n < s->precision) && text[n])
		n++;
	if (!s->left)
		pad(o, ' ', s->width - n);
	put_run(o, text, (size_t)n);
	if (s->left)
		pad(o, ' ', s->width - n);
}

static void put_number(struct out *o, const struct spec *s, const char *sign,
		       unsigned long long value, unsigned int base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24];
	int n = 0, width = s->width;
	const char *c;

	do {
		text[n++] = digits[value % base];
		value /= base;
	} while (value);
	width -= n + (int)pv_strlen(sign);
	if (!s->left && !s->zero)
		pad(o, ' ', width);
	for (c = sign; *c; c++)
		put(o, *c);
	if (!s->left && s->zero)
		pad(o, '0', width);
	while (n)
		put(o, text[--n]);
	if (s->left)
		pad(o, ' ', width);
}

static const char *digits_of(const char *f, int *value)
{
	*value = 0;
	for (; *f >= '0' && *f <= '9'; f++)
		if (*value < 10000)
			*value = *value * 10 + (*f - '0');
	return f;
}

/* Everything between '%' and the conversion. */
static const char *parse(const char *f, struct spec *s)
{
	pv_memset(s, 0, sizeof(*s));
	s->precision = -1;
	for (;; f++) {
		if (*f == '-')
			s->left = true;
		else if (*f == '0')
			s->zero = true;
		else
			break;
	}
	f = digits_of(f, &s->width);
	if (*f == '.')
		f = digits_of(f + 1, &s->precision);
	for (;; f++) {
		if (*f == 'l')
			s->longs++;
		else if (*f == 'z')
			s->longs = 1;
		else if (*f == 'h')
			s->halves++;
		else
			break;
	}
	return f;
}

/*
 * Through a pointer, since a va_list may be an array. By the names of the compiler, since kernels
 * do not agree on the header.
 */
struct args {
	__builtin_va_list ap;
};

static long long signed_arg(const struct spec *s, struct args *a)
{
	int v;

	if (s->longs > 1)
		return __builtin_va_arg(a->ap, long long);
	if (s->longs == 1)
		return __builtin_va_arg(a->ap, long);
	v = __builtin_va_arg(a->ap, int);
	return s->halves > 1 ? (signed char)v : s->halves == 1 ? (short)v : v;
}

static unsigned long long unsigned_arg(const struct spec *s, struct args *a)
{
	unsigned int v;

	if (s->longs > 1)
		return __builtin_va_arg(a->ap, unsigned long long);
	if (s->longs == 1)
		return __builtin_va_arg(a->ap, unsigned long);
	v = __builtin_va_arg(a->ap, unsigned int);
	return s->halves > 1 ? (unsigned char)v : s->halves == 1 ? (unsigned short)v : v;
}

static void convert(struct out *o, const struct spec *s, char conversion, struct args *a)
{
	char one[2] = {0, 0};
	const char *text;
	long long v;

	switch (conversion) {
	case 's':
		text = __builtin_va_arg(a->ap, const char *);
		put_text(o, s, text ? text : "(null)");
		return;
	case 'c':
		one[0] = (char)__builtin_va_arg(a->ap, int);
		if (one[0])
			put_text(o, s, one);
		else
			put(o, '\0');
		return;
	case 'd':
	case 'i':
		v = signed_arg(s, a);
		if (v < 0)
			put_number(o, s, "-", 0 - (unsigned long long)v, 10, false);
		else
			put_number(o, s, "", (unsigned long long)v, 10, false);
		return;
	case 'u':
		put_number(o, s, "", unsigned_arg(s, a), 10, false);
		return;
	case 'x':
	case 'X':
		put_number(o, s, "", unsigned_arg(s, a), 16, conversion == 'X');
		return;
	case 'p':
		put_number(o, s, "0x", (unsigned long)__builtin_va_arg(a->ap, void *), 16, false);
		return;
	default:
		put(o, '%');
		if (conversion && conversion != '%')
			put(o, conversion);
	}
}

static int format(char *buf, size_t size, const char *f, struct args *a)
{
	struct out o = {buf, size, 0};
	const char *run, *text;
	struct spec s;

	while (*f) {
		for (run = f; *f && *f != '%'; f++)
			;
		put_run(&o, run, (size_t)(f - run));
		if (!*f)
			break;
		if (f[1] == 's') { /* as most are: nothing to parse */
			text = __builtin_va_arg(a->ap, const char *);
			text = text ? text : "(null)";
			put_run(&o, text, pv_strlen(text));
			f += 2;
			continue;
		}
		f = parse(f + 1, &s);
		convert(&o, &s, *f, a);
		if (*f)
			f++;
	}
	if (size)
		buf[o.len < size ? o.len : size - 1] = '\0';
	return (int)o.len;
}

int pv_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	struct args a;
	int n;

	__builtin_va_start(a.ap, fmt);
	n = format(buf, size, fmt, &a);
	__builtin_va_end(a.ap);
	return n;
}

int pv_vsnprintf(char *buf, size_t size, const char *fmt, __builtin_va_list ap)
{
	struct args a;
	int n;

	__builtin_va_copy(a.ap, ap);
	n = format(buf, size, fmt, &a);
	__builtin_va_end(a.ap);
	return n;
}

/*
 * Texts of others' (a command line's, a store's) are in it, too, and are to be part of no other
 * line.
 */
static void one_line(char *c)
{
	for (; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

void pv_log(enum pv_log_level level, const char *fmt, ...)
{
	char line[LINE_MAX];
	struct args a;

	__builtin_va_start(a.ap, fmt);
	format(line, sizeof(line), fmt, &a);
	__builtin_va_end(a.ap);
	one_line(line);
	pv_os_log(level, line);
}
