/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What two CPUs write: nothing of it is in one cache line, nor in lines that anything else may
 * share.
 *
 * All memory that a device's set-up takes is remembered; a copy of it is compared after a while of
 * work on one queue, and then after the same on another. So whatever the data path writes is seen,
 * wherever it is kept.
 *
 * Covers: pv-core/lines.c pv-core/net_pool.c
 */
#include <pv/blk.h>
#include <pv/net.h>
#include <pv/virtio.h>

#include "fake_virtio.h"
#include "pv-core/bus.h"
#include "pv-core/lines.h"

#define BIT64(n) (1ull << (n))
#define FEATURES                                                                                   \
	(BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_RING_F_INDIRECT_DESC) |                          \
	 BIT64(VIRTIO_RING_F_EVENT_IDX))

#define PIECES 4096
#define QUEUES 3
#define REQS   8

/* A piece of memory, what was in it, and which queues wrote its lines: a bit for each. */
static struct piece {
	uint8_t *va;
	size_t len;
	uint8_t *before;
	uint8_t *writers; /* a byte for each line that it touches */
} * piece;
static unsigned int num_pieces;

struct bench {
	struct fake_blk blk;
	struct fake_net net;
	struct pv_blk *open_blk;
	struct pv_net *open_net;
	uint8_t *page;
	struct pv_blk_req req[QUEUES][REQS];
	struct pv_packet pkt[QUEUES][REQS];
	struct pv_seg seg;
	struct fake_chain chain;
};

static size_t num_lines(const struct piece *p)
{
	return p->len / PV_LINE + 2;
}

static size_t line_of(const struct piece *p, size_t at)
{
	return ((uintptr_t)p->va % PV_LINE + at) / PV_LINE;
}

static void given(void *va, size_t len)
{
	if (num_pieces < PIECES)
		piece[num_pieces++] = (struct piece) {.va = va, .len = len};
}

static void taken(void *va)
{
	unsigned int i;

	for (i = num_pieces; i--;)
		if (piece[i].va == va) {
			piece[i] = piece[--num_pieces];
			return;
		}
}

static void *room(struct kunit *test, size_t size)
{
	void *p = kunit_kzalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	return p;
}

static int init(struct kunit *test)
{
	struct bench *b = room(test, sizeof(*b));

	test->priv = b;
	piece = room(test, PIECES * sizeof(*piece));
	num_pieces = 0;
	b->page = pv_os_pages_alloc(1);
	b->seg = (struct pv_seg) {.va = b->page, .len = 512};
	fake_blk_init(&b->blk, FEATURES | BIT64(VIRTIO_BLK_F_MQ));
	fake_config16(&b->blk.f, offsetof(struct virtio_blk_config, num_queues), QUEUES);
	b->blk.f.q[1].max = 256;
	fake_net_init(&b->net, FEATURES | BIT64(VIRTIO_NET_F_MRG_RXBUF) | BIT64(VIRTIO_NET_F_MQ) |
				       BIT64(VIRTIO_NET_F_CTRL_VQ));
	fake_config16(&b->net.f, offsetof(struct virtio_net_config, max_virtqueue_pairs), QUEUES);
	return 0;
}

static void end(struct kunit *test)
{
	struct bench *b = test->priv;

	pv_fake.given = NULL;
	pv_fake.taken = NULL;
	pv_fake.relax = NULL;
	if (b->open_blk)
		pv_blk_close(b->open_blk);
	if (b->open_net)
		pv_net_close(b->open_net);
	pv_bus_remove_all();
	pv_bus_set_drivers(NULL);
	pv_os_pages_free(b->page, 1);
	(void)pv_queues_follow(1);
}

/*
 * A device with QUEUES queues, of whose memory the pieces are: those of the last time that it was
 * set up.
 */
