/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The grant table's pages. Xen's pages appear in the place of ours, one at a time as the table
 * grows.
 *
 * Version 1 names frames by 32 bits, which is enough but on machines beyond 16 TiB; there version 2
 * is asked for. A Xen that does not know versions has the first.
 */
#include <pv/err.h>
#include <pv/log.h>
#include <pv/os.h>
#include <pv/string.h>

#include "hypercall/xen.h"
#include "pv-core/xen/grant_table.h"
#include "pv-core/xen/grants.h"
#include "pv-core/xen/xen.h"

struct pv_grant_table pv_grant_table;

#define table pv_grant_table

static unsigned int status_frames;

static bool frames_beyond_32_bits(void)
{
	long last = pv_xen_is_pv() ? pv_xen_memory_maximum_ram_page()
				   : pv_xen_memory_maximum_gpfn(DOMID_SELF);

	return last > 0 && last >> 32;
}

static void choose_version(void)
{
	struct gnttab_set_version set = {.version = frames_beyond_32_bits() ? 2 : 1};
	struct gnttab_get_version get = {.dom = DOMID_SELF};
	uint32_t wanted = set.version;

	table.version = 1;
	if (pv_xen_gnttab_set_version(&set) == 0) {
		table.version = wanted;
	} else if (pv_xen_gnttab_get_version(&get) == 0 && get.version == 2) {
		/* A kernel before us left it so, with grants that are in use. */
		table.version = 2;
	}
	if (table.version < wanted)
		pv_warn("Xen: grants by version 1, which does not reach all memory");
}

int pv_grant_table_start(void)
{
	struct gnttab_query_size size = {.dom = DOMID_SELF};
	int err = pv_xen_gnttab_query_size(&size);

	if (!err)
		err = pv_grant_error(size.status);
	if (err)
		return err;
	choose_version();
	table.per_frame =
		(unsigned int)(table.version == 1 ? PV_GRANT_V1_PER_FRAME : PV_GRANT_V2_PER_FRAME);
	table.frames = 0;
	table.max_frames = size.max_nr_frames < PV_CONFIG_GRANT_FRAMES ? size.max_nr_frames
								       : PV_CONFIG_GRANT_FRAMES;
	return 0;
}

/* A page of ours with frame `index` of the table behind it. */
static int place(unsigned long index, void **page)
{
	int err;

	*page = pv_os_pages_alloc(1);
	if (!*page)
		return PV_ENOMEM;
	err = pv_xen_place(*page, XENMAPSPACE_grant_table, index);
	if (err) {
		pv_os_pages_free(*page, 1);
		return err;
	}
	return 0;
}

static void unplace(void *page)
{
	int err = pv_xen_unplace(page);

	if (err)
		pv_warn("Xen: a page of the grant table stays, error %d", err);
	else
		pv_os_pages_free(page, 1);
}

int pv_grant_table_grow(void)
{
	unsigned int n = table.frames;
	void *page;
	int err;

	err = place(n, &page);
	if (err)
		return err;
	table.frame[n] = (void PV_SHARED PV_FORCE *)page;
	/* The table has grown by then, and the status frames with it. */
	if (table.version == 2 &&
	    (n + 1) * PV_GRANT_V2_PER_FRAME > status_frames * PV_GRANT_STATUS_PER_FRAME) {
		err = place(status_frames | XENMAPIDX_grant_table_status, &page);
		if (err) {
			unplace((void PV_FORCE *)table.frame[n]);
			return err;
		}
		table.status[status_frames++] = (grant_status_t PV_SHARED PV_FORCE *)page;
	}
	table.frames++;
	return 0;
}

int pv_grant_table_take_out(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < table.frames && !err; i++)
		err = pv_xen_page_back((void PV_FORCE *)table.frame[i]);
	for (i = 0; i < status_frames && !err; i++)
		err = pv_xen_page_back((void PV_FORCE *)table.status[i]);
	return err;
}

int pv_grant_table_place(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < table.frames && !err; i++)
		err = pv_xen_place((void PV_FORCE *)table.frame[i], XENMAPSPACE_grant_table, i);
	for (i = 0; i < status_frames && !err; i++)
		err = pv_xen_place((void PV_FORCE *)table.status[i], XENMAPSPACE_grant_table,
				   i | XENMAPIDX_grant_table_status);
	return err;
}

int pv_grant_table_resume(void)
{
	struct gnttab_set_version set = {.version = table.version};

	if (!table.version)
		return 0;
	/*
	 * Version 1 is what a Xen has that does not know versions, and what a new domain begins
	 * with.
	 */
	if (pv_xen_gnttab_set_version(&set) && table.version != 1)
		return PV_ENOTSUP;
	return pv_grant_table_place();
}

void pv_grant_table_exit(void)
{
	while (status_frames)
		unplace((void PV_FORCE *)table.status[--status_frames]);
	while (table.frames)
		unplace((void PV_FORCE *)table.frame[--table.frames]);
	table.version = 0;
	table.max_frames = 0;
}
