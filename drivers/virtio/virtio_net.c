/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * virtio network devices (virtio 1.2, 5.1): life cycle and configuration. The rings are in
 * virtio_net_rings.c.
 *
 * The device is brought up once when it is probed, to see that it can be, and whenever it is started
 * again; stopping resets it, which is the one way to get posted buffers back from every device.
 * Features that differ from the first time's make the start fail.
 *
 * A device that needs a reset is brought down and up in one go. Packets that were to be sent are lost,
 * with PV_ERESET (statistics: errors): sent again, they might arrive twice. So are those that it had
 * received and nobody had looked at.
 *
 * THE ADDRESS. A device without MAC, or with one that is no station's, gets a locally administered one:
 * 02:70:76 and three bytes of the TSC, so that two guests on one network differ.
 */
#include "drivers/virtio/virtio_net.h"

#include <pv/log.h>

#define MTU_DEFAULT 1500
#define MTU_MIN	    68 /* 5.1.4.1 */

static const struct pv_bit_name feature_names[] = {
	{VIRTIO_NET_F_CSUM, "CSUM"},
	{VIRTIO_NET_F_GUEST_CSUM, "GUEST_CSUM"},
	{VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, "CTRL_GUEST_OFFLOADS"},
	{VIRTIO_NET_F_MTU, "MTU"},
	{VIRTIO_NET_F_MAC, "MAC"},
	{VIRTIO_NET_F_GSO, "GSO"},
	{VIRTIO_NET_F_GUEST_TSO4, "GUEST_TSO4"},
	{VIRTIO_NET_F_GUEST_TSO6, "GUEST_TSO6"},
	{VIRTIO_NET_F_GUEST_ECN, "GUEST_ECN"},
	{VIRTIO_NET_F_GUEST_UFO, "GUEST_UFO"},
	{VIRTIO_NET_F_HOST_TSO4, "HOST_TSO4"},
	{VIRTIO_NET_F_HOST_TSO6, "HOST_TSO6"},
	{VIRTIO_NET_F_HOST_ECN, "HOST_ECN"},
	{VIRTIO_NET_F_HOST_UFO, "HOST_UFO"},
	{VIRTIO_NET_F_MRG_RXBUF, "MRG_RXBUF"},
	{VIRTIO_NET_F_STATUS, "STATUS"},
	{VIRTIO_NET_F_CTRL_VQ, "CTRL_VQ"},
	{VIRTIO_NET_F_CTRL_RX, "CTRL_RX"},
	{VIRTIO_NET_F_CTRL_VLAN, "CTRL_VLAN"},
	{VIRTIO_NET_F_CTRL_RX_EXTRA, "CTRL_RX_EXTRA"},
	{VIRTIO_NET_F_GUEST_ANNOUNCE, "GUEST_ANNOUNCE"},
	{VIRTIO_NET_F_MQ, "MQ"},
	{VIRTIO_NET_F_CTRL_MAC_ADDR, "CTRL_MAC_ADDR"},
	{VIRTIO_NET_F_NOTF_COAL, "NOTF_COAL"},
	{VIRTIO_NET_F_HASH_REPORT, "HASH_REPORT"},
	{VIRTIO_NET_F_RSS, "RSS"},
	{VIRTIO_NET_F_RSC_EXT, "RSC_EXT"},
	{VIRTIO_NET_F_STANDBY, "STANDBY"},
	{VIRTIO_NET_F_SPEED_DUPLEX, "SPEED_DUPLEX"},
	{0, NULL},
};

#define BIT64(n) (1ull << (n))
#define WANTED                                                                                     \
	(BIT64(VIRTIO_NET_F_CSUM) | BIT64(VIRTIO_NET_F_GUEST_CSUM) | BIT64(VIRTIO_NET_F_MTU) |     \
	 BIT64(VIRTIO_NET_F_MAC) | BIT64(VIRTIO_NET_F_HOST_TSO4) | BIT64(VIRTIO_NET_F_HOST_TSO6) | \
	 BIT64(VIRTIO_NET_F_MRG_RXBUF) | BIT64(VIRTIO_NET_F_STATUS) | BIT64(VIRTIO_F_ANY_LAYOUT))

static struct virtio_net *net_of(struct pv_net *net)
{
	return pv_container_of(net, struct virtio_net, net);
}

/* --- configuration ---------------------------------------------------------------------------- */

/* As the device has it, of one generation. */
struct config {
	uint8_t mac[6];
	uint16_t status, mtu;
};

