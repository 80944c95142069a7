/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * lwIP over a pv_net: one network interface, and the main loop that drives it.
 *
 *	pv_lwip_start(net);
 *	if (pv_lwip_wait_address(20000) == 0)
 *		pv_bare_printf("address: %s\n", pv_lwip_address());
 *	... tcp_new(), udp_new(), ... of lwIP's raw API
 *	while (!finished)
 *		pv_lwip_poll();
 *
 * Everything runs in one context, the main loop's: lwIP's callbacks are called from pv_lwip_poll(),
 * and interrupts only end its sleep. lwIP's own headers (lwip/tcp.h, lwip/udp.h) are used as they
 * are.
 *
 * With several CPUs each has such a loop, and a queue of the device, as far as it has them; whoever
 * calls lwIP, holds the lock meanwhile. lwIP itself is one: its work is done by one CPU at a time.
 *
 * Packets are not copied, in either direction, as long as there are enough of them: see netif_pv.c.
 */
#ifndef EXAMPLES_LWIP_NETIF_PV_H
#define EXAMPLES_LWIP_NETIF_PV_H

#include <pv/net.h>

struct netif;

/* Counters of the glue, beside those of pv_net_stats(). */
struct pv_lwip_stats {
	uint64_t rx_copied;  /* packets copied, because too many were held or in several pieces */
	uint64_t rx_dropped; /* packets for which lwIP had no memory */
	uint64_t tx_copied;  /* packets copied into one piece */
	uint64_t tx_waited;  /* packets that found the ring full and waited */
	uint64_t tx_dropped; /* packets refused, with ERR_MEM: lwIP sends TCP's again */
	uint64_t sleeps;     /* times that the main loop found nothing to do */
};

/*
 * Starts lwIP on queue 0 of `net`, and DHCP. Once, on CPU 0. 0, or what pv_net_start() says, or
 * PV_ENOMEM.
 */
int pv_lwip_start(struct pv_net *net);

/* The same with a queue for each of so many CPUs, as far as the device has them. */
int pv_lwip_start_smp(struct pv_net *net, unsigned int cpus);

/* Around all use of lwIP, and pv_lwip_run(); not pv_lwip_poll() and pv_lwip_sleep(). */
void pv_lwip_lock(void);
void pv_lwip_unlock(void);

/*
 * One turn of this CPU's loop, in two parts for those who have more to do in it: pv_lwip_run() does
 * the library's control work, delivers received packets and, on CPU 0, runs lwIP's timers.
 * pv_lwip_sleep() tells the device of what was sent and, if there was nothing to do, sleeps until
 * an interrupt or lwIP's next timer. Other queues, whose event function is pv_bare_wake_event(),
 * are polled in between.
 */
void pv_lwip_run(void);
void pv_lwip_sleep(void);

/* Both, with the lock. */
void pv_lwip_poll(void);

/* Polls until there is an address: 0, or PV_ETIMEDOUT after `timeout_ms`. */
int pv_lwip_wait_address(unsigned int timeout_ms);

/* The address as text, "10.0.2.15"; "0.0.0.0" before there is one. */
const char *pv_lwip_address(void);

/*
 * An event function (pv_queue_event_fn) for queues that are polled in CPU 0's loop: it ends, or
 * prevents, the sleep. `arg` is not used. Context: any.
 */
void pv_lwip_wake(void *arg);

/* lwIP's interface, and the counters. */
struct netif *pv_lwip_netif(void);
const struct pv_lwip_stats *pv_lwip_stats(void);

#endif
