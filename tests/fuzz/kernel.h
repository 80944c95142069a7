/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The kernel above the fuzzed block and network drivers: its requests and packets. Each that was
 * accepted is done once; each packet that is delivered lies within its buffers.
 */
#ifndef PV_FUZZ_KERNEL_H
#define PV_FUZZ_KERNEL_H

#include <pv/blk.h>
#include <pv/net.h>

#include "fuzz.h"

/* --- requests --------------------------------------------------------------------------------- */

#define FUZZ_SEGS 3u

struct fuzz_request {
	struct pv_blk_req req; /* its segments are `seg` */
	struct pv_seg seg[FUZZ_SEGS];
	bool under_way;
};

/* At most `most` are under way together, up to 24; none is. */
void fuzz_requests_new(unsigned int most);

/* One to be filled in; NULL if all are under way. And it is submitted. */
struct fuzz_request *fuzz_request(unsigned int segs);
void fuzz_request_submit(struct pv_blk_queue *q, struct fuzz_request *r);

/* None is under way, or that is wrong. */
void fuzz_requests_done(void);

/* --- packets ---------------------------------------------------------------------------------- */

/*
 * As those of requests, up to 16. A packet has the offsets of a TCP frame's headers, and no segment
 * yet.
 */
void fuzz_packets_new(unsigned int most);
struct pv_packet *fuzz_packet(void);
void fuzz_packet_submit(struct pv_net_queue *q, struct pv_packet *pkt);
void fuzz_packets_done(void);

/* For pv_net_start(). Some are kept until they are put. */
void fuzz_packet_receive(void *arg, struct pv_packet *pkt);
void fuzz_packets_put(void);

#endif
