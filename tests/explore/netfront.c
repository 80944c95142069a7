/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * drivers/netfront with two packets in flight and receive buffers posted, and a backend that may
 * change any word of either ring between any two loads. The scenario keeps account of what the
 * driver was told: the device is broken exactly if that cannot be; each packet completes once, with
 * what was said of it by the first copy of its response, or with PV_EPROTO; and a frame is
 * delivered for each good response.
 */
#include <pv/err.h>

#include "drivers/netfront/netfront.h"
#include "fake_netback.h"
#include "guest.h"

#define FRAMES 2
#define LEN    60

static struct kunit test;
static struct fake_netback *nb;
static struct netfront_pair *pair;
static uint16_t id_of[IN_FLIGHT];
static uint32_t base[2]; /* rsp_prod of tx, rx, before any answer */

/* What the driver was told. */
static struct {
	uint32_t cons[2], seen[2];
	unsigned int frames;
} told;

/* --- what the backend may say ----------------------------------------------------------------- */

enum what { TX_PROD, RX_PROD, TX_WORD, RX_WORD, WISH };

static enum what what(const volatile void *p)
{
	const char *at = (const char *)p;
	const char *tx = (const char *)pair->tx_slot, *rx = (const char *)pair->rx_slot;

	if (p == &pair->tx.shared->rsp_prod)
		return TX_PROD;
	if (p == &pair->rx.shared->rsp_prod)
		return RX_PROD;
	if (at >= tx && at < tx + RING_NUM * sizeof(*pair->tx_slot))
		return TX_WORD;
	if (at >= rx && at < rx + RING_NUM * sizeof(*pair->rx_slot))
		return RX_WORD;
	/* Whether it wants an event: anything will do. */
	if (p == &pair->tx.shared->req_event || p == &pair->rx.shared->req_event)
		return WISH;
	explore_fail("a load from where there is nothing to read");
}

static uint64_t tx_answer(uint16_t id, int16_t status)
{
	return id | (uint32_t)(uint16_t)status << 16;
}

/* As struct netif_rx_response. */
static uint64_t rx_answer(uint16_t id, int16_t status)
{
	return id | (uint64_t)(uint16_t)status << 48;
}

static unsigned int lies(const volatile void *p, size_t size, uint64_t is, uint64_t *other)
{
	enum what w = what(p);

	(void)size;
	switch (w) {
	case TX_PROD:
	case RX_PROD:
		other[0] = base[w] + 1;
		other[1] = base[w] + 2;
		other[2] = base[w] + 300;
		other[3] = base[w] - 1;
		other[4] = base[w] + 0x80000000u;
		return 5;
	case TX_WORD:
		other[0] = tx_answer(id_of[0], NETIF_RSP_OKAY);
		other[1] = tx_answer(id_of[1], NETIF_RSP_DROPPED);
		other[2] = tx_answer(pair->tx_free, NETIF_RSP_OKAY);
		other[3] = tx_answer(RING_NUM, NETIF_RSP_OKAY);
		other[4] = tx_answer(id_of[0], NETIF_RSP_NULL);
		return 5;
	case RX_WORD:
		other[0] = is + 1;
		other[1] = rx_answer((uint16_t)is, NETIF_RSP_ERROR);
		return 2;
	case WISH:
		break;
	}
	return 0;
}

static void sent(uint64_t word)
{
	uint16_t id = (uint16_t)word;
	int16_t status = (int16_t)(word >> 16);
	unsigned int i;

	for (i = 0; i < IN_FLIGHT && id_of[i] != id; i++)
		;
	if (i == IN_FLIGHT || explore_guest.back[i] || status == NETIF_RSP_NULL) {
		explore_guest.impossible = true;
		return;
	}
	explore_guest.back[i] = true;
	explore_guest.said[i] = status == NETIF_RSP_OKAY ? 0 : PV_EIO;
}

static void tell(const volatile void *p, size_t size, uint64_t value)
{
	enum what w = what(p);
	unsigned int ring = w == RX_PROD || w == RX_WORD;
	uint32_t pushed = ring ? pair->rx.pushed : pair->tx.pushed;

	if (w == WISH)
		return;
	/* Nothing is read after a lie. */
	explore_check(!explore_guest.impossible);
	if (w == TX_PROD || w == RX_PROD) {
		explore_check(told.cons[ring] == told.seen[ring]);
		if ((uint32_t)value - told.cons[ring] > pushed - told.cons[ring])
			explore_guest.impossible = true;
		else
			told.seen[ring] = (uint32_t)value;
		return;
	}
	/* Only of what was shown, and each response once, as a whole. */
	explore_check(told.cons[ring] != told.seen[ring]);
	explore_check(size == (ring ? 8 : 4));
	if (!ring)
		sent(value);
	else if ((uint16_t)value != told.cons[ring] % RING_NUM)
		explore_guest.impossible = true;
	else
		told.frames += (int16_t)(value >> 48) == LEN;
	told.cons[ring]++;
}

/* --- the guest -------------------------------------------------------------------------------- */

static unsigned int poll(void)
{
	return pv_net_poll(nb->q, 64);
}

static int status(unsigned int i)
{
	return nb->pkt_status[i];
}

static void end(void)
{
	bool broken = explore_guest_end();

	explore_check(nb->received == told.frames);
	if (!broken)
		return;
	explore_check(pv_net_submit(nb->q, fake_netback_packet(nb, IN_FLIGHT, LEN)) == PV_EIO);
	explore_check(nb->q->pool.num_free == nb->q->pool.num);
}

static void setup(void)
{
	unsigned int i, id;

	if (fake_netback_init(&test))
		explore_fail("no guest");
	nb = test.priv;
	fake_netback_up(&test);
	pair = pv_container_of(nb->q, struct netfront_pair, q);
	fake_netback_submit(&test, IN_FLIGHT);
	for (id = 0; id < RING_NUM; id++)
		for (i = 0; i < IN_FLIGHT; i++)
			if (pair->slot[id].pkt == &nb->pkt[i])
				id_of[i] = (uint16_t)id;
	/* What is in the slots before it is shown. */
	for (i = 0; i < IN_FLIGHT; i++)
		pair->tx_slot[i].rsp = (struct netif_tx_response) {.id = id_of[1]};
	for (i = 0; i < FRAMES; i++)
		pair->rx_slot[i].rsp =
			(struct netif_rx_response) {.id = (uint16_t)i, .status = LEN};
	for (i = 0; i < 2; i++) {
		base[i] = i ? pair->rx.rsp_cons : pair->tx.rsp_cons;
		told.cons[i] = told.seen[i] = base[i];
	}
	explore_guest = (struct explore_guest) {
		.dev = nb->dev, .polls = 2, .poll = poll, .done = nb->pkt_done, .status = status};
}

/* Fault rows 1, 2, 6 */
const struct explore_scenario explore_netfront = {
	.name = "netfront-lies",
	.setup = setup,
	.begin = explore_guest_begin,
	.end = end,
	.lies = lies,
	.told = tell,
	.plants = {EXPLORE_GUEST_PLANTS},
};
