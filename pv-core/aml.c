/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A walk over an ACPI definition block (ACPI 6.4, 20.2): finds Device objects and reads the
 * constant ones among their _HID, _STA and _CRS.
 *
 * AML is a list of terms, each an opcode with operands; the ones that hold further terms begin with
 * the length of the whole package. Nothing is evaluated: a table says which operands an opcode has,
 * so that the walk gets past it. Where that fails (an opcode that is not in the table, an operand
 * beyond the end), the rest of the enclosing package is left out, and the walk goes on behind it.
 * The arguments of a method call cannot be told apart from the terms that follow, and need not be:
 * they are stepped over as terms.
 *
 * Both branches of an If are entered, since the condition is not known: whoever uses a device that
 * was found here looks at its registers first.
 *
 * Bounds: every operand is checked against the end of its package, each package against the one
 * around it, and nesting against AML_DEPTH. Each step takes at least one byte, so the walk is
 * linear.
 */
#include "pv-core/acpi.h"

#include "pv-core/le.h"

#define AML_HEADER 36 /* 5.2.11.1: a definition block begins like every table */
#define AML_DEPTH  24

enum {
	OP_NAME = 0x08,
	OP_BYTE = 0x0a,
	OP_WORD = 0x0b,
	OP_DWORD = 0x0c,
	OP_STRING = 0x0d,
	OP_QWORD = 0x0e,
	OP_SCOPE = 0x10,
	OP_BUFFER = 0x11,
	OP_EXT = 0x5b,
	OP_IF = 0xa0,
	OP_ELSE = 0xa1,
	OP_EXT_DEVICE = 0x82
};

/*
 * The operands of each opcode: n a name, t a term (data, expression, name), b w d q constants of 1,
 * 2, 4 and 8 bytes, s a string, P a package, stepped over as a whole. [20.2.3, 20.2.5]
 */
struct op {
	uint8_t op;
	char operands[5];
};

static const struct op ops[] = {
	{0x00, ""},	{0x01, ""},    {0x06, "nn"},  {0x0a, "b"},   {0x0b, "w"},   {0x0c, "d"},
	{0x0d, "s"},	{0x0e, "q"},   {0x11, "P"},   {0x12, "P"},   {0x13, "P"},   {0x14, "P"},
	{0x15, "nbb"},	{0x60, ""},    {0x61, ""},    {0x62, ""},    {0x63, ""},    {0x64, ""},
	{0x65, ""},	{0x66, ""},    {0x67, ""},    {0x68, ""},    {0x69, ""},    {0x6a, ""},
	{0x6b, ""},	{0x6c, ""},    {0x6d, ""},    {0x6e, ""},    {0x70, "tt"},  {0x71, "t"},
	{0x72, "ttt"},	{0x73, "ttt"}, {0x74, "ttt"}, {0x75, "t"},   {0x76, "t"},   {0x77, "ttt"},
	{0x78, "tttt"}, {0x79, "ttt"}, {0x7a, "ttt"}, {0x7b, "ttt"}, {0x7c, "ttt"}, {0x7d, "ttt"},
	{0x7e, "ttt"},	{0x7f, "ttt"}, {0x80, "tt"},  {0x81, "tt"},  {0x82, "tt"},  {0x83, "t"},
	{0x84, "ttt"},	{0x85, "ttt"}, {0x86, "tt"},  {0x87, "t"},   {0x88, "ttt"}, {0x8a, "ttn"},
	{0x8b, "ttn"},	{0x8c, "ttn"}, {0x8d, "ttn"}, {0x8e, "t"},   {0x8f, "ttn"}, {0x90, "tt"},
	{0x91, "tt"},	{0x92, "t"},   {0x93, "tt"},  {0x94, "tt"},  {0x95, "tt"},  {0x96, "tt"},
	{0x97, "tt"},	{0x98, "tt"},  {0x99, "tt"},  {0x9c, "ttt"}, {0x9d, "tt"},  {0x9e, "tttt"},
	{0xa2, "P"},	{0xa3, ""},    {0xa4, "t"},   {0xff, ""},
};

