/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * drivers/netfront/netfront_csum.c: where the checksum is, for headers good and bad, of any length;
 * and that no byte beyond what is there is looked at.
 *
 * Covers: drivers/netfront/netfront_csum.c
 */
#include <pv/string.h>

#include "drivers/netfront/netfront.h"
#include <kunit/test.h>

#define V4(type, version, fragment, proto)                                                         \
	[12] = (type) >> 8, [13] = (type)&255, [14] = version, [20] = (fragment) >> 8,             \
	[21] = (fragment)&255, [23] = proto
#define V6(version, next) [12] = 0x86, [13] = 0xdd, [14] = version, [20] = next

static const struct header {
	const char *name;
	uint8_t frame[128];
	unsigned int start, offset; /* start 0: not to be found */
	bool v6;
} headers[] = {
	{"v4 TCP", {V4(0x800, 0x45, 0, 6)}, 34, 16, false},
	{"v4 UDP", {V4(0x800, 0x45, 0, 17)}, 34, 6, false},
	{"v4 UDP, DF", {V4(0x800, 0x45, 0x4000, 17)}, 34, 6, false},
	{"v4 TCP, options", {V4(0x800, 0x4f, 0, 6)}, 74, 16, false},
	{"v4, header too short", {V4(0x800, 0x44, 0, 6)}, 0, 0, false},
	{"v4, no header", {V4(0x800, 0x40, 0, 6)}, 0, 0, false},
	{"v4, first fragment", {V4(0x800, 0x45, 0x2000, 6)}, 0, 0, false},
	{"v4, last fragment", {V4(0x800, 0x45, 0x0001, 6)}, 0, 0, false},
	{"v4 ICMP", {V4(0x800, 0x45, 0, 1)}, 0, 0, false},
	{"v4, version", {V4(0x800, 0x65, 0, 6)}, 0, 0, false},
	{"ARP", {V4(0x806, 0x45, 0, 6)}, 0, 0, false},
	{"VLAN", {V4(0x8100, 0x45, 0, 6)}, 0, 0, false},
	{"v6 TCP", {V6(0x60, 6)}, 54, 16, true},
	{"v6 UDP", {V6(0x60, 17)}, 54, 6, true},
	{"v6, version", {V6(0x45, 6)}, 0, 0, true},
	{"v6 ICMP", {V6(0x60, 58)}, 0, 0, true},
	{"v6, hop by hop", {V6(0x60, 0), [54] = 6, [55] = 1}, 70, 16, true},
	{"v6, three headers",
	 {V6(0x60, 0), [54] = 43, [62] = 60, [70] = 17, [71] = 1},
	 86,
	 6,
	 true},
	{"v6, authentication", {V6(0x60, 51), [54] = 6, [55] = 4}, 78, 16, true},
	{"v6, fragment", {V6(0x60, 44), [54] = 6}, 0, 0, true},
	{"v6, none", {V6(0x60, 59)}, 0, 0, true},
	{"v6, options beyond", {V6(0x60, 60), [54] = 6, [55] = 255}, 0, 0, true},
	{"v6, options without end",
	 {V6(0x60, 60), [54] = 60, [62] = 60, [70] = 60, [78] = 60, [86] = 60, [94] = 60,
	  [102] = 60, [110] = 60, [118] = 60},
	 0,
	 0,
	 true},
};

static void header_name(const struct header *h, char *desc)
{
	strscpy(desc, h->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(header, headers, header_name);

/* At every length, in memory that ends there; and in two pieces, cut anywhere. */
static void found(struct kunit *test)
{
	const struct header *h = test->param_value;
	unsigned int len, cut, field = h->start + h->offset;
	uint16_t start, offset;
	struct pv_packet pkt;
	uint8_t *frame;
	bool v6, is;

	for (len = 1; len <= sizeof(h->frame); len++) {
		frame = kunit_kzalloc(test, len, GFP_KERNEL);
		pv_memcpy(frame, h->frame, len);
		is = pv_netfront_csum_find(frame, len, &start, &offset, &v6);
		KUNIT_ASSERT_EQ(test, is, h->start && len >= field + 2);
		if (is) {
			KUNIT_EXPECT_EQ(test, start, h->start);
			KUNIT_EXPECT_EQ(test, offset, h->offset);
			KUNIT_EXPECT_EQ(test, v6, h->v6);
		}
		kunit_kfree(test, frame);
	}
	for (cut = 1; cut < sizeof(h->frame); cut++) {
		pv_memset(&pkt, 0, sizeof(pkt));
		pkt.len = sizeof(h->frame);
		pkt.num_segs = 2;
		pkt.seg[0].va = (void *)h->frame;
		pkt.seg[0].len = cut;
		pkt.seg[1].va = (void *)(h->frame + cut);
		pkt.seg[1].len = pkt.len - cut;
		is = pv_netfront_csum_find_in(&pkt, &start, &offset, &v6);
		KUNIT_ASSERT_EQ(test, is, h->start != 0);
		if (is)
			KUNIT_EXPECT_EQ(test, start, h->start);
	}
}

/* RFC 1071, 3: the bytes 00 01 f2 03 f4 f5 f6 f7 come to ddf2. */
static void completed(struct kunit *test)
{
	static const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	unsigned int cut, odd;
	struct pv_packet pkt;
	uint8_t frame[32];

	for (odd = 0; odd < 2; odd++) {
		for (cut = 1; cut < 25 + odd; cut++) {
			pv_memset(frame, 0xaa, 15 + odd);
			pv_memset(frame + 15 + odd, 0, 2);
			pv_memcpy(frame + 17 + odd, data, sizeof(data));
			pv_memset(&pkt, 0, sizeof(pkt));
			pkt.len = 25 + odd;
			pkt.num_segs = 2;
			pkt.flags = PV_PACKET_CSUM_PARTIAL;
			pkt.csum_start = (uint16_t)(15 + odd);
			pkt.seg[0].va = frame;
			pkt.seg[0].len = cut;
			pkt.seg[1].va = frame + cut;
			pkt.seg[1].len = pkt.len - cut;
			pv_netfront_csum_complete(&pkt);
			KUNIT_EXPECT_EQ(test, frame[15 + odd], 0xff & ~0xdd);
			KUNIT_EXPECT_EQ(test, frame[16 + odd], 0xff & ~0xf2);
			KUNIT_EXPECT_EQ(test, pkt.flags, 0);
		}
	}
	/* A sum of 0 is written as its other form. */
	pv_memset(frame, 0xff, sizeof(frame));
	pkt.flags = PV_PACKET_CSUM_PARTIAL;
	pkt.csum_start = 14;
	pkt.len = 16;
	pkt.seg[0].len = 16;
	pkt.num_segs = 1;
	pv_netfront_csum_complete(&pkt);
	KUNIT_EXPECT_EQ(test, frame[14], 0xff);
	KUNIT_EXPECT_EQ(test, frame[15], 0xff);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(found, header_gen_params),
	KUNIT_CASE(completed),
	{},
};

static struct kunit_suite suite = {
	.name = "netfront_csum",
	.test_cases = cases,
};

kunit_test_suite(suite);
