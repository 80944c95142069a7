/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Grants, as grants.h tells: who has which entry.
 *
 * For each entry of the table there is one of our own, which no peer reaches: what we granted, the
 * entry below it in its stack, the page that goes with it. They come in pages of 256.
 *
 * The free entries are a stack, taken from and put to by compare-and-exchange of its head, in which
 * there are the uppermost entry, the number of entries, and a count of changes: without that, a
 * head that came back to the same entry meanwhile, with another one below, would be taken for
 * unchanged. The stack is what queues on several CPUs share, and there is no lock: an attempt fails
 * only where another CPU's succeeded.
 *
 * The quarantined are a stack, too, which is only ever taken as a whole.
 */
#include <pv/clock.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/os.h>
#include <pv/string.h>

#include "pv-core/xen/grant_table.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/xen.h"
#include "pv-core/xen/xen_timer.h"

struct entry {
	uint32_t next;	/* in its stack; 0 ends it: entry 0 is the toolstack's */
	uint16_t flags; /* as granted; 0: free */
	void *page;	/* freed when the peer lets go; NULL: the grant's owner sees to it */
};

#define PER_BLOCK (PV_PAGE_SIZE / sizeof(struct entry))
#define BLOCKS	  (PV_CONFIG_GRANT_FRAMES * PV_GRANT_V1_PER_FRAME / PER_BLOCK)

/* The head: entry in 20 bits, number in 20, changes in 24. */
#define HEAD_ENTRY(h) ((uint32_t)(h)&0xfffff)
#define HEAD_COUNT(h) ((uint32_t)((h) >> 20) & 0xfffff)
#define HEAD_ONE      (1ull << 20)
#define HEAD_CHANGE   (1ull << 40)

#define FEW	 64	       /* free entries, below which the table is to grow */
#define RETRY_NS 1000000000ull /* between attempts at what is quarantined */

static struct entry *block[BLOCKS];
static unsigned int blocks;
static uint64_t free_head;
static uint32_t quarantine;
static unsigned int num_quarantined;
static unsigned int total, reserved;
static bool growth_asked;

static inline struct entry *entry(uint32_t ref)
{
	return &block[ref / PER_BLOCK][ref % PER_BLOCK];
}

/* --- the stacks ------------------------------------------------------------------------------- */

