/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "checksum.h"

#include <pv/string.h>

#include "lwip/prot/ethernet.h"
#include "lwip/prot/ip.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/tcp.h"
#include "lwip/prot/udp.h"

/* One's complement sum of the pseudo-header (RFC 793, 3.1; RFC 768), folded but not inverted. */
static uint16_t pseudo_sum(const struct ip_hdr *ip, uint16_t len)
{
	uint32_t sum = lwip_htons(len) + lwip_htons(IPH_PROTO(ip));
	uint16_t addr[4];
	unsigned int i;

	pv_memcpy(addr, &ip->src, sizeof(addr));
	for (i = 0; i < 4; i++)
		sum += addr[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

/* lwIP keeps all headers of what it sends in the first piece. */
void pv_lwip_leave_checksum(struct pv_packet *pkt)
{
	uint8_t *frame = pkt->seg[0].va;
	const struct ip_hdr *ip = (const void *)(frame + SIZEOF_ETH_HDR);
	uint16_t type, offset, start, sum;

	pv_memcpy(&type, frame + offsetof(struct eth_hdr, type), sizeof(type));
	if (type != PP_HTONS(ETHTYPE_IP))
		return;
	if (IPH_PROTO(ip) == IP_PROTO_TCP)
		offset = offsetof(struct tcp_hdr, chksum);
	else if (IPH_PROTO(ip) == IP_PROTO_UDP)
		offset = offsetof(struct udp_hdr, chksum);
	else
		return;
	start = (uint16_t)(SIZEOF_ETH_HDR + IPH_HL_BYTES(ip));
	sum = pseudo_sum(ip, (uint16_t)(lwip_htons(IPH_LEN(ip)) - IPH_HL_BYTES(ip)));
	pv_memcpy(frame + start + offset, &sum, sizeof(sum));
	pkt->flags = PV_PACKET_CSUM_PARTIAL;
	pkt->csum_start = start;
	pkt->csum_offset = offset;
}
