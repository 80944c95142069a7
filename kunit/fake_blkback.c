/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_blkback.h"

#include <pv/log.h>
#include <pv/string.h>

static struct fake_blkback *active;
static void (*sent_before)(uint16_t domid, uint32_t port); /* whose ports are others: the store's */

static void let_go(struct fake_blkback *b)
{
	unsigned int i;

	while (b->num_mapped)
		pv_fake_xen_peer_unmap(b->mapped[--b->num_mapped]);
	for (i = 0; i < b->pages && !b->keeps_ring; i++)
		pv_fake_xen_peer_unmap(b->ring_ref[i]);
	if (!b->keeps_ring)
		b->pages = 0;
	b->sring = NULL;
	b->connected = false;
}

/* --- xenstore --------------------------------------------------------------------------------- */

static void publish(struct fake_blkback *b, const char *key, int value)
{
	char path[160];

	pv_snprintf(path, sizeof(path), "%s/%s", b->back, key);
	if (value < 0)
		pv_fake_xs_rm(path);
	else
		pv_fake_xs_printf(path, "%d", value);
}

static void publish_text(struct fake_blkback *b, const char *key, const char *text)
{
	char path[160];

	pv_snprintf(path, sizeof(path), "%s/%s", b->back, key);
	if (text)
		pv_fake_xs_write(path, text);
	else
		pv_fake_xs_rm(path);
}

void fake_blkback_state(struct fake_blkback *b, enum xenbus_state state)
{
	publish(b, "state", (int)state);
}

static long front(const struct fake_blkback *b, const char *key)
{
	char path[128];

	pv_snprintf(path, sizeof(path), "%s/%s", b->front, key);
	return pv_fake_xs_number(path);
}

/* Reads where the ring is, as Linux's does. */
static bool read_ring(struct fake_blkback *b)
{
	long order = front(b, "ring-page-order"), ref;
	char key[16];
	unsigned int i;

	if (order > b->max_ring_order || order > 2 || front(b, "multi-queue-num-queues") > 1)
		return false;
	b->pages = order < 0 ? 1 : 1u << order;
	for (i = 0; i < b->pages; i++) {
		pv_snprintf(key, sizeof(key), order < 0 ? "ring-ref" : "ring-ref%u", i);
		ref = front(b, key);
		if (ref < 0)
			return false;
		b->ring_ref[i] = (uint32_t)ref;
	}
	return true;
}

static void unmap_ring(struct fake_blkback *b)
{
	while (b->pages)
		pv_fake_xen_peer_unmap(b->ring_ref[--b->pages]);
}

/*
 * A backend maps its pages side by side; here they have to be so already. b->pages are those that
 * are mapped.
 */
static bool map_ring(struct fake_blkback *b)
{
	unsigned int pages = b->pages;
	char *page;

	b->sring = NULL;
	for (b->pages = 0; b->pages < pages; b->pages++) {
		page = pv_fake_xen_peer_map(PV_FAKE_XEN_PEER, b->ring_ref[b->pages], true);
		if (!page)
			return false;
		if (!b->sring)
			b->sring = (struct blkif_sring *)page;
		if (page != (char *)b->sring + b->pages * 4096) {
			b->pages++;
			return false;
		}
	}
	return true;
}

static bool connect(struct fake_blkback *b)
{
	long port = front(b, "event-channel");

	if (!read_ring(b) || port <= 0) {
		b->pages = 0;
		return false;
	}
	if (!map_ring(b) || !pv_fake_xen_peer_bind(PV_FAKE_XEN_PEER, (uint32_t)port)) {
		unmap_ring(b);
		b->sring = NULL;
		return false;
	}
	b->port = (uint32_t)port;
	b->size = 1;
	while (64 + b->size * 2 * sizeof(union blkif_sring_entry) <= b->pages * 4096)
		b->size *= 2;
	b->req_cons = b->rsp_prod = b->sring->rsp_prod;
	b->front_persistent = front(b, "feature-persistent") == 1;
	publish_text(b, "sectors", b->sectors);
	publish_text(b, "mode", b->mode);
	publish(b, "info", b->info);
	publish(b, "sector-size", b->sector_size);
	publish(b, "physical-sector-size", b->physical_sector_size);
	if (b->physical)
		publish_text(b, "physical-sector-size", b->physical);
	publish(b, "feature-persistent", b->persistent);
	publish(b, "feature-max-indirect-segments", b->indirect);
	publish(b, "feature-flush-cache", b->flush);
	publish(b, "feature-barrier", b->barrier);
	publish(b, "feature-discard", b->discard);
	b->connected = true;
	b->connects++;
	fake_blkback_state(b, XenbusStateConnected);
	return true;
}

