/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The split ring's driver side against a device that writes what it likes, wherever it may: used
 * elements and index, descriptors, the avail ring. Of each chain the token comes back once, and no
 * length beyond the chain's.
 */
#include "drivers/virtio/vring_split.h"

#include "fake_virtio.h"
#include "fuzz.h"

#define NUM    8u
#define CHAINS 64u

static struct fake_virtio f;
static struct pv_vq *vq;
static uint8_t data[4096];
static struct chain {
	bool in_flight;
	uint32_t writable;
} chain[CHAINS];

static void add(unsigned int pieces, unsigned int in)
{
	struct pv_vring_chain c;
	unsigned int i, n;

	for (n = 0; n < CHAINS && chain[n].in_flight; n++)
		;
	if (n == CHAINS || !pv_vring_room(vq, pieces))
		return;
	pv_vring_begin(vq, &c, pieces, vq->indirect);
	for (i = 0; i < pieces; i++)
		pv_vring_put(vq, &c, (uint64_t)(data + 64 * i), 32,
			     (i + in < pieces ? 0 : VRING_DESC_F_WRITE) |
				     (i + 1 < pieces ? VRING_DESC_F_NEXT : 0));
	pv_vring_end(vq, &c, &chain[n], 32 * in);
	chain[n].in_flight = true;
	chain[n].writable = 32 * in;
}

static void end(struct chain *c)
{
	PLAIN_CHECK(c >= chain && c < chain + CHAINS && c->in_flight);
	c->in_flight = false;
}

static void pop(void)
{
	struct chain *c;
	uint32_t len;

	while ((c = pv_vring_pop(vq, &len))) {
		PLAIN_CHECK(len <= c->writable);
		end(c);
	}
}

/* The device uses the next chain, as its head is in the ring. */
static void use(void)
{
	struct fake_vq *q = &f.q[0];

	if (fake_vq_waiting(&f, 0))
		fake_vq_used(&f, 0, vq->avail->ring[q->last_avail++ % NUM], fuzz_u8() % 40);
}

static void up(void)
{
	struct pv_vq_spec spec = {.max_chain = 4};
	uint8_t how = fuzz_u8();
	uint64_t features = how & 1 ? 1ull << VIRTIO_F_VERSION_1 : 0;

	features |= how & 2 ? 1ull << VIRTIO_RING_F_INDIRECT_DESC : 0;
	features |= how & 4 ? 1ull << VIRTIO_RING_F_EVENT_IDX : 0;
	fake_virtio_init(&f, 0xfe, features, NUM);
	f.vd.dev.state = PV_DEV_LIVE;
	PLAIN_CHECK(!pv_virtio_begin(&f.vd, 0, 0, NULL));
	PLAIN_CHECK(!pv_virtio_queues(&f.vd, &spec, 1));
	pv_virtio_ready(&f.vd);
	vq = &f.vd.vq[0];
	if (how & 8)
		fake_vq_start_at(&f, 0, 0xfffd);
}

static void step(void)
{
	uint8_t op = fuzz_u8();

	switch (op % 8) {
	case 0:
		add(1 + (op >> 4) % 4, op >> 6);
		break;
	case 1:
		pv_vring_kick(vq);
		break;
	case 2:
		pop();
		break;
	case 3:
		use();
		break;
	case 4:
		fake_vq_element(&f, 0, fuzz_u8(), fuzz_u32());
		fake_vq_show(&f, 0, f.q[0].used_idx);
		break;
	case 5:
		vq->used->idx = fuzz_u16();
		break;
	case 6:
		if (!pv_vring_arm(vq, op >> 4))
			break;
		pv_vring_disarm(vq);
		break;
	case 7:
		((uint8_t *)vq->ring_mem)[fuzz_u16() % 300] = fuzz_u8();
		break;
	}
}

static void one(void)
{
	struct chain *c;
	unsigned int i;

	memset(chain, 0, sizeof(chain));
	up();
	fuzz_shared(true);
	/* A driver leaves the ring alone once the device is broken. */
	while (fuzz_left() && !pv_device_broken(&f.vd.dev))
		step();
	fuzz_shared(false);
	while ((c = pv_vq_drain(vq)))
		end(c);
	for (i = 0; i < CHAINS; i++)
		PLAIN_CHECK(!chain[i].in_flight);
	PLAIN_CHECK(vq->num_free == NUM);
	pv_virtio_end(&f.vd, false);
}

const struct fuzz_target fuzz_vring = {.name = "vring", .one = one};