static void plug(struct kunit *test, struct fake_virtio *f)
{
	static const struct pv_driver *const drivers[] = {&pv_virtio_blk, &pv_virtio_net, NULL};

	pv_bus_set_drivers(drivers);
	KUNIT_ASSERT_EQ(test, pv_queues_follow(QUEUES), 0);
	pv_fake.given = given;
	pv_fake.taken = taken;
	given(&f->vd, sizeof(f->vd)); /* the bus's memory, on a real one */
	(void)pv_device_add(&f->vd.dev);
}

static void remember(struct kunit *test)
{
	unsigned int i;

	pv_fake.given = NULL;
	pv_fake.taken = NULL;
	KUNIT_ASSERT_GT(test, num_pieces, 10u);
	KUNIT_ASSERT_LT(test, num_pieces, (unsigned int)PIECES);
	for (i = 0; i < num_pieces; i++) {
		piece[i].before = room(test, piece[i].len);
		piece[i].writers = room(test, num_lines(&piece[i]));
	}
}

static void snapshot(void)
{
	unsigned int i;

	for (i = 0; i < num_pieces; i++)
		pv_memcpy(piece[i].before, piece[i].va, piece[i].len);
}

/* Which lines differ now: queue number `q` wrote them. */
static void mark(unsigned int q)
{
	unsigned int i;
	size_t k;

	for (i = 0; i < num_pieces; i++)
		for (k = 0; k < piece[i].len; k++)
			if (piece[i].va[k] != piece[i].before[k])
				piece[i].writers[line_of(&piece[i], k)] |= (uint8_t)(1u << q);
}

static bool has_one_bit(unsigned int v)
{
	return v && !(v & (v - 1));
}

/*
 * Each line that was written has one writer, and is within its piece: what is beside that may be
 * anybody's. So may be the beginning of the first line, as allocations are aligned to 16 bytes;
 * where this one is aligned to more, that is luck.
 */
static void check(struct kunit *test)
{
	unsigned int i, of[QUEUES] = {0};
	size_t k;

	for (i = 0; i < num_pieces; i++) {
		const struct piece *p = &piece[i];
		size_t lead = (uintptr_t)p->va % PV_LINE;
		bool pages = !(((uintptr_t)p->va | p->len) % PV_PAGE_SIZE);

		for (k = 0; k < num_lines(p); k++) {
			if (!p->writers[k])
				continue;
			KUNIT_EXPECT_TRUE_MSG(test, has_one_bit(p->writers[k]),
					      "line %zu of %zu bytes is written by queues 0x%x", k,
					      p->len, p->writers[k]);
			KUNIT_EXPECT_TRUE_MSG(test,
					      (pages || k) && k * PV_LINE >= lead &&
						      (k + 1) * PV_LINE <= lead + p->len,
					      "line %zu of %zu bytes is not all its own", k,
					      p->len);
			of[__builtin_ctz(p->writers[k])]++;
		}
	}
	for (i = 0; i < QUEUES; i++)
		KUNIT_EXPECT_GT(test, of[i], 5u);
}

/* --- block ------------------------------------------------------------------------------------ */

static void blk_done(struct pv_blk_req *req)
{
	req->user = NULL;
}

static void event(void *arg)
{
	(void)arg;
}

/*
 * Requests of one piece and of two, more than once round each entry's preset; then the device, and
 * poll.
 */
static void disk_work(struct kunit *test, unsigned int q)
{
	struct bench *b = test->priv;
	struct pv_blk_queue *queue = pv_blk_queue(b->open_blk, q);
	unsigned int i;

	b->blk.queue = q;
	for (i = 0; i < REQS; i++) {
		b->req[q][i] = (struct pv_blk_req) {.op = i % 2 ? PV_BLK_READ : PV_BLK_WRITE,
						    .sector = i,
						    .segs = &b->seg,
						    .num_segs = 1,
						    .done = blk_done};
		KUNIT_ASSERT_EQ(test, pv_blk_submit(queue, &b->req[q][i]), 0);
	}
	pv_blk_flush(queue);
	KUNIT_EXPECT_EQ(test, fake_blk_run(&b->blk, REQS), (unsigned int)REQS);
	KUNIT_EXPECT_EQ(test, pv_blk_poll(queue, 64), REQS);
}

