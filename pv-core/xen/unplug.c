/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * An HVM guest has each disk and network card twice: emulated, for firmware, and on xenbus. They
 * are one and the same disk, and one and the same address on the network; so the emulated ones go
 * before the others are used. Asked for through ports of the emulated platform device (Xen
 * docs/misc/hvm-emulated-unplug.pandoc).
 */
#include <pv/log.h>

#include "arch/x86/x86.h"
#include "pv-core/xen/unplug.h"
#include "pv-core/xen/xen.h"

/* Read: 16 bits magic at 0x10, 8 bits version at 0x12; written: see the steps below. */
#define PORT	     0x10
#define PORT_VERSION 0x12
#define MAGIC	     0x49d2

#define ALL_DISKS 0x1
#define ALL_NICS  0x2

#define PRODUCT_EXPERIMENTAL 0xffff /* this library is in no list of products */
#define BUILD		     1

/* Whether the device model listens to us: it may refuse by product and version. */
static bool introduce(void)
{
	if (pv_in16(PORT) != MAGIC)
		return false;
	if (pv_in8(PORT_VERSION) >= 1) {
		pv_out16(PORT_VERSION, PRODUCT_EXPERIMENTAL);
		pv_out32(PORT, BUILD);
	}
	return pv_in16(PORT) == MAGIC;
}

static uint16_t asked;

void pv_xen_unplug_begin(void)
{
	asked = 0;
}

void pv_xen_unplug(enum pv_device_class class_id)
{
	uint16_t what = class_id == PV_CLASS_BLK   ? ALL_DISKS
			: class_id == PV_CLASS_NET ? ALL_NICS
						   : 0;

	if (pv_xen_mode() != PV_XEN_HVM || !(what & ~asked))
		return;
	asked |= what;
	if (!introduce()) {
		pv_dbg("Xen: emulated devices cannot be unplugged");
		return;
	}
	pv_out16(PORT, what);
	pv_info("Xen: emulated %s unplugged", what == ALL_DISKS ? "disks" : "network cards");
}
