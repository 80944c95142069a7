/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What others granted to us: copying, and mapping.
 */
#include <pv/err.h>
#include <pv/os.h>

#include "hypercall/xen.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/xen.h"

/* Attempts at an operation that Xen asks to repeat: the page was paged out, and comes back. */
#define TRIES 64

int pv_grant_error(int status)
{
	static const int16_t error[] = {
		[-GNTST_okay] = 0,
		[-GNTST_general_error] = PV_EIO,
		[-GNTST_bad_domain] = PV_ENOENT,
		[-GNTST_bad_gntref] = PV_ENOENT,
		[-GNTST_bad_handle] = PV_EINVAL,
		[-GNTST_bad_virt_addr] = PV_EFAULT,
		[-GNTST_bad_dev_addr] = PV_EFAULT,
		[-GNTST_no_device_space] = PV_ENOSPC,
		[-GNTST_permission_denied] = PV_EPERM,
		[-GNTST_bad_page] = PV_EFAULT,
		[-GNTST_bad_copy_arg] = PV_EINVAL,
		[-GNTST_address_too_big] = PV_ERANGE,
		[-GNTST_eagain] = PV_EAGAIN,
		[-GNTST_no_space] = PV_ENOSPC,
	};

	if (status > 0 || status <= -(int)PV_ARRAY_SIZE(error))
		return PV_EIO;
	return error[-status];
}

static void copy_again(struct gnttab_copy *op)
{
	unsigned int i;

	for (i = 0; i < TRIES && op->status == GNTST_eagain; i++)
		if (pv_xen_gnttab_copy(op, 1))
			op->status = GNTST_general_error;
}

int pv_grant_copy(struct gnttab_copy *ops, unsigned int n)
{
	int err = pv_xen_gnttab_copy(ops, n);
	unsigned int i;

	if (err)
		return err < 0 ? err : PV_EIO;
	for (i = 0; i < n; i++) {
		copy_again(&ops[i]);
		if (!err)
			err = pv_grant_error(ops[i].status);
	}
	return err;
}

/* The address at which Xen maps: PVH, HVM a guest-physical one, PV a virtual one. */
static uint64_t host_addr(const void *page)
{
	return pv_xen_is_pv() ? (uint64_t)(uintptr_t)page : pv_os_virt_to_phys(page);
}

static int map(struct gnttab_map_grant_ref *op)
{
	unsigned int i;
	int err;

	for (i = 0; i < TRIES; i++) {
		err = pv_xen_gnttab_map_grant_ref(op, 1);
		if (err)
			return err < 0 ? err : PV_EIO;
		if (op->status != GNTST_eagain)
			break;
	}
	return pv_grant_error(op->status);
}

int pv_grant_map(uint16_t domid, uint32_t ref, void *page, bool readonly, uint32_t *handle)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = host_addr(page),
		.flags = GNTMAP_host_map | (readonly ? GNTMAP_readonly : 0),
		.ref = ref,
		.dom = domid,
	};
	int err = pv_xen_page_out(page);

	if (err)
		return err;
	err = map(&op);
	if (err) {
		/*
		 * Without memory for it again, the page is lost with its mapping; the caller's to
		 * hear of.
		 */
		return pv_xen_page_back(page) ? PV_EFAULT : err;
	}
	*handle = op.handle;
	return 0;
}

int pv_grant_unmap(void *page, uint32_t handle)
{
	struct gnttab_unmap_grant_ref op = {.host_addr = host_addr(page), .handle = handle};
	int err = pv_xen_gnttab_unmap_grant_ref(&op, 1);

	if (!err)
		err = pv_grant_error(op.status);
	if (err)
		return err < 0 ? err : PV_EIO;
	return pv_xen_page_back(page);
}
