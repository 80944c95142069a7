/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The fake Xen's grants: the guest's table, in either version, and what the peers granted.
 */
#include "fake_xen_impl.h"

#define MAX_FRAMES  64
#define PEER_GRANTS 64
#define RESERVED    8
#define HANDLES	    64

static char own_frame[MAX_FRAMES][PV_PAGE_SIZE] PV_ALIGNED(PV_PAGE_SIZE);
static char own_status[MAX_FRAMES][PV_PAGE_SIZE] PV_ALIGNED(PV_PAGE_SIZE);
static void *frame[MAX_FRAMES], *status_frame[MAX_FRAMES];
static unsigned int frames;
static uint32_t version;
static uint8_t mappings[MAX_FRAMES * 512]; /* that peers have of an entry */

static struct {
	uint16_t domid;
	void *page; /* NULL: none */
	bool readonly;
} peer_grant[PEER_GRANTS];

/* What the guest has mapped. */
static struct {
	uint64_t host_addr; /* 0: free */
	void *page;
	bool write;
} handle[HANDLES];

void pv_fake_xen_grants_reset(void)
{
	unsigned int i;

	memset(own_frame, 0, sizeof(own_frame));
	memset(own_status, 0, sizeof(own_status));
	memset(mappings, 0, sizeof(mappings));
	memset(peer_grant, 0, sizeof(peer_grant));
	memset(handle, 0, sizeof(handle));
	for (i = 0; i < MAX_FRAMES; i++) {
		frame[i] = own_frame[i];
		status_frame[i] = own_status[i];
	}
	frames = 1;
	version = 1;
}

/* Asking for a frame is what makes the table grow. */
void **pv_fake_xen_grant_frame(unsigned long index)
{
	if (index >= pv_fake_xen.max_grant_frames || index >= MAX_FRAMES)
		return NULL;
	frames = index >= frames ? (unsigned int)index + 1 : frames;
	return &frame[index];
}

void **pv_fake_xen_status_frame(unsigned long index)
{
	return version == 2 && index < (frames + 7) / 8 ? &status_frame[index] : NULL;
}

/* --- the guest's table ------------------------------------------------------------------------ */

static unsigned int per_frame(void)
{
	return version == 1 ? 512 : 256;
}

static void *entry(uint32_t ref)
{
	return (char *)frame[ref / per_frame()] + ref % per_frame() * (version == 1 ? 8 : 16);
}

static uint16_t *flags_of(uint32_t ref)
{
	return entry(ref); /* first in both versions */
}

static uint16_t domid_of(uint32_t ref)
{
	return ((struct grant_entry_v1 *)entry(ref))->domid; /* second in both */
}

static uint64_t frame_of(uint32_t ref)
{
	if (version == 1)
		return ((struct grant_entry_v1 *)entry(ref))->frame;
	return ((union grant_entry_v2 *)entry(ref))->full_page.frame;
}

/* Where use is noted. */
static uint16_t *use_of(uint32_t ref)
{
	return version == 1 ? flags_of(ref) : (uint16_t *)status_frame[ref / 2048] + ref % 2048;
}

static void *page_of(uint32_t ref)
{
	return pv_fake_xen_virt(frame_of(ref) << PV_PAGE_SHIFT);
}

static bool allows(uint16_t domid, uint32_t ref, bool write)
{
	uint16_t flags;

	if (ref >= frames * per_frame())
		return false;
	flags = *flags_of(ref);
	return (flags & GTF_type_mask) == GTF_permit_access && domid_of(ref) == domid &&
	       !(write && flags & GTF_readonly);
}

void *pv_fake_xen_peer_map(uint16_t domid, uint32_t ref, bool write)
{
	if (!allows(domid, ref, write))
		return NULL;
	mappings[ref]++;
	*use_of(ref) |= (uint16_t)(GTF_reading | (write ? GTF_writing : 0));
	return page_of(ref);
}

void pv_fake_xen_peer_unmap(uint32_t ref)
{
	if (!mappings[ref])
		pv_os_panic("fake Xen: a peer unmaps what it has not mapped");
	if (--mappings[ref] == 0)
		*use_of(ref) &= (uint16_t) ~(GTF_reading | GTF_writing);
}

unsigned int pv_fake_xen_granted(void)
{
	unsigned int ref, n = 0;

	for (ref = RESERVED; ref < frames * per_frame(); ref++)
		n += *flags_of(ref) != 0;
	return n;
}

unsigned int pv_fake_xen_mapped(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < sizeof(mappings); i++)
		n += mappings[i];
	return n;
}

uint32_t pv_fake_xen_peer_grant(uint16_t domid, void *page, bool readonly)
{
	uint32_t i;

	for (i = 1; i < PEER_GRANTS && peer_grant[i].page; i++)
		;
	if (i == PEER_GRANTS)
		pv_os_panic("fake Xen: too many grants of peers");
	peer_grant[i].domid = domid;
	peer_grant[i].page = page;
	peer_grant[i].readonly = readonly;
	return i;
}

