/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The walk over definition blocks: what a VMM writes, terms that have to be got past, and blocks
 * that lie about their lengths.
 *
 * Covers: pv-core/aml.c
 */
#include <kunit/test.h>

#include "fake_acpi.h"
#include "pv-core/acpi.h"

#define HID "LNRO0005"

struct seen {
	unsigned int n;
	struct pv_acpi_device dev[8];
};

static void see(const struct pv_acpi_device *dev, void *arg)
{
	struct seen *s = arg;

	if (s->n < PV_ARRAY_SIZE(s->dev))
		s->dev[s->n] = *dev;
	s->n++;
}

/* Memory32Fixed (ReadWrite, 0xfeb02e00, 0x200) Interrupt (Consumer, Level, High, Exclusive) {47} */
static const uint8_t microvm_crs[] = {0x86, 0x09, 0x00, 0x01, 0x00, 0x2e, 0xb0, 0xfe,
				      0x00, 0x02, 0x00, 0x00, 0x89, 0x06, 0x00, 0x01,
				      0x01, 0x2f, 0x00, 0x00, 0x00, 0x79, 0x00};

static struct fake_aml *aml_of(struct kunit *test)
{
	struct fake_aml *aml = kunit_kzalloc(test, sizeof(*aml), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, aml);
	fake_aml_bytes(aml, "DSDT                                ", 36);
	return aml;
}

/* The walk gets its own copy, of the exact length, so that an access beyond it is seen. */
static int walk(struct kunit *test, const struct fake_aml *aml, uint32_t len, struct seen *s)
{
	uint8_t *copy = kunit_kzalloc(test, len ? len : 1, GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, aml->b, len);
	memset(s, 0, sizeof(*s));
	err = pv_acpi_devices(copy, len, HID, see, s);
	kunit_kfree(test, copy);
	return err;
}

static void expect_microvm(struct kunit *test, const struct fake_aml *aml, unsigned int n)
{
	struct seen s;

	KUNIT_EXPECT_EQ(test, walk(test, aml, aml->len, &s), 0);
	KUNIT_ASSERT_EQ(test, s.n, n);
	KUNIT_EXPECT_TRUE(test, s.dev[n - 1].has_mem);
	KUNIT_EXPECT_EQ(test, s.dev[n - 1].mem_base, 0xfeb02e00);
	KUNIT_EXPECT_EQ(test, s.dev[n - 1].mem_len, 0x200);
	KUNIT_EXPECT_TRUE(test, s.dev[n - 1].has_gsi);
	KUNIT_EXPECT_EQ(test, s.dev[n - 1].gsi, 47);
	KUNIT_EXPECT_TRUE(test, s.dev[n - 1].level);
}

/*
 * As QEMU's microvm has it: a Scope, in it other devices with an OperationRegion, a Field, a Method
 * with an If, and the virtio devices, then a Scope with a Name.
 */
static void aml_microvm(struct kunit *test)
{
	struct fake_aml *aml = aml_of(test);
	uint32_t scope, device, method, field;

	fake_aml_byte(aml, 0x10);
	scope = fake_aml_begin(aml);
	fake_aml_text(aml, "_SB_");
	fake_aml_device(aml, "FWCF", "QEMU0002", "\x47\x01\x10\x05\x10\x05\x01\x0c\x79\x00", 10);
	fake_aml_text(aml, "[\x82");
	device = fake_aml_begin(aml);
	fake_aml_bytes(aml,
		       "GED_\x08_HID\x0d"
		       "ACPI0013\x00\x08_UID\x0dGED\x00",
		       29);
	fake_aml_bytes(aml,
		       "[\x80"
		       "EREG\x00\x0c\x00\x00\xa0\xfe\x0a\x04",
		       14);
	fake_aml_text(aml, "[\x81");
	field = fake_aml_begin(aml);
	fake_aml_text(aml, "EREGCESEL\x20");
	fake_aml_end(aml, field);
	fake_aml_byte(aml, 0x14);
	method = fake_aml_begin(aml);
	fake_aml_bytes(aml,
		       "_EVT\x09\x70"
		       "ESEL\x60\xa0\x10\x93\x7b\x60\x0a\x02\x00\x0a\x02\x86PWRB\x0a\x80",
		       28);
	fake_aml_end(aml, method);
	fake_aml_end(aml, device);
	fake_aml_device(aml, "VR23", HID, microvm_crs, sizeof(microvm_crs));
	fake_aml_device(aml, "VR22", HID, microvm_crs, sizeof(microvm_crs));
	fake_aml_end(aml, scope);
	fake_aml_bytes(aml, "\x10\x10\\\x00\x08_S5_\x12\x07\x04\x0a\x05\x00\x00\x00", 17);
	expect_microvm(test, aml, 2);
}

