/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Inside the fake xenstored: its ring (fake_xenstored.c), its operations and transactions
 * (fake_xs_ops.c), its watches, and what is done from the side (fake_xs_watch.c).
 */
#ifndef PV_FAKE_XS_IMPL_H
#define PV_FAKE_XS_IMPL_H

#include <pv/abi/xen_io.h>
#include <pv/fake_xenstored.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_xs_tree.h"

extern struct xs_tree xs_store;

/* Puts a message into the queue of those that go out: an event, or a reply to `request`. */
void xs_send(uint32_t type, uint32_t req_id, uint32_t tx_id, const void *payload, size_t len);
void xs_answer(const struct xsd_sockmsg *request, uint32_t type, const void *payload, size_t len);
void xs_ok(const struct xsd_sockmsg *request);
void xs_fail(const struct xsd_sockmsg *request, const char *error);

/* A request is complete. */
void xs_request(struct xsd_sockmsg r, const char *payload);
void xs_drop_transactions(void);

/* A relative path is below the guest's own folder. */
void xs_absolute(char *out, size_t size, const char *path);

/* A node changed. */
void xs_fire(const char *path, bool removed);

void xs_watch(const struct xsd_sockmsg *r, const char *path, const char *token);
void xs_unwatch(const struct xsd_sockmsg *r, const char *path, const char *token);
void xs_drop_watches(void);

/* An event for the first watch; false if there is none. */
bool xs_event_for_first(void);

#endif
