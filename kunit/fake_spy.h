/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A peer that looks at all of the guest's memory that it has a way to: whole pages, whatever part
 * of them it was told of. Memory that the kernel never gave it is filled with a canary, which must
 * not be there.
 */
#ifndef PV_KUNIT_FAKE_SPY_H
#define PV_KUNIT_FAKE_SPY_H

#include "fake_virtio.h"

/* Nothing else in these tests has the byte four times in a row: data are below 0x80. */
#define FAKE_SPY_CANARY 0xc5

struct fake_spy {
	unsigned int pages;    /* that it sees now */
	unsigned int canaries; /* of these, with the canary somewhere */
};

/*
 * What a virtio device sees: its rings, and what any descriptor in them names, of now or of before.
 */
struct fake_spy fake_spy_virtio(const struct fake_virtio *f);

/* What a domain sees: pages that are granted to it. */
struct fake_spy fake_spy_xen(uint16_t domid);

/* At this step it sees something, and no canary. */
#define FAKE_SPY_EXPECT_BLIND(test, spy)                                                           \
	do {                                                                                       \
		struct fake_spy spy_ = spy;                                                        \
		KUNIT_EXPECT_GT(test, spy_.pages, 0u);                                             \
		KUNIT_ASSERT_EQ(test, spy_.canaries, 0u);                                          \
	} while (0)

#endif
