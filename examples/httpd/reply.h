/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * HTTP replies: what is answered, and the head of it as text.
 */
#ifndef EXAMPLES_HTTPD_REPLY_H
#define EXAMPLES_HTTPD_REPLY_H

#include "site.h"

#define REPLY_MAX_HEAD 512

struct reply {
	int status; /* of HTTP: 200 */
	const char *type;
	uint64_t len;
	const struct site_file *file; /* the body, or NULL for `text` */
	char *text;		      /* memory of text_size bytes, for who writes one */
	size_t text_size;
};

/* The body is a file of the site. */
void reply_file(struct reply *reply, int status, const struct site_file *file);

/* The body is the status as text. */
void reply_status(struct reply *reply, int status);

/* Writes the head, up to the empty line, to `buf`; its length. */
int reply_head(const struct reply *reply, bool keep_alive, char buf[REPLY_MAX_HEAD]);

#endif
