/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A Xen network backend that is not to see the guest's memory: frames go both ways, and at each
 * step no byte is visible to it but what it was sent.
 *
 * Covers: drivers/netfront/netfront_xs.c drivers/netfront/netfront_tx.c
 * drivers/netfront/netfront_rx.c
 */
#include <pv/err.h>
#include <pv/os.h>
#include <pv/string.h>

#include "fake_netback.h"
#include "fake_spy.h"
#include "pv-core/bus.h"
#include "pv-core/net_driver.h"

#define PAGES 32u /* of the kernel's memory */

static const struct mode {
	const char *name;
	const char *trusted; /* the node; NULL: none */
	bool all;	     /* the kernel trusts none */
	int sg;
} modes[] = {
	{"by the toolstack", "0", false, 1},
	{"by the toolstack, one slot", "0", false, 0},
	{"by the kernel", NULL, true, 1},
	{"by a node that is no number", "maybe", false, 1},
};

static void mode_name(const struct mode *m, char *desc)
{
	strscpy(desc, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mode, modes, mode_name);

/* The kernel writes to a received packet's pages what it likes, before it gives them back. */
static void scribble(void *arg, struct pv_packet *pkt)
{
	struct fake_netback *nb = arg;
	uint32_t at = 0;
	unsigned int i;

	for (i = 0; i < pkt->num_segs; i++) {
		pv_memcpy(nb->data + at, pkt->seg[i].va, pkt->seg[i].len);
		at += pkt->seg[i].len;
		pv_memset((void *)((uint64_t)pkt->seg[i].va & ~(uint64_t)(PV_PAGE_SIZE - 1)),
			  FAKE_SPY_CANARY, PV_PAGE_SIZE);
	}
	nb->last.len = at;
	nb->received++;
	pv_packet_put(pkt);
}

static uint8_t *mem; /* the kernel's, from which it sends */

static void bring_up(struct kunit *test)
{
	const struct mode *mode = test->param_value;
	struct fake_netback *nb = test->priv;
	unsigned int i;

	mem = pv_os_pages_alloc(PAGES);
	KUNIT_ASSERT_NOT_NULL(test, mem);
	pv_memset(mem, FAKE_SPY_CANARY, PAGES * PV_PAGE_SIZE);
	for (i = 0; i < 65536; i++)
		nb->bytes[i] &= 0x7f;
	nb->trusted = mode->trusted;
	nb->sg = mode->sg;
	pv_bus_set_untrusted(mode->all);
	fake_netback_open(test);
	KUNIT_ASSERT_EQ(test, pv_net_start(nb->net, scribble, nb), 0);
	KUNIT_EXPECT_TRUE(test, nb->dev->untrusted);
}

static void look(struct kunit *test)
{
	FAKE_SPY_EXPECT_BLIND(test, fake_spy_xen(PV_FAKE_XEN_PEER));
}

/* Packet `i` in so many pieces of `len` bytes, each in the midst of canaries. */
static struct pv_packet *packet(struct fake_netback *nb, unsigned int i, unsigned int pieces,
				uint32_t len)
{
	struct pv_packet *pkt = fake_netback_packet(nb, i, pieces * len);
	unsigned int k;

	pv_memset(mem, FAKE_SPY_CANARY, PAGES * PV_PAGE_SIZE);
	pkt->num_segs = (uint8_t)pieces;
	for (k = 0; k < pieces; k++) {
		pkt->seg[k].va = mem + 100 + k * (len + 100);
		pkt->seg[k].len = len;
		pv_memcpy(pkt->seg[k].va, nb->bytes + k * len, len);
	}
	return pkt;
}

static void send(struct kunit *test, unsigned int i, unsigned int pieces, uint32_t len)
{
	struct fake_netback *nb = test->priv;
	const struct fake_netback_frame *f = &nb->frame[nb->sent];

	KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, packet(nb, i, pieces, len)), 0);
	look(test);
	pv_net_flush(nb->q);
	look(test);
	KUNIT_ASSERT_EQ(test, fake_netback_run(nb, 9), 1u);
	look(test);
	pv_net_poll(nb->q, 64);
	look(test);
	KUNIT_EXPECT_EQ(test, nb->pkt_done[i], 1u);
	KUNIT_EXPECT_EQ(test, nb->pkt_status[i], 0);
	KUNIT_ASSERT_EQ(test, f->len, pieces * len);
	KUNIT_EXPECT_EQ(test, memcmp(f->data, nb->bytes, f->len), 0);
	KUNIT_EXPECT_EQ(test, f->slots, (f->len + PV_PAGE_SIZE - 1) / PV_PAGE_SIZE);
}

