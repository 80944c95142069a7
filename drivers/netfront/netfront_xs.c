/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Negotiation, by the nodes that xen/io/netif.h describes.
 *
 * What the backend offers is read once per connection; what it lacks we do without, except for
 * feature-rx-copy. Ours are written in one transaction with our state, and all of them each time,
 * those that we do without as 0 or removed: a kernel before this one may have left others.
 */
#include <pv/config.h>
#include <pv/log.h>

#include "drivers/netfront/netfront.h"

#define MTU_DEFAULT 1500
#define MTU_MIN	    68 /* RFC 791 */

/* --- reading ---------------------------------------------------------------------------------- */

/* A hexadecimal digit's value, or -1. */
static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* "00:16:3e:01:02:03", of one station. */
static bool parse_mac(const char *text, uint8_t mac[6])
{
	unsigned int i, sum = 0;

	for (i = 0; i < 6; i++, text += 3) {
		int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);

		if (low < 0 || text[2] != (i < 5 ? ':' : '\0'))
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
		sum |= mac[i];
	}
	return sum && !(mac[0] & 1);
}

int pv_netfront_read_mac(struct netfront *nf)
{
	char text[32];
	int err = pv_xenbus_read(nf->xd, "mac", text, sizeof(text));

	if (err == PV_ENOENT)
		err = pv_xenbus_read_backend(nf->xd, "mac", text, sizeof(text));
	if (err >= 0 && !parse_mac(text, nf->net.mac))
		err = PV_EINVAL;
	if (err < 0) {
		pv_xenbus_error(nf->xd, err, "no MAC address in its node 'mac'");
		return err;
	}
	return 0;
}

/* The toolstack's for us, or else the backend's. */
static uint16_t read_mtu(struct netfront *nf)
{
	/* A frame without feature-sg is one page at most; with it, what a slot can say. */
	unsigned int most = (nf->offer.sg ? XEN_NETIF_MAX_TX_SIZE : PV_PAGE_SIZE) - PV_NET_HDR_LEN;
	uint64_t mtu;

	if (pv_xenbus_read_u64(nf->xd, "mtu", &mtu))
		(void)pv_xenbus_read_backend_u64(nf->xd, "mtu", MTU_DEFAULT, &mtu);
	if (mtu < MTU_MIN || mtu > 0xffff)
		mtu = MTU_DEFAULT;
	return (uint16_t)(mtu < most ? mtu : most);
}

bool pv_netfront_read_state(struct netfront *nf)
{
	uint16_t mtu = read_mtu(nf);
	uint64_t carrier;
	bool link_up, changed;

	/* Backends that do not tell have a carrier. */
	(void)pv_xenbus_read_backend_u64(nf->xd, "carrier", 1, &carrier);
	link_up = nf->up && nf->xd->backend_state == XenbusStateConnected && carrier &&
		  !pv_device_broken(&nf->xd->dev);
	changed = link_up != nf->net.link_up || mtu != nf->net.mtu;
	nf->net.link_up = link_up;
	nf->net.mtu = mtu;
	return changed;
}

