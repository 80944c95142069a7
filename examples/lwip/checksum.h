/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef EXAMPLES_LWIP_CHECKSUM_H
#define EXAMPLES_LWIP_CHECKSUM_H

#include <pv/net.h>

/*
 * Leaves the checksum of a TCP or UDP packet to the device: PV_PACKET_CSUM_PARTIAL. Others stay as
 * they are.
 */
void pv_lwip_leave_checksum(struct pv_packet *pkt);

#endif
