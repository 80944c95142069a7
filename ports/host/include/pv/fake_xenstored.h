/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A fake xenstored: a real little store at the other end of the ring, with transactions, watches,
 * permissions as text, and ways to misbehave.
 *
 * It keeps a tree in this process, for domain PV_FAKE_XS_DOMID. It gets its turn, pv_fake_xs_run(),
 * when the guest notifies it or waits (the fake machine sees to both), and then takes requests and
 * answers them. Tests, and fake backends, look at the tree and change it from the side, as Dom0
 * would, and watches fire.
 */
#ifndef PV_FAKE_XENSTORED_H
#define PV_FAKE_XENSTORED_H

#include <pv/types.h>

#define PV_FAKE_XS_DOMID 5
#define PV_FAKE_XS_HOME	 "/local/domain/5"

/* One-shot breaches of the protocol, done instead of, or with, the next reply. */
enum pv_fake_xs_breach {
	PV_FAKE_XS_OK,
	PV_FAKE_XS_RSP_FAR,    /* rsp_prod more than the ring ahead */
	PV_FAKE_XS_RSP_BACK,   /* rsp_prod runs backwards */
	PV_FAKE_XS_REQ_FAR,    /* req_cons more than the ring behind */
	PV_FAKE_XS_REQ_AHEAD,  /* req_cons beyond what was written */
	PV_FAKE_XS_LONG,       /* a length of 4097 */
	PV_FAKE_XS_HUGE,       /* a length of 2^32 - 1 */
	PV_FAKE_XS_UNKNOWN_ID, /* a reply to a request that was not made */
	PV_FAKE_XS_WRONG_TYPE, /* a reply of another type */
	PV_FAKE_XS_BAD_EVENT,  /* a watch event without a token */
	PV_FAKE_XS_ERROR,      /* the page's error field */
	PV_FAKE_XS_RESTART,    /* no breach: it starts again instead of answering */
	PV_FAKE_XS_BREACHES
};

struct pv_fake_xs {
	/* To set. */
	uint32_t features;	/* XENSTORE_SERVER_FEATURE_*, shown from pv_fake_xs_start() on */
	bool deaf;		/* takes nothing from the ring */
	bool mute;		/* takes requests, answers none, for as long as it is set */
	bool hold;		/* keeps answers back while it is set */
	bool reverse;		/* sends the answers that are ready in reverse order */
	bool no_reconnect;	/* does not answer the handshake */
	unsigned int chunk;	/* bytes that it moves in one turn and direction; 0: no bound */
	unsigned int conflicts; /* that many commits meet another's write */
	enum pv_fake_xs_breach breach; /* goes back to OK when done; `breach_after` replies first */
	unsigned int breach_after;
	bool breach_again;    /* it does not go back */
	const char *fail;     /* the next request that is no watch fails by this name, once */
	unsigned int fail_to; /* only one of this type; 0: any */
	const char *deny;     /* requests on paths that begin so fail with EACCES */
	const void *say; /* the next request of type `say_to` is answered by these bytes, once */
	size_t say_len;
	unsigned int say_to;
	bool list_stuck;	 /* parts of a directory bring nothing, and are never the last */
	unsigned int list_churn; /* that many parts of a directory have another generation each */
	unsigned int storm;	 /* events to send for the first watch, besides what happens */

	/*
	 * Called after each change, whoever made it; NULL: nobody. It may change the tree itself.
	 */
	void (*changed)(void *arg, const char *path);
	void *changed_arg;

	/* To look at. */
	unsigned int requests, replies, events, reconnects, transactions, watches;
	unsigned int last_type;
	unsigned int
		overlong; /* requests longer than the protocol allows: it closed the connection */
};

extern struct pv_fake_xs pv_fake_xs;

/*
 * A new, empty store at the ring in `page`, which is zeroed, or used by a predecessor; `notify`
 * tells the guest. stop: its tree and all it holds are freed.
 */
void pv_fake_xs_start(void *page, void (*notify)(void));
void pv_fake_xs_stop(void);

/* Its turn. */
void pv_fake_xs_run(void);

/* It is another process: requests, watches, transactions are forgotten; the tree stays. */
void pv_fake_xs_restart(void);

/*
 * --- the tree from the side; paths absolute, or below PV_FAKE_XS_HOME --------------------------
 */

void pv_fake_xs_write(const char *path, const char *value);
void pv_fake_xs_printf(const char *path, const char *fmt, ...) PV_PRINTF(2, 3);

/* With any bytes. */
void pv_fake_xs_write_bytes(const char *path, const void *value, size_t len);

/* NULL if there is no such node. Valid until the tree changes. */
const char *pv_fake_xs_read(const char *path);

/* As a number; -1 if there is no such node, or it is none. */
long pv_fake_xs_number(const char *path);

/* With all below it. */
void pv_fake_xs_rm(const char *path);

/*
 * --- a device, as xl writes it ------------------------------------------------------------------
 */

/*
 * device/<type>/<id> and its backend's folder in domain 0, both Initialising; the backend is then
 * set to InitWait by the test, or by its fake. The backend's folder in `backend`, if that is not
 * NULL.
 */
void pv_fake_xs_device(const char *type, unsigned int id, char *backend, size_t size);
void pv_fake_xs_device_rm(const char *type, unsigned int id);

#endif
