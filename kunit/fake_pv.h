/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A PV guest that can be saved: its memory, with a number of each page's own and one of the
 * machine's; the kernel's part; and the toolstack, which is the function that answers the
 * hypercall. It finds the table of frames as libxenguest does, by the shared page, and looks at
 * what is mapped; then it numbers all frames anew.
 *
 * A page of the toolstack's is whatever page it is mapped over.
 */
#ifndef KUNIT_FAKE_PV_H
#define KUNIT_FAKE_PV_H

#include <pv/abi/xen.h>
#include <pv/boot.h>

#define FAKE_PV_PFNS 600 /* pages; their table has two */

/*
 * A domain's frames of the machine: its own, and Xen's; to each is added the domain's number times
 * the last.
 */
#define FAKE_PV_OWN    0x010000ull
#define FAKE_PV_SHARED 0x100000ull
#define FAKE_PV_GRANT  0x200000ull
#define FAKE_PV_STATUS 0x300000ull
#define FAKE_PV_DOMAIN 0x1000000ull

struct fake_pv {
	/* A test's. */
	long answer;	 /* of the hypercall: 0, and it is another domain */
	uint64_t refuse; /* a frame: so many mappings of it fail */
	unsigned int refusals;
	/* What happened. */
	void *console; /* where its page is mapped */
	unsigned int suspends, initialised;
	unsigned int unmaps, maps; /* the kernel's own mappings */
	const char *wrong;	   /* what the toolstack or the kernel found; NULL: nothing */
};

extern struct fake_pv fake_pv;

/* The machine, with two CPUs, one of them off; and its end, after pv_shutdown(). */
void fake_pv_up(void);
void fake_pv_down(void);
const struct pv_boot_info *fake_pv_boot(void);
struct start_info *fake_pv_start_info(void);

/* The machine's frame of a page, by its number. */
uint64_t fake_pv_mfn(uint64_t pfn);

/* How many pages of Xen's are mapped. */
unsigned int fake_pv_num_mapped(void);

#endif
