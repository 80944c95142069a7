/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Connections.
 *
 * lwIP's callbacks only take notes in the connection (what came, what was acknowledged, that it is
 * gone) and mark it; http_run() does the work, from the main loop, so that nothing is called from
 * within itself. A connection reads one request, answers it, and then reads the next: those that
 * were sent ahead (pipelining) wait in `in`, which is as large as TCP's window. What is received is
 * copied there, being little, so that a client that sends and does not read holds no packets of the
 * network's.
 *
 *	READING		until a request is complete
 *	REPLYING	until all of the reply was given to TCP
 *	LEAVING		after the last reply: our end is shut down; input is thrown away, until the
 *			client has closed too or CLOSE_SECONDS are over, so that no reset overtakes
 *			the reply
 *
 * A connection that the client reset is reused only when the disk is done with its memory.
 *
 * Connections go round all CPUs: each is served by one, in that one's http_run(), whoever's packet
 * lwIP was called for. All of it is done under lwIP's lock.
 */
#include "http.h"

#include "request.h"
#include "sender.h"

#include "lwip/tcp.h"

#include <pv/bare.h>
#include <string.h>

#define HTTP_MAX_CONNS 48
#define IDLE_SECONDS   20
#define CLOSE_SECONDS  3

struct conn {
	struct tcp_pcb *pcb; /* NULL: free, once the sender is not busy */
	enum { READING, REPLYING, LEAVING } state;
	unsigned int cpu;  /* that serves it */
	bool ready;	   /* something happened */
	bool eof;	   /* the client sends no more */
	bool begun;	   /* REPLYING: the sender has the reply */
	unsigned int idle; /* seconds without progress */
	unsigned int in_len;
	char in[TCP_WND]; /* what came and was not parsed yet */
	struct request req;
	struct sender sender;
};

static struct conn conns[HTTP_MAX_CONNS];
static struct http_stats stats;
static http_route_fn route;
static unsigned int num_cpus;

/* --- the end of a connection ------------------------------------------------------------------ */

static void forget(struct conn *c)
{
	c->pcb = NULL;
	stats.open--;
}

static void detach(struct conn *c)
{
	tcp_arg(c->pcb, NULL);
	tcp_recv(c->pcb, NULL);
	tcp_sent(c->pcb, NULL);
	tcp_err(c->pcb, NULL);
	tcp_poll(c->pcb, NULL, 0);
}

static void reset(struct conn *c)
{
	detach(c);
	tcp_abort(c->pcb);
	forget(c);
}

/* All is acknowledged. The result is for lwIP, when it is lwIP that has called us. */
static err_t finish(struct conn *c)
{
	err_t err;

	detach(c);
	err = tcp_close(c->pcb);
	if (err != ERR_OK) {
		tcp_abort(c->pcb);
		err = ERR_ABRT;
	}
	forget(c);
	return err;
}

/* --- what a connection does ------------------------------------------------------------------- */

static void shut_down(struct conn *c)
{
	c->state = LEAVING;
	c->idle = 0;
	if (!c->eof && tcp_shutdown(c->pcb, 0, 1) != ERR_OK)
		c->eof = true; /* no memory to say so: close without waiting */
}

static void drop_input(struct conn *c, size_t n)
{
	c->in_len -= (unsigned int)n;
	memmove(c->in, c->in + n, c->in_len);
	tcp_recved(c->pcb, (u16_t)n);
}

/* Each returns true when the state changed. */
static bool read_request(struct conn *c)
{
	if (c->in_len)
		drop_input(c, request_parse(&c->req, c->in, c->in_len));
	if (c->req.complete) {
		c->state = REPLYING;
		c->begun = false;
		c->idle = 0;
		return true;
	}
	if (!c->eof && c->idle < IDLE_SECONDS)
		return false;
	shut_down(c);
	return true;
}

static void answer(void *arg, struct reply *reply)
{
	struct conn *c = arg;

	if (c->req.status)
		reply_status(reply, c->req.status);
	else
		route(c->req.path, reply);
}

static bool send_reply(struct conn *c)
{
	uint64_t before = c->sender.sent;
	int done;

	if (!c->begun) {
		if (!sender_has_room(&c->sender))
			return false;
		sender_begin(&c->sender, answer, c, c->req.head, c->req.keep_alive);
		c->begun = true;
	}
	done = sender_run(&c->sender, c->pcb);
	stats.bytes += c->sender.sent - before;
	if (done < 0)
		reset(c);
	if (done <= 0)
		return false;
	stats.requests++;
	stats.by_cpu[c->cpu % HTTP_MAX_CPUS]++;
	stats.errors += c->sender.reply.status >= 400;
	if (c->sender.keep_alive) {
		request_next(&c->req);
		c->state = READING;
	} else {
		shut_down(c);
	}
	return true;
}

