/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the fake machine prints, in a kernel: lines of the kernel's log.
 */
#ifndef PV_LINUX_FAKE_STDIO_H
#define PV_LINUX_FAKE_STDIO_H

#include <linux/kernel.h>
#include <linux/printk.h>

#define fprintf(stream, ...) printk(KERN_INFO __VA_ARGS__)

#endif
