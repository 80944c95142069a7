/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A fake virtio device: a transport without registers, and the device's side of split rings, in
 * memory.
 *
 * The test is the device: it lets it work (fake_blk_run(), fake_net_run()), or takes chains off the
 * rings itself and answers as no good device would.
 */
#ifndef PV_KUNIT_FAKE_VIRTIO_H
#define PV_KUNIT_FAKE_VIRTIO_H

#include <kunit/test.h>
#include <pv/fake.h>
#include <pv/log.h>

#include "drivers/virtio/virtqueue.h"

#define FAKE_QUEUES 12
#define FAKE_PIECES 300

/* A ring, as the device has it. */
struct fake_vq {
	struct pv_vq *vq; /* NULL: not enabled */
	uint16_t last_avail;
	uint16_t used_idx;
	unsigned int doorbell; /* written by the driver */
	unsigned int irqs;     /* interrupts that the driver's wish called for */
	unsigned int max;      /* queue_max */
};

/* Memory that was shared: a device that has it by another address than the driver. */
#define FAKE_LOANS 2048
struct fake_loan {
	void *va; /* NULL: none */
	uint32_t len;
	enum pv_share_dir dir;
};

struct fake_virtio {
	struct pv_virtio vd;
	uint64_t offered;
	uint64_t accepted;
	uint8_t status;
	uint32_t generation;
	uint8_t config[256];
	struct fake_vq q[FAKE_QUEUES];

	/* How it misbehaves. */
	bool refuses;	       /* FEATURES_OK does not stick */
	bool deaf;	       /* never reset */
	bool absent;	       /* taken away: its registers read all ones */
	bool restless;	       /* the generation changes with each read */
	int enable_fails_at;   /* 1: the first queue_enable fails */
	bool no_interrupts;    /* interrupts are counted, not delivered */
	bool irq_during_setup; /* interrupts before DRIVER_OK */

	/* What is lent to it, where the bus keeps account: fake_virtio_lends(). */
	struct fake_loan *loan; /* FAKE_LOANS of them */
	unsigned int lent;
	unsigned int taken;	     /* loans that ended while it was not reset */
	unsigned int share_fails_at; /* the n-th pv_share() from now fails, once; 0: none */

	/* What it saw. */
	unsigned int resets;
	uint8_t log[64]; /* values written to the status */
	unsigned int log_len;
	unsigned int config_reads;
	bool released;
};

extern const struct pv_bus fake_virtio_bus;

/* A device of this kind, with these features and queues of `max` entries. */
void fake_virtio_init(struct fake_virtio *f, uint16_t device_id, uint64_t offered,
		      unsigned int max);

/*
 * Its bus keeps account of what is shared: bus addresses are numbers of loans, a page apart, an
 * unshare of anything else than was shared panics, and what is written to a loan that ended does
 * not arrive.
 */
void fake_virtio_lends(struct kunit *test, struct fake_virtio *f);

/* Adds it, with a table of drivers that holds this one; or removes it. */
void fake_virtio_plug(struct fake_virtio *f, const struct pv_driver *driver);
void fake_virtio_unplug(struct fake_virtio *f);

/* It says that it needs a reset, by an interrupt; and the kernel works. */
void fake_virtio_needs_reset(struct fake_virtio *f);

void fake_config8(struct fake_virtio *f, unsigned int offset, uint8_t v);
void fake_config16(struct fake_virtio *f, unsigned int offset, uint16_t v);
void fake_config32(struct fake_virtio *f, unsigned int offset, uint32_t v);
void fake_config64(struct fake_virtio *f, unsigned int offset, uint64_t v);

/* The driver's indices, and the device's, as if so many had gone through the ring: after plug. */
void fake_vq_start_at(struct fake_virtio *f, unsigned int index, uint16_t idx);

/* --- the device's side of a ring -------------------------------------------------------------- */

struct fake_piece {
	uint8_t *va;
	uint32_t len;
	bool write;
};

struct fake_chain {
	uint16_t head;
	unsigned int num;
	unsigned int out, in; /* bytes to read, to write */
	bool indirect;
	struct fake_piece piece[FAKE_PIECES];
};

/* The next chain that the driver made available. False if there is none. */
bool fake_vq_next(struct fake_virtio *f, unsigned int index, struct fake_chain *c);

/* Chains made available and not yet taken. */
unsigned int fake_vq_waiting(struct fake_virtio *f, unsigned int index);

/* A used element, in place, not yet shown. */
void fake_vq_element(struct fake_virtio *f, unsigned int index, uint32_t id, uint32_t len);

/* Shows used->idx as it is in f->q, and interrupts if the driver wants that. */
void fake_vq_show(struct fake_virtio *f, unsigned int index, uint16_t was);

/* Both, for one chain. */
void fake_vq_used(struct fake_virtio *f, unsigned int index, uint32_t id, uint32_t len);

/* Asks to be notified of the next chain. */
void fake_vq_sleep(struct fake_virtio *f, unsigned int index);

/*
 * Copies from the chain's readable pieces, or to its writable ones, `n` bytes at `at`; how many
 * there were.
 */
uint32_t fake_chain_read(const struct fake_chain *c, uint32_t at, void *buf, uint32_t n);
uint32_t fake_chain_write(const struct fake_chain *c, uint32_t at, const void *buf, uint32_t n);

/* --- a good block device ---------------------------------------------------------------------- */

#define FAKE_BLK_SECTORS 4096u

struct fake_blk {
	struct fake_virtio f;
	uint8_t disk[FAKE_BLK_SECTORS * 512];
	uint8_t status;	   /* VIRTIO_BLK_S_OK, or what it answers instead */
	uint32_t short_by; /* so many bytes of a read are neither written nor counted */
	unsigned int reads, writes, flushes, discards, zeroes, others;
	unsigned int most_pieces; /* of data in one chain */
	uint32_t most_bytes;
	uint32_t zero_flags; /* of the last WRITE_ZEROES */
	unsigned int queue;  /* which it works on; 0 */
};

/* Does at most `budget` requests; how many. */
unsigned int fake_blk_run(struct fake_blk *b, unsigned int budget);

/* As virtio 1.2 has them all, with a capacity of FAKE_BLK_SECTORS. */
void fake_blk_init(struct fake_blk *b, uint64_t features);

/* --- a good network device -------------------------------------------------------------------- */

#define FAKE_NET_SENT 64

struct fake_net {
	struct fake_virtio f;
	unsigned int hdr_len;
	unsigned int pair; /* which it works on; 0 */
	unsigned int sent; /* frames, so many of which are kept */
	struct {
		uint8_t hdr[12];
		uint8_t data[2048];
		uint32_t len;
		bool header_alone; /* in a descriptor of its own */
	} frame[FAKE_NET_SENT];
};

void fake_net_init(struct fake_net *n, uint64_t features);

/* Takes at most `budget` frames off the send ring; how many. */
unsigned int fake_net_run(struct fake_net *n, unsigned int budget);

/*
 * Receives a frame, over as many buffers as it takes if they are merged, with this header (NULL:
 * zeroes; the number of buffers is filled in). False if the driver posted too few.
 */
bool fake_net_receive(struct fake_net *n, const void *hdr, const void *data, uint32_t len);

#endif