static const struct op ext_ops[] = {
	{0x01, "nb"}, {0x02, "n"}, {0x12, "tt"},   {0x13, "tttn"}, {0x20, "nt"},
	{0x21, "t"},  {0x22, "t"}, {0x23, "tw"},   {0x24, "t"},	   {0x25, "tt"},
	{0x26, "t"},  {0x27, "t"}, {0x28, "tt"},   {0x29, "tt"},   {0x30, ""},
	{0x31, ""},   {0x33, ""},  {0x80, "nbtt"}, {0x81, "P"},	   {0x83, "P"},
	{0x84, "P"},  {0x85, "P"}, {0x86, "P"},	   {0x87, "P"},	   {0x88, "nttt"},
};

struct cursor {
	const uint8_t *p;
	const uint8_t *end;
};

struct walk {
	const char *hid;
	void (*fn)(const struct pv_acpi_device *dev, void *arg);
	void *arg;
	bool malformed; /* somewhere; the walk went on behind that package */
};

/* What is known of the device whose package is being walked. */
struct found {
	struct pv_acpi_device dev;
	bool hid_matches;
	bool absent; /* _STA says so */
};

static size_t left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

static int advance(struct cursor *c, size_t n)
{
	if (n > left(c))
		return PV_EINVAL;
	c->p += n;
	return 0;
}

/* 20.2.4: PkgLength counts itself. `c` is moved behind the package, `*body` is what is in it. */
static int package(struct cursor *c, struct cursor *body)
{
	const uint8_t *start = c->p;
	unsigned int follow;
	unsigned int i;
	size_t len;

	if (!left(c))
		return PV_EINVAL;
	follow = start[0] >> 6;
	if (left(c) < 1 + follow)
		return PV_EINVAL;
	len = follow ? start[0] & 0x0f : start[0] & 0x3f;
	for (i = 0; i < follow; i++)
		len |= (size_t)start[1 + i] << (4 + 8 * i);
	if (len < 1 + follow || len > left(c))
		return PV_EINVAL;
	body->p = start + 1 + follow;
	body->end = start + len;
	c->p = body->end;
	return 0;
}

static bool is_name(uint8_t b)
{
	return (b >= 'A' && b <= 'Z') || b == '_' || b == '\\' || b == '^' || b == 0x2e ||
	       b == 0x2f;
}

/* 20.2.2: `*seg` is the name if it is a single segment of four characters, else NULL. */
static int name(struct cursor *c, const uint8_t **seg)
{
	bool plain = true;

	*seg = NULL;
	while (left(c) && (c->p[0] == '\\' || c->p[0] == '^')) {
		c->p++;
		plain = false;
	}
	if (!left(c))
		return PV_EINVAL;
	switch (c->p[0]) {
	case 0x00:
		return advance(c, 1);
	case 0x2e:
		return advance(c, 9);
	case 0x2f:
		return left(c) < 2 ? PV_EINVAL : advance(c, 2 + 4 * (size_t)c->p[1]);
	default:
		if (!is_name(c->p[0]))
			return PV_EINVAL;
		*seg = plain ? c->p : NULL;
		return advance(c, 4);
	}
}

static int string(struct cursor *c)
{
	while (left(c))
		if (*c->p++ == 0)
			return 0;
	return PV_EINVAL;
}

static const char *operands_of(const struct op *table, size_t n, uint8_t op)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (table[i].op == op)
			return table[i].operands;
	return NULL;
}

/* Steps over one term. PV_ENOTSUP: an opcode that is not in the tables. */
static int skip(struct cursor *c, unsigned int depth)
{
	const char *operands;
	const uint8_t *seg;
	struct cursor body;
	int err = 0;

	if (!left(c) || !depth)
		return PV_EINVAL;
	if (is_name(c->p[0]))
		return name(c, &seg);
	if (c->p[0] == OP_EXT) {
		if (left(c) < 2)
			return PV_EINVAL;
		operands = operands_of(ext_ops, PV_ARRAY_SIZE(ext_ops), c->p[1]);
		c->p++;
	} else {
		operands = operands_of(ops, PV_ARRAY_SIZE(ops), c->p[0]);
	}
	if (!operands)
		return PV_ENOTSUP;
	c->p++;
	for (; *operands && !err; operands++) {
		switch (*operands) {
		case 'n':
			err = name(c, &seg);
			break;
		case 't':
			err = skip(c, depth - 1);
			break;
		case 's':
			err = string(c);
			break;
		case 'P':
			err = package(c, &body);
			break;
		default:
			err = advance(c, *operands == 'b'   ? 1
					 : *operands == 'w' ? 2
					 : *operands == 'd' ? 4
							    : 8);
			break;
		}
	}
	return err;
}

