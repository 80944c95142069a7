/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Between pv_queues_follow() and the drivers of devices with several queues: a driver's probe has
 * as many as there are CPUs, as far as the device has them, queue i for CPU i; its idle() says when
 * it may be probed anew.
 */
#ifndef PV_CORE_QUEUES_H
#define PV_CORE_QUEUES_H

#include <pv/os.h>

/* The CPUs that queues follow; 1 until pv_queues_follow(). Context: control. */
extern unsigned int pv_queues_cpus;

/*
 * The CPU whose queue `index` is, of `num`: a device's only queue may be anybody's. Context:
 * control.
 */
static inline unsigned int pv_queue_cpu(unsigned int index, unsigned int num)
{
	return num > 1 ? index : pv_os_cpu();
}

#endif
