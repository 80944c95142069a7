/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The first disk, read or written by requests of 512 bytes to 1 MiB in random order, each byte
 * once. Prints the XXH64 of what it read, or wrote.
 *
 * Command line: blk.mode=read|write, blk.size=BYTES from the disk's beginning, blk.depth=N requests
 * at a time, blk.seed=N. Without it, the first 16 MiB are read.
 */
#include <pv/bare.h>
#include <pv/string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAX_DEPTH 128

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, &pv_bare_kvm, NULL};
const struct pv_bus *const pv_bare_buses[] = {&pv_virtio_mmio, &pv_virtio_pci, &pv_xenbus, NULL};
const struct pv_driver *const pv_bare_drivers[] = {&pv_virtio_blk, &pv_blkfront, &pv_xen_console,
						   NULL};

struct piece {
	uint32_t sector, sectors;
};

static struct pv_blk_req reqs[MAX_DEPTH];
static struct pv_seg segs[MAX_DEPTH];
static uint64_t random_state, num_free;
static struct pv_blk_req *free_reqs[MAX_DEPTH];
static int error;
static volatile bool woken;

static int fail(const char *what, int err)
{
	pv_bare_printf("blk: %s: error %d\n", what, err);
	return 1;
}

/* xorshift64 (Marsaglia 2003). */
static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	return random_state ^= random_state << 17;
}

/*
 * Cuts the disk at random, many small pieces and some large ones, and shuffles them. Their number.
 */
static uint64_t plan(struct piece *pieces, uint64_t sectors)
{
	uint64_t at, len, i, j, n = 0;

	for (at = 0; at < sectors; at += len) {
		len = 1 + next_random() % (1 << next_random() % 12);
		len = len < sectors - at ? len : sectors - at;
		pieces[n++] = (struct piece) {(uint32_t)at, (uint32_t)len};
	}
	for (i = n; i > 1; i--) {
		struct piece last = pieces[i - 1];

		j = next_random() % i;
		pieces[i - 1] = pieces[j];
		pieces[j] = last;
	}
	return n;
}

static void wake(void *arg)
{
	(void)arg;
	woken = true;
}

static void done(struct pv_blk_req *req)
{
	error = error ? error : req->status;
	free_reqs[num_free++] = req;
}

static void transfer(struct pv_blk_queue *q, enum pv_blk_op op, uint8_t *data,
		     const struct piece *piece, uint64_t n, uint64_t depth)
{
	uint64_t i;

	for (i = 0; i < depth; i++)
		free_reqs[num_free++] = &reqs[i];
	pv_blk_set_event(q, wake, NULL);
	while ((n && !error) || num_free < depth) {
		woken = false;
		while (n && num_free && !error) {
			struct pv_blk_req *req = free_reqs[num_free - 1];
			struct pv_seg *seg = &segs[req - reqs];

			seg->va = data + (uint64_t)piece->sector * PV_BLK_SECTOR;
			seg->len = piece->sectors * PV_BLK_SECTOR;
			*req = (struct pv_blk_req) {.op = (uint8_t)op,
						    .num_segs = 1,
						    .sector = piece->sector,
						    .segs = seg,
						    .done = done};
			num_free--;
			error = pv_blk_submit(q, req);
			if (error)
				num_free++;
			piece++;
			n--;
		}
		pv_blk_flush(q);
		if (pv_blk_poll(q, MAX_DEPTH) < MAX_DEPTH && num_free < depth)
			pv_bare_wait(&woken, 10000000);
	}
	pv_blk_set_event(q, NULL, NULL);
}

int pv_bare_main(const char *cmdline)
{
	struct pv_blk *blk = pv_blk_open(0);
	uint64_t size = 16 << 20, depth = 32, seed = 1, n, i;
	const struct pv_queue_stats *stats;
	struct piece *pieces;
	char mode[8] = "read";
	uint64_t *data;
	bool write;

	if (!blk)
		return fail("no disk", PV_ENODEV);
	size = size < blk->capacity * PV_BLK_SECTOR ? size : blk->capacity * PV_BLK_SECTOR;
	pv_cmdline_get(cmdline, "blk.mode", mode, sizeof(mode));
	pv_cmdline_get_u64(cmdline, "blk.size", &size);
	pv_cmdline_get_u64(cmdline, "blk.depth", &depth);
	pv_cmdline_get_u64(cmdline, "blk.seed", &seed);
	write = !pv_strcmp(mode, "write");
	if (!size || size % PV_BLK_SECTOR || !depth || depth > MAX_DEPTH)
		return fail("blk.size or blk.depth is out of range", PV_EINVAL);

	data = pv_os_pages_alloc((unsigned int)((size + PV_PAGE_SIZE - 1) / PV_PAGE_SIZE));
	pieces = pv_os_alloc(size / PV_BLK_SECTOR * sizeof(*pieces));
	if (!data || !pieces)
		return fail("the disk's part does not fit into memory", PV_ENOMEM);
	random_state = seed * 2 + 1;
	for (i = 0; write && i < size / sizeof(*data); i++)
		data[i] = next_random();
	n = plan(pieces, size / PV_BLK_SECTOR);
	transfer(pv_blk_queue(blk, 0), write ? PV_BLK_WRITE : PV_BLK_READ, (uint8_t *)data, pieces,
		 n, depth);
	if (!error && write)
		error = pv_blk_sync(blk);
	if (error)
		return fail(mode, error);

	stats = pv_blk_stats(pv_blk_queue(blk, 0));
	pv_bare_printf("%s: %llu bytes of %s\n", mode, (unsigned long long)size, blk->name);
	pv_bare_printf("requests: %llu\n", (unsigned long long)n);
	pv_bare_printf("notifications: %llu\n", (unsigned long long)stats->notified);
	pv_bare_printf("interrupts: %llu\n", (unsigned long long)stats->events);
	pv_bare_printf("hash: %016llx\n", (unsigned long long)XXH64(data, size, 0));
	pv_blk_close(blk);
	return 0;
}