/* A term that stands before the device, at the top, in its Scope, or in the device itself. */
struct term_case {
	const char *what;
	uint8_t len;
	uint8_t bytes[40];
};

static const struct term_case term_cases[] = {
	{"name, qword", 14,
	 "\x08"
	 "ABCD\x0e\x01\x02\x03\x04\x05\x06\x07\x08"},
	{"name, ones and zero", 12,
	 "\x08"
	 "ABCD\xff\x08"
	 "ABCD\x00"},
	{"name, reference", 9,
	 "\x08"
	 "ABCDWXYZ"},
	{"alias with prefixes", 11, "\x06\\ABCD^WXYZ"},
	{"external, dual name", 12,
	 "\x15."
	 "ABCDEFGH\x08\x01"},
	{"multi name", 18,
	 "\x15\x2f\x03"
	 "ABCDEFGHIJKL\x08\x01\xa3"},
	{"null name", 3, "\x08\x00\x01"},
	{"mutex, event", 13,
	 "[\x01"
	 "MUTX\x0f[\x02"
	 "EVNT"},
	{"var package", 11,
	 "\x08"
	 "ABCD\x13\x05\x60\x01\x02"},
	{"empty scope", 6,
	 "\x10\x05"
	 "ABCD"},
	{"else without if", 2, "\xa1\x01"},
	{"while, skipped", 8, "\xa2\x07\x01\xfe\xfe\xfe\xfe\xfe"},
	{"if with a call", 12,
	 "\xa0\x0b\x93"
	 "FOOO\x0a\x01\x0a\x02\xa3"},
	{"if with unknown condition", 6, "\xa0\x05\x89\xfe\xfe\xfe"},
	{"call with arguments", 8, "FOOO\x0a\x01\x60\x01"},
	{"store of an index", 13,
	 "\x70\x88"
	 "ABCD\x0a\x02\x00WXYZ"},
	{"create field", 15,
	 "\x8a"
	 "ABCD\x0a\x04WXYZ[\x31\xa3\xa3"},
	{"unknown in a package", 9,
	 "\x10\x08"
	 "ABCD\xfe\xfe\xfe"},
	{"device that ends in a name", 11,
	 "[\x82\x09"
	 "XXXX\x08_ST"},
	{"thermal zone, processor", 10, "[\x85\x03\xfe\xfe[\x83\x03\xfe\xfe"},
};

