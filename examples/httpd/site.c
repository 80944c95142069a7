/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The disk is a POSIX ustar archive (IEEE Std 1003.1, pax, "ustar Interchange Format"): 512-byte
 * headers, each followed by its file's data, padded to 512. The headers are read once; a file's
 * data are read when they are asked for, from the disk, each time.
 */
#include "site.h"

#include <pv/bare.h>
#include <pv/config.h>
#include <pv/string.h>

struct ustar {
	char name[100];
	char mode[8], uid[8], gid[8];
	char size[12], mtime[12], chksum[8]; /* octal digits */
	char typeflag;
	char linkname[100];
	char magic[6]; /* "ustar" */
	char version[2];
	char uname[32], gname[32];
	char devmajor[8], devminor[8];
	char prefix[155];
	char pad[12];
};
_Static_assert(sizeof(struct ustar) == PV_BLK_SECTOR, "a header is a sector");

static struct {
	struct pv_blk *blk;
	/*
	 * CPU i has the disk's queue i; where there are fewer, requests wait in another CPU's,
	 * which is woken.
	 */
	struct lane {
		struct pv_blk_queue *queue;
		struct site_chunk *waiting;
	} lane[PV_CONFIG_QUEUES];
	unsigned int lanes;
	struct site_file file[SITE_MAX_FILES];
	unsigned int num_files;
} site;

static const struct {
	const char *suffix, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".json", "application/json"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".ico", "image/x-icon"},
	{".txt", "text/plain; charset=utf-8"},
	{".md", "text/plain; charset=utf-8"},
	{".gz", "application/gzip"},
};

static const char *type_of(const char *path)
{
	size_t len = pv_strlen(path), n;
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(types); i++) {
		n = pv_strlen(types[i].suffix);
		if (len > n && !pv_strcmp(path + len - n, types[i].suffix))
			return types[i].type;
	}
	return "application/octet-stream";
}

/* --- the archive ------------------------------------------------------------------------------ */

static uint64_t octal(const char *s, size_t n)
{
	uint64_t value = 0;

	while (n && *s == ' ')
		s++, n--;
	while (n-- && *s >= '0' && *s <= '7')
		value = value << 3 | (uint64_t)(*s++ - '0');
	return value;
}

/* The sum of all bytes, those of the sum itself taken as spaces. */
static bool is_header(const struct ustar *h)
{
	const uint8_t *p = (const uint8_t *)h;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < sizeof(*h); i++)
		sum += i - offsetof(struct ustar, chksum) < sizeof(h->chksum) ? ' ' : p[i];
	return !pv_memcmp(h->magic, "ustar", 5) && sum == octal(h->chksum, sizeof(h->chksum));
}

/* Appends a field, which is terminated unless it is full. */
static void append(char *path, const char *field, size_t n)
{
	size_t at = pv_strlen(path);

	while (n-- && *field && at < SITE_MAX_PATH - 1)
		path[at++] = *field++;
	path[at] = '\0';
}

static void add_file(const struct ustar *h, uint64_t pos)
{
	struct site_file *f = &site.file[site.num_files++];
	const char *name = h->name;
	size_t n = sizeof(h->name);

	append(f->path, "/", 1);
	if (h->prefix[0]) {
		append(f->path, h->prefix, sizeof(h->prefix));
		append(f->path, "/", 1);
	} else if (name[0] == '.' && name[1] == '/') {
		name += 2;
		n -= 2;
	}
	append(f->path, name, n);
	f->type = type_of(f->path);
	f->pos = pos;
	f->size = octal(h->size, sizeof(h->size));
}

