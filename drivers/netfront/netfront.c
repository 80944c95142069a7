/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Xen's network frontend: life cycle (netfront.h). */
#include "drivers/netfront/netfront.h"

#include <pv/log.h>

/*
 * What it grants at most: for each pair two ring pages, what is on the rings, and a page of ours
 * per slot.
 */
#define GRANTS (NUM_PAIRS * (2 + 3 * RING_NUM))

static struct netfront *netfront_of(struct pv_net *net)
{
	return pv_container_of(net, struct netfront, net);
}

/* From a backend that is ready to one that is connected. */
static int bring_up(struct netfront *nf)
{
	unsigned int i;
	int err;

	err = pv_netfront_read_offer(nf);
	for (i = 0; !err && i < NUM_PAIRS; i++)
		err = pv_netfront_pair_init(&nf->pair[i]);
	if (!err)
		err = pv_netfront_connect(nf);
	if (!err)
		(void)pv_netfront_read_state(nf);
	return err;
}

/*
 * Its mirror, from wherever it got to. What was on the send rings is sent with `status`. `close`:
 * the backend is there, and is to let go first.
 */
static void bring_down(struct netfront *nf, int status, bool close)
{
	unsigned int i;

	nf->up = false;
	nf->net.link_up = false;
	if (close && pv_xenbus_close(nf->xd))
		pv_warn("%s: the backend did not close the connection", nf->xd->dev.name);
	for (i = 0; i < NUM_PAIRS; i++) {
		pv_netfront_pair_drain(&nf->pair[i], status);
		pv_netfront_pair_exit(&nf->pair[i]);
	}
}

static int start(struct pv_net *net)
{
	struct netfront *nf = netfront_of(net);
	int err = 0;

	if (nf->up)
		return 0;
	if (nf->xd->state == XenbusStateClosed)
		err = pv_xenbus_reopen(nf->xd);
	if (!err)
		err = bring_up(nf);
	if (err)
		bring_down(nf, PV_EIO, true);
	return err;
}

static void stop(struct pv_net *net)
{
	netfront_of(net)->was_up = false;
	bring_down(netfront_of(net), PV_EIO, true);
}

static void release(struct pv_net *net)
{
	struct netfront *nf = netfront_of(net);

	pv_os_free(nf, sizeof(*nf));
}

static int probe(struct pv_device *dev)
{
	struct netfront *nf = pv_os_alloc(sizeof(*nf));
	unsigned int i;
	int err;

	if (!nf)
		return PV_ENOMEM;
	nf->xd = pv_xenbus_of(dev);
	nf->net.dev = dev;
	nf->net.queue = nf->queues;
	nf->net.num_queues = NUM_PAIRS;
	for (i = 0; i < NUM_PAIRS; i++) {
		nf->queues[i] = &nf->pair[i].q;
		pv_netfront_pair_set(&nf->pair[i], nf);
	}
	err = pv_grant_reserve(GRANTS);
	if (err)
		goto free;
	err = pv_netfront_read_mac(nf);
	if (!err)
		err = pv_xenbus_watch(nf->xd, "carrier");
	if (!err)
		err = bring_up(nf);
	if (err)
		goto down;
	dev->priv = nf;
	pv_net_register(&nf->net, start, stop);
	return 0;
down:
	bring_down(nf, PV_EIO, true);
	pv_grant_unreserve(GRANTS);
free:
	release(&nf->net);
	return err;
}

static void remove(struct pv_device *dev)
{
	struct netfront *nf = dev->priv;

	pv_net_unregister(&nf->net);
	bring_down(nf, PV_EGONE, true);
	pv_grant_unreserve(GRANTS);
	dev->priv = NULL;
	pv_net_release(&nf->net, release);
}

/* The kernel is to poll, for what was sent or drained. */
static void wake(struct netfront *nf)
{
	unsigned int i;

	for (i = 0; i < NUM_PAIRS; i++)
		pv_net_event(&nf->pair[i].q);
}

static void changed(struct pv_device *dev)
{
	struct netfront *nf = dev->priv;

	if (pv_device_broken(dev)) {
		if (nf->ended)
			return;
		nf->ended = true;
		nf->net.link_up = false;
		pv_xenbus_error(nf->xd, PV_EPROTO, dev->reason);
		wake(nf);
		pv_net_changed(&nf->net);
		return;
	}
	if (!pv_netfront_read_state(nf))
		return;
	pv_info("%s: link %s, MTU %u", nf->net.name, nf->net.link_up ? "up" : "down", nf->net.mtu);
	pv_net_changed(&nf->net);
}

/* Rings and ports go at once; what was on them is lost. */
static void lost(struct pv_device *dev)
{
	struct netfront *nf = dev->priv;

	nf->was_up |= nf->up;
	bring_down(nf, PV_EIO, false);
}

/* The backend came back, and knows nothing of us. */
static int resume(struct pv_device *dev)
{
	struct netfront *nf = dev->priv;
	unsigned int i;
	int err;

	if (!nf->up && !nf->was_up)
		return 0; /* stopped: the next start connects */
	nf->was_up = false;
	bring_down(nf, PV_EIO, false);
	for (i = 0; i < NUM_PAIRS; i++)
		pv_netfront_rx_mend(&nf->pair[i]);
	err = pv_device_broken(dev) ? PV_EPROTO : bring_up(nf);
	if (err)
		return err;
	for (i = 0; nf->net.started && i < NUM_PAIRS; i++)
		nf->pair[i].q.ops->refill(&nf->pair[i].q);
	wake(nf);
	pv_net_changed(&nf->net);
	return 0;
}

static bool match(const struct pv_device *dev)
{
	return pv_xenbus_is(dev, "vif");
}

const struct pv_driver pv_netfront = {
	.name = "netfront",
	.match = match,
	.probe = probe,
	.remove = remove,
	.changed = changed,
	.lost = lost,
	.resume = resume,
};
