/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * lwIP for a guest: raw API, one context, IPv4, sized for some dozens of connections.
 * lwIP's opt.h explains each option.
 */
#ifndef EXAMPLES_LWIP_LWIPOPTS_H
#define EXAMPLES_LWIP_LWIPOPTS_H

/* One context, no operating system: lwIP is called from the main loop only. */
#define NO_SYS		     1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN	     0
#define LWIP_SOCKET	     0

#define LWIP_IPV4	    1
#define LWIP_IPV6	    0
#define LWIP_ARP	    1
#define ARP_QUEUEING	    1
#define ARP_QUEUE_LEN	    16 /* a first burst waits for the gateway's hardware address */
#define LWIP_ICMP	    1
#define LWIP_UDP	    1
#define LWIP_TCP	    1
#define LWIP_DHCP	    1
#define LWIP_RAW	    0
#define LWIP_DNS	    0
#define LWIP_ALTCP	    0
#define LWIP_NETIF_API	    0
#define LWIP_STATS	    0
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_SINGLE_NETIF   1
#define DHCP_DOES_ARP_CHECK 0 /* the hypervisor's network gives each guest its own address */

/*
 * No fragments: a frame is a whole datagram, so that what the device says of a frame's checksum
 * holds for what lwIP takes out of it.
 */
#define IP_REASSEMBLY 0
#define IP_FRAG	      0

/* Which checksums are lwIP's is decided per interface, and for reception per packet. */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1

/* Memory: a heap for what is sent, pools for the rest. All of it is in .bss. */
#define MEM_ALIGNMENT	   16
#define MEM_SIZE	   (1024 * 1024)
#define MEMP_NUM_PBUF	   512
#define PBUF_POOL_SIZE	   160 /* with RX_LOANS more than TX_PACKETS: see netif_pv.c */
#define PBUF_POOL_BUFSIZE  1536
#define MEMP_NUM_UDP_PCB   8
#define MEMP_NUM_TCP_PCB   80
#define MEMP_NUM_TCP_SEG   1024
#define MEMP_NUM_ARP_QUEUE 32

/* The largest window without scaling for what is sent; for what is received, a few segments. */
#define TCP_MSS			   1460
#define TCP_WND			   (8 * TCP_MSS)
#define TCP_SND_BUF		   (44 * TCP_MSS)
#define TCP_SND_QUEUELEN	   176
#define TCP_OOSEQ_MAX_PBUFS	   8
#define TCP_LISTEN_BACKLOG	   1
#define TCP_DEFAULT_LISTEN_BACKLOG 64

/* Received packets are lent to lwIP as custom pbufs. */
#define LWIP_SUPPORT_CUSTOM_PBUF 1

/* Transaction numbers, ports, and where a connection's sequence numbers begin. */
#define LWIP_RAND()			    pv_lwip_random()
#define LWIP_HOOK_TCP_ISN(lip, lp, rip, rp) pv_lwip_random()
unsigned int pv_lwip_random(void);

#endif
