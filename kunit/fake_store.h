/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A Xen guest with a store: the fake hypervisor, and the fake xenstored at the ring that it names.
 */
#ifndef KUNIT_FAKE_STORE_H
#define KUNIT_FAKE_STORE_H

#include <kunit/test.h>
#include <pv/abi/xen_io.h>
#include <pv/fake.h>
#include <pv/fake_xenstored.h>

/* Set by a test before fake_store_up(), which takes them back. */
struct fake_store {
	uint32_t features; /* of the server */
	uint32_t offset;   /* where the ring's streams begin */
	bool no_events;	   /* the server's notifications do not arrive */
	bool no_store;	   /* the domain has none */
	bool no_console;   /* the domain has none */
};

extern struct fake_store fake_store;

/* The ring's page and the console's, once it is up. */
struct xenstore_domain_interface *fake_store_ring(void);
struct xencons_interface *fake_store_console(void);

/* Has the console's other end notify the guest. */
void fake_store_console_event(void);

/* How often the guest notified the console's other end. */
unsigned int fake_store_console_sent(void);

/* A suite's init and exit: the machine; without the library being connected. */
int fake_store_up(struct kunit *test);
void fake_store_down(struct kunit *test);

/*
 * After pv_fake_xen_migrate(): the new domain's rings and ports, and a store that knows no request
 * and no watch. 0 or PV_E*.
 */
int fake_store_migrate(void);

#endif
