/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * drivers/blkfront with two reads in flight, and a backend that may change any word of the ring
 * between any two loads. The scenario keeps account of what the driver was told: the device is
 * broken exactly if that cannot be; each request completes once, with what was said of it by the
 * first copy of its response, or with PV_EPROTO.
 */
#include "fake_vbd.h"
#include "guest.h"

static struct kunit test;
static struct fake_vbd *v;
static uint64_t id_of[IN_FLIGHT];
static uint32_t base; /* rsp_prod, before any answer */

/* What the driver was told. */
static struct {
	uint32_t cons, seen;
	bool looked;
	uint64_t id;
	uint8_t op;
} told;

/* --- what the backend may say ----------------------------------------------------------------- */

static size_t field(const volatile void *p)
{
	const char *slots = (const char *)v->bf->slot, *at = (const char *)p;

	if (at < slots || at >= (const char *)(v->bf->slot + v->bf->ring.size))
		explore_fail("a load from where there is nothing to read");
	return (size_t)(at - slots) % sizeof(*v->bf->slot);
}

static unsigned int lies(const volatile void *p, size_t size, uint64_t is, uint64_t *other)
{
	(void)size;
	(void)is;
	if (p == &v->bf->ring.shared->rsp_prod) {
		other[0] = base + 1;
		other[1] = base + 2;
		other[2] = base + 3;
		other[3] = base - 1;
		other[4] = base + 0x80000000u;
		return 5;
	}
	switch (field(p)) {
	case offsetof(struct blkif_response, id):
		other[0] = id_of[0];
		other[1] = id_of[1];
		other[2] = v->bf->free_part[0];
		other[3] = v->bf->num_parts;
		other[4] = 1ull << 63;
		return 5;
	case offsetof(struct blkif_response, operation):
		other[0] = BLKIF_OP_READ;
		other[1] = BLKIF_OP_WRITE;
		return 2;
	case offsetof(struct blkif_response, status):
		other[0] = (uint16_t)BLKIF_RSP_OKAY;
		other[1] = (uint16_t)BLKIF_RSP_ERROR;
		other[2] = 77;
		return 3;
	}
	explore_fail("a load of what is no response's");
}

static void response(int16_t word)
{
	unsigned int i;

	told.cons++;
	for (i = 0; i < IN_FLIGHT && id_of[i] != told.id; i++)
		;
	if (i == IN_FLIGHT || explore_guest.back[i] || told.op != BLKIF_OP_READ) {
		explore_guest.impossible = true;
		return;
	}
	explore_guest.back[i] = true;
	if (word == BLKIF_RSP_OKAY)
		explore_guest.said[i] = 0;
	else if (word == BLKIF_RSP_ERROR)
		explore_guest.said[i] = PV_EIO;
	else if (word == BLKIF_RSP_EOPNOTSUPP)
		explore_guest.said[i] = PV_ENOTSUP;
	else
		explore_guest.impossible = true;
	if (explore_guest.impossible)
		explore_guest.said[i] = PV_EPROTO;
}

static void tell(const volatile void *p, size_t size, uint64_t value)
{
	(void)size;
	/* Nothing is read after a lie. */
	explore_check(!explore_guest.impossible);
	if (p == &v->bf->ring.shared->rsp_prod) {
		explore_check(told.cons == told.seen);
		if ((uint32_t)value - told.cons > base + IN_FLIGHT - told.cons)
			explore_guest.impossible = true;
		else
			told.seen = (uint32_t)value;
		return;
	}
	/* Only of what was shown, and each response's words once, in this order. */
	explore_check(told.cons != told.seen);
	switch (field(p)) {
	case offsetof(struct blkif_response, id):
		explore_check(!told.looked);
		told.looked = true;
		told.id = value;
		break;
	case offsetof(struct blkif_response, operation):
		told.op = (uint8_t)value;
		break;
	default:
		explore_check(told.looked);
		told.looked = false;
		response((int16_t)value);
	}
}

/* --- the guest -------------------------------------------------------------------------------- */

static unsigned int poll(void)
{
	return pv_blk_poll(v->q, 64);
}

static int status(unsigned int i)
{
	return v->req[i].status;
}

static void end(void)
{
	if (!explore_guest_end())
		return;
	explore_check(pv_blk_submit(v->q, fake_vbd_request(v, IN_FLIGHT, PV_BLK_READ, 0, 1)) ==
		      PV_EIO);
	explore_check(v->bf->num_free == v->bf->num_parts);
}

static void setup(void)
{
	unsigned int i, id;

	if (fake_vbd_init(&test))
		explore_fail("no guest");
	v = test.priv;
	fake_vbd_up(&test);
	for (i = 0; i < IN_FLIGHT; i++)
		fake_vbd_submit(&test, i, PV_BLK_READ, 8 * i, 1);
	pv_blk_flush(v->q);
	for (id = 0; id < v->bf->num_parts; id++)
		for (i = 0; i < IN_FLIGHT; i++)
			if (v->bf->part[id]->req == &v->req[i])
				id_of[i] = id;
	base = v->bf->ring.rsp_cons;
	told.cons = told.seen = base;
	explore_guest = (struct explore_guest) {
		.dev = v->dev, .polls = 3, .poll = poll, .done = v->done, .status = status};
}

/* Fault rows 1, 2, 3, 4, 5, 6 */
const struct explore_scenario explore_blkfront = {
	.name = "blkfront-lies",
	.setup = setup,
	.begin = explore_guest_begin,
	.end = end,
	.lies = lies,
	.told = tell,
	.plants = {EXPLORE_GUEST_PLANTS},
};