int pv_netfront_read_offer(struct netfront *nf)
{
	uint64_t copy, sg, gso4, gso6, no_csum4, csum6, split;
	struct pv_xs_item items[] = {
		{.key = "feature-rx-copy", .value = &copy, .def = 0},
		{.key = "feature-sg", .value = &sg, .def = 0},
		{.key = "feature-gso-tcpv4", .value = &gso4, .def = 0},
		{.key = "feature-gso-tcpv6", .value = &gso6, .def = 0},
		{.key = "feature-no-csum-offload", .value = &no_csum4, .def = 0},
		{.key = "feature-ipv6-csum-offload", .value = &csum6, .def = 0},
		{.key = "feature-split-event-channels", .value = &split, .def = 0},
	};
	struct netfront_offer *offer = &nf->offer;
	uint32_t flags = PV_NET_F_RX_CSUM | PV_NET_F_LINK;
	int err;

	err = pv_xenbus_gather_backend(nf->xd, items, PV_ARRAY_SIZE(items));
	if (err)
		return err;
	if (!copy) {
		pv_xenbus_error(nf->xd, PV_ENOTSUP, "the backend does not copy (feature-rx-copy)");
		return PV_ENOTSUP;
	}
	pv_xenbus_read_trust(nf->xd);
	if (nf->xd->dev.untrusted)
		pv_info("%s: untrusted, its data are copied", nf->xd->dev.name);
	offer->sg = sg;
	offer->csum4 = !no_csum4;
	offer->csum6 = csum6;
	offer->split = split;
	/* A packet to be segmented has several slots, and a blank checksum. */
	offer->gso4 = gso4 && sg && offer->csum4;
	offer->gso6 = gso6 && sg && csum6;
	/* Of one IP version the backend's, of the other ours (netfront_csum.c). */
	if (offer->csum4 || offer->csum6)
		flags |= PV_NET_F_TX_CSUM;
	if (offer->gso4)
		flags |= PV_NET_F_GSO_TCP4;
	if (offer->gso6)
		flags |= PV_NET_F_GSO_TCP6;
	nf->net.flags = flags;
	pv_dbg("%s: sg %d, csum v4 %d v6 %d, gso v4 %d v6 %d, split event channels %d",
	       nf->xd->dev.name, offer->sg, offer->csum4, offer->csum6, offer->gso4, offer->gso6,
	       offer->split);
	return 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

struct node {
	const char *key;
	unsigned int value;
};

static const struct node features[] = {
	{"request-rx-copy", 1},		{"feature-rx-notify", 1},	  {"feature-sg", 1},
	{"feature-no-csum-offload", 0}, {"feature-ipv6-csum-offload", 1}, {"feature-gso-tcpv4", 0},
	{"feature-gso-tcpv6", 0},	{"request-multicast-control", 0},
};

/* What a predecessor may have used, and we do not. */
static const char *const unused[] = {"multi-queue-num-queues", "ctrl-ring-ref",
				     "event-channel-ctrl", "xdp-headroom"};

static int write_nodes(struct pv_xenbus_device *xd, pv_xs_tx tx, const struct node *node,
		       unsigned int n)
{
	int err = 0;

	for (; n && !err; n--, node++)
		err = pv_xenbus_printf(xd, tx, node->key, "%u", node->value);
	return err;
}

static int remove_nodes(struct pv_xenbus_device *xd, pv_xs_tx tx, const char *const *key,
			unsigned int n)
{
	int err = 0;

	for (; n && !err; n--, key++) {
		err = pv_xenbus_rm(xd, tx, *key);
		if (err == PV_ENOENT)
			err = 0;
	}
	return err;
}

static int write_pair(const struct netfront_pair *pair, pv_xs_tx tx)
{
	static const char *const split[] = {"event-channel-tx", "event-channel-rx"};
	static const char *const one[] = {"event-channel"};
	const struct node common[] = {
		{"tx-ring-ref", (unsigned int)pair->tx_ref},
		{"rx-ring-ref", (unsigned int)pair->rx_ref},
	};
	const struct node ports[] = {
		{pair->offer->split ? split[0] : one[0], (unsigned int)pair->tx_port->port},
		{split[1], (unsigned int)pair->rx_port->port},
	};
	unsigned int n = pair->offer->split ? 2 : 1;
	int err;

	err = write_nodes(pair->xd, tx, common, PV_ARRAY_SIZE(common));
	if (!err)
		err = write_nodes(pair->xd, tx, ports, n);
	if (!err)
		err = remove_nodes(pair->xd, tx, pair->offer->split ? one : split, 3 - n);
	return err;
}

static int write_all(pv_xs_tx tx, void *arg)
{
	struct netfront *nf = arg;
	int err;

	/* With several pairs each one has a folder, queue-N, and their number is told. */
	err = write_pair(&nf->pair[0], tx);
	if (!err)
		err = write_nodes(nf->xd, tx, features, PV_ARRAY_SIZE(features));
	if (!err)
		err = remove_nodes(nf->xd, tx, unused, PV_ARRAY_SIZE(unused));
	if (!err)
		err = pv_xenbus_switch(nf->xd, tx, XenbusStateConnected);
	return err;
}

int pv_netfront_connect(struct netfront *nf)
{
	int err = pv_xs_transaction(write_all, nf);

	if (err) {
		pv_xenbus_error(nf->xd, err, "its rings could not be written to xenstore");
		return err;
	}
	nf->up = true;
	err = pv_xenbus_wait_backend(nf->xd, PV_XENBUS_BIT(XenbusStateConnected),
				     PV_CONFIG_XENBUS_MS);
	/* Its scripts may take longer: the link comes up when it does. */
	if (err == PV_ETIMEDOUT)
		return 0;
	return err < 0 ? err : 0;
}
