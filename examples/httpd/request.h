/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * HTTP requests, RFC 9110 and 9112, by http_parser.
 */
#ifndef EXAMPLES_HTTPD_REQUEST_H
#define EXAMPLES_HTTPD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <http_parser.h>

/* Bounds, in bytes; what is longer is answered with 414, 431, 413. */
#define REQUEST_MAX_TARGET 1024
#define REQUEST_MAX_HEAD   8192
#define REQUEST_MAX_BODY   65536

struct request {
	http_parser parser;
	bool complete;	 /* `status` says what it is worth */
	int status;	 /* 0: a GET or HEAD of `path`; else the error to answer with */
	bool head;	 /* of HEAD */
	bool keep_alive; /* another request may follow */
	char path[REQUEST_MAX_TARGET + 1]; /* decoded, terminated, without the query */

	/* The parser's, while the request is incomplete. */
	char target[REQUEST_MAX_TARGET];
	size_t target_len;
	size_t body_len;
	char name[5]; /* how the header's name begins, in lower case */
	size_t name_len;
	bool in_value;
	unsigned int hosts;
};

/* Expects the first request of a connection. */
void request_start(struct request *req);

/* Expects the next one, after a complete one with keep_alive. */
void request_next(struct request *req);

/* Takes in what came, up to the end of the request: how many bytes of it. */
size_t request_parse(struct request *req, const char *data, size_t len);

#endif
