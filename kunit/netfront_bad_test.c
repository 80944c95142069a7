/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's network frontend against backends that lie: each packet is done once, every page comes
 * back, and what makes no sense is dropped, or breaks the device and nothing else.
 *
 * Covers: drivers/netfront/netfront_rx.c drivers/netfront/netfront_tx.c
 */
#include <pv/err.h>
#include <pv/string.h>

#include "fake_netback.h"
#include "pv-core/xen/grants.h"

#define IN_FLIGHT 20

/* --- rings that lie --------------------------------------------------------------------------- */

static const struct lying {
	const char *name;
	enum { TX_PROD, RX_PROD, TX_ID, RX_ID, RX_ID_IN_CHAIN } what;
	uint32_t value; /* by which rsp_prod goes, or an id */
	int16_t status;
	const char *reason;
} lies[] = {
	{"sent: beyond", TX_PROD, IN_FLIGHT - 2, 0, "sent: rsp_prod is not possible"},
	{"sent: backwards", TX_PROD, -1u, 0, "sent: rsp_prod is not possible"},
	{"sent: far", TX_PROD, 1u << 31, 0, "sent: rsp_prod is not possible"},
	{"sent: id", TX_ID, 256, 0, "sent id out of range"},
	{"sent: id of 16 bits", TX_ID, 0xffff, 0, "sent id out of range"},
	{"sent: id without packet", TX_ID, 200, 0, "sent id is not in flight"},
	{"sent: id once more", TX_ID, 0, 0, "sent id is not in flight"},
	{"sent: extra", TX_ID, 5, NETIF_RSP_NULL, "an extra slot was answered that is not there"},
	{"received: beyond", RX_PROD, 257, 0, "received: rsp_prod is not possible"},
	{"received: backwards", RX_PROD, -1u, 0, "received: rsp_prod is not possible"},
	{"received: id", RX_ID, 7, 0, "received id is not its slot's"},
	{"received: id in a chain", RX_ID_IN_CHAIN, 7, 0, "received id is not its slot's"},
};

static void lie_name(const struct lying *l, char *desc)
{
	strscpy(desc, l->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(lie, lies, lie_name);

static void tell_lie(struct kunit *test, const struct lying *l)
{
	struct fake_netback *nb = test->priv;

	switch (l->what) {
	case TX_PROD:
		nb->tx.sring->rsp_prod += l->value;
		break;
	case RX_PROD:
		nb->rx.sring->rsp_prod += l->value;
		break;
	case TX_ID:
		fake_netback_tx_answer(nb, (uint16_t)l->value, l->status);
		break;
	case RX_ID_IN_CHAIN:
	case RX_ID:
		if (l->what == RX_ID_IN_CHAIN)
			KUNIT_ASSERT_TRUE(test, fake_netback_slot(nb, 0, 100, NETRXF_more_data));
		KUNIT_ASSERT_TRUE(test, fake_netback_slot(nb, 0, 100, 0));
		RING_GET_RESPONSE(&nb->rx, nb->rx.rsp_prod_pvt - 1)->id = (uint16_t)l->value;
		fake_netback_push(nb);
		break;
	}
}

/* Fault rows 1, 2 */
static void lying(struct kunit *test)
{
	const struct lying *l = test->param_value;
	struct fake_netback *nb = test->priv;

	fake_netback_up(test);
	fake_netback_submit(test, IN_FLIGHT);
	fake_netback_run(nb, 3);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 0);
	tell_lie(test, l);
	pv_net_poll(nb->q, 64);
	pv_net_poll(nb->q, 64);
	fake_netback_expect_done(test, IN_FLIGHT, 3, PV_EPROTO);
	KUNIT_EXPECT_EQ(test, nb->received, 0u);
	fake_netback_expect_broken(test, l->reason);
}

/*
 * With events: the poll that finds the lie ends all that was in flight, since no event would come
 * for it.
 */
static void lying_with_events(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	fake_netback_up(test);
	pv_net_set_event(nb->q, fake_netback_note, &nb->events);
	pv_net_poll(nb->q, 64);
	fake_netback_submit(test, IN_FLIGHT);
	KUNIT_ASSERT_TRUE(test, fake_netback_slot(nb, 0, 100, 0));
	RING_GET_RESPONSE(&nb->rx, 0)->id = 1;
	fake_netback_push(nb);
	KUNIT_EXPECT_EQ(test, nb->events, 1u);
	pv_net_poll(nb->q, 64);
	fake_netback_expect_done(test, IN_FLIGHT, 0, PV_EPROTO);
}

/* The lie is found by a submit that looks for room; done() still comes from poll. */
static void lying_to_submit(struct kunit *test)
{
	struct fake_netback *nb = test->priv;

	fake_netback_up(test);
	fake_netback_submit(test, 256);
	fake_netback_tx_answer(nb, 999, 0);
	KUNIT_EXPECT_EQ(test, pv_net_submit(nb->q, fake_netback_packet(nb, 256, 60)), PV_EIO);
	KUNIT_EXPECT_EQ(test, nb->done, 0u);
	pv_net_poll(nb->q, 64);
	fake_netback_expect_done(test, 256, 0, PV_EPROTO);
	fake_netback_expect_broken(test, "sent id out of range");
}

/* --- answers that change ---------------------------------------------------------------------- */

static struct fake_netback *changing;
static unsigned int reads[2 * FAKE_NETBACK_RING];

/* What was read of a slot is another thing from then on. */
static uint64_t change_after(const volatile void *p, size_t size, uint64_t value)
{
	struct fake_netback *nb = changing;
	char *tx = (char *)nb->tx.sring->ring, *rx = (char *)nb->rx.sring->ring, *at = (char *)p;

	(void)size;
	if (at >= tx && at < tx + FAKE_NETBACK_RING * 12) {
		reads[(at - tx) / 12]++;
		pv_memset(tx + (at - tx) / 12 * 12, 0xff, 4);
	} else if (at >= rx && at < rx + FAKE_NETBACK_RING * 8) {
		reads[FAKE_NETBACK_RING + (at - rx) / 8]++;
		pv_memset(rx + (at - rx) / 8 * 8, 0xff, 8);
	}
	return value;
}

/* The first copy governs, and there is no second. Fault row 6. */
static void changing_answers(struct kunit *test)
{
	struct fake_netback *nb = test->priv;
	unsigned int i;

	fake_netback_up(test);
	fake_netback_submit(test, IN_FLIGHT);
	fake_netback_run(nb, IN_FLIGHT);
	for (i = 0; i < IN_FLIGHT; i++)
		KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 5000, 0));
	changing = nb;
	pv_memset(reads, 0, sizeof(reads));
	pv_fake.shared_read = change_after;
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), IN_FLIGHT);
	pv_fake.shared_read = NULL;
	fake_netback_expect_done(test, IN_FLIGHT, IN_FLIGHT, 0);
	KUNIT_EXPECT_EQ(test, nb->received, (unsigned int)IN_FLIGHT);
	KUNIT_EXPECT_EQ(test, nb->last.len, 5000u);
	KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_LIVE);
	for (i = 0; i < PV_ARRAY_SIZE(reads); i++)
		KUNIT_EXPECT_EQ(test, reads[i],
				i < IN_FLIGHT || (i >= 256 && i < 256 + 2 * IN_FLIGHT) ? 1u : 0u);
}

