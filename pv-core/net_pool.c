/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Receive buffers: pages that go round between the pool, the receive ring and the kernel.
 *
 * Each is a page and a descriptor of its own, so that a port with single pages and a small heap can
 * serve them. A buffer is in one place at a time: in the pool's free list, on the ring, or in a
 * packet that the kernel holds, linked behind the packet's first buffer. Where a kernel still holds
 * packets when its device is stopped, they come back to the pool whenever it puts them.
 */
#include "pv-core/net_driver.h"

#include <pv/os.h>

#include "pv-core/lines.h"

static void buf_free(struct pv_net_buf *buf)
{
	pv_os_pages_free(buf->page, 1);
	pv_lines_free(buf, sizeof(*buf));
}

static struct pv_net_buf *buf_alloc(struct pv_net_queue *q)
{
	struct pv_net_buf *buf = pv_lines_alloc(sizeof(*buf));

	if (!buf)
		return NULL;
	buf->queue = q;
	buf->page = pv_os_pages_alloc(1);
	if (buf->page)
		return buf;
	pv_lines_free(buf, sizeof(*buf));
	return NULL;
}

int pv_net_pool_fill(struct pv_net_queue *q, unsigned int num)
{
	struct pv_net_buf *buf;

	while (q->pool.num < num) {
		buf = buf_alloc(q);
		if (!buf) {
			pv_net_pool_empty(q);
			return PV_ENOMEM;
		}
		q->pool.num++;
		pv_net_buf_put(q, buf);
	}
	return 0;
}

void pv_net_pool_empty(struct pv_net_queue *q)
{
	struct pv_net_buf *buf;

	while ((buf = pv_net_buf_get(q))) {
		q->pool.num--;
		buf_free(buf);
	}
}