static void wait_for_close(struct conn *c)
{
	drop_input(c, c->in_len);
	if (sender_quiet(&c->sender) && (c->eof || c->idle >= CLOSE_SECONDS))
		finish(c);
}

static void run(struct conn *c)
{
	bool changed = true;

	while (c->pcb && changed) {
		changed = false;
		if (c->state == READING)
			changed = read_request(c);
		else if (c->state == REPLYING)
			changed = send_reply(c);
		else
			wait_for_close(c);
	}
	if (c->pcb && c->idle >= IDLE_SECONDS)
		reset(c);
	if (c->pcb)
		tcp_output(c->pcb);
}

void http_run(void)
{
	struct conn *c;

	for (c = conns; c < conns + HTTP_MAX_CONNS; c++) {
		if (c->ready && c->cpu == pv_os_cpu()) {
			c->ready = false;
			run(c);
		}
	}
	site_flush();
}

/* --- what lwIP tells -------------------------------------------------------------------------- */

static void ready(struct conn *c)
{
	c->ready = true;
	if (c->cpu != pv_os_cpu())
		pv_bare_wake(c->cpu);
}

/*
 * Once both ends are closed and all is acknowledged, lwIP may free its connection without a word
 * (TIME-WAIT): it is let go of at once.
 */
static err_t noted(struct conn *c)
{
	ready(c);
	if (c->state == LEAVING && c->eof && sender_quiet(&c->sender))
		return finish(c);
	return ERR_OK;
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct conn *c = arg;

	(void)pcb;
	(void)err;
	if (!p) {
		c->eof = true;
		return noted(c);
	}
	/* It fits: the window was opened again only for what has left the buffer. */
	c->in_len += pbuf_copy_partial(p, c->in + c->in_len, (u16_t)(TCP_WND - c->in_len), 0);
	pbuf_free(p);
	return noted(c);
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	struct conn *c = arg;

	(void)pcb;
	sender_acked(&c->sender, len);
	c->idle = 0;
	return noted(c);
}

/* Every second. */
static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
	struct conn *c = arg;

	(void)pcb;
	c->idle++;
	ready(c);
	return ERR_OK;
}

/* lwIP's connection is freed already. */
static void on_error(void *arg, err_t err)
{
	(void)err;
	forget(arg);
}

static void on_progress(void *user)
{
	struct conn *c = user;

	c->ready = false;
	if (c->pcb)
		ready(c);
}

static struct conn *free_conn(void)
{
	struct conn *c;

	for (c = conns; c < conns + HTTP_MAX_CONNS; c++) {
		if (!c->pcb && !sender_busy(&c->sender))
			return c;
	}
	return NULL;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct conn *c = free_conn();

	(void)arg;
	if (err != ERR_OK || !pcb)
		return ERR_VAL;
	if (!c) {
		stats.refused++;
		return ERR_MEM;
	}
	c->pcb = pcb;
	c->state = READING;
	c->ready = c->eof = false;
	c->cpu = (unsigned int)(stats.connections % num_cpus);
	c->idle = c->in_len = 0;
	request_start(&c->req);
	sender_init(&c->sender, on_progress, c);
	stats.connections++;
	stats.open++;
	tcp_arg(pcb, c);
	tcp_recv(pcb, on_recv);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_error);
	tcp_poll(pcb, on_poll, 2);
	tcp_nagle_disable(pcb); /* a reply's last segment does not wait for the client's ACK */
	return ERR_OK;
}

int http_start(uint16_t port, http_route_fn how, unsigned int cpus)
{
	struct tcp_pcb *pcb = tcp_new(), *listening;

	route = how;
	num_cpus = cpus;
	if (!pcb)
		return PV_ENOMEM;
	if (tcp_bind(pcb, IP_ADDR_ANY, port) != ERR_OK) {
		tcp_abort(pcb);
		return PV_EBUSY;
	}
	listening = tcp_listen_with_backlog(pcb, TCP_DEFAULT_LISTEN_BACKLOG);
	if (!listening) {
		tcp_abort(pcb);
		return PV_ENOMEM;
	}
	tcp_accept(listening, on_accept);
	return 0;
}

const struct http_stats *http_stats(void)
{
	return &stats;
}

bool http_quiet(void)
{
	struct conn *c;

	for (c = conns; c < conns + HTTP_MAX_CONNS; c++) {
		if (c->pcb && (c->state == REPLYING || !sender_quiet(&c->sender)))
			return false;
	}
	return true;
}
