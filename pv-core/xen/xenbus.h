/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xenbus: Xen's split devices as devices of the library (xen/io/xenbus.h; each class in xen/io/).
 *
 * THE PARTIES
 *	The toolstack writes two folders for a device: the frontend's, device/<type>/<id>, and the
 *	backend's, which the first names. Frontend (this kernel) and backend (a kernel or a process
 *	in another domain) each write their own folder and read the other's; each has a node
 *	`state`.
 *
 * THE SEQUENCE
 *	backend			frontend
 *	Initialising		Initialising	written by the toolstack
 *	InitWait				the backend published its features
 *						the bus calls drv->probe: reads features, grants
 *						rings, writes their references in one transaction,
 *						with
 *				Initialised	(or Connected at once, as its class has it)
 *	Connected				maps the rings, published what the device is
 *				Connected	drv->probe returns 0
 *	Closing, Closed				the toolstack takes the device away
 *						the bus calls drv->remove, which calls
 *						pv_xenbus_close()
 *				Closing, Closed	after the last request
 *
 *	What a predecessor (boot loader, the kernel before a kexec) left connected is closed first,
 *	and brought to Initialising again. A backend that restarts is seen by its state going back;
 *	xd->lost is set then and drv->changed called, and once the backend is ready drv->resume, or
 *	remove and probe. Tables in xenbus_table.c say what is done for each pair of states.
 *
 * WHO OWNS WHAT
 *	`struct pv_xenbus_device` is the bus's; a driver keeps its own in dev.priv. Memory is given
 *	to the backend by pv_share() (grants), and comes back by pv_unshare() once the backend is
 *	Closed.
 *
 * WHAT CAN FAIL
 *	States that are no number, no state, or out of order break the device (PV_EPROTO); folders
 *	may vanish at any moment (the device is removed); backends may never answer (deadlines).
 *
 * CONTEXT
 *	All is control context. drv->changed, resume and remove are called from pv_work().
 */
#ifndef PV_CORE_XEN_XENBUS_H
#define PV_CORE_XEN_XENBUS_H

#include <pv/abi/xen_io.h>
#include <pv/device.h>
#include <pv/xen.h>

#include "pv-core/xen/xenstore.h"

#define PV_XENBUS_STATES  9 /* XenbusStateUnknown to XenbusStateReconfigured */
#define PV_XENBUS_WATCHES 4 /* pv_xenbus_watch() per device */

struct pv_xenbus_device {
	struct pv_device dev; /* name: "vbd/51712" */

	/* Set by the bus; for drivers to read. */
	char type[16];		 /* "vbd", "vif", "console" */
	char nodename[64];	 /* the frontend's folder, "device/vbd/51712" */
	char backend[96];	 /* the backend's folder, "/local/domain/0/backend/vbd/1/51712" */
	uint16_t backend_id;	 /* the backend's domain */
	enum xenbus_state state; /* ours, as last written; or as a predecessor left it */
	enum xenbus_state backend_state; /* as last read; Unknown: not there, or nonsense */

	/* The bus's. */
	struct pv_xenbus_device *next;
	bool listed;	     /* by the bus; what is not is freed with its last hold */
	bool added;	     /* in the core's list, or held still */
	bool lost;	     /* its backend went back to the beginning, and is not ready yet */
	bool closed;	     /* it is not offered any more */
	bool unwanted;	     /* no driver matches: listed, to be seen */
	bool seen;	     /* in the scan that goes on */
	bool refused;	     /* the backend ended while its driver waited for it */
	bool gone;	     /* its folder vanished, or names another backend */
	unsigned int closes; /* connections of this folder that were closed, bounded */
	uint64_t since;	     /* pv_os_uptime_ns() when one of the states last changed */
	struct pv_xs_watch state_watch;
	char state_path[PV_XS_PATH]; /* <backend>/state */
	struct pv_xenbus_key {
		struct pv_xs_watch watch;
		char path[PV_XS_PATH];
	} * key[PV_XENBUS_WATCHES];
};

/* The xenbus device around `dev`, which is on pv_xenbus. Context: any. */
static inline struct pv_xenbus_device *pv_xenbus_of(struct pv_device *dev)
{
	return pv_container_of(dev, struct pv_xenbus_device, dev);
}

/* For drv->match: whether `dev` is on this bus and of this type ("vbd"). Context: any. */
bool pv_xenbus_is(const struct pv_device *dev, const char *type);

/* "Connected", ...; "Unknown" for what is none. Context: any. */
const char *pv_xenbus_state_name(enum xenbus_state state);

/* --- our folder ------------------------------------------------------------------------------- */

/* Writes our state, in a transaction or not. 0 or an error of the store; xd->state follows. */
int pv_xenbus_switch(struct pv_xenbus_device *xd, pv_xs_tx tx,
		     enum xenbus_state state) PV_MUST_CHECK;

/* Writes, or removes, a node of ours: "ring-ref", "event-channel". */
int pv_xenbus_printf(struct pv_xenbus_device *xd, pv_xs_tx tx, const char *key, const char *fmt,
		     ...) PV_PRINTF(4, 5) PV_MUST_CHECK;
