/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What a disk is asked beyond reading and writing: says what the first disk tells of itself, then,
 * a line of `name: status` each, zeroes and discards parts of it and flushes, through its queue, by
 * polling.
 *
 *	sectors	100 to 1099	zeroes
 *		2000 to 5999	zeroes, which may deallocate
 *		8000 to 9999	discarded
 *		10000		one more write, so that there is something to flush
 */
#include <pv/bare.h>

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_virtio_mmio, &pv_virtio_pci, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_virtio_blk, NULL};

static uint8_t block[PV_PAGE_SIZE] PV_ALIGNED(PV_PAGE_SIZE);
static bool completed;

static void done(struct pv_blk_req *req)
{
	(void)req;
	completed = true;
}

static void ask(struct pv_blk *blk, const char *name, struct pv_blk_req req)
{
	struct pv_blk_queue *q = pv_blk_queue(blk, 0);
	int err;

	req.done = done;
	completed = false;
	err = pv_blk_submit(q, &req);
	if (!err) {
		pv_blk_flush(q);
		while (!completed)
			if (!pv_blk_poll(q, 1))
				pv_os_relax();
		err = req.status;
	}
	pv_bare_printf("%s: %d\n", name, err);
}

int pv_bare_main(const char *cmdline)
{
	struct pv_seg seg = {.va = block, .len = sizeof(block)};
	struct pv_blk *blk = pv_blk_open(0);
	unsigned int i;

	(void)cmdline;
	if (!blk)
		return 1;
	for (i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)(i * 7);
	pv_bare_printf("geometry: %u/%u/%u\n", blk->geometry.cylinders, blk->geometry.heads,
		       blk->geometry.sectors);
	pv_bare_printf("blocks: %u logical, %u physical\n", blk->logical_block,
		       blk->physical_block);
	pv_bare_printf("flags: 0x%x\n", (unsigned int)blk->flags);
	ask(blk, "zeroes",
	    (struct pv_blk_req) {.op = PV_BLK_WRITE_ZEROES, .sector = 100, .num_sectors = 1000});
	ask(blk, "unmap",
	    (struct pv_blk_req) {.op = PV_BLK_WRITE_ZEROES,
				 .flags = PV_BLK_UNMAP,
				 .sector = 2000,
				 .num_sectors = 4000});
	ask(blk, "discard",
	    (struct pv_blk_req) {.op = PV_BLK_DISCARD, .sector = 8000, .num_sectors = 2000});
	ask(blk, "write",
	    (struct pv_blk_req) {.op = PV_BLK_WRITE, .sector = 10000, .segs = &seg, .num_segs = 1});
	ask(blk, "flush", (struct pv_blk_req) {.op = PV_BLK_SYNC});
	pv_blk_close(blk);
	return 0;
}