/* Fault row 50 */
static void sees_what_is_sent_only(struct kunit *test)
{
	static const struct shape {
		unsigned int pieces;
		uint32_t len;
	} shapes[] = {{1, 14},	{1, 60},   {3, 40},   {1, 1514},
		      {18, 80}, {1, 4096}, {2, 9001}, {1, 65000}};
	struct fake_netback *nb = test->priv;
	const struct mode *mode = test->param_value;
	unsigned int i;

	bring_up(test);
	look(test);
	for (i = 0; i < PV_ARRAY_SIZE(shapes); i++) {
		const struct shape *s = &shapes[i];

		if (mode->sg || s->pieces * s->len <= PV_PAGE_SIZE)
			send(test, i, s->pieces, s->len);
		else
			KUNIT_EXPECT_EQ(test,
					pv_net_submit(nb->q, packet(nb, i, s->pieces, s->len)),
					PV_EINVAL);
	}
	KUNIT_EXPECT_EQ(test, nb->bad, 0u);
}

/* Fault row 50 */
static void sees_nothing_in_buffers(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i;

	bring_up(test);
	look(test);
	/* Each buffer comes round twice. */
	for (i = 0; i < 600; i++) {
		uint32_t len = i % 7 ? 60 + i : 9000;

		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes + i, len, 0));
		if (i % 50 == 0)
			look(test);
		KUNIT_ASSERT_EQ(test, pv_net_poll(nb->q, 64), 1);
		if (i % 50 == 0)
			look(test);
		KUNIT_ASSERT_EQ(test, nb->last.len, len);
		KUNIT_ASSERT_EQ(test, memcmp(nb->data, nb->bytes + i, len), 0);
	}
	look(test);
}

/*
 * When the backend comes back, it is not trusted, even if the store says so now; nor after a stop.
 */
static void once_is_for_good(struct kunit *test)
{
	static const struct mode mode = {.trusted = "0", .sg = 1};
	struct fake_netback *nb = test->priv;

	test->param_value = &mode;
	bring_up(test);
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	KUNIT_ASSERT_EQ(test, pv_net_poll(nb->q, 64), 1);
	pv_fake_xs_write(PV_FAKE_XS_HOME "/device/vif/0/trusted", "1");
	fake_netback_die(nb);
	fake_netback_work();
	fake_netback_reborn(nb);
	fake_netback_work();
	KUNIT_EXPECT_EQ(test, nb->connects, 2u);
	look(test);
	send(test, 0, 3, 100);
	pv_net_stop(nb->net);
	KUNIT_ASSERT_EQ(test, pv_net_start(nb->net, scribble, nb), 0);
	send(test, 1, 3, 100);
}

/* One that is trusted sees what is around its frames: the spy is not blind. */
static void trusted_sees_pages(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	mem = pv_os_pages_alloc(PAGES);
	nb->trusted = "1";
	fake_netback_up(test);
	KUNIT_ASSERT_EQ(test, pv_net_submit(nb->q, packet(nb, 0, 1, 60)), 0);
	KUNIT_EXPECT_EQ(test, fake_spy_xen(PV_FAKE_XEN_PEER).canaries, 1u);
	pv_net_flush(nb->q);
	fake_netback_run(nb, 9);
	pv_net_poll(nb->q, 64);
	KUNIT_EXPECT_FALSE(test, nb->dev->untrusted);
}

static void end(struct kunit *test)
{
	fake_netback_exit(test);
	pv_bus_set_untrusted(false);
	pv_os_pages_free(mem, PAGES);
	mem = NULL;
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(sees_what_is_sent_only, mode_gen_params),
	KUNIT_CASE_PARAM(sees_nothing_in_buffers, mode_gen_params),
	KUNIT_CASE(once_is_for_good),
	KUNIT_CASE(trusted_sees_pages),
	{},
};

static struct kunit_suite suite = {
	.name = "untrusted_netfront",
	.init = fake_netback_init,
	.exit = end,
	.test_cases = cases,
};

kunit_test_suite(suite);
