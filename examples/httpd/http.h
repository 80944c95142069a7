/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * An HTTP/1.1 server on lwIP's raw API.
 */
#ifndef EXAMPLES_HTTPD_HTTP_H
#define EXAMPLES_HTTPD_HTTP_H

#include "reply.h"

/* Decides what a GET of `path` is answered with. */
typedef void (*http_route_fn)(const char *path, struct reply *reply);

#define HTTP_MAX_CPUS 64

struct http_stats {
	uint64_t connections;		/* accepted */
	uint64_t refused;		/* because HTTP_MAX_CONNS were open */
	uint64_t requests;		/* answered, with whatever status */
	uint64_t errors;		/* those of them with 400 or more */
	uint64_t bytes;			/* of bodies */
	unsigned int open;		/* connections now */
	uint64_t by_cpu[HTTP_MAX_CPUS]; /* requests, by the CPU that answered them */
};

/* Listens, for so many CPUs to serve. 0, or PV_ENOMEM, PV_EBUSY if the port is taken. */
int http_start(uint16_t port, http_route_fn route, unsigned int cpus);

/* Does what there is to do on this CPU, in its loop after lwIP and the site were polled. */
void http_run(void);

const struct http_stats *http_stats(void);

/* Whether every reply has arrived at its client. */
bool http_quiet(void);

#endif
