/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include <pv/wait.h>

int pv_wait_until(bool (*cond)(void *arg), void *arg, unsigned int timeout_ms)
{
	uint64_t begin = pv_os_uptime_ns();

	while (!cond(arg)) {
		/*
		 * Asked once more: the CPU may have been taken away between the question and the
		 * clock.
		 */
		if (pv_os_uptime_ns() - begin >= (uint64_t)timeout_ms * 1000000)
			return cond(arg) ? 0 : PV_ETIMEDOUT;
		pv_os_relax();
	}
	return 0;
}