static void term_name(const struct term_case *c, char *desc)
{
	strscpy(desc, c->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(term, term_cases, term_name);

static void aml_gets_past(struct kunit *test)
{
	const struct term_case *c = test->param_value;
	struct fake_aml *aml = aml_of(test);
	struct seen s;
	uint32_t scope;

	fake_aml_bytes(aml, c->bytes, c->len);
	fake_aml_byte(aml, 0x10);
	scope = fake_aml_begin(aml);
	fake_aml_text(aml, "\\_SB_");
	fake_aml_bytes(aml, c->bytes, c->len);
	fake_aml_device(aml, "VR00", HID, microvm_crs, sizeof(microvm_crs));
	fake_aml_bytes(aml, c->bytes, c->len);
	fake_aml_end(aml, scope);
	/* What is not known is not wrong; one of them is. */
	KUNIT_EXPECT_EQ(test, walk(test, aml, aml->len, &s),
			strcmp(c->what, "device that ends in a name") ? 0 : PV_EINVAL);
	KUNIT_ASSERT_EQ(test, s.n, 1);
	KUNIT_EXPECT_EQ(test, s.dev[0].gsi, 47);
}

/* The order of names in a device does not matter; nested devices do not share theirs. */
static void aml_device_contents(struct kunit *test)
{
	struct fake_aml *aml = aml_of(test);
	uint32_t outer, buffer, cond;
	struct seen s;

	fake_aml_text(aml, "[\x82");
	outer = fake_aml_begin(aml);
	fake_aml_text(aml, "BUS0");
	fake_aml_text(aml, "\x08_CRS\x11");
	buffer = fake_aml_begin(aml);
	fake_aml_text(aml, "\x0a\x1f"); /* says 31 bytes, has 23 */
	fake_aml_bytes(aml, microvm_crs, sizeof(microvm_crs));
	fake_aml_end(aml, buffer);
	fake_aml_device(aml, "NONE", "LNRO0006", microvm_crs, sizeof(microvm_crs));
	fake_aml_byte(aml, 0xa0); /* If (One) { Device ... } */
	cond = fake_aml_begin(aml);
	fake_aml_byte(aml, 0x01);
	fake_aml_device(aml, "SUB0", HID, "\x22\x08\x00\x79\x00", 5);
	fake_aml_end(aml, cond);
	fake_aml_bytes(aml, "\x08_HID\x0d" HID, 6 + sizeof(HID));
	fake_aml_bytes(aml, "\x10\x0c\\WXYZ\x08_STA\x00", 13); /* somebody else's */
	fake_aml_end(aml, outer);
	KUNIT_EXPECT_EQ(test, walk(test, aml, aml->len, &s), 0);
	KUNIT_ASSERT_EQ(test, s.n, 2);
	KUNIT_EXPECT_EQ(test, s.dev[0].gsi, 3);
	KUNIT_EXPECT_FALSE(test, s.dev[0].has_mem);
	KUNIT_EXPECT_EQ(test, s.dev[1].gsi, 47);
}

/* _STA without its lowest bit: the device is not there (6.3.7). A _HID must match as a whole. */
static void aml_absent(struct kunit *test)
{
	static const struct {
		const char *sta;
		uint32_t len;
		unsigned int n;
	} cases[] = {
		{"\x08_STA\x00", 6, 0},
		{"\x08_STA\x01", 6, 1},
		{"\x08_STA\x0a\x0e", 7, 0},
		{"\x08_STA\x0a\x0f", 7, 1},
		{"\x14\x09_STA\x00\xa4\x0a\x0f", 10, 1},
		{"\x08_STA\x0d\x00", 7, 1}, /* a text, which says nothing */
	};
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(cases); i++) {
		struct fake_aml *aml = aml_of(test);
		uint32_t device;
		struct seen s;

		fake_aml_text(aml, "[\x82");
		device = fake_aml_begin(aml);
		fake_aml_bytes(aml, "VR00\x08_HID\x0d" HID, 10 + sizeof(HID));
		fake_aml_bytes(aml, cases[i].sta, cases[i].len);
		fake_aml_end(aml, device);
		fake_aml_device(aml, "VR01", HID "0", microvm_crs, sizeof(microvm_crs));
		fake_aml_device(aml, "VR02", "LNRO000", microvm_crs, sizeof(microvm_crs));
		KUNIT_EXPECT_EQ(test, walk(test, aml, aml->len, &s), 0);
		KUNIT_EXPECT_EQ(test, s.n, cases[i].n);
	}
}

/* Every prefix of a block, and every byte of it replaced: no access beyond it, and an end. */
static void aml_hostile(struct kunit *test)
{
	static const uint8_t evil[] = {0x00, 0x0d, 0x10, 0x11, 0x2f, 0x3f,
				       0x5b, 0x7f, 0xa0, 0xcf, 0xff};
	struct fake_aml *aml = aml_of(test);
	struct seen s;
	uint32_t i, k;

	fake_aml_byte(aml, 0x10);
	i = fake_aml_begin(aml);
	fake_aml_text(aml, "_SB_");
	fake_aml_device(aml, "VR00", HID, microvm_crs, sizeof(microvm_crs));
	fake_aml_device(aml, "VR01", HID, microvm_crs, sizeof(microvm_crs));
	fake_aml_end(aml, i);
	for (i = 0; i < aml->len; i++) {
		KUNIT_EXPECT_EQ(test, walk(test, aml, i, &s), i == 36 ? 0 : PV_EINVAL);
		KUNIT_EXPECT_EQ(test, s.n, 0);
	}
	for (i = 36; i < aml->len; i++) {
		for (k = 0; k < PV_ARRAY_SIZE(evil); k++) {
			uint8_t good = aml->b[i];

			aml->b[i] = evil[k];
			(void)walk(test, aml, aml->len, &s);
			KUNIT_EXPECT_LE(test, s.n, 2);
			aml->b[i] = good;
		}
	}
}

/* A string that ends with the block, and not with its terminator. */
static void aml_unterminated(struct kunit *test)
{
	struct fake_aml *aml = aml_of(test);
	uint32_t device;
	struct seen s;

	fake_aml_text(aml, "[\x82");
	device = fake_aml_begin(aml);
	fake_aml_text(aml, "VR00\x08_HID\x0d" HID);
	fake_aml_end(aml, device);
	KUNIT_EXPECT_EQ(test, walk(test, aml, aml->len, &s), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, s.n, 0);
}

/* A malformed device does not take the ones behind it away. */
static void aml_malformed_sibling(struct kunit *test)
{
	struct fake_aml *aml = aml_of(test);
	struct seen s;

	fake_aml_device(aml, "BAD0", HID, "\x86\xff\xff\x00", 4);
	fake_aml_device(aml, "VR00", HID, microvm_crs, sizeof(microvm_crs));
	KUNIT_EXPECT_EQ(test, walk(test, aml, aml->len, &s), PV_EINVAL);
	KUNIT_ASSERT_EQ(test, s.n, 2);
	KUNIT_EXPECT_FALSE(test, s.dev[0].has_mem);
	KUNIT_EXPECT_EQ(test, s.dev[1].gsi, 47);
}

/* Nesting without end: packages in packages, and expressions in expressions. */
static void aml_deep(struct kunit *test)
{
	struct fake_aml *aml = aml_of(test);
	uint32_t start[100];
	struct seen s;
	uint32_t i;

	for (i = 0; i < PV_ARRAY_SIZE(start); i++) {
		fake_aml_byte(aml, 0x10);
		start[i] = fake_aml_begin(aml);
		fake_aml_text(aml, "_SB_");
	}
	fake_aml_device(aml, "VR00", HID, microvm_crs, sizeof(microvm_crs));
	while (i--)
		fake_aml_end(aml, start[i]);
	KUNIT_EXPECT_EQ(test, walk(test, aml, aml->len, &s), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, s.n, 0);

	aml->len = 36;
	for (i = 0; i < 1000; i++)
		fake_aml_byte(aml, 0x92);
	fake_aml_byte(aml, 0x01);
	KUNIT_EXPECT_EQ(test, walk(test, aml, aml->len, &s), PV_EINVAL);
}

/* A device whose last byte is the table's: nothing behind it is looked at. */
static void aml_cut_in_device(struct kunit *test)
{
	static const struct {
		uint8_t len;
		uint8_t bytes[12];
	} last[] = {
		{5, "\x08_CRS"},	     /* no value */
		{7, "\x08_CRS\x11\x01"},     /* a buffer without a size */
		{8, "\x08_CRS\x11\x02\x0a"}, /* and with a part of one */
		{8, "\x08_CRS\x11\x02\x0c"},
		{6, "\x08\x31XYZ\x00"}, /* a name that begins with a digit */
	};
	struct seen s;
	uint32_t i, device;

	for (i = 0; i < PV_ARRAY_SIZE(last); i++) {
		struct fake_aml *aml = aml_of(test);

		fake_aml_text(aml, "[\x82");
		device = fake_aml_begin(aml);
		fake_aml_text(aml, "VR00");
		fake_aml_bytes(aml, last[i].bytes, last[i].len);
		fake_aml_end(aml, device);
		KUNIT_EXPECT_EQ(test, walk(test, aml, aml->len, &s), PV_EINVAL);
	}
}

static struct kunit_case aml_cases[] = {
	KUNIT_CASE(aml_microvm),	   KUNIT_CASE_PARAM(aml_gets_past, term_gen_params),
	KUNIT_CASE(aml_device_contents),   KUNIT_CASE(aml_absent),
	KUNIT_CASE(aml_hostile),	   KUNIT_CASE(aml_unterminated),
	KUNIT_CASE(aml_malformed_sibling), KUNIT_CASE(aml_deep),
	KUNIT_CASE(aml_cut_in_device),	   {},
};

static struct kunit_suite aml_suite = {
	.name = "aml",
	.test_cases = aml_cases,
};

kunit_test_suite(aml_suite);
