/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The web site: the files of a tar archive that is the disk, read by asynchronous block requests.
 * Several CPUs use it under one lock, each by a queue of its own as far as the disk has them.
 */
#ifndef EXAMPLES_HTTPD_SITE_H
#define EXAMPLES_HTTPD_SITE_H

#include <pv/blk.h>

#define SITE_MAX_FILES 256
#define SITE_MAX_PATH  256 /* with the terminator */
#define SITE_CHUNK     32768u

struct site_file {
	char path[SITE_MAX_PATH]; /* "/index.html" */
	const char *type;	  /* for Content-Type */
	uint64_t pos, size;	  /* bytes on the disk */
};

/* Memory for a piece of a file, and the request that fills it. */
struct site_chunk {
	uint8_t mem[SITE_CHUNK] PV_ALIGNED(PV_PAGE_SIZE);
	/* The result, for done(). */
	int status;	  /* 0, or the disk's error */
	const char *data; /* in `mem` */
	uint32_t len;
	/* Set by the caller. */
	void (*done)(struct site_chunk *chunk);
	void *user;
	/* The site's, in between. */
	struct pv_blk_req req;
	struct pv_seg seg;
	struct site_chunk *next;
};

/*
 * Reads the archive's headers: the number of files, or an error of the disk, PV_EINVAL if it is
 * none.
 */
int site_open(struct pv_blk *blk);

/* The file with this path; that of a folder is its index.html. NULL if there is none. */
const struct site_file *site_find(const char *path);

/*
 * Reads the file from `offset`, below its size, up to its end or as far as a chunk goes; how many
 * bytes that will be, or an error. done() is called from site_poll(), by the CPU whose queue it
 * was.
 */
int site_read(const struct site_file *file, uint64_t offset, struct site_chunk *chunk);

/* Completes reads of this CPU's queue. site_flush() tells the device of new ones. */
void site_poll(void);
void site_flush(void);

#endif