static void blk(struct kunit *test)
{
	struct bench *b = test->priv;
	unsigned int q;

	plug(test, &b->blk.f);
	b->open_blk = pv_blk_open(0);
	KUNIT_ASSERT_EQ(test, b->open_blk->num_queues, (unsigned int)QUEUES);
	remember(test);
	for (q = 0; q < QUEUES; q++)
		pv_blk_set_event(pv_blk_queue(b->open_blk, q), event, NULL);
	for (q = 0; q < QUEUES; q++) {
		snapshot();
		disk_work(test, q);
		mark(q);
	}
	check(test);
}

/* --- network ---------------------------------------------------------------------------------- */

static struct bench *bench;

static void answer(void)
{
	struct bench *b = bench;
	uint8_t ok = VIRTIO_NET_OK;

	if (!fake_vq_next(&b->net.f, 2 * QUEUES, &b->chain))
		return;
	fake_chain_write(&b->chain, 0, &ok, 1);
	fake_vq_used(&b->net.f, 2 * QUEUES, b->chain.head, 1);
}

static void sent(struct pv_packet *pkt)
{
	pkt->user = NULL;
}

static void receive(void *arg, struct pv_packet *pkt)
{
	(void)arg;
	pv_packet_put(pkt);
}

static void card_work(struct kunit *test, unsigned int q)
{
	struct bench *b = test->priv;
	struct pv_net_queue *queue = pv_net_queue(b->open_net, q);
	unsigned int i;

	b->net.pair = q;
	for (i = 0; i < REQS; i++) {
		struct pv_packet *pkt = &b->pkt[q][i];

		*pkt = (struct pv_packet) {.len = 512, .num_segs = 1, .done = sent};
		pkt->seg[0] = b->seg;
		KUNIT_ASSERT_EQ(test, pv_net_submit(queue, pkt), 0);
		KUNIT_ASSERT_TRUE(test, fake_net_receive(&b->net, NULL, b->page, 60));
	}
	pv_net_flush(queue);
	KUNIT_EXPECT_EQ(test, fake_net_run(&b->net, REQS), (unsigned int)REQS);
	KUNIT_EXPECT_EQ(test, pv_net_poll(queue, 64), REQS);
}

static void net(struct kunit *test)
{
	struct bench *b = bench = test->priv;
	unsigned int q;

	pv_fake.relax = answer;
	plug(test, &b->net.f);
	b->open_net = pv_net_open(0);
	KUNIT_ASSERT_EQ(test, b->open_net->num_queues, (unsigned int)QUEUES);
	/* The rings of the probe are those of the start, too. */
	KUNIT_ASSERT_EQ(test, pv_net_start(b->open_net, receive, NULL), 0);
	remember(test);
	for (q = 0; q < QUEUES; q++)
		pv_net_set_event(pv_net_queue(b->open_net, q), event, NULL);
	for (q = 0; q < QUEUES; q++) {
		snapshot();
		card_work(test, q);
		mark(q);
	}
	check(test);
}

static void lines(struct kunit *test)
{
	unsigned int size;
	uint8_t *p;

	for (size = 1; size < 200; size += 13) {
		p = pv_lines_alloc(size);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_EQ(test, (uintptr_t)p % PV_LINE, 0ull);
		pv_memset(p, 0x5a, size);
		pv_lines_free(p, size);
	}
	pv_lines_free(NULL, 5);
	pv_fake.alloc_fail_at = 1;
	KUNIT_EXPECT_NULL(test, pv_lines_alloc(5));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(blk),
	KUNIT_CASE(net),
	KUNIT_CASE(lines),
	{},
};

static struct kunit_suite suite = {
	.name = "layout",
	.init = init,
	.exit = end,
	.test_cases = cases,
};

kunit_test_suite(suite);