/* --- operations ------------------------------------------------------------------------------- */

/* The page behind a reference of `domid`'s, ours included; or GNTST_*. */
static int resolve(uint16_t domid, uint32_t ref, bool write, void **page)
{
	if (domid == DOMID_SELF || domid == PV_FAKE_XEN_DOMID) {
		if (!allows(PV_FAKE_XEN_DOMID, ref, write))
			return GNTST_bad_gntref;
		*page = page_of(ref);
		return GNTST_okay;
	}
	if (ref >= PEER_GRANTS || !peer_grant[ref].page || peer_grant[ref].domid != domid)
		return GNTST_bad_gntref;
	if (write && peer_grant[ref].readonly)
		return GNTST_general_error;
	*page = peer_grant[ref].page;
	return GNTST_okay;
}

static int copy_end(const struct gnttab_copy_ptr *p, bool by_ref, bool write, uint16_t len,
		    char **at)
{
	void *page = pv_fake_xen_virt(p->u.gmfn << PV_PAGE_SHIFT);
	int status = GNTST_okay;

	if (p->offset + len > (int)PV_PAGE_SIZE)
		return GNTST_bad_copy_arg;
	if (by_ref)
		status = resolve(p->domid, p->u.ref, write, &page);
	else if (p->domid != DOMID_SELF)
		status = GNTST_permission_denied;
	*at = (char *)page + p->offset;
	return status;
}

static void copy(struct gnttab_copy *op)
{
	char *from, *to;
	int status = pv_fake_xen.copy_status ? pv_fake_xen.copy_status(op) : 0;

	if (!status)
		status = copy_end(&op->source, op->flags & GNTCOPY_source_gref, false, op->len,
				  &from);
	if (!status)
		status = copy_end(&op->dest, op->flags & GNTCOPY_dest_gref, true, op->len, &to);
	op->status = (int16_t)status;
	if (!status)
		memmove(to, from, op->len);
}

static void map(struct gnttab_map_grant_ref *op)
{
	bool write = !(op->flags & GNTMAP_readonly);
	unsigned int i;
	void *page;

	op->status = (int16_t)resolve(op->dom, op->ref, write, &page);
	if (op->status)
		return;
	for (i = 0; i < HANDLES && handle[i].host_addr; i++)
		;
	/* The guest maps in the place of memory that it gave away. */
	if (i == HANDLES || !pv_fake_xen_fill_hole(op->host_addr >> PV_PAGE_SHIFT)) {
		op->status = GNTST_general_error;
		return;
	}
	memcpy(pv_fake_xen_virt(op->host_addr), page, PV_PAGE_SIZE);
	handle[i].host_addr = op->host_addr;
	handle[i].page = page;
	handle[i].write = write;
	op->handle = i;
}

static void unmap(struct gnttab_unmap_grant_ref *op)
{
	uint32_t i = op->handle;

	if (i >= HANDLES || !handle[i].host_addr || handle[i].host_addr != op->host_addr) {
		op->status = GNTST_bad_handle;
		return;
	}
	if (handle[i].write)
		memcpy(handle[i].page, pv_fake_xen_virt(op->host_addr), PV_PAGE_SIZE);
	pv_fake_xen_make_hole(op->host_addr >> PV_PAGE_SHIFT);
	handle[i].host_addr = 0;
	op->status = GNTST_okay;
}

static long set_version(struct gnttab_set_version *op)
{
	if (pv_fake_xen.no_grant_versions)
		return PV_ENOSYS;
	if (op->version != 1 && op->version != 2)
		return PV_EINVAL;
	if (op->version != version && pv_fake_xen_granted())
		return PV_EBUSY;
	version = op->version;
	return 0;
}

long pv_fake_xen_grant_op(unsigned int cmd, void *ops, unsigned int n)
{
	struct gnttab_query_size *size = ops;
	unsigned int i;

	switch (cmd) {
	case GNTTABOP_query_size:
		size->nr_frames = frames;
		size->max_nr_frames = pv_fake_xen.max_grant_frames;
		size->status = GNTST_okay;
		return 0;
	case GNTTABOP_set_version:
		return set_version(ops);
	case GNTTABOP_get_version:
		((struct gnttab_get_version *)ops)->version = version;
		return pv_fake_xen.no_grant_versions ? PV_ENOSYS : 0;
	case GNTTABOP_copy:
		for (i = 0; i < n; i++)
			copy((struct gnttab_copy *)ops + i);
		return 0;
	case GNTTABOP_map_grant_ref:
		for (i = 0; i < n; i++)
			map((struct gnttab_map_grant_ref *)ops + i);
		return 0;
	case GNTTABOP_unmap_grant_ref:
		for (i = 0; i < n; i++)
			unmap((struct gnttab_unmap_grant_ref *)ops + i);
		return 0;
	default:
		return PV_ENOSYS;
	}
}
