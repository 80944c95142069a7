/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What main.c runs. */
#ifndef TESTS_EXPLORE_SCENARIOS_H
#define TESTS_EXPLORE_SCENARIOS_H

#include "explore.h"

extern const struct explore_scenario explore_xring, explore_vring_event, explore_vring_flags,
	explore_events_late, explore_events_lost, explore_events_plain, explore_grants_v1,
	explore_grants_v2, explore_clock, explore_blkfront, explore_netfront, explore_virtio_blk,
	explore_virtio_net, explore_virtio_irqs;

#endif