/* --- frames that make no sense ---------------------------------------------------------------- */

#define MORE  NETRXF_more_data
#define EXTRA NETRXF_extra_info
#define E     0x8000 /* in a list: extra info, its type in offset, its gso size in status */

static const struct nonsense {
	const char *name;
	struct {
		uint16_t offset;
		int16_t status;
		uint16_t flags;
	} slot[8];
	unsigned int n;
} nonsenses[] = {
	{"error", {{0, NETIF_RSP_ERROR, 0}}, 1},
	{"as dropped", {{0, NETIF_RSP_DROPPED, 0}}, 1},
	{"lowest status", {{0, -32768, 0}}, 1},
	{"beyond the page", {{1, 4096, 0}}, 1},
	{"offset beyond", {{65535, 100, 0}}, 1},
	{"both as large as can be", {{65535, 32767, 0}}, 1},
	{"empty", {{0, 0, 0}}, 1},
	{"runt of 1", {{0, 1, 0}}, 1},
	{"runt of 13", {{100, 13, 0}}, 1},
	{"runt in pieces", {{0, 6, MORE}, {0, 7, 0}}, 2},
	{"error first", {{0, -1, MORE}, {0, 100, MORE}, {0, 100, 0}}, 3},
	{"error in the middle", {{0, 100, MORE}, {0, -1, MORE}, {0, 100, 0}}, 3},
	{"error last", {{0, 100, MORE}, {0, 100, MORE}, {0, -2, 0}}, 3},
	{"empty piece", {{0, 100, MORE}, {0, 0, 0}}, 2},
	{"piece beyond its page", {{0, 100, MORE}, {4000, 97, MORE}, {0, 100, 0}}, 3},
	{"extra type 0", {{0, 100, EXTRA}, {0, 1448, E}}, 2},
	{"extra type 5", {{0, 100, EXTRA}, {5, 1448, E}}, 2},
	{"extra type 255", {{0, 100, EXTRA}, {255, 1448, E}}, 2},
	{"gso size 0", {{0, 100, EXTRA}, {1, 0, E}}, 2},
	{"gso nobody asked for", {{0, 100, EXTRA}, {1, 1448, E}}, 2},
	{"extra, then data", {{0, 100, EXTRA | MORE}, {1, 0, E}, {0, 100, MORE}, {0, 9, 0}}, 4},
	{"extras", {{0, 99, EXTRA}, {1, 0, E | 1}, {4, 0, E | 1}, {2, 0, E | 1}, {9, 0, E}}, 5},
	{"extra behind an error", {{0, -1, EXTRA | MORE}, {1, 9, E}, {0, 9, MORE}, {0, 9, 0}}, 4},
	{"blank checksum, no headers", {{0, 14, NETRXF_csum_blank}}, 1},
	{"blank checksum, not IP", {{0, 100, NETRXF_csum_blank}}, 1},
};

