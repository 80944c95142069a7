/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A callback with an argument: counts its calls in the unsigned int that this is.
 */
#ifndef PV_KUNIT_COUNTING_H
#define PV_KUNIT_COUNTING_H

static inline void counting(void *arg)
{
	++*(unsigned int *)arg;
}

#endif
