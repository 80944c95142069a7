/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The virtio network driver's control queue (virtio 1.2, 5.1.6.5), for the one command that it
 * gives: how many pairs of queues are in use (5.1.6.5.5). Which pair a received packet comes to is
 * the device's choice: it sends a flow's packets where the driver last sent one of that flow from
 * (5.1.6.5.6.3), so that a CPU which answers by its own queue gets what follows there.
 *
 * The device has the command and its answer in one page, lent as all queues' memory is. It is
 * waited for, in control context, PV_CONFIG_RESET_MS at most; of an answer one byte is read, once.
 * One that is no answer, and none at all, fail the start of the device, which is reset then.
 */
#include <pv/log.h>
#include <pv/wait.h>

#include "drivers/virtio/virtio_net.h"
#include "drivers/virtio/vring_split.h"

#define NO_ANSWER 0xff /* what no device writes */

/* The command, and where the device answers. */
struct ctrl_pairs {
	struct virtio_net_ctrl_hdr hdr;
	__virtio16 pairs; /* little-endian, as x86 is */
	uint8_t ack;
};

void pv_virtio_net_ctrl_spec(struct pv_vq_spec *spec, unsigned int device_pairs)
{
	/* 5.1.2: behind all pairs that the device has, used or not. */
	*spec = (struct pv_vq_spec) {.max_num = 4, .max_chain = 2, .number = 2 * device_pairs};
}

struct answer {
	struct pv_vq *vq;
	bool done;
};

static bool is_answered(void *arg)
{
	struct answer *a = arg;
	uint32_t len;

	a->done = pv_vring_pop(a->vq, &len) != NULL;
	return a->done || pv_device_broken(&a->vq->vd->dev);
}

/* 0, or PV_ENOTSUP if the device refuses; PV_EPROTO, PV_ETIMEDOUT. */
static int command(struct pv_vq *vq, struct ctrl_pairs PV_SHARED *cmd, pv_bus_addr_t addr,
		   unsigned int pairs)
{
	struct answer answer = {.vq = vq};
	struct pv_vring_chain chain;
	uint8_t ack;
	int err;

	pv_shared_write(&cmd->hdr.class, VIRTIO_NET_CTRL_MQ);
	pv_shared_write(&cmd->hdr.cmd, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET);
	pv_shared_write(&cmd->pairs, (uint16_t)pairs);
	pv_shared_write(&cmd->ack, NO_ANSWER);
	pv_vring_begin(vq, &chain, 2, vq->indirect);
	pv_vring_put(vq, &chain, addr, offsetof(struct ctrl_pairs, ack), VRING_DESC_F_NEXT);
	pv_vring_put(vq, &chain, addr + offsetof(struct ctrl_pairs, ack), 1, VRING_DESC_F_WRITE);
	pv_vring_end(vq, &chain, vq, 1);
	(void)pv_vring_kick(vq);
	err = pv_wait_until(is_answered, &answer, PV_CONFIG_RESET_MS);
	if (err) {
		pv_err("%s: waited %u ms for an answer to VQ_PAIRS_SET, there is none",
		       vq->vd->dev.name, PV_CONFIG_RESET_MS);
		return err;
	}
	if (!answer.done)
		return PV_EPROTO;
	ack = pv_shared_read(&cmd->ack);
	if (ack == VIRTIO_NET_OK)
		return 0;
	if (ack == VIRTIO_NET_ERR)
		return PV_ENOTSUP;
	pv_err("%s: the answer to VQ_PAIRS_SET is 0x%x", vq->vd->dev.name, ack);
	return PV_EPROTO;
}

int pv_virtio_net_pairs_set(struct pv_virtio *vd, unsigned int pairs)
{
	struct pv_vq_items page;
	pv_bus_addr_t addr;
	void *va;
	int err = pv_vq_items_alloc(&page, vd, 1, sizeof(struct ctrl_pairs));

	if (err)
		return err;
	va = pv_vq_item(&page, 0, &addr);
	err = command(&vd->vq[2 * pairs], (struct ctrl_pairs PV_SHARED PV_FORCE *)va, addr, pairs);
	/* A device that has not answered may answer yet. */
	if (err == PV_ETIMEDOUT || err == PV_EPROTO)
		pv_virtio_stop(vd);
	pv_vq_items_free(&page, vd);
	return err;
}

unsigned int pv_virtio_net_pairs(const struct pv_virtio *vd, unsigned int device_pairs)
{
	/*
	 * MQ without control queue is a device's fault (5.1.3.1): there is no way to have more than
	 * one.
	 */
	if (!pv_virtio_has(vd, VIRTIO_NET_F_CTRL_VQ))
		return 1;
	if (device_pairs < VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MIN ||
	    device_pairs > VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MAX) {
		pv_warn("%s: %u pairs of queues are not possible (5.1.4.1): one is used",
			vd->dev.name, device_pairs);
		return 1;
	}
	return pv_virtio_groups(vd, device_pairs, 2);
}
