/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "kernel.h"

#define REQS 24u
#define PKTS 16u

static struct fuzz_request r[REQS];
static unsigned int most_reqs;

static struct {
	struct pv_packet pkt;
	bool under_way;
} p[PKTS];
static unsigned int most_pkts;
static struct pv_packet *kept[4];
static unsigned int num_kept;

/* --- requests --------------------------------------------------------------------------------- */

static void request_done(struct pv_blk_req *req)
{
	unsigned int i = (unsigned int)((char *)req - (char *)r) / (unsigned int)sizeof(r[0]);

	PLAIN_CHECK(r[i].under_way && req == &r[i].req);
	PLAIN_CHECK(req->status <= 0);
	r[i].under_way = false;
}

void fuzz_requests_new(unsigned int most)
{
	PLAIN_CHECK(most <= REQS);
	most_reqs = most;
	memset(r, 0, sizeof(r));
}

struct fuzz_request *fuzz_request(unsigned int segs)
{
	unsigned int i;

	for (i = 0; i < most_reqs && r[i].under_way; i++)
		;
	if (i == most_reqs)
		return NULL;
	memset(&r[i], 0, sizeof(r[i]));
	r[i].req.segs = r[i].seg;
	r[i].req.num_segs = (uint16_t)segs;
	r[i].req.done = request_done;
	return &r[i];
}

void fuzz_request_submit(struct pv_blk_queue *q, struct fuzz_request *req)
{
	req->under_way = true;
	if (pv_blk_submit(q, &req->req))
		req->under_way = false;
}

void fuzz_requests_done(void)
{
	unsigned int i;

	for (i = 0; i < most_reqs; i++)
		PLAIN_CHECK(!r[i].under_way);
}

/* --- packets ---------------------------------------------------------------------------------- */

static unsigned int number_of(const struct pv_packet *pkt)
{
	return (unsigned int)((const char *)pkt - (const char *)p) / (unsigned int)sizeof(p[0]);
}

static void packet_done(struct pv_packet *pkt)
{
	PLAIN_CHECK(p[number_of(pkt)].under_way && pkt->status <= 0);
	p[number_of(pkt)].under_way = false;
}

void fuzz_packets_new(unsigned int most)
{
	PLAIN_CHECK(most <= PKTS);
	most_pkts = most;
	num_kept = 0;
	memset(p, 0, sizeof(p));
}

struct pv_packet *fuzz_packet(void)
{
	struct pv_packet *pkt;
	unsigned int i;

	for (i = 0; i < most_pkts && p[i].under_way; i++)
		;
	if (i == most_pkts)
		return NULL;
	memset(&p[i], 0, sizeof(p[i]));
	pkt = &p[i].pkt;
	pkt->done = packet_done;
	pkt->csum_start = 34;
	pkt->csum_offset = 16;
	pkt->hdr_len = 54;
	pkt->gso_size = 1000;
	return pkt;
}

void fuzz_packet_submit(struct pv_net_queue *q, struct pv_packet *pkt)
{
	p[number_of(pkt)].under_way = true;
	if (pv_net_submit(q, pkt))
		p[number_of(pkt)].under_way = false;
}

void fuzz_packets_done(void)
{
	unsigned int i;

	for (i = 0; i < most_pkts; i++)
		PLAIN_CHECK(!p[i].under_way);
}

void fuzz_packet_receive(void *arg, struct pv_packet *pkt)
{
	uint32_t len = 0, i, sum = 0;

	(void)arg;
	PLAIN_CHECK(pkt->num_segs && pkt->num_segs <= PV_NET_MAX_SEGS);
	for (i = 0; i < pkt->num_segs; i++) {
		len += pkt->seg[i].len;
		/* The address sanitizer looks at both ends. */
		sum += *(volatile uint8_t *)pkt->seg[i].va;
		sum += ((volatile uint8_t *)pkt->seg[i].va)[pkt->seg[i].len - 1];
	}
	(void)sum;
	PLAIN_CHECK(len == pkt->len && len >= PV_NET_HDR_LEN);
	if (pkt->flags & PV_PACKET_CSUM_PARTIAL)
		PLAIN_CHECK((uint32_t)pkt->csum_start + pkt->csum_offset + 2 <= len);
	if (num_kept < PV_ARRAY_SIZE(kept) && pkt->len % 4 == 3)
		kept[num_kept++] = pkt;
	else
		pv_packet_put(pkt);
}

void fuzz_packets_put(void)
{
	while (num_kept)
		pv_packet_put(kept[--num_kept]);
}