static void wait_for_frontend(struct fake_blkback *b)
{
	publish(b, "max-ring-page-order", b->max_ring_order);
	publish(b, "max-ring-pages", b->max_ring_pages);
	fake_blkback_state(b, XenbusStateInitWait);
}

static void follow(void *arg, const char *path)
{
	struct fake_blkback *b = arg;
	char state[80];
	long back;

	pv_snprintf(state, sizeof(state), "%s/state", b->front);
	/* The toolstack took it away. */
	if (!pv_strcmp(path, b->front) && !pv_fake_xs_read(state))
		let_go(b);
	if (pv_strcmp(path, state))
		return;
	pv_snprintf(state, sizeof(state), "%s/state", b->back);
	back = pv_fake_xs_number(state);
	switch (pv_fake_xs_number(path)) {
	case XenbusStateInitialising:
		if (back == XenbusStateClosed)
			wait_for_frontend(b);
		break;
	case XenbusStateInitialised:
		if (back == XenbusStateInitWait && !b->never_connects && !connect(b))
			b->bad++;
		break;
	case XenbusStateClosing:
		if (!b->lingers)
			fake_blkback_state(b, XenbusStateClosing);
		break;
	case XenbusStateClosed:
		if (b->lingers)
			break;
		let_go(b);
		fake_blkback_state(b, XenbusStateClosed);
		break;
	default:
		break;
	}
}

/* --- life ------------------------------------------------------------------------------------- */

static void sent(uint16_t domid, uint32_t port)
{
	if (sent_before)
		sent_before(domid, port);
	if (active->automatic && active->connected && port == active->port)
		fake_blkback_run(active, FAKE_BLKBACK_RING);
}

void fake_blkback_init(struct kunit *test, struct fake_blkback *b)
{
	static uint8_t pattern[FAKE_BLKBACK_DISK]; /* once: there are many disks */
	static bool written;
	unsigned int i;

	b->max_ring_order = 2;
	b->max_ring_pages = -1;
	b->persistent = 0;
	b->indirect = 256;
	b->flush = 1;
	b->barrier = 1;
	b->discard = 1;
	b->sector_size = 512;
	b->physical_sector_size = -1;
	b->info = 0;
	b->sectors = "2048";
	b->mode = "w";
	b->response_op = -1;
	b->disk = kunit_kmalloc(test, FAKE_BLKBACK_DISK, GFP_KERNEL);
	for (i = 0; !written && i < FAKE_BLKBACK_DISK; i++)
		pattern[i] = (uint8_t)(i * 7 + i / 512 + i / 65536);
	written = true;
	pv_memcpy(b->disk, pattern, FAKE_BLKBACK_DISK);
	pv_fake_xs.changed = follow;
	pv_fake_xs.changed_arg = b;
	sent_before = pv_fake_xen.sent;
	pv_fake_xen.sent = sent;
	active = b;
}

void fake_blkback_exit(struct fake_blkback *b)
{
	b->keeps_ring = false;
	let_go(b);
	pv_fake_xs.changed = NULL;
	pv_fake_xen.sent = sent_before;
	active = NULL;
}

void fake_blkback_plug(struct fake_blkback *b, unsigned int id)
{
	char path[96];

	pv_snprintf(b->front, sizeof(b->front), PV_FAKE_XS_HOME "/device/vbd/%u", id);
	pv_fake_xs_device("vbd", id, b->back, sizeof(b->back));
	pv_snprintf(path, sizeof(path), "%s/virtual-device", b->front);
	pv_fake_xs_printf(path, "%u", id);
	pv_snprintf(path, sizeof(path), "%s/trusted", b->front);
	if (b->trusted)
		pv_fake_xs_write(path, b->trusted);
	wait_for_frontend(b);
}

void fake_blkback_die(struct fake_blkback *b)
{
	let_go(b);
	fake_blkback_state(b, XenbusStateInitialising);
}

bool fake_blkback_take_over(struct fake_blkback *b)
{
	pv_fake_xen_peer_unbind(b->port);
	return connect(b);
}

void fake_blkback_restart(struct fake_blkback *b)
{
	let_go(b);
	wait_for_frontend(b);
}
