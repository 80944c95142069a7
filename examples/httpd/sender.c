/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * TCP refers to the bytes in a slot until the client has acknowledged them, for it may have to send
 * them again. A slot is free, thus, when `acked` has reached its end. There are two, so that the
 * disk fills one while TCP empties the other.
 *
 * The head is sent when the body's first bytes are there: a disk that fails becomes a status 500.
 * Later on, all that can be done is to reset the connection.
 */
#include "sender.h"

#include <http_parser.h>
#include <pv/err.h>

#include "lwip/tcp.h"

void sender_init(struct sender *s, void (*progress)(void *user), void *user)
{
	unsigned int i;

	s->progress = progress;
	s->user = user;
	s->fill = s->drain = 0;
	s->queued = s->acked = s->sent = 0;
	for (i = 0; i < 2; i++) {
		s->slot[i].state = EMPTY;
		s->slot[i].end = 0;
	}
}

static bool is_free(const struct sender *s, const struct slot *slot)
{
	return slot->state == EMPTY && s->acked >= slot->end;
}

bool sender_has_room(const struct sender *s)
{
	return is_free(s, &s->slot[s->fill]);
}

/* A body that is text lies in a slot, as if it had been read. */
static void use_text(struct slot *slot, const struct reply *reply)
{
	slot->chunk.data = reply->text;
	slot->chunk.len = (uint32_t)reply->len;
	slot->chunk.status = 0;
	slot->taken = 0;
	slot->state = LOADED;
}

static void offer_text(struct reply *reply, struct slot *slot)
{
	reply->text = (char *)slot->chunk.mem;
	reply->text_size = sizeof(slot->chunk.mem);
	reply->file = NULL;
}

void sender_begin(struct sender *s, void (*route)(void *arg, struct reply *reply), void *arg,
		  bool head_only, bool keep_alive)
{
	struct slot *slot = &s->slot[s->fill];

	s->keep_alive = keep_alive;
	s->head_sent = false;
	offer_text(&s->reply, slot);
	route(arg, &s->reply);
	s->left = head_only ? 0 : s->reply.len;
	s->read = 0;
	if (s->left && !s->reply.file) {
		use_text(slot, &s->reply);
		s->fill ^= 1;
	}
}

/* --- from the disk ---------------------------------------------------------------------------- */

static void loaded(struct site_chunk *chunk)
{
	struct sender *s = chunk->user;
	struct slot *slot = pv_container_of(chunk, struct slot, chunk);

	slot->state = LOADED;
	s->progress(s->user);
}

static void load(struct sender *s)
{
	while (s->reply.file && s->left && s->read < s->reply.len && sender_has_room(s)) {
		struct slot *slot = &s->slot[s->fill];
		int n;

		slot->chunk.done = loaded;
		slot->chunk.user = s;
		slot->taken = 0;
		slot->state = LOADING;
		n = site_read(s->reply.file, s->read, &slot->chunk);
		if (n < 0) {
			slot->chunk.status = n;
			slot->state = LOADED;
			s->read = s->reply.len; /* nothing after it */
		} else {
			s->read += (uint64_t)n;
		}
		s->fill ^= 1;
	}
}

/* Nothing was sent yet, so there is still a status to be given; the slot holds no data. */
static void give_up(struct sender *s, struct slot *slot)
{
	offer_text(&s->reply, slot);
	reply_status(&s->reply, HTTP_STATUS_INTERNAL_SERVER_ERROR);
	use_text(slot, &s->reply);
	s->left = s->reply.len;
	s->keep_alive = false; /* the other slot may be LOADING yet */
}

/* --- to TCP ----------------------------------------------------------------------------------- */

/* Each returns true when all was taken. */
static bool send_head(struct sender *s, struct tcp_pcb *pcb)
{
	char head[REPLY_MAX_HEAD];
	int n = reply_head(&s->reply, s->keep_alive, head);

	if (tcp_sndbuf(pcb) < n || tcp_write(pcb, head, (u16_t)n, TCP_WRITE_FLAG_COPY) != ERR_OK)
		return false;
	s->queued += (uint64_t)n;
	s->head_sent = true;
	return true;
}

static bool send_slot(struct sender *s, struct slot *slot, struct tcp_pcb *pcb)
{
	uint32_t n = slot->chunk.len - slot->taken, room = tcp_sndbuf(pcb);

	if (n > room)
		n = room;
	if (!n || tcp_write(pcb, slot->chunk.data + slot->taken, (u16_t)n, 0) != ERR_OK)
		return false;
	slot->taken += n;
	s->left -= n;
	s->queued += n;
	s->sent += n;
	slot->end = s->queued;
	if (slot->taken < slot->chunk.len)
		return false;
	slot->state = EMPTY;
	s->drain ^= 1;
	return true;
}

int sender_run(struct sender *s, struct tcp_pcb *pcb)
{
	struct slot *slot;

	load(s);
	while (!s->head_sent || s->left) {
		slot = &s->slot[s->drain];
		if (s->left && slot->state != LOADED)
			return 0;
		if (s->left && slot->chunk.status) {
			if (s->head_sent)
				return PV_EIO;
			give_up(s, slot);
		}
		if (!s->head_sent && !send_head(s, pcb))
			return 0;
		if (s->left && !send_slot(s, slot, pcb))
			return 0;
		load(s);
	}
	return 1;
}

void sender_acked(struct sender *s, unsigned int len)
{
	s->acked += len;
}

bool sender_quiet(const struct sender *s)
{
	return s->acked == s->queued;
}

bool sender_busy(const struct sender *s)
{
	return s->slot[0].state == LOADING || s->slot[1].state == LOADING;
}
