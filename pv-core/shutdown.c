/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Who is to be told that the machine shall end. */
#include "pv-core/shutdown.h"

#include <pv/os.h>

static pv_shutdown_fn listener;
static void *listener_arg;
static void (*source)(void);

void pv_on_shutdown(pv_shutdown_fn fn, void *arg)
{
	pv_os_control_lock();
	listener = fn;
	listener_arg = arg;
	if (fn && source)
		source();
	pv_os_control_unlock();
}

bool pv_shutdown_wanted(void)
{
	return listener;
}

void pv_shutdown_request(enum pv_shutdown_reason reason)
{
	if (listener)
		listener(listener_arg, reason);
}

void pv_shutdown_set_source(void (*listening)(void))
{
	source = listening;
}

const char *pv_shutdown_reason_name(enum pv_shutdown_reason reason)
{
	switch (reason) {
	case PV_SHUTDOWN_POWEROFF:
		return "poweroff";
	case PV_SHUTDOWN_REBOOT:
		return "reboot";
	case PV_SHUTDOWN_HALT:
		return "halt";
	case PV_SHUTDOWN_SUSPEND:
		return "suspend";
	case PV_SHUTDOWN_CRASH:
		return "crash";
	}
	return "unknown";
}
