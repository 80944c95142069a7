/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A good virtio network device: what is sent is kept, and the test receives.
 */
#include "fake_virtio.h"

#define RX (2 * n->pair)
#define TX (2 * n->pair + 1)

static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

void fake_net_init(struct fake_net *n, uint64_t features)
{
	unsigned int i;

	pv_memset(n, 0, sizeof(*n));
	fake_virtio_init(&n->f, VIRTIO_ID_NET, features, 256);
	n->hdr_len =
		features & (1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_NET_F_MRG_RXBUF) ? 12 : 10;
	for (i = 0; i < sizeof(mac); i++)
		fake_config8(&n->f, i, mac[i]);
	fake_config16(&n->f, offsetof(struct virtio_net_config, status), VIRTIO_NET_S_LINK_UP);
	fake_config16(&n->f, offsetof(struct virtio_net_config, mtu), 1500);
}

unsigned int fake_net_run(struct fake_net *n, unsigned int budget)
{
	static struct fake_chain chain; /* too large for a kernel's stack */
	struct fake_chain *c = &chain;
	unsigned int done = 0;

	while (done < budget && fake_vq_next(&n->f, TX, c)) {
		unsigned int i = n->sent++ % FAKE_NET_SENT;

		fake_chain_read(c, 0, n->frame[i].hdr, n->hdr_len);
		n->frame[i].len = c->out - n->hdr_len;
		fake_chain_read(c, n->hdr_len, n->frame[i].data, sizeof(n->frame[i].data));
		n->frame[i].header_alone = c->piece[0].len == n->hdr_len;
		fake_vq_used(&n->f, TX, c->head, 0);
		done++;
	}
	fake_vq_sleep(&n->f, TX);
	return done;
}

bool fake_net_receive(struct fake_net *n, const void *hdr, const void *data, uint32_t len)
{
	bool merged = n->f.accepted >> VIRTIO_NET_F_MRG_RXBUF & 1;
	static struct fake_chain chain[2];
	struct fake_chain *first = &chain[0], *c = &chain[1];
	struct virtio_net_hdr_v1 h = {0};
	uint16_t was = n->f.q[RX].used_idx;
	uint32_t done, part;

	if (!fake_vq_next(&n->f, RX, first))
		return false;
	if (hdr)
		pv_memcpy(&h, hdr, n->hdr_len);
	done = fake_chain_write(first, n->hdr_len, data, len);
	fake_vq_element(&n->f, RX, first->head, n->hdr_len + done);
	h.num_buffers = 1;
	while (done < len) {
		if (!merged || !fake_vq_next(&n->f, RX, c))
			return false;
		part = fake_chain_write(c, 0, (const uint8_t *)data + done, len - done);
		fake_vq_element(&n->f, RX, c->head, part);
		done += part;
		h.num_buffers++;
	}
	/* As QEMU 7.2 does, where they are not merged. */
	if (!merged)
		h.num_buffers = 0;
	fake_chain_write(first, 0, &h, n->hdr_len);
	fake_vq_show(&n->f, RX, was);
	fake_vq_sleep(&n->f, RX);
	return true;
}