/* 20.2.3: an integer constant. False, and `c` where it was, if it is something else. */
static bool integer(struct cursor *c, uint64_t *v)
{
	static const uint8_t size[] = {
		[OP_BYTE] = 1, [OP_WORD] = 2, [OP_DWORD] = 4, [OP_QWORD] = 8};
	size_t n;

	if (!left(c))
		return false;
	if (c->p[0] <= 1 || c->p[0] == 0xff) {
		*v = c->p[0] == 0xff ? ~0ull : c->p[0];
		c->p++;
		return true;
	}
	n = c->p[0] < sizeof(size) ? size[c->p[0]] : 0;
	if (!n || left(c) < 1 + n)
		return false;
	*v = 0;
	pv_memcpy(v, c->p + 1, n);
	c->p += 1 + n;
	return true;
}

/* The value of a Name within a device; `c` is a copy. Other than constants it is not looked at. */
static int device_name(const struct walk *w, struct found *f, const uint8_t *seg, struct cursor c)
{
	struct cursor body;
	uint64_t v;
	size_t n;

	if (!left(&c))
		return PV_EINVAL;
	if (!pv_memcmp(seg, "_HID", 4) && c.p[0] == OP_STRING) {
		n = pv_strlen(w->hid) + 1;
		f->hid_matches = left(&c) > n && !pv_memcmp(c.p + 1, w->hid, n);
	} else if (!pv_memcmp(seg, "_STA", 4) && integer(&c, &v)) {
		f->absent = !(v & 1); /* 6.3.7 */
	} else if (!pv_memcmp(seg, "_CRS", 4) && c.p[0] == OP_BUFFER) {
		c.p++;
		if (package(&c, &body) || !integer(&body, &v))
			return PV_EINVAL;
		return pv_acpi_crs(body.p, v < left(&body) ? (size_t)v : left(&body), &f->dev);
	}
	return 0;
}

static void list(struct walk *w, struct cursor c, struct found *f, unsigned int depth);

/* A package of terms: Scope and Device begin with a name, If with its condition. */
static int open(struct walk *w, struct cursor *c, struct found *f, unsigned int depth)
{
	struct found inner = {0};
	struct cursor body;
	const uint8_t *seg;
	uint8_t op = c->p[0];
	int err;

	c->p += op == OP_EXT ? 2 : 1;
	err = package(c, &body);
	if (!err && (op == OP_SCOPE || op == OP_EXT))
		err = name(&body, &seg);
	if (!err && op == OP_IF)
		err = skip(&body, depth);
	if (err)
		return err == PV_ENOTSUP ? 0 : err;
	if (op == OP_EXT) {
		list(w, body, &inner, depth - 1);
		if (inner.hid_matches && !inner.absent)
			w->fn(&inner.dev, w->arg);
	} else {
		list(w, body, op == OP_SCOPE ? NULL : f, depth - 1);
	}
	return 0;
}

static void list(struct walk *w, struct cursor c, struct found *f, unsigned int depth)
{
	const uint8_t *seg;
	int err = depth ? 0 : PV_EINVAL;

	while (left(&c) && !err) {
		uint8_t op = c.p[0];

		if (op == OP_SCOPE || op == OP_IF || op == OP_ELSE ||
		    (op == OP_EXT && left(&c) > 1 && c.p[1] == OP_EXT_DEVICE)) {
			err = open(w, &c, f, depth);
		} else if (op == OP_NAME) {
			c.p++;
			err = name(&c, &seg);
			if (!err && seg && f)
				err = device_name(w, f, seg, c);
			if (!err)
				err = skip(&c, depth);
		} else {
			err = skip(&c, depth);
		}
	}
	if (err && err != PV_ENOTSUP)
		w->malformed = true;
}

int pv_acpi_devices(const void *aml, size_t len, const char *hid,
		    void (*fn)(const struct pv_acpi_device *dev, void *arg), void *arg)
{
	struct walk w = {.hid = hid, .fn = fn, .arg = arg};
	struct cursor c = {aml, (const uint8_t *)aml + len};

	if (advance(&c, AML_HEADER))
		return PV_EINVAL;
	list(&w, c, NULL, AML_DEPTH);
	return w.malformed ? PV_EINVAL : 0;
}
