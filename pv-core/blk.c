/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The block devices: their numbers, holds on them, their coming and going. The data path is in
 * blk_queue.c.
 *
 * A device that is removed while somebody holds it keeps its structure, with queues that do
 * nothing: they refuse what is new, and poll completes what was lost.
 */
#include "pv-core/blk_driver.h"

#include <pv/log.h>
#include <pv/os.h>

#define CLOSE_BUDGET 64

static struct pv_blk *devices; /* by index */

struct pv_blk *pv_blk_open(unsigned int index)
{
	struct pv_blk *blk;

	pv_os_control_lock();
	for (blk = devices; blk && blk->index != index; blk = blk->next)
		;
	if (blk)
		blk->opens++;
	pv_os_control_unlock();
	return blk;
}

static void release_now(struct pv_blk *blk)
{
	struct pv_device *dev = blk->dev;

	blk->release(blk);
	pv_device_put(dev);
}

void pv_blk_close(struct pv_blk *blk)
{
	unsigned int i;

	pv_os_control_lock();
	if (!--blk->opens) {
		blk->change = NULL;
		for (i = 0; i < blk->num_queues; i++) {
			pv_blk_set_event(blk->queue[i], NULL, NULL);
			while (pv_blk_run_finished(blk->queue[i], CLOSE_BUDGET))
				;
		}
		if (blk->gone)
			release_now(blk);
	}
	pv_os_control_unlock();
}

void pv_blk_on_change(struct pv_blk *blk, void (*fn)(void *arg), void *arg)
{
	pv_os_control_lock();
	blk->change_arg = arg;
	blk->change = fn;
	pv_os_control_unlock();
}

void pv_blk_register(struct pv_blk *blk)
{
	struct pv_blk **at = &devices;
	unsigned int index = 0, i;

	for (i = 0; i < blk->num_queues; i++)
		pv_blk_queue_init(blk->queue[i]);
	/* The lowest number that is free. */
	for (; *at && (*at)->index == index; at = &(*at)->next)
		index++;
	blk->index = index;
	pv_snprintf(blk->name, sizeof(blk->name), "blk%u", index);
	blk->next = *at;
	*at = blk;
	pv_device_get(blk->dev);
	pv_info("%s: %s: %llu sectors, blocks of %u bytes%s%s", blk->name, blk->dev->name,
		(unsigned long long)blk->capacity, blk->logical_block,
		blk->flags & PV_BLK_F_READ_ONLY ? ", read-only" : "",
		blk->flags & PV_BLK_F_SYNC ? ", write cache" : "");
}

/* What a removed device's queue does: nothing. */
static int gone_issue(struct pv_blk_queue *q, struct pv_blk_req *req)
{
	(void)q;
	(void)req;
	return PV_EGONE;
}

static void gone_flush(struct pv_blk_queue *q)
{
	(void)q;
}

static int gone_poll(struct pv_blk_queue *q, int budget)
{
	(void)q;
	(void)budget;
	return 0;
}

static bool gone_arm(struct pv_blk_queue *q, bool on)
{
	(void)q;
	(void)on;
	return false;
}

static const struct pv_blk_ops gone_ops = {
	.issue = gone_issue,
	.flush = gone_flush,
	.poll = gone_poll,
	.arm = gone_arm,
};

void pv_blk_unregister(struct pv_blk *blk)
{
	struct pv_blk **at = &devices;
	unsigned int i;

	while (*at != blk)
		at = &(*at)->next;
	*at = blk->next;
	blk->gone = true;
	for (i = 0; i < blk->num_queues; i++) {
		blk->queue[i]->ops = &gone_ops;
		pv_blk_fail_waiting(blk->queue[i], PV_EGONE);
	}
}

void pv_blk_release(struct pv_blk *blk, void (*release)(struct pv_blk *blk))
{
	unsigned int i;

	blk->release = release;
	if (!blk->opens) {
		release_now(blk);
		return;
	}
	for (i = 0; i < blk->num_queues; i++)
		pv_blk_event(blk->queue[i]);
	pv_blk_changed(blk);
}

void pv_blk_changed(struct pv_blk *blk)
{
	if (blk->change)
		blk->change(blk->change_arg);
}