int site_open(struct pv_blk *blk)
{
	static uint8_t block[PV_PAGE_SIZE] PV_ALIGNED(PV_PAGE_SIZE);
	uint64_t end = blk->capacity * PV_BLK_SECTOR, pos = 0, start, loaded = ~0ull;
	const struct ustar *h;
	unsigned int i;
	int err;

	site.blk = blk;
	site.lanes = blk->num_queues;
	for (i = 0; i < site.lanes; i++)
		site.lane[i].queue = pv_blk_queue(blk, i);
	if (blk->logical_block > sizeof(block))
		return PV_ENOTSUP;
	while (pos < end && site.num_files < SITE_MAX_FILES) {
		start = pos - pos % blk->logical_block;
		if (start != loaded) {
			err = pv_blk_read(blk, start / PV_BLK_SECTOR, block, blk->logical_block);
			if (err)
				return err;
			loaded = start;
		}
		h = (const struct ustar *)(block + (pos - start));
		if (!is_header(h))
			break;
		pos += sizeof(*h);
		if (octal(h->size, sizeof(h->size)) > end - pos)
			return PV_EINVAL;
		if (h->typeflag == '0' || h->typeflag == '\0')
			add_file(h, pos);
		pos += (octal(h->size, sizeof(h->size)) + PV_BLK_SECTOR - 1) & ~511ull;
	}
	if (!pos)
		return PV_EINVAL;
	for (i = 0; i < site.lanes; i++)
		pv_blk_set_event(site.lane[i].queue, pv_bare_wake_event, (void *)(uintptr_t)i);
	return (int)site.num_files;
}

const struct site_file *site_find(const char *path)
{
	size_t len = pv_strlen(path);
	unsigned int i;

	for (i = 0; i < site.num_files; i++) {
		const char *have = site.file[i].path;

		if (pv_strncmp(have, path, len))
			continue;
		if (!have[len] || (path[len - 1] == '/' && !pv_strcmp(have + len, "index.html")))
			return &site.file[i];
	}
	return NULL;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void read_done(struct pv_blk_req *req)
{
	struct site_chunk *chunk = req->user;

	chunk->status = req->status;
	chunk->done(chunk);
}

/* The disk is read in whole blocks of its own; `lead` bytes of the first are not the file's. */
int site_read(const struct site_file *file, uint64_t offset, struct site_chunk *chunk)
{
	uint32_t block = site.blk->logical_block, lead = (uint32_t)((file->pos + offset) % block);
	uint64_t left = file->size - offset, room = SITE_CHUNK - lead;
	unsigned int cpu = pv_os_cpu(), number = cpu % site.lanes;
	int err;

	chunk->data = (const char *)chunk->mem + lead;
	chunk->len = (uint32_t)(left < room ? left : room);
	chunk->seg.va = chunk->mem;
	chunk->seg.len = (lead + chunk->len + block - 1) / block * block;
	pv_memset(&chunk->req, 0, sizeof(chunk->req));
	chunk->req.op = PV_BLK_READ;
	chunk->req.sector = (file->pos + offset - lead) / PV_BLK_SECTOR;
	chunk->req.segs = &chunk->seg;
	chunk->req.num_segs = 1;
	chunk->req.done = read_done;
	chunk->req.user = chunk;
	if (number != cpu) {
		chunk->next = site.lane[number].waiting;
		site.lane[number].waiting = chunk;
		pv_bare_wake(number);
		return (int)chunk->len;
	}
	err = pv_blk_submit(site.lane[cpu].queue, &chunk->req);
	return err ? err : (int)chunk->len;
}

/* What CPUs without a queue want read. */
static void submit_waiting(struct lane *lane)
{
	struct site_chunk *chunk;

	while ((chunk = lane->waiting)) {
		lane->waiting = chunk->next;
		chunk->status = pv_blk_submit(lane->queue, &chunk->req);
		if (chunk->status)
			chunk->done(chunk);
	}
}

void site_poll(void)
{
	unsigned int cpu = pv_os_cpu();

	if (cpu >= site.lanes)
		return;
	submit_waiting(&site.lane[cpu]);
	while (pv_blk_poll(site.lane[cpu].queue, 64) == 64)
		;
}

void site_flush(void)
{
	unsigned int cpu = pv_os_cpu();

	if (cpu < site.lanes)
		pv_blk_flush(site.lane[cpu].queue);
}
