/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * drivers/virtio with two reads in flight, and a device that may change any word that it can write
 * between any two loads. The scenario keeps account of what the driver was told: the device is
 * broken exactly if that cannot be; each request completes once; descriptors are never read back.
 */
#include "fake_disk.h"
#include "guest.h"

#define FULL (4096 + 1) /* data and status, which need not be counted */

static struct kunit test;
static struct fake_disk *d;
static struct pv_vq *vq;
static uint32_t head_of[IN_FLIGHT];

static struct {
	uint16_t cons, seen;
	uint32_t id, len;
	int awaits_status; /* the request whose status byte comes next; -1 */
} told;

/* --- what the device may say ------------------------------------------------------------------ */

enum what { USED_IDX, ELEM_ID, ELEM_LEN, STATUS };

static enum what what(const volatile void *p, size_t size)
{
	const char *at = (const char *)p, *ring = (const char *)vq->used->ring;

	if (p == &vq->used->idx)
		return USED_IDX;
	if (at >= ring && at < ring + vq->num * sizeof(struct vring_used_elem))
		return (size_t)(at - ring) % sizeof(struct vring_used_elem) ? ELEM_LEN : ELEM_ID;
	if (size != 1)
		explore_fail("a load from where there is nothing to read");
	return STATUS;
}

static unsigned int lies(const volatile void *p, size_t size, uint64_t is, uint64_t *other)
{
	(void)is;
	switch (what(p, size)) {
	case USED_IDX:
		other[0] = 1;
		other[1] = 2;
		other[2] = 3;
		other[3] = 0xffff;
		other[4] = 0x8000;
		return 5;
	case ELEM_ID:
		other[0] = head_of[0];
		other[1] = head_of[1];
		other[2] = vq->free_head;
		other[3] = vq->num;
		other[4] = 0xffffffff;
		return 5;
	case ELEM_LEN:
		other[0] = FULL;
		other[1] = FULL - 2;
		other[2] = FULL + 1;
		return 3;
	case STATUS:
		break;
	}
	other[0] = VIRTIO_BLK_S_OK;
	other[1] = VIRTIO_BLK_S_IOERR;
	other[2] = 77;
	return 3;
}

static void element(void)
{
	unsigned int i;

	told.cons++;
	for (i = 0; i < IN_FLIGHT && head_of[i] != told.id; i++)
		;
	if (i == IN_FLIGHT || explore_guest.back[i] || told.len > FULL) {
		explore_guest.impossible = true;
		return;
	}
	explore_guest.back[i] = true;
	told.awaits_status = (int)i;
}

static void request_status(uint8_t value)
{
	int *said = &explore_guest.said[told.awaits_status];

	told.awaits_status = -1;
	*said = PV_EIO;
	if (value == VIRTIO_BLK_S_UNSUPP)
		*said = PV_ENOTSUP;
	else if (value > VIRTIO_BLK_S_UNSUPP)
		explore_guest.impossible = true;
	else if (value == VIRTIO_BLK_S_OK && told.len >= FULL - 1)
		*said = 0;
	if (explore_guest.impossible)
		*said = PV_EPROTO;
}

static void tell(const volatile void *p, size_t size, uint64_t value)
{
	/* Nothing is read after a lie. */
	explore_check(!explore_guest.impossible);
	switch (what(p, size)) {
	case USED_IDX:
		explore_check(told.cons == told.seen);
		if ((uint16_t)(value - told.cons) > (uint16_t)(IN_FLIGHT - told.cons))
			explore_guest.impossible = true;
		else
			told.seen = (uint16_t)value;
		break;
	case ELEM_ID:
		explore_check(told.cons != told.seen);
		told.id = (uint32_t)value;
		break;
	case ELEM_LEN:
		told.len = (uint32_t)value;
		element();
		break;
	case STATUS:
		explore_check(told.awaits_status >= 0);
		request_status((uint8_t)value);
		break;
	}
}

/* --- the guest -------------------------------------------------------------------------------- */

static unsigned int poll(void)
{
	return pv_blk_poll(d->q, 64);
}

static int status(unsigned int i)
{
	return d->req[i].status;
}

static void end(void)
{
	if (explore_guest_end())
		explore_check(pv_blk_submit(d->q, fake_disk_request(d, IN_FLIGHT, PV_BLK_READ, 0,
								    1)) == PV_EIO);
}

static void setup(void)
{
	unsigned int i;

	pv_fake_reset();
	if (fake_disk_init(&test))
		explore_fail("no machine");
	d = test.priv;
	fake_disk_up(&test);
	vq = &d->fake.f.vd.vq[0];
	for (i = 0; i < IN_FLIGHT; i++) {
		head_of[i] = vq->free_head;
		if (pv_blk_submit(d->q, fake_disk_request(d, i, PV_BLK_READ, 8 * i, 1)))
			explore_fail("not submitted");
	}
	pv_blk_flush(d->q);
	told.awaits_status = -1;
	explore_guest = (struct explore_guest) {.dev = &d->fake.f.vd.dev,
						.polls = 3,
						.poll = poll,
						.done = d->done,
						.status = status};
}

/* Fault rows 33, 34, 35 */
const struct explore_scenario explore_virtio_blk = {
	.name = "virtio-blk-lies",
	.setup = setup,
	.begin = explore_guest_begin,
	.end = end,
	.lies = lies,
	.told = tell,
	.plants = {EXPLORE_GUEST_PLANTS},
};
