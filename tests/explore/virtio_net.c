/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * drivers/virtio's network device with two packets in flight and receive buffers posted, and a
 * device that may change any word of one used ring between any two loads: of either, in runs of
 * their own. The scenario keeps account of what the driver was told: the device is broken exactly
 * if that cannot be; each packet completes once; a frame is delivered for each buffer that may be
 * one.
 */
#include "fake_card.h"
#include "guest.h"

#define POSTED 8
#define HEADER 12
#define FRAME  (HEADER + 60)
#define RUNT   (HEADER + 13)

static struct kunit test;
static struct fake_card *c;
static struct pv_vq *vqs[2];
static uint32_t head_of[IN_FLIGHT];

/* What the driver was told, of RX and TX. */
static struct {
	uint16_t cons[2], seen[2];
	uint32_t id;
	bool taken[POSTED]; /* in this poll */
	unsigned int frames;
	unsigned int liar;
} told;

/* --- what the device may say ------------------------------------------------------------------ */

enum what { USED_IDX, ELEM_ID, ELEM_LEN, OTHER };

static enum what what(const volatile void *p, size_t size, unsigned int *q)
{
	const char *at = (const char *)p, *ring;

	for (*q = RX; *q <= TX; ++*q) {
		ring = (const char *)vqs[*q]->used->ring;
		if (p == &vqs[*q]->used->idx)
			return USED_IDX;
		if (at >= ring && at < ring + vqs[*q]->num * sizeof(struct vring_used_elem))
			return (size_t)(at - ring) % sizeof(struct vring_used_elem) ? ELEM_LEN
										    : ELEM_ID;
		if (p == vqs[*q]->avail_event)
			return OTHER;
	}
	/* A received header is copied byte by byte. */
	if (size != 1)
		explore_fail("a load from where there is nothing to read");
	return OTHER;
}

static unsigned int lies(const volatile void *p, size_t size, uint64_t is, uint64_t *other)
{
	unsigned int q;

	(void)is;
	switch (what(p, size, &q)) {
	case USED_IDX:
		if (q != told.liar)
			return 0;
		other[0] = 1;
		other[1] = 2;
		other[2] = POSTED + 3;
		other[3] = 0xffff;
		return 4;
	case ELEM_ID:
		other[0] = q == TX ? head_of[1] : POSTED - 1;
		other[1] = q == TX ? vqs[TX]->free_head : POSTED;
		other[2] = 0xffffffff;
		return 3;
	case ELEM_LEN:
		other[0] = FRAME;
		other[1] = RUNT;
		other[2] = PV_PAGE_SIZE + 1;
		return q == RX ? 3 : 1;
	case OTHER:
		break;
	}
	return 0;
}

static void sent(void)
{
	unsigned int i;

	for (i = 0; i < IN_FLIGHT && head_of[i] != told.id; i++)
		;
	explore_guest.impossible = i == IN_FLIGHT || explore_guest.back[i];
	if (!explore_guest.impossible)
		explore_guest.back[i] = true;
}

static void received(uint32_t len)
{
	explore_guest.impossible = told.id >= POSTED || told.taken[told.id] || len > PV_PAGE_SIZE;
	if (explore_guest.impossible)
		return;
	told.taken[told.id] = true;
	told.frames += len == FRAME;
}

static void tell(const volatile void *p, size_t size, uint64_t value)
{
	uint16_t most;
	unsigned int q;
	enum what w = what(p, size, &q);

	if (w == OTHER)
		return;
	/* Nothing is read after a lie. */
	explore_check(!explore_guest.impossible);
	switch (w) {
	case USED_IDX:
		explore_check(told.cons[q] == told.seen[q]);
		most = q == TX ? (uint16_t)(IN_FLIGHT - told.cons[TX])
			       : (uint16_t)(vqs[RX]->published - told.cons[RX]);
		if ((uint16_t)(value - told.cons[q]) > most)
			explore_guest.impossible = true;
		else
			told.seen[q] = (uint16_t)value;
		break;
	case ELEM_ID:
		explore_check(told.cons[q] != told.seen[q]);
		told.id = (uint32_t)value;
		break;
	default:
		told.cons[q]++;
		if (q == TX)
			sent();
		else
			received((uint32_t)value);
	}
}

/* --- the guest -------------------------------------------------------------------------------- */

static void choose_liar(void)
{
	told.liar = explore_choose(2);
}

static unsigned int poll(void)
{
	unsigned int n = pv_net_poll(c->q, 64);

	pv_memset(told.taken, 0, sizeof(told.taken));
	return n;
}

static int status(unsigned int i)
{
	return c->status[i];
}

static void end(void)
{
	bool broken = explore_guest_end();

	explore_check(c->received == told.frames);
	if (!broken)
		return;
	explore_check(pv_net_submit(c->q, fake_card_packet(c, IN_FLIGHT, 60)) == PV_EIO);
	explore_check(c->q->pool.num_free == c->q->pool.num);
}

static void setup(void)
{
	struct fake_virtio *f;
	struct pv_net_buf *buf;
	unsigned int i;

	pv_fake_reset();
	if (fake_card_init(&test))
		explore_fail("no machine");
	c = test.priv;
	f = &c->fake.f;
	f->q[RX].max = f->q[TX].max = 32;
	fake_card_up(&test);
	for (i = RX; i <= TX; i++)
		vqs[i] = &f->vd.vq[i];
	for (i = 0; i < IN_FLIGHT; i++) {
		head_of[i] = vqs[TX]->free_head;
		if (pv_net_submit(c->q, fake_card_packet(c, i, 60)))
			explore_fail("not submitted");
	}
	pv_net_flush(c->q);
	/* Each frame is in one buffer. */
	for (i = 0; i < POSTED; i++) {
		buf = vqs[RX]->slot[i].token;
		if (!buf)
			explore_fail("not posted");
		((struct virtio_net_hdr_v1 *)buf->page)->num_buffers = 1;
	}
	explore_guest = (struct explore_guest) {.dev = &f->vd.dev,
						.polls = 3,
						.first = choose_liar,
						.poll = poll,
						.done = c->done,
						.status = status};
}

/* Fault rows 33, 34, 35 */
const struct explore_scenario explore_virtio_net = {
	.name = "virtio-net-lies",
	.setup = setup,
	.begin = explore_guest_begin,
	.end = end,
	.lies = lies,
	.told = tell,
	.plants = {EXPLORE_GUEST_PLANTS},
};
