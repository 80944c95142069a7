/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Where a frame's checksum is.
 *
 * The protocol says that a checksum is blank (NETTXF_csum_blank, NETRXF_csum_blank), but not where:
 * each side finds TCP's or UDP's field by the headers. So does this file, with the same limits as
 * Linux' skb_checksum_setup(), which is what backends call: no VLAN tags, no fragments.
 *
 * The kernel's packets say where their field is. If the backend would find it at the same place, it
 * is left to the backend; if not (VLAN, tunnels, SCTP), or if the backend completes those of the
 * other IP version only, it is completed here.
 */
#include "drivers/netfront/netfront.h"

#define IPV4 0x0800
#define IPV6 0x86dd

#define IPV4_LEN 20u
#define IPV6_LEN 40u

#define PROTO_HOPOPTS 0
#define PROTO_TCP     6
#define PROTO_UDP     17
#define PROTO_ROUTING 43
#define PROTO_AH      51
#define PROTO_DSTOPTS 60

/* Headers that a packet in pieces is looked at for. */
#define HEADERS 128u

static unsigned int be16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

/* The transport header's place and protocol. 0 if there is none. */
static uint32_t transport4(const uint8_t *frame, uint32_t len, unsigned int *proto)
{
	const uint8_t *ip = frame + PV_NET_HDR_LEN;
	uint32_t ihl;

	if (len < PV_NET_HDR_LEN + IPV4_LEN || ip[0] >> 4 != 4)
		return 0;
	ihl = (ip[0] & 15u) * 4;
	/* MF, and the fragment's offset (RFC 791, 3.1). */
	if (ihl < IPV4_LEN || be16(ip + 6) & 0x3fff)
		return 0;
	*proto = ip[9];
	return PV_NET_HDR_LEN + ihl;
}

/* The same behind IPv6's extension headers (RFC 8200, 4; RFC 4302, 2.2). */
static uint32_t transport6(const uint8_t *frame, uint32_t len, unsigned int *proto)
{
	const uint8_t *ip = frame + PV_NET_HDR_LEN;
	uint32_t at = PV_NET_HDR_LEN + IPV6_LEN;
	unsigned int next;

	if (len < at || ip[0] >> 4 != 6)
		return 0;
	for (next = ip[6];; next = *proto) {
		uint32_t unit = next == PROTO_AH ? 4 : 8, more = next == PROTO_AH ? 2 : 1;

		*proto = next;
		if (next != PROTO_HOPOPTS && next != PROTO_ROUTING && next != PROTO_DSTOPTS &&
		    next != PROTO_AH)
			return at;
		if (len - at < 8)
			return 0;
		*proto = frame[at];
		at += (frame[at + 1] + more) * unit;
		if (at > len)
			return 0;
	}
}

bool pv_netfront_csum_find(const uint8_t *frame, uint32_t len, uint16_t *start, uint16_t *offset,
			   bool *v6)
{
	unsigned int type, proto;
	uint32_t at;

	if (len < PV_NET_HDR_LEN)
		return false;
	type = be16(frame + 12);
	if (type != IPV4 && type != IPV6)
		return false;
	*v6 = type == IPV6;
	at = *v6 ? transport6(frame, len, &proto) : transport4(frame, len, &proto);
	if (!at || (proto != PROTO_TCP && proto != PROTO_UDP))
		return false;
	*start = (uint16_t)at;
	*offset = proto == PROTO_TCP ? 16 : 6;
	return at + *offset + 2 <= len;
}

bool pv_netfront_csum_find_in(const struct pv_packet *pkt, uint16_t *start, uint16_t *offset,
			      bool *v6)
{
	uint32_t want = pkt->len < HEADERS ? pkt->len : HEADERS, have = 0, n;
	uint8_t headers[HEADERS];
	unsigned int i;

	if (pkt->seg[0].len >= want)
		return pv_netfront_csum_find(pkt->seg[0].va, want, start, offset, v6);
	for (i = 0; i < pkt->num_segs && have < want; i++) {
		n = pkt->seg[i].len < want - have ? pkt->seg[i].len : want - have;
		pv_memcpy(headers + have, pkt->seg[i].va, n);
		have += n;
	}
	return pv_netfront_csum_find(headers, have, start, offset, v6);
}

/* The sum of the packet's bytes from `at` on, as 16-bit numbers in network order (RFC 1071). */
static uint64_t sum_from(const struct pv_packet *pkt, uint32_t at)
{
	uint64_t sum = 0;
	bool low = false;
	unsigned int i;
	uint32_t j;

	for (i = 0; i < pkt->num_segs; i++) {
		const uint8_t *p = pkt->seg[i].va;

		for (j = at; j < pkt->seg[i].len; j++) {
			sum += low ? p[j] : (uint32_t)p[j] << 8;
			low = !low;
		}
		at -= at < pkt->seg[i].len ? at : pkt->seg[i].len;
	}
	return sum;
}

static void put_byte(const struct pv_packet *pkt, uint32_t at, uint8_t v)
{
	unsigned int i;

	for (i = 0; at >= pkt->seg[i].len; i++)
		at -= pkt->seg[i].len;
	((uint8_t *)pkt->seg[i].va)[at] = v;
}

void pv_netfront_csum_complete(struct pv_packet *pkt)
{
	uint32_t field = (uint32_t)pkt->csum_start + pkt->csum_offset;
	uint64_t sum = sum_from(pkt, pkt->csum_start);

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum ^= 0xffff;
	/* UDP: 0 means that there is none (RFC 768); no protocol minds its equal. */
	if (!sum)
		sum = 0xffff;
	put_byte(pkt, field, (uint8_t)(sum >> 8));
	put_byte(pkt, field + 1, (uint8_t)sum);
	pkt->flags &= (uint8_t)~PV_PACKET_CSUM_PARTIAL;
}
