/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Error codes. A function that can fail returns an int: 0 or a positive count on success, one of
 * these on failure. The numbers are those that Xen (xen/errno.h) and Linux use, so that a
 * hypercall's result needs no translation and a Linux module may return ours.
 */
#ifndef PV_ERR_H
#define PV_ERR_H

#define PV_EPERM     (-1)   /* the hypervisor or device forbids it */
#define PV_ENOENT    (-2)   /* no such device, node or entry */
#define PV_EIO	     (-5)   /* the device failed the request, or is broken */
#define PV_EAGAIN    (-11)  /* a passing condition; the same call may succeed later */
#define PV_ENOMEM    (-12)  /* the port had no memory to give */
#define PV_EFAULT    (-14)  /* the hypervisor could not reach an argument */
#define PV_EBUSY     (-16)  /* ring full, or grants exhausted: retry after a completion */
#define PV_EEXIST    (-17)  /* already there */
#define PV_ENODEV    (-19)  /* the platform offers no such thing */
#define PV_EINVAL    (-22)  /* the caller's arguments are wrong */
#define PV_ENOSPC    (-28)  /* a fixed-size table is full */
#define PV_EROFS     (-30)  /* write to a read-only device */
#define PV_ERANGE    (-34)  /* a value does not fit where it must go */
#define PV_ENOSYS    (-38)  /* the hypervisor knows no such call */
#define PV_ENODATA   (-61)  /* nothing there to read */
#define PV_EPROTO    (-71)  /* the peer broke the protocol; the device is broken now */
#define PV_ENOTSUP   (-95)  /* the peer, or this port, does not offer the operation */
#define PV_ERESET    (-104) /* lost in a device reset, and not safe to replay */
#define PV_ETIMEDOUT (-110) /* a wait reached its deadline */
#define PV_EGONE     (-108) /* the device was removed */

#endif
