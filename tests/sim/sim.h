/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The simulator: a kernel, the library and a peer in one process, on a virtual clock, one step
 * after the other.
 *
 * A RUN is said by a seed, a number of steps, and faults, each at a step. The seed chooses all
 * else: what the peer offers, what each step does (the kernel submits, flushes, polls; the peer
 * works off some; time passes). So a run repeats exactly, and a failure prints the command that
 * repeats it.
 *
 * After the steps the faults are over: the peer behaves, comes back if it was away, and what is in
 * flight must end within a bound of virtual time. What holds in every run is checked by
 * PLAIN_CHECK():
 *
 *	each request completes once, with a status that what happened allows
 *	data are what an oracle says, and so is the peer's disk in the end
 *	without a lost event, events alone are enough to get there
 *	a device that nobody lied to works still; one that was lied to is broken, and nothing else
 *	is nothing is left: memory, mappings, interrupts, grants, ports
 */
#ifndef PV_SIM_H
#define PV_SIM_H

#include <pv/fake.h>

#include "tests/plain/plain.h"

struct sim_rig {
	const char *name;
	const char *const *faults; /* their names; NULL ends them */
	void (*up)(void);
	void (*step)(void);
	void (*fault)(unsigned int which);
	void (*settle)(void);
	void (*down)(void);
};

extern const struct sim_rig sim_virtio_blk, sim_blkfront, sim_virtio_net, sim_netfront;

/* Numbers of this run: a number below `n`, and one of so many that is 0. */
uint64_t sim_random(void);
static inline unsigned int sim_below(unsigned int n)
{
	return (unsigned int)(sim_random() >> 33) % n;
}

/*
 * Whole lives of the rig, in which the n-th allocation or hypercall fails (nth.c); their number.
 * And which one goes on.
 */
unsigned long sim_nth(const char *rig);
const char *sim_nth_trying(void);

/*
 * Suspends the guest. It goes on as another domain, with what `there` makes of the peer; NULL:
 * where it was. And the device's folder, as the toolstack makes it for a new domain (move.c).
 */
void sim_suspend(void (*there)(void));
void sim_new_folder(const char *front);

/*
 * Xen's store, before a rig's is up: a guest may connect to it anew. And it starts again at one of
 * the next requests, with no watch and no transaction, and without an answer.
 */
void sim_store_reconnects(void);
void sim_store_restarts(void);

#define SIM_MS 1000000ull /* of virtual time */

/* What the peer of this run did that the kernel may notice. */
struct sim_story {
	bool lied;	 /* the device is to break, or has */
	bool may_break;	 /* it may have come to be so */
	bool left;	 /* it was unplugged */
	bool shrunk;	 /* after a reset it is less than it was */
	bool errors;	 /* requests fail, or did */
	bool loses;	 /* frames may be lost, in either direction */
	bool lost_event; /* the kernel's watchdog is needed */
	bool away;	 /* nobody answers */
};

extern struct sim_story sim_story;

/* What it lied about before anybody looked went with its ring. */
void sim_forget_lie(bool broken);

/* --- a block device under work (blk.c) -------------------------------------------------------- */

#define SIM_BLK_SECTORS 512u /* of the disk are used */

struct sim_blk_peer {
	uint8_t *(*disk)(void);		       /* where its bytes are, now */
	unsigned int (*serve)(unsigned int n); /* at most n requests; how many */
	void (*work)(void);		       /* pv_work(), and the peer's control work */
	bool (*broken)(void);
};

struct pv_blk;
void sim_blk_begin(struct pv_blk *blk, const struct sim_blk_peer *peer);
void sim_blk_step(void);
void sim_blk_settle(void);
void sim_blk_end(void);

/* --- a network device under work (net.c) ------------------------------------------------------ */

struct sim_net_peer {
	unsigned int (*take)(unsigned int n); /* at most n frames, each of them sim_net_seen() */
	bool (*inject)(const uint8_t *data, uint32_t len);
	void (*work)(void);
	bool (*broken)(void);
	uint32_t most; /* bytes in a frame that it injects, up to 9000 */
};

struct pv_net;
void sim_net_begin(struct pv_net *net, const struct sim_net_peer *peer);
/* Whether the peer will say that it was sent. */
void sim_net_seen(const uint8_t *data, uint32_t len, bool good);
void sim_net_step(void);
void sim_net_settle(void);
void sim_net_end(void);

#endif
