/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The state machine of xenbus.h: every pair of states has its entry. Columns and rows are numbered
 * as enum xenbus_state is:
 *
 *	0 Unknown  1 Initialising  2 InitWait  3 Initialised  4 Connected  5 Closing  6 Closed
 *	7 Reconfiguring  8 Reconfigured
 */
#include "pv-core/xen/xenbus.h"

#define W PV_XB_WAIT
#define O PV_XB_OFFER
#define R PV_XB_RESTART
#define G PV_XB_CLOSING
#define D PV_XB_CLOSED

/*
 * No driver has the device. Row: our state, as the toolstack (Initialising) or a predecessor left
 * it. Column: the backend's. What is written here moves the backend, so that the pair ends at (1,
 * 2).
 */
static const uint8_t attach[PV_XENBUS_STATES][PV_XENBUS_STATES] = {
	/*                 0  1  2  3  4  5  6  7  8 */
	/* 0 Unknown */ {R, R, R, R, G, D, R, G, G},
	/* 1 Initialising: a backend that is connected still is so with somebody before us. */
	/*           */ {W, W, O, O, G, D, W, G, G},
	/* 2 InitWait: no frontend's, but for some consoles'. */
	/*           */ {R, R, G, G, G, D, R, G, G},
	/* 3 Initialised: the predecessor's rings; the backend may be about to map them. */
	/*           */ {R, R, G, G, G, D, R, G, G},
	/* 4 Connected */ {R, R, G, G, G, D, R, G, G},
	/* 5 Closing: the backend is to notice; after a while Closed is written all the same. */
	/*           */ {D, D, W, W, W, D, D, W, W},
	/*
	 * 6 Closed: the backend is to let go; then from the start. One that did not notice is told
	 * again.
	 */
	/*           */ {R, R, R, G, G, W, R, G, G},
	/* 7 Reconfiguring, 8 Reconfigured: as Connected. */
	/*           */ {R, R, G, G, G, D, R, G, G},
	/*           */ {R, R, G, G, G, D, R, G, G},
};

enum pv_xenbus_attach pv_xenbus_attach(enum xenbus_state front, enum xenbus_state back)
{
	return (enum pv_xenbus_attach)attach[front][back];
}

#undef W
#undef O
#undef R
#undef G
#undef D

#define S PV_XB_SAME
#define C PV_XB_CHANGED
#define L PV_XB_LOST
#define J PV_XB_REJOIN
#define K PV_XB_RECLAIM
#define X PV_XB_REMOVE
#define B PV_XB_BREAK

/*
 * A driver has the device. Row: the backend's state as last seen. Column: as it is now. Watches are
 * coalesced, so that states in between may have been missed; what no backend does even then breaks
 * the device.
 */
static const uint8_t step[PV_XENBUS_STATES][PV_XENBUS_STATES] = {
	/*                   0  1  2  3  4  5  6  7  8 */
	/* 0 Unknown */ {X, L, J, J, B, X, X, B, B},
	/* 1 Initialising: it was lost, and comes back. Connected: with the rings it found named. */
	/*             */ {X, S, J, J, K, X, X, B, B},
	/* 2 InitWait */ {X, L, S, C, C, X, X, B, B},
	/* 3 Initialised */ {X, L, J, S, C, X, X, C, B},
	/* 4 Connected */ {X, L, J, J, S, X, X, C, C},
	/* 5 Closing */ {X, L, J, J, B, S, X, B, B},
	/* 6 Closed */ {X, L, J, J, B, X, S, B, B},
	/* 7 Reconfiguring */ {X, L, J, J, C, X, X, S, C},
	/* 8 Reconfigured */ {X, L, J, J, C, X, X, C, S},
};

enum pv_xenbus_step pv_xenbus_step(enum xenbus_state from, enum xenbus_state to)
{
	return (enum pv_xenbus_step)step[from][to];
}

#undef S
#undef C
#undef L
#undef J
#undef K
#undef X
#undef B

const char *pv_xenbus_state_name(enum xenbus_state state)
{
	static const char *const name[PV_XENBUS_STATES] = {
		"Unknown", "Initialising", "InitWait",	    "Initialised",  "Connected",
		"Closing", "Closed",	   "Reconfiguring", "Reconfigured",
	};

	return (unsigned int)state < PV_XENBUS_STATES ? name[state] : name[0];
}