/* The uppermost free entry, or 0; and how many are left. */
static uint32_t pop(uint32_t *left)
{
	uint64_t head = __atomic_load_n(&free_head, __ATOMIC_ACQUIRE);
	uint32_t ref, next;

	do {
		ref = HEAD_ENTRY(head);
		*left = HEAD_COUNT(head);
		if (!ref)
			return 0;
		next = __atomic_load_n(&entry(ref)->next, __ATOMIC_RELAXED);
	} while (!__atomic_compare_exchange_n(&free_head, &head,
					      head - ref + next - HEAD_ONE + HEAD_CHANGE, true,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	--*left;
	return ref;
}

static void push(uint32_t ref)
{
	uint64_t head = __atomic_load_n(&free_head, __ATOMIC_RELAXED);

	do {
		__atomic_store_n(&entry(ref)->next, HEAD_ENTRY(head), __ATOMIC_RELAXED);
	} while (!__atomic_compare_exchange_n(
		&free_head, &head, head - HEAD_ENTRY(head) + ref + HEAD_ONE + HEAD_CHANGE, true,
		__ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

static void put_into_quarantine(uint32_t ref)
{
	uint32_t first = __atomic_load_n(&quarantine, __ATOMIC_RELAXED);

	do {
		entry(ref)->next = first;
	} while (!__atomic_compare_exchange_n(&quarantine, &first, ref, true, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
	__atomic_fetch_add(&num_quarantined, 1, __ATOMIC_RELAXED);
}

/* --- granting --------------------------------------------------------------------------------- */

static void ask_for_growth(void)
{
	if (pv_grant_table.frames < pv_grant_table.max_frames &&
	    !__atomic_exchange_n(&growth_asked, true, __ATOMIC_RELAXED))
		pv_os_schedule_work();
}

int pv_grant(uint16_t domid, const void *page, bool readonly)
{
	uint64_t gfn = pv_xen_gfn(page);
	struct entry *e;
	uint32_t left, ref;
	uint16_t flags;

	if (pv_grant_table.version == 1 && gfn >> 32)
		return PV_ERANGE;
	ref = pop(&left);
	if (left < FEW)
		ask_for_growth();
	if (!ref)
		return PV_EBUSY;
	flags = (uint16_t)(GTF_permit_access | (readonly ? GTF_readonly : 0));
	e = entry(ref);
	e->flags = flags;
	e->page = NULL;
	pv_grant_write(ref, domid, gfn, flags);
	return (int)ref;
}

/* Whether `ref` is granted now: anything else is the caller's mistake. */
static bool granted(int ref)
{
	return ref >= PV_XEN_RESERVED_GRANTS && (uint32_t)ref / PER_BLOCK < blocks &&
	       entry((uint32_t)ref)->flags;
}

int pv_grant_end_or_keep(int ref, void *page)
{
	struct entry *e;

	PV_ASSERT(granted(ref));
	e = entry((uint32_t)ref);
	if (!pv_grant_revoke((uint32_t)ref, e->flags)) {
		e->page = page;
		put_into_quarantine((uint32_t)ref);
		pv_os_schedule_work();
		return PV_EBUSY;
	}
	e->flags = 0;
	push((uint32_t)ref);
	return 0;
}

/* A page that is one of a struct pv_grant_block is told by the lowest bit. */
#define IN_BLOCK 1ul

static void free_page(void *page)
{
	struct pv_grant_block *b = (struct pv_grant_block *)((unsigned long)page & ~IN_BLOCK);

	if (!((unsigned long)page & IN_BLOCK)) {
		pv_os_pages_free(page, 1);
	} else if (!--b->held) {
		pv_os_pages_free(b->pages, b->num);
		pv_os_free(b, sizeof(*b));
	}
}

int pv_grant_end(int ref)
{
	return pv_grant_end_or_keep(ref, NULL);
}

int pv_grant_end_free(int ref, void *page)
{
	int err = pv_grant_end_or_keep(ref, page);

	if (!err)
		pv_os_pages_free(page, 1);
	return err;
}

int pv_grant_end_block(const int *ref, unsigned int num, struct pv_grant_block *b)
{
	void *page = (void *)((unsigned long)b | IN_BLOCK);
	int status = 0;

	/* One more, for as long as this goes on. */
	b->held = num + 1;
	while (num--) {
		if (pv_grant_end_or_keep(ref[num], page))
			status = PV_EBUSY;
		else
			free_page(page);
	}
	free_page(page);
	return status;
}

bool pv_grant_in_use(int ref)
{
	PV_ASSERT(granted(ref));
	return pv_shared_read(pv_grant_status((uint32_t)ref)) & PV_GRANT_IN_USE;
}

int pv_grant_retry(void)
{
	uint32_t ref = __atomic_exchange_n(&quarantine, 0, __ATOMIC_ACQUIRE), next;
	struct entry *e;
	int done = 0;

	for (; ref; ref = next) {
		e = entry(ref);
		next = e->next;
		__atomic_fetch_sub(&num_quarantined, 1, __ATOMIC_RELAXED);
		if (!pv_grant_revoke(ref, e->flags)) {
			put_into_quarantine(ref);
			continue;
		}
		free_page(e->page);
		e->flags = 0;
		push(ref);
		done++;
	}
	return done;
}

void pv_grant_stats(struct pv_grant_stats *out)
{
	out->version = pv_grant_table.version;
	out->frames = pv_grant_table.frames;
	out->max_frames = pv_grant_table.max_frames;
	out->total = total;
	out->free = HEAD_COUNT(__atomic_load_n(&free_head, __ATOMIC_RELAXED));
	out->quarantined = __atomic_load_n(&num_quarantined, __ATOMIC_RELAXED);
	out->reserved = reserved;
}

/* --- growth ----------------------------------------------------------------------------------- */

/* What a kernel before us left granted is taken back; in quarantine, where it was mapped. */
static void add(uint32_t ref)
{
	struct entry *e = entry(ref);

	total++;
	e->page = NULL;
	e->flags = pv_grant_flags(ref);
	if (e->flags && !pv_grant_revoke(ref, e->flags)) {
		put_into_quarantine(ref);
		return;
	}
	e->flags = 0;
	push(ref);
}

static int grow(void)
{
	unsigned int per_frame = pv_grant_table.per_frame;
	unsigned int first = pv_grant_table.frames * per_frame, ref;
	int err;

	if (pv_grant_table.frames == pv_grant_table.max_frames)
		return PV_ENOMEM;
	while (blocks * PER_BLOCK < first + per_frame) {
		block[blocks] = pv_os_pages_alloc(1);
		if (!block[blocks])
			return PV_ENOMEM;
		blocks++;
	}
	err = pv_grant_table_grow();
	if (err)
		return err;
	/* Downwards, so that the lowest are taken first. */
	for (ref = first + per_frame; ref-- > first && ref >= PV_XEN_RESERVED_GRANTS;)
		add(ref);
	return 0;
}

int pv_grant_reserve(unsigned int n)
{
	int err;

	if (n > 0xfffff)
		return PV_ENOMEM;
	while (total - num_quarantined < reserved + n) {
		err = grow();
		if (err) {
			pv_warn("Xen: no grants for %u more pages: %u of %u are spoken for (error %d)",
				n, reserved, total, err);
			return PV_ENOMEM;
		}
	}
	reserved += n;
	return 0;
}

void pv_grant_unreserve(unsigned int n)
{
	PV_ASSERT(n <= reserved);
	reserved -= n;
}

int pv_grant_start(void)
{
	int err = pv_grant_table_start();

	if (!err)
		err = grow();
	if (err)
		pv_grant_exit();
	return err;
}

int pv_grant_resume(void)
{
	uint32_t ref, end = pv_grant_table.frames * pv_grant_table.per_frame;
	int err = pv_grant_table_resume();

	if (err)
		return err;
	for (ref = PV_XEN_RESERVED_GRANTS; ref < end; ref++)
		if (entry(ref)->flags)
			pv_grant_write(ref, DOMID_INVALID, 0, entry(ref)->flags);
	return 0;
}

int pv_grant_work(void)
{
	int done = num_quarantined ? pv_grant_retry() : 0;

	if (growth_asked && __atomic_exchange_n(&growth_asked, false, __ATOMIC_RELAXED))
		done += !grow();
	if (num_quarantined && pv_clock_present())
		pv_xen_timer_wake(pv_clock_now() + RETRY_NS);
	return done;
}

void pv_grant_exit(void)
{
	pv_grant_retry();
	if (total != HEAD_COUNT(free_head))
		pv_warn("Xen: %u pages stay granted, %u of them mapped by their peer",
			total - HEAD_COUNT(free_head), num_quarantined);
	pv_grant_table_exit();
	while (blocks)
		pv_os_pages_free(block[--blocks], 1);
	free_head = 0;
	quarantine = 0;
	num_quarantined = total = reserved = 0;
	growth_asked = false;
}
