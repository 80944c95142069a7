/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Requests: http_parser splits them up, this file judges them.
 *
 * The parser calls back with pieces, as they came; each piece is taken up to a bound. It is paused
 * at the end of each request, so that those which follow in the same packet (pipelining) stay with
 * the caller. An error ends the connection: where the next request would begin is not known any
 * more.
 */
#include "request.h"

#include <pv/os.h>
#include <string.h>

/* http_parser's archive is compiled with its assertions. */
void __assert_fail(const char *what, const char *file, unsigned int line, const char *function);
void __assert_fail(const char *what, const char *file, unsigned int line, const char *function)
{
	(void)file;
	(void)line;
	(void)function;
	pv_os_panic(what);
}

/* Keeps the first reason; a negative result stops the parser. */
static int refuse(struct request *req, int status)
{
	if (!req->status)
		req->status = status;
	return -1;
}

static int on_url(http_parser *parser, const char *at, size_t len)
{
	struct request *req = parser->data;

	if (len > sizeof(req->target) - req->target_len)
		return refuse(req, HTTP_STATUS_URI_TOO_LONG);
	memcpy(req->target + req->target_len, at, len);
	req->target_len += len;
	return 0;
}

static void end_of_name(struct request *req)
{
	req->hosts += req->name_len == 4 && !memcmp(req->name, "host", 4);
	req->name_len = 0;
}

static int on_header_field(http_parser *parser, const char *at, size_t len)
{
	struct request *req = parser->data;

	req->in_value = false;
	while (len-- && req->name_len < sizeof(req->name))
		req->name[req->name_len++] = *at++ | 0x20;
	return 0;
}

static int on_header_value(http_parser *parser, const char *at, size_t len)
{
	struct request *req = parser->data;

	(void)at;
	(void)len;
	if (!req->in_value)
		end_of_name(req);
	req->in_value = true;
	return 0;
}

/* Exactly one Host in HTTP/1.1 (RFC 9112, 3.2). */
static int on_headers_complete(http_parser *parser)
{
	struct request *req = parser->data;

	if (!req->in_value)
		end_of_name(req);
	if (parser->http_major != 1)
		return refuse(req, HTTP_STATUS_HTTP_VERSION_NOT_SUPPORTED);
	if (req->hosts > 1 || (req->hosts == 0 && parser->http_minor > 0))
		return refuse(req, HTTP_STATUS_BAD_REQUEST);
	req->keep_alive = http_should_keep_alive(parser) && parser->method != HTTP_CONNECT;
	return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
	struct request *req = parser->data;

	(void)at;
	req->body_len += len;
	if (req->body_len > REQUEST_MAX_BODY)
		return refuse(req, HTTP_STATUS_PAYLOAD_TOO_LARGE);
	return 0;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The target's path with its %XX decoded (RFC 3986, 2.1): 0 or a status. */
static int decode_path(struct request *req)
{
	struct http_parser_url url;
	const char *p, *end;
	char *out = req->path;
	int high, low, c;

	http_parser_url_init(&url);
	if (http_parser_parse_url(req->target, req->target_len, 0, &url))
		return HTTP_STATUS_BAD_REQUEST;
	p = req->target + url.field_data[UF_PATH].off;
	end = p + url.field_data[UF_PATH].len;
	if (p == end)
		*out++ = '/';
	while (p < end) {
		c = (unsigned char)*p++;
		if (c == '%') {
			high = end - p >= 2 ? hex(p[0]) : -1;
			low = end - p >= 2 ? hex(p[1]) : -1;
			c = high < 0 || low < 0 ? 0 : high << 4 | low;
			p += 2;
		}
		if (c < 0x20 || c == 0x7f)
			return HTTP_STATUS_BAD_REQUEST;
		*out++ = (char)c;
	}
	*out = '\0';
	return 0;
}

static int on_message_complete(http_parser *parser)
{
	struct request *req = parser->data;

	req->complete = true;
	req->head = parser->method == HTTP_HEAD;
	if (parser->method != HTTP_GET && parser->method != HTTP_HEAD)
		req->status = HTTP_STATUS_METHOD_NOT_ALLOWED;
	else
		req->status = decode_path(req);
	http_parser_pause(parser, 1);
	return 0;
}

static const http_parser_settings settings = {
	.on_url = on_url,
	.on_header_field = on_header_field,
	.on_header_value = on_header_value,
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

void request_next(struct request *req)
{
	http_parser_pause(&req->parser, 0);
	req->complete = req->head = req->keep_alive = req->in_value = false;
	req->status = 0;
	req->target_len = req->body_len = req->name_len = 0;
	req->hosts = 0;
}

void request_start(struct request *req)
{
	http_parser_set_max_header_size(REQUEST_MAX_HEAD);
	http_parser_init(&req->parser, HTTP_REQUEST);
	req->parser.data = req;
	request_next(req);
}

size_t request_parse(struct request *req, const char *data, size_t len)
{
	size_t n = http_parser_execute(&req->parser, &settings, data, len);
	enum http_errno err = HTTP_PARSER_ERRNO(&req->parser);

	if (err == HPE_OK || err == HPE_PAUSED)
		return n;
	refuse(req, err == HPE_HEADER_OVERFLOW ? HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE
					       : HTTP_STATUS_BAD_REQUEST);
	req->complete = true;
	req->keep_alive = false;
	return len;
}