static void read_config(struct pv_virtio *vd, void *arg)
{
	struct config *c = arg;
	unsigned int i;

	pv_memset(c, 0, sizeof(*c));
	if (pv_virtio_has(vd, VIRTIO_NET_F_MAC))
		for (i = 0; i < sizeof(c->mac); i++)
			c->mac[i] = pv_virtio_config8(
				vd, (unsigned int)offsetof(struct virtio_net_config, mac) + i);
	if (pv_virtio_has(vd, VIRTIO_NET_F_STATUS))
		c->status = pv_virtio_config16(vd, offsetof(struct virtio_net_config, status));
	if (pv_virtio_has(vd, VIRTIO_NET_F_MTU))
		c->mtu = pv_virtio_config16(vd, offsetof(struct virtio_net_config, mtu));
}

static void mac_set(struct virtio_net *vn, const uint8_t *mac)
{
	static const uint8_t none[6];
	uint64_t tsc;

	/* Neither a group's address nor none at all. */
	if (!(mac[0] & 1) && pv_memcmp(mac, none, sizeof(none))) {
		pv_memcpy(vn->net.mac, mac, sizeof(vn->net.mac));
		return;
	}
	tsc = pv_rdtsc();
	vn->net.mac[0] = 0x02; /* locally administered */
	vn->net.mac[1] = 0x70;
	vn->net.mac[2] = 0x76;
	vn->net.mac[3] = (uint8_t)(tsc >> 16);
	vn->net.mac[4] = (uint8_t)(tsc >> 8);
	vn->net.mac[5] = (uint8_t)tsc;
}

/* What may change while the device lives. */
static void state_set(struct virtio_net *vn, const struct config *c)
{
	unsigned int most = PV_PAGE_SIZE - sizeof(struct virtio_net_hdr_v1) - PV_NET_HDR_LEN;

	vn->net.link_up = true;
	if (pv_virtio_has(vn->vd, VIRTIO_NET_F_STATUS))
		vn->net.link_up = c->status & VIRTIO_NET_S_LINK_UP;
	vn->net.mtu = MTU_DEFAULT;
	if (pv_virtio_has(vn->vd, VIRTIO_NET_F_MTU) && c->mtu >= MTU_MIN)
		vn->net.mtu = c->mtu;
	/* Without merging, a packet is received into one page. */
	if (!pv_virtio_has(vn->vd, VIRTIO_NET_F_MRG_RXBUF) && vn->net.mtu > most)
		vn->net.mtu = (uint16_t)most;
}

static void flags_set(struct virtio_net *vn)
{
	uint32_t flags = 0;

	/* 5.1.3.1: segmentation requires checksums. */
	if (pv_virtio_has(vn->vd, VIRTIO_NET_F_CSUM)) {
		flags |= PV_NET_F_TX_CSUM;
		if (pv_virtio_has(vn->vd, VIRTIO_NET_F_HOST_TSO4))
			flags |= PV_NET_F_GSO_TCP4;
		if (pv_virtio_has(vn->vd, VIRTIO_NET_F_HOST_TSO6))
			flags |= PV_NET_F_GSO_TCP6;
	}
	if (pv_virtio_has(vn->vd, VIRTIO_NET_F_GUEST_CSUM))
		flags |= PV_NET_F_RX_CSUM;
	if (pv_virtio_has(vn->vd, VIRTIO_NET_F_STATUS))
		flags |= PV_NET_F_LINK;
	vn->net.flags = flags;
}

/* --- life cycle ------------------------------------------------------------------------------- */

/* From a device in whatever state to one with rings, and DRIVER_OK. */
static int bring_up(struct virtio_net *vn)
{
	uint64_t wanted = vn->features ? WANTED & vn->features : WANTED;
	struct pv_vq_spec spec[2 * NUM_PAIRS];
	unsigned int i;
	int err;

	err = pv_virtio_begin(vn->vd, wanted, 0, feature_names);
	if (err)
		return err;
	if (vn->features) {
		err = pv_virtio_same_features(vn->vd, vn->features);
		if (err)
			return err;
	}
	for (i = 0; i < NUM_PAIRS; i++)
		pv_virtio_net_specs(&vn->pair[i], vn->vd, &spec[2 * i]);
	err = pv_virtio_queues(vn->vd, spec, 2 * NUM_PAIRS);
	for (i = 0; !err && i < NUM_PAIRS; i++)
		err = pv_virtio_net_rings_init(&vn->pair[i], vn->vd, i);
	if (err)
		return err;
	pv_virtio_ready(vn->vd);
	vn->up = true;
	return 0;
}

