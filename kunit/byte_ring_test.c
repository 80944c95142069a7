/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * pv-core/xen/byte_ring.c, as the store and the console use it: offsets that wrap, and offsets that
 * lie.
 *
 * Covers: pv-core/xen/byte_ring.c
 */
#include <kunit/test.h>
#include <pv/err.h>
#include <pv/fake.h>
#include <pv/string.h>

#include "pv-core/xen/cons_ring.h"
#include "pv-core/xen/xs_ring.h"

/* Where the stream stands when a case begins; wrapping at 2^32 among them. */
static const uint32_t starts[] = {0, 1, 1023, 1024, 0x7ffffff0, 0xffffffff, 0xfffffff0, 0xfffffc00};

KUNIT_ARRAY_PARAM(start, starts, NULL);

static uint32_t start_of(struct kunit *test)
{
	return *(const uint32_t *)test->param_value;
}

/* --- xenstore's ------------------------------------------------------------------------------- */

static struct xenstore_domain_interface page;
static struct pv_xs_ring ring;

static void set_up(struct kunit *test, uint32_t at)
{
	pv_memset(&page, 0x5a, sizeof(page));
	page.req_prod = page.req_cons = at;
	page.rsp_prod = page.rsp_cons = at + 77;
	KUNIT_ASSERT_EQ(test, pv_xs_ring_adopt(&ring, &page), 0);
}

static char pattern(uint32_t i)
{
	return (char)(i * 7 + i / 256);
}

/* The server takes `n` bytes, which are `pattern` from `from` on. */
static bool server_takes(uint32_t n, uint32_t from)
{
	for (; n; n--, page.req_cons++)
		if (page.req[page.req_cons % 1024] != pattern(from++))
			return false;
	return true;
}

static void server_puts(uint32_t n, uint32_t from)
{
	for (; n; n--, page.rsp_prod++)
		page.rsp[page.rsp_prod % 1024] = pattern(from++);
}

static void store_carries(struct kunit *test)
{
	uint32_t sent = 0, got = 0, i, n, want;
	static char buf[2000];

	set_up(test, start_of(test));
	for (i = 1; i < 200; i++) {
		want = (i * 37) % 900;
		for (n = 0; n < want; n++)
			buf[n] = pattern(sent + n);
		KUNIT_ASSERT_EQ(test, pv_byte_ring_put(&ring.req, buf, want), (int)want);
		KUNIT_ASSERT_EQ(test, page.req_prod - page.req_cons, want);
		KUNIT_ASSERT_TRUE(test, server_takes(want, sent));
		sent += want;
		server_puts(want, got);
		KUNIT_ASSERT_EQ(test, pv_byte_ring_get(&ring.rsp, buf, sizeof(buf)), (int)want);
		for (n = 0; n < want; n++)
			KUNIT_ASSERT_EQ(test, buf[n], pattern(got + n));
		got += want;
		KUNIT_ASSERT_EQ(test, page.rsp_cons, page.rsp_prod);
	}
}

static void store_fills_up(struct kunit *test)
{
	static char buf[1500];
	uint32_t i;

	set_up(test, start_of(test));
	for (i = 0; i < sizeof(buf); i++)
		buf[i] = pattern(i);
	KUNIT_EXPECT_EQ(test, pv_byte_ring_put(&ring.req, buf, 1000), 1000);
	KUNIT_EXPECT_EQ(test, pv_byte_ring_put(&ring.req, buf + 1000, 500), 24);
	KUNIT_EXPECT_EQ(test, pv_byte_ring_put(&ring.req, buf + 1024, 1), 0);
	KUNIT_EXPECT_EQ(test, pv_byte_ring_unread(&ring.req), 1024);
	KUNIT_EXPECT_TRUE(test, server_takes(10, 0));
	KUNIT_EXPECT_EQ(test, pv_byte_ring_put(&ring.req, buf + 1024, 476), 10);
	KUNIT_EXPECT_TRUE(test, server_takes(1024, 10));
	KUNIT_EXPECT_EQ(test, pv_byte_ring_unread(&ring.req), 0);

	server_puts(1024, 5);
	KUNIT_EXPECT_EQ(test, pv_byte_ring_get(&ring.rsp, buf, 1), 1);
	KUNIT_EXPECT_EQ(test, buf[0], pattern(5));
	KUNIT_EXPECT_EQ(test, pv_byte_ring_get(&ring.rsp, buf, sizeof(buf)), 1023);
	KUNIT_EXPECT_EQ(test, buf[1022], pattern(5 + 1023));
	KUNIT_EXPECT_EQ(test, pv_byte_ring_get(&ring.rsp, buf, sizeof(buf)), 0);
}

/* Nothing beside the ring's bytes is written, and not those that the server has yet to take. */
static void store_writes_within(struct kunit *test)
{
	static struct xenstore_domain_interface was;
	char buf[8] = "abcdefgh";
	unsigned int i;

	set_up(test, start_of(test));
	was = page;
	KUNIT_EXPECT_EQ(test, pv_byte_ring_put(&ring.req, buf, 8), 8);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, page.req[(was.req_prod + i) % 1024], buf[i]);
	for (i = 8; i < 1024; i++)
		KUNIT_ASSERT_EQ(test, page.req[(was.req_prod + i) % 1024], 0x5a);
	KUNIT_EXPECT_EQ(test, memcmp(page.rsp, was.rsp, sizeof(page.rsp)), 0);
	KUNIT_EXPECT_EQ(test, page.req_cons, was.req_cons);
	KUNIT_EXPECT_EQ(test, page.rsp_prod, was.rsp_prod);
	KUNIT_EXPECT_EQ(test, page.server_features, was.server_features);
	KUNIT_EXPECT_EQ(test, page.connection, was.connection);
}