int pv_xenbus_rm(struct pv_xenbus_device *xd, pv_xs_tx tx, const char *key) PV_MUST_CHECK;

/* Reads a node of ours ("mac", "device-type"), as pv_xs_read() and pv_xs_read_u64(). */
int pv_xenbus_read(struct pv_xenbus_device *xd, const char *key, char *buf,
		   size_t size) PV_MUST_CHECK;
int pv_xenbus_read_u64(struct pv_xenbus_device *xd, const char *key, uint64_t *v) PV_MUST_CHECK;

/*
 * Reads "trusted" of ours, the toolstack's word on the backend (blkif.h, netif.h): the device is
 * untrusted if it is 0, or cannot be told. If it is not there, or says otherwise, nothing changes:
 * what is untrusted stays so.
 */
void pv_xenbus_read_trust(struct pv_xenbus_device *xd);

/*
 * Tells the toolstack why the device does not work, in error/<nodename>/error, and logs it.
 */
void pv_xenbus_error(struct pv_xenbus_device *xd, int err, const char *what);

/* --- the backend's folder --------------------------------------------------------------------- */

/* Reads a node of the backend's, as pv_xs_read(). */
int pv_xenbus_read_backend(struct pv_xenbus_device *xd, const char *key, char *buf,
			   size_t size) PV_MUST_CHECK;

/*
 * Reads a number. 0 and *v; where there is no such node, or it is no number, *v is `def` and the
 * result PV_ENOENT or PV_EINVAL, which a caller with a default may ignore, as an error of the store
 * is not to be.
 */
int pv_xenbus_read_backend_u64(struct pv_xenbus_device *xd, const char *key, uint64_t def,
			       uint64_t *v);

/* Several at once: pv_xs_gather() on the backend's folder. */
int pv_xenbus_gather_backend(struct pv_xenbus_device *xd, struct pv_xs_item *items,
			     unsigned int n) PV_MUST_CHECK;

#define PV_XENBUS_BIT(state) (1u << (state))

/*
 * Waits until the backend's state is one of `states` (PV_XENBUS_BIT() each). That state (above 0),
 * or
 *	PV_ETIMEDOUT	after `timeout_ms`; the log says what was awaited and what was there
 *	PV_EGONE	it closes, or its folder vanished, and that is not in `states`
 *	PV_EPROTO	its state is no state; the device is broken
 * With XenbusStateUnknown in `states`, a folder that vanished counts, and the result is 0.
 */
int pv_xenbus_wait_backend(struct pv_xenbus_device *xd, unsigned int states,
			   unsigned int timeout_ms) PV_MUST_CHECK;

/*
 * Has drv->changed called also when this node of the backend's changes ("sectors", "mac"), and once
 * after this call. At most
 * PV_XENBUS_WATCHES per device; ended by the bus when the driver is removed or its probe fails.
 * 0, or PV_ENOSPC, PV_ENOMEM, or an error of the store.
 */
int pv_xenbus_watch(struct pv_xenbus_device *xd, const char *key) PV_MUST_CHECK;

/*
 * The orderly end of a connection: Closing, wait for the backend, Closed, wait until the backend
 * let go (or vanished). After it grants can be ended. Bounded by twice PV_CONFIG_XENBUS_MS; 0, or
 * PV_ETIMEDOUT, and then grants may still be held. Called by drv->remove, and by drv->probe when it
 * unwinds.
 */
int pv_xenbus_close(struct pv_xenbus_device *xd);

/*
 * After pv_xenbus_close(), by a driver that goes on: Initialising, and wait until the backend is
 * ready as it was at probe. 0; PV_ETIMEDOUT; PV_EGONE if its folder vanished; PV_EPROTO.
 */
int pv_xenbus_reopen(struct pv_xenbus_device *xd) PV_MUST_CHECK;

/*
 * --- the state machine, as tables (xenbus_table.c) ---------------------------------------------
 */

/* No driver has the device: what to do, by our state (the predecessor's) and the backend's. */
enum pv_xenbus_attach {
	PV_XB_WAIT,    /* nothing; it is the backend's turn */
	PV_XB_OFFER,   /* the backend is ready: offer the device to the drivers */
	PV_XB_RESTART, /* write Initialising */
	PV_XB_CLOSING, /* write Closing: a predecessor is connected, or about to be */
	PV_XB_CLOSED   /* write Closed */
};

enum pv_xenbus_attach pv_xenbus_attach(enum xenbus_state front, enum xenbus_state back);

/* A driver has it: what a step of the backend, from one state to another, means. */
enum pv_xenbus_step {
	PV_XB_SAME,    /* nothing happened */
	PV_XB_CHANGED, /* drv->changed */
	PV_XB_LOST, /* it restarted, and is not ready: drv->changed, with xd->lost set; then wait */
	PV_XB_REJOIN,  /* it restarted, and is ready: drv->resume, or remove and probe */
	PV_XB_RECLAIM, /* it restarted, and took the old rings: close, open, and then the same */
	PV_XB_REMOVE,  /* it closes, or is gone: drv->remove */
	PV_XB_BREAK    /* out of order: pv_device_break() */
};

enum pv_xenbus_step pv_xenbus_step(enum xenbus_state from, enum xenbus_state to);

#endif