/* Its mirror, from wherever it got to. What was on the send rings is sent with `status`. */
static void bring_down(struct virtio_net *vn, int status, bool failed)
{
	unsigned int i;

	if (vn->up) {
		pv_virtio_stop(vn->vd);
		for (i = 0; i < NUM_PAIRS; i++)
			pv_virtio_net_rings_drain(&vn->pair[i], status);
	}
	vn->up = false;
	pv_virtio_end(vn->vd, failed);
	for (i = 0; i < NUM_PAIRS; i++)
		pv_virtio_net_rings_exit(&vn->pair[i]);
}

static int start(struct pv_net *net)
{
	struct virtio_net *vn = net_of(net);
	int err;

	if (vn->up)
		return 0;
	err = bring_up(vn);
	if (err)
		bring_down(vn, PV_EIO, true);
	return err;
}

static void stop(struct pv_net *net)
{
	bring_down(net_of(net), PV_EIO, false);
}

static int probe(struct pv_device *dev)
{
	struct virtio_net *vn = pv_os_alloc(sizeof(*vn));
	struct config c;
	unsigned int i;
	int err;

	if (!vn)
		return PV_ENOMEM;
	vn->vd = pv_virtio_of(dev);
	vn->vd->resets = 0;
	vn->net.dev = dev;
	vn->net.queue = vn->queues;
	vn->net.num_queues = NUM_PAIRS;
	for (i = 0; i < NUM_PAIRS; i++) {
		vn->queues[i] = &vn->pair[i].q;
		vn->pair[i].q.ops = &pv_virtio_net_ops;
		vn->pair[i].q.net = &vn->net;
	}
	err = bring_up(vn);
	if (!err)
		err = pv_virtio_config(vn->vd, read_config, &c);
	if (err) {
		bring_down(vn, PV_EIO, true);
		pv_os_free(vn, sizeof(*vn));
		return err;
	}
	vn->features = vn->vd->features;
	mac_set(vn, c.mac);
	state_set(vn, &c);
	flags_set(vn);
	dev->priv = vn;
	pv_net_register(&vn->net, start, stop);
	return 0;
}

static void release(struct pv_net *net)
{
	struct virtio_net *vn = net_of(net);

	pv_os_free(vn, sizeof(*vn));
}

static void remove(struct pv_device *dev)
{
	struct virtio_net *vn = dev->priv;

	pv_net_unregister(&vn->net);
	bring_down(vn, PV_EGONE, false);
	dev->priv = NULL;
	pv_net_release(&vn->net, release);
}

/* What the device had to do and did. */
static uint64_t done(const struct virtio_net *vn)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < NUM_PAIRS; i++)
		n += vn->pair[i].q.stats.completed + vn->pair[i].q.stats.received;
	return n;
}

/* The device needs a reset: it is as if it was stopped, and started. */
static void recover(struct virtio_net *vn)
{
	int err = pv_virtio_reset_again(vn->vd, done(vn));
	struct config c;
	unsigned int i;

	bring_down(vn, PV_ERESET, false);
	if (!err && vn->vd->held)
		err = PV_ERESET;
	if (!err)
		err = bring_up(vn);
	if (!err)
		err = pv_virtio_config(vn->vd, read_config, &c);
	if (err) {
		(void)pv_device_break(&vn->vd->dev, "the device could not be reset to what it was");
		bring_down(vn, PV_ERESET, true);
		vn->net.link_up = false;
		pv_net_ended(&vn->net);
	} else {
		state_set(vn, &c);
	}
	for (i = 0; i < NUM_PAIRS; i++) {
		if (vn->net.started)
			pv_virtio_net_refill(&vn->pair[i].q);
		pv_net_event(&vn->pair[i].q);
	}
	pv_net_changed(&vn->net);
}

static void changed(struct pv_device *dev)
{
	struct virtio_net *vn = dev->priv;
	bool link_up = vn->net.link_up;
	uint16_t mtu = vn->net.mtu;
	struct config c;

	if (pv_virtio_gone(vn->vd)) {
		pv_device_remove(dev);
		return;
	}
	if (pv_device_broken(dev) || !vn->up)
		return;
	if (pv_virtio_needs_reset(vn->vd)) {
		recover(vn);
		return;
	}
	if (pv_virtio_config(vn->vd, read_config, &c))
		return;
	state_set(vn, &c);
	if (vn->net.link_up == link_up && vn->net.mtu == mtu)
		return;
	pv_info("%s: link %s, MTU %u", vn->net.name, vn->net.link_up ? "up" : "down", vn->net.mtu);
	pv_net_changed(&vn->net);
}

static bool match(const struct pv_device *dev)
{
	return pv_virtio_is(dev, VIRTIO_ID_NET);
}

const struct pv_driver pv_virtio_net = {
	.name = "virtio-net",
	.match = match,
	.probe = probe,
	.remove = remove,
	.changed = changed,
};