/* Offsets more than the ring apart, in each direction. Fault row 23. */
static void store_lies(struct kunit *test)
{
	static const uint32_t far[] = {1025, 2048, 0x80000000, 0xffffffff};
	uint32_t at = start_of(test);
	char buf[16];
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(far); i++) {
		set_up(test, at);
		page.req_cons = page.req_prod - far[i];
		KUNIT_EXPECT_EQ(test, pv_byte_ring_put(&ring.req, buf, 16), PV_EPROTO);
		KUNIT_EXPECT_EQ(test, page.req_prod, at);
		page.rsp_prod = page.rsp_cons + far[i];
		KUNIT_EXPECT_EQ(test, pv_byte_ring_get(&ring.rsp, buf, 16), PV_EPROTO);
		KUNIT_EXPECT_EQ(test, page.rsp_cons, at + 77);
		KUNIT_EXPECT_EQ(test, pv_xs_ring_adopt(&ring, &page), PV_EPROTO);
	}
	set_up(test, at);
	page.req_cons = at - 1024;
	KUNIT_EXPECT_EQ(test, pv_byte_ring_put(&ring.req, buf, 16), 0);
}

/* What the page says of our own offsets does not count. */
static void store_keeps_its_own(struct kunit *test)
{
	char buf[4] = "abcd";

	set_up(test, start_of(test));
	page.req_prod += 500;
	page.rsp_cons += 500;
	KUNIT_EXPECT_EQ(test, pv_byte_ring_put(&ring.req, buf, 4), 4);
	KUNIT_EXPECT_EQ(test, page.req_prod, start_of(test) + 4);
	server_puts(3, 0);
	KUNIT_EXPECT_EQ(test, pv_byte_ring_get(&ring.rsp, buf, 4), 3);
	KUNIT_EXPECT_EQ(test, page.rsp_cons, start_of(test) + 77 + 3);
}

/* --- the console's ---------------------------------------------------------------------------- */

static struct xencons_interface cpage;
static struct pv_cons_ring cring;

static void console_set_up(uint32_t at)
{
	pv_memset(&cpage, 0x5a, sizeof(cpage));
	cpage.out_prod = cpage.out_cons = at;
	cpage.in_prod = cpage.in_cons = at + 5;
	pv_cons_ring_adopt(&cring, &cpage);
}

static void console_carries(struct kunit *test)
{
	uint32_t out = 0, in = 0, i, n, want;
	static char buf[3000];

	console_set_up(start_of(test));
	for (i = 1; i < 200; i++) {
		want = (i * 53) % 2000;
		for (n = 0; n < want; n++)
			buf[n] = pattern(out + n);
		KUNIT_ASSERT_EQ(test, pv_byte_ring_put(&cring.out, buf, want), (int)want);
		KUNIT_ASSERT_EQ(test, pv_byte_ring_unread(&cring.out), (int)want);
		for (n = 0; n < want; n++, cpage.out_cons++)
			KUNIT_ASSERT_EQ(test, cpage.out[cpage.out_cons % 2048], pattern(out++));
		want %= 1024;
		for (n = 0; n < want; n++, cpage.in_prod++)
			cpage.in[cpage.in_prod % 1024] = pattern(in + n);
		KUNIT_ASSERT_EQ(test, pv_byte_ring_get(&cring.in, buf, sizeof(buf)), (int)want);
		for (n = 0; n < want; n++)
			KUNIT_ASSERT_EQ(test, buf[n], pattern(in++));
	}
	for (n = 0; n < sizeof(buf); n++)
		buf[n] = pattern(n);
	KUNIT_EXPECT_EQ(test, pv_byte_ring_put(&cring.out, buf, sizeof(buf)), 2048);
	KUNIT_EXPECT_EQ(test, pv_byte_ring_put(&cring.out, buf, 1), 0);
}

static void console_lies(struct kunit *test)
{
	static const uint32_t far[] = {2049, 4096, 0x80000000, 0xffffffff};
	uint32_t at = start_of(test);
	char buf[16];
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(far); i++) {
		console_set_up(at);
		cpage.out_cons = at - far[i];
		KUNIT_EXPECT_EQ(test, pv_byte_ring_put(&cring.out, buf, 16), PV_EPROTO);
		KUNIT_EXPECT_EQ(test, pv_byte_ring_unread(&cring.out), PV_EPROTO);
		KUNIT_EXPECT_EQ(test, cpage.out_prod, at);
		cpage.in_prod = cpage.in_cons + far[i];
		KUNIT_EXPECT_EQ(test, pv_byte_ring_get(&cring.in, buf, 16), PV_EPROTO);
		KUNIT_EXPECT_EQ(test, cpage.in_cons, at + 5);
	}
	console_set_up(at);
	cpage.in_prod = cpage.in_cons + 1025;
	KUNIT_EXPECT_EQ(test, pv_byte_ring_get(&cring.in, buf, 16), PV_EPROTO);
}

static struct kunit_case byte_ring_cases[] = {
	KUNIT_CASE_PARAM(store_carries, start_gen_params),
	KUNIT_CASE_PARAM(store_fills_up, start_gen_params),
	KUNIT_CASE_PARAM(store_writes_within, start_gen_params),
	KUNIT_CASE_PARAM(store_lies, start_gen_params),
	KUNIT_CASE_PARAM(store_keeps_its_own, start_gen_params),
	KUNIT_CASE_PARAM(console_carries, start_gen_params),
	KUNIT_CASE_PARAM(console_lies, start_gen_params),
	{},
};

static struct kunit_suite byte_ring_suite = {
	.name = "byte_ring",
	.test_cases = byte_ring_cases,
};

kunit_test_suite(byte_ring_suite);
