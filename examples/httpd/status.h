/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the guest knows of itself, for its console and for /status.json.
 */
#ifndef EXAMPLES_HTTPD_STATUS_H
#define EXAMPLES_HTTPD_STATUS_H

#include <stddef.h>

struct pv_blk;
struct pv_net;

/* Whose counters /status.json tells, and how many CPUs'; NULL for none. Both stay open. */
void status_watch(struct pv_blk *blk, struct pv_net *net, unsigned int cpus);

/* Prints what it runs on, one `key: value` a line. */
void status_print(void);

/* Writes the JSON text; its length, or 0 if it does not fit. */
size_t status_json(char *buf, size_t size);

#endif
