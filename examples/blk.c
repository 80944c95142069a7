/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The first MiB of the first disk, by 16 requests at once: reads it and prints its XXH64. With
 * blk.mode=write on the command line a pattern is written there before, over whatever the disk had.
 */
#include <pv/bare.h>
#include <pv/string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define CHUNKS 16
#define CHUNK  65536u

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_virtio_mmio, &pv_virtio_pci, &pv_xenbus, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_virtio_blk, &pv_blkfront, NULL};

static uint64_t data[CHUNKS * CHUNK / 8] PV_ALIGNED(PV_PAGE_SIZE);
static unsigned int pending;
static volatile bool woken;

static void wake(void *arg)
{
	(void)arg;
	woken = true;
}

static void done(struct pv_blk_req *req)
{
	if (req->status)
		pv_os_panic("a request failed");
	pending--;
}

static void transfer(struct pv_blk_queue *q, uint8_t op)
{
	static struct pv_blk_req req[CHUNKS];
	static struct pv_seg seg[CHUNKS];

	for (unsigned int i = 0; i < CHUNKS; i++, pending++) {
		seg[i] = (struct pv_seg) {.va = (uint8_t *)data + i * CHUNK, .len = CHUNK};
		req[i] = (struct pv_blk_req) {.op = op, .segs = &seg[i], .num_segs = 1};
		req[i].sector = i * CHUNK / PV_BLK_SECTOR;
		req[i].done = done;
		if (pv_blk_submit(q, &req[i]))
			pv_os_panic("a request was refused");
	}
	for (pv_blk_flush(q); pending; woken = false)
		if (pv_blk_poll(q, CHUNKS) < CHUNKS && pending)
			pv_bare_wait(&woken, 10000000);
}

int pv_bare_main(const char *cmdline)
{
	struct pv_blk *blk = pv_blk_open(0);
	char mode[8] = "read";
	uint64_t i;

	pv_bare_printf("cpus: %u\n", pv_cpu_find(pv_bare_boot()));
	if (!blk)
		pv_os_panic("no disk");
	pv_blk_set_event(pv_blk_queue(blk, 0), wake, NULL);
	pv_cmdline_get(cmdline, "blk.mode", mode, sizeof(mode));
	if (!pv_strcmp(mode, "write")) {
		for (i = 0; i < PV_ARRAY_SIZE(data); i++)
			data[i] = i * 0x9e3779b97f4a7c15;
		pv_bare_printf("pattern: %016lx\n", XXH64(data, sizeof(data), 0));
		transfer(pv_blk_queue(blk, 0), PV_BLK_WRITE);
		pv_memset(data, 0, sizeof(data));
	}
	transfer(pv_blk_queue(blk, 0), PV_BLK_READ);
	pv_bare_printf("hash: %016lx\n", XXH64(data, sizeof(data), 0));
	return 0;
}
