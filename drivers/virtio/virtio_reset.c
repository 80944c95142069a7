/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Devices that need a reset, and devices that are not there any more: what drivers ask before they
 * act (virtio.h has what follows from it).
 *
 * A device may need a reset for what a request asked of it, and that request is replayed. So a
 * device that needs another, and another, without having done anything in between, would be reset
 * without end: after MOST of them it is given up.
 */
#include "drivers/virtio/virtio.h"

#include <pv/log.h>

#define ALL_ONES 0xff /* no device has the reserved bits of its status set (2.1) */
#define MOST	 4u

bool pv_virtio_gone(struct pv_virtio *vd)
{
	if (!vd->gone && vd->transport->present && vd->transport->get_status(vd) == ALL_ONES &&
	    !vd->transport->present(vd)) {
		vd->gone = true;
		pv_warn("%s: it is not there any more", vd->dev.name);
	}
	return vd->gone;
}

bool pv_virtio_needs_reset(struct pv_virtio *vd)
{
	return vd->needs_reset || vd->transport->get_status(vd) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

int pv_virtio_reset_again(struct pv_virtio *vd, uint64_t done)
{
	if (done != vd->done_at_reset)
		vd->resets = 0;
	vd->done_at_reset = done;
	if (++vd->resets > MOST) {
		pv_err("%s: it needs a reset again, and did nothing since the last %u",
		       vd->dev.name, MOST);
		return PV_ERESET;
	}
	pv_warn("%s: it needs a reset", vd->dev.name);
	return 0;
}

int pv_virtio_same_features(struct pv_virtio *vd, uint64_t before)
{
	if (!(before & ~vd->features))
		return 0;
	pv_err("%s: features were 0x%llx before the reset, are 0x%llx now", vd->dev.name,
	       (unsigned long long)before, (unsigned long long)vd->features);
	return PV_ENOTSUP;
}