static void nonsense_name(const struct nonsense *n, char *desc)
{
	strscpy(desc, n->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(nonsense, nonsenses, nonsense_name);

/* Fault rows 10, 12, 13 */
static void dropped(struct kunit *test)
{
	const struct nonsense *n = test->param_value;
	struct fake_netback *nb = test->priv;
	struct pv_grant_stats stats;
	unsigned int i, round;

	fake_netback_up(test);
	for (round = 0; round < 300; round++) {
		for (i = 0; i < n->n; i++) {
			bool good =
				n->slot[i].flags & E
					? fake_netback_extra(nb, (uint8_t)n->slot[i].offset,
							     n->slot[i].flags & 1,
							     (uint16_t)n->slot[i].status)
					: fake_netback_slot(nb, n->slot[i].offset,
							    n->slot[i].status, n->slot[i].flags);

			KUNIT_ASSERT_TRUE(test, good);
		}
		fake_netback_push(nb);
		KUNIT_ASSERT_EQ(test, pv_net_poll(nb->q, 64), 1);
	}
	KUNIT_EXPECT_EQ(test, nb->received, 0u);
	KUNIT_EXPECT_EQ(test, pv_net_stats(nb->q)->dropped, 300ull);
	/* What comes next is as good as ever. */
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 9000, 0));
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	KUNIT_EXPECT_EQ(test, nb->received, 1u);
	KUNIT_EXPECT_EQ(test, nb->last.len, 9000u);
	KUNIT_EXPECT_EQ(test, memcmp(nb->data, nb->bytes, 9000), 0);
	KUNIT_EXPECT_EQ(test, nb->dev->state, PV_DEV_LIVE);
	KUNIT_EXPECT_EQ(test, nb->rx.sring->req_prod - nb->rx.sring->rsp_prod, 256u);
	pv_grant_stats(&stats);
	KUNIT_EXPECT_EQ(test, stats.total - stats.free, FAKE_NETBACK_GRANTS + 256u);
	KUNIT_EXPECT_EQ(test, stats.quarantined, 0u);
}

/*
 * A chain without end, of data or of extra info, takes MAX_SLOTS buffers, and ends as one dropped
 * frame.
 */
static const struct endless {
	const char *name;
	bool extras;
	unsigned int held;
} endless_list[] = {{"more data", false, 18}, {"extras", true, 1}};

static void endless_name(const struct endless *e, char *desc)
{
	strscpy(desc, e->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(endless, endless_list, endless_name);

/* Fault row 11 */
static void endless(struct kunit *test)
{
	const struct endless *e = test->param_value;
	struct fake_netback *nb = test->priv;
	unsigned int i;

	fake_netback_up(test);
	KUNIT_ASSERT_TRUE(test, fake_netback_slot(nb, 0, 100, e->extras ? EXTRA : MORE));
	for (i = 0; i < 70000; i++) {
		if (e->extras)
			KUNIT_ASSERT_TRUE(test, fake_netback_extra(nb, 1, 1, 100));
		else
			KUNIT_ASSERT_TRUE(test, fake_netback_slot(nb, 0, 4096, MORE));
		if (i % 100)
			continue;
		fake_netback_push(nb);
		KUNIT_ASSERT_EQ(test, pv_net_poll(nb->q, 64), 0);
	}
	fake_netback_push(nb);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 0);
	KUNIT_EXPECT_EQ(test, nb->rx.sring->req_prod - nb->rx.sring->rsp_prod, 256u - e->held);
	if (e->extras)
		KUNIT_ASSERT_TRUE(test, fake_netback_extra(nb, 1, 0, 100));
	else
		KUNIT_ASSERT_TRUE(test, fake_netback_slot(nb, 0, 100, 0));
	fake_netback_push(nb);
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	KUNIT_EXPECT_EQ(test, pv_net_stats(nb->q)->dropped, 1ull);
	KUNIT_EXPECT_EQ(test, nb->received, 0u);
	KUNIT_EXPECT_EQ(test, nb->rx.sring->req_prod - nb->rx.sring->rsp_prod, 256u);
	KUNIT_ASSERT_TRUE(test, fake_netback_receive(nb, nb->bytes, 60, 0));
	KUNIT_EXPECT_EQ(test, pv_net_poll(nb->q, 64), 1);
	KUNIT_EXPECT_EQ(test, nb->received, 1u);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(lying, lie_gen_params),
	KUNIT_CASE(lying_with_events),
	KUNIT_CASE(lying_to_submit),
	KUNIT_CASE(changing_answers),
	KUNIT_CASE_PARAM(dropped, nonsense_gen_params),
	KUNIT_CASE_PARAM(endless, endless_gen_params),
	{},
};

static struct kunit_suite suite = {
	.name = "netfront_bad",
	.init = fake_netback_init,
	.exit = fake_netback_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
