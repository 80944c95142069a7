/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A good virtio block device, with its disk in memory.
 */
#include "fake_virtio.h"

void fake_blk_init(struct fake_blk *b, uint64_t features)
{
	pv_memset(b, 0, sizeof(*b));
	fake_virtio_init(&b->f, VIRTIO_ID_BLOCK, features, 256);
	b->f.q[1].max = 0;
	fake_config64(&b->f, offsetof(struct virtio_blk_config, capacity), FAKE_BLK_SECTORS);
	fake_config32(&b->f, offsetof(struct virtio_blk_config, size_max), 65536);
	fake_config32(&b->f, offsetof(struct virtio_blk_config, seg_max), 126);
	fake_config32(&b->f, offsetof(struct virtio_blk_config, blk_size), 512);
	fake_config32(&b->f, offsetof(struct virtio_blk_config, max_discard_sectors), 64);
	fake_config32(&b->f, offsetof(struct virtio_blk_config, max_write_zeroes_sectors), 64);
}

/* Moves the data, all of it within the disk; what is to be counted as written. */
static uint32_t transfer(struct fake_blk *b, const struct fake_chain *c, bool read, uint64_t sector)
{
	uint32_t bytes = read ? c->in - 1 : c->out - 16;

	if (c->num - 2 > b->most_pieces)
		b->most_pieces = c->num - 2;
	if (bytes > b->most_bytes)
		b->most_bytes = bytes;
	if (sector * 512 + bytes > sizeof(b->disk)) {
		b->others++;
		return 0;
	}
	if (!read)
		return fake_chain_read(c, 16, b->disk + sector * 512, bytes) ? 1 : 0;
	bytes -= b->short_by < bytes ? b->short_by : bytes;
	fake_chain_write(c, 0, b->disk + sector * 512, bytes);
	return bytes + !b->short_by;
}

static void zero(struct fake_blk *b, const struct fake_chain *c)
{
	struct virtio_blk_discard_write_zeroes range = {0};

	fake_chain_read(c, 16, &range, sizeof(range));
	b->zero_flags = range.flags;
	if (range.sector + range.num_sectors <= FAKE_BLK_SECTORS)
		pv_memset(b->disk + range.sector * 512, 0, range.num_sectors * 512);
}

unsigned int fake_blk_run(struct fake_blk *b, unsigned int budget)
{
	struct virtio_blk_outhdr hdr;
	static struct fake_chain chain; /* too large for a kernel's stack */
	struct fake_chain *c = &chain;
	unsigned int n = 0;
	uint32_t len;

	while (n < budget && fake_vq_next(&b->f, b->queue, c)) {
		n++;
		len = 1;
		fake_chain_read(c, 0, &hdr, sizeof(hdr));
		switch (hdr.type) {
		case VIRTIO_BLK_T_IN:
			b->reads++;
			len = transfer(b, c, true, hdr.sector);
			break;
		case VIRTIO_BLK_T_OUT:
			b->writes++;
			transfer(b, c, false, hdr.sector);
			break;
		case VIRTIO_BLK_T_FLUSH:
			b->flushes++;
			break;
		case VIRTIO_BLK_T_DISCARD:
			b->discards++;
			break;
		case VIRTIO_BLK_T_WRITE_ZEROES:
			b->zeroes++;
			zero(b, c);
			break;
		default:
			b->others++;
		}
		fake_chain_write(c, c->in - 1, &b->status, 1);
		fake_vq_used(&b->f, b->queue, c->head, len);
	}
	fake_vq_sleep(&b->f, b->queue);
	return n;
}
