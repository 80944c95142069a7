/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * drivers/blkfront with two reads in flight, and a backend that may change any word of the ring
 * between any two loads. The scenario keeps account of what the driver was told: the device is broken
 * exactly if that cannot be; each request completes once, with what was said of it by the first copy
 * of its response, or with PV_EPROTO.
 */
#include "fake_vbd.h"
#include "scenarios.h"

#define IN_FLIGHT 2
#define POLLS	  3

#define UNBREAKS  EXPLORE_OWN
#define TWICE	  (EXPLORE_OWN << 1)
#define ALL_RIGHT (EXPLORE_OWN << 2)

static struct kunit test;
static struct fake_vbd *v;
static uint64_t id_of[IN_FLIGHT];
static uint32_t base; /* rsp_prod, before any answer */

/* What the driver was told. */
static struct {
	uint32_t cons, seen;
	bool looked, impossible;
	uint64_t id;
	uint8_t op;
	bool back[IN_FLIGHT];
	int status[IN_FLIGHT];
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

static void response(int16_t status)
{
	unsigned int i;

	told.cons++;
	for (i = 0; i < IN_FLIGHT && id_of[i] != told.id; i++)
		;
	if (i == IN_FLIGHT || told.back[i] || told.op != BLKIF_OP_READ) {
		told.impossible = true;
		return;
	}
	told.back[i] = true;
	if (status == BLKIF_RSP_OKAY)
		told.status[i] = 0;
	else if (status == BLKIF_RSP_ERROR)
		told.status[i] = PV_EIO;
	else if (status == BLKIF_RSP_EOPNOTSUPP)
		told.status[i] = PV_ENOTSUP;
	else
		told.impossible = true;
	if (told.impossible)
		told.status[i] = PV_EPROTO;
}

static void tell(const volatile void *p, size_t size, uint64_t value)
{
	(void)size;
	/* Nothing is read after a lie. */
	explore_check(!told.impossible);
	if (p == &v->bf->ring.shared->rsp_prod) {
		explore_check(told.cons == told.seen);
		if ((uint32_t)value - told.cons > base + IN_FLIGHT - told.cons)
			told.impossible = true;
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

static void guest(void *arg)
{
	unsigned int i;

	(void)arg;
	for (i = 0; i < POLLS; i++) {
		pv_blk_poll(v->q, 64);
		if (explore_planted(UNBREAKS) && v->dev->state == PV_DEV_BROKEN)
			v->dev->state = PV_DEV_LIVE;
	}
	if (explore_planted(TWICE) && v->done[0])
		v->done[0]++;
}

static void end(void)
{
	bool broken = v->dev->state == PV_DEV_BROKEN;
	unsigned int i;

	explore_check(broken == told.impossible);
	for (i = 0; i < IN_FLIGHT; i++) {
		explore_check(v->done[i] == (told.back[i] || broken ? 1u : 0u));
		if (explore_planted(ALL_RIGHT))
			explore_check(!v->done[i] || v->req[i].status == 0);
		else if (v->done[i])
			explore_check(v->req[i].status ==
				      (told.back[i] ? told.status[i] : PV_EPROTO));
	}
	if (!broken)
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
}

static void begin(void)
{
	explore_thread(0, false, guest, NULL);
}

/* Fault rows 1, 2, 3, 4, 5, 6 */
const struct explore_scenario explore_blkfront = {
	.name = "blkfront-lies",
	.setup = setup,
	.begin = begin,
	.end = end,
	.lies = lies,
	.told = tell,
	.plants = {{"goes-on", UNBREAKS}, {"completes-twice", TWICE}, {"all-is-right", ALL_RIGHT}},
};
