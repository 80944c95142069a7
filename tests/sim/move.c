/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The guest is suspended in the midst of its work: it goes on as another domain, or where it was.
 */
#include <pv/fake_xen.h>
#include <pv/fake_xenstored.h>
#include <pv/log.h>
#include <pv/xen.h>

#include "fake_store.h"
#include "pv-core/suspend.h"
#include "sim.h"

static void (*arrive)(void);

static const struct pv_bus *bus(unsigned int n)
{
	return n ? NULL : &pv_xenbus;
}

static long set_off(void)
{
	if (!arrive)
		return 1;
	pv_fake_xen_migrate();
	PLAIN_CHECK(!fake_store_migrate());
	arrive();
	return 0;
}

void sim_suspend(void (*there)(void))
{
	arrive = there;
	/* What fails then is not among the faults: the kernel would have to end. */
	pv_fake_xen.fail_at = 0;
	pv_fake.alloc_fail_at = 0;
	pv_fake_xen.suspend = set_off;
	PLAIN_CHECK(pv_suspend_on(&pv_xen, bus) == (there ? 0 : 1));
	pv_fake_xen.suspend = NULL;
}

void sim_new_folder(const char *front)
{
	static const char *const ours[] = {"ring-ref",	       "ring-ref0",	  "ring-ref1",
					   "ring-ref2",	       "ring-ref3",	  "ring-page-order",
					   "tx-ring-ref",      "rx-ring-ref",	  "event-channel",
					   "event-channel-tx", "event-channel-rx"};
	char path[160];
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(ours); i++) {
		pv_snprintf(path, sizeof(path), "%s/%s", front, ours[i]);
		pv_fake_xs_rm(path);
	}
	pv_snprintf(path, sizeof(path), "%s/state", front);
	pv_fake_xs_write(path, "1");
}
