/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* A split ring between the library and the fake device, for the suites of vring_split.h. */
#ifndef PV_KUNIT_FAKE_VRING_H
#define PV_KUNIT_FAKE_VRING_H

#include "drivers/virtio/vring_split.h"

#include "fake_virtio.h"

#define FAKE_VRING_NUM	    16
#define FAKE_VRING_INDIRECT (1ull << VIRTIO_RING_F_INDIRECT_DESC)
#define FAKE_VRING_EVENT    (1ull << VIRTIO_RING_F_EVENT_IDX)
#define FAKE_VRING_MODERN   (1ull << VIRTIO_F_VERSION_1)

struct fake_vring {
	struct fake_virtio f;
	struct fake_chain chain;
	struct pv_vq *vq;
	uint8_t data[4096];
	int token[65536];
};

/*
 * The ways in which the rings' features combine, for KUNIT_CASE_PARAM; the features of the case's.
 */
const void *fake_vring_gen_params(const void *prev, char *desc);
uint64_t fake_vring_features(struct kunit *test);

/* A suite's init and exit. */
int fake_vring_init(struct kunit *test);
void fake_vring_end(struct kunit *test);

/*
 * A ring of FAKE_VRING_NUM entries at most; of `max`, and if any_len of a device that tells no
 * lengths.
 */
void fake_vring_up(struct kunit *test, uint64_t features);
void fake_vring_up_as(struct kunit *test, uint64_t features, unsigned int max, bool any_len);

/* A chain of `out` pieces of 16 bytes and `in` of 32; its token is &r->token[n]. False: no room. */
bool fake_vring_add(struct fake_vring *r, unsigned int out, unsigned int in, unsigned int n);

/* The device completes `n` chains of those that are there. */
void fake_vring_answer(struct fake_vring *r, unsigned int n);

#endif
