/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Event channels, as events.h tells: the dispatcher, the mask, and which CPU looks at what.
 *
 * The shared page is written by Xen and by us: every change of a word that both write is a locked
 * one. What a port is for is in tables of our own, one for each word of which a port was bound.
 *
 * With several CPUs each looks only at the ports that are delivered to it: `mine` has their bits. A
 * word may have ports of several CPUs, and another's pending bit is that CPU's to find.
 */
#include <pv/err.h>
#include <pv/log.h>
#include <pv/os.h>
#include <pv/string.h>
#include <pv/xen.h>

#include "pv-core/xen/evtchn.h"

static enum pv_upcall upcall;

static struct cpu {
	uint64_t *mine; /* PV_EVTCHN_WORDS of them; NULL: the CPU was not started */
	uint64_t upcalls, events, unknown;
} PV_ALIGNED(64) cpus[PV_CONFIG_MAX_CPUS];

/* --- dispatch --------------------------------------------------------------------------------- */

/*
 * The pending bit is cleared before the handler looks at what there is: what comes after that look
 * sets it again, and calls the handler again.
 */
static void fire(struct shared_info PV_SHARED *shared, struct cpu *c, unsigned int port)
{
	const struct pv_evtchn_port *p = pv_evtchn_port(port);
	pv_evtchn_fn fn = p ? __atomic_load_n(&p->fn, __ATOMIC_ACQUIRE) : NULL;

	if (!fn || p->late)
		pv_evtchn_set_mask(port);
	pv_shared_fetch_and(&shared->evtchn_pending[port / 64], ~pv_evtchn_bit(port));
	if (!fn) {
		c->unknown++;
		return;
	}
	c->events++;
	fn(p->arg);
}

bool pv_evtchn_dispatch(void)
{
	unsigned int cpu = pv_os_cpu(), word, bit;
	struct vcpu_info PV_SHARED *info = pv_xen_vcpu_info(cpu);
	struct shared_info PV_SHARED *shared = pv_xen_shared_info();
	uint64_t selected, pending;
	struct cpu *c;

	if (!info || !cpus[cpu].mine || !pv_shared_read(&info->evtchn_upcall_pending))
		return false;
	c = &cpus[cpu];
	c->upcalls++;
	/*
	 * The flag before the selector: Xen sets them in the other order, so that a word which is
	 * selected after the exchange flags, and interrupts, once more. The exchange is the
	 * barrier.
	 */
	pv_shared_write(&info->evtchn_upcall_pending, 0);
	selected = pv_shared_exchange(&info->evtchn_pending_sel, 0);
	while (selected) {
		word = (unsigned int)__builtin_ctzll(selected);
		selected &= selected - 1;
		pending = pv_shared_read(&shared->evtchn_pending[word]) &
			  ~pv_shared_read(&shared->evtchn_mask[word]) & c->mine[word];
		while (pending) {
			bit = (unsigned int)__builtin_ctzll(pending);
			pending &= pending - 1;
			fire(shared, c, word * 64 + bit);
		}
	}
	pv_evtchn_late_work();
	return true;
}

void pv_xen_dispatch(void)
{
	if (pv_xen_shared_info() && pv_os_cpu() < PV_CONFIG_MAX_CPUS)
		pv_evtchn_dispatch();
}

/* --- the mask --------------------------------------------------------------------------------- */

void pv_evtchn_mask(int port)
{
	if (pv_evtchn_bound(port))
		pv_evtchn_set_mask((unsigned int)port);
}

/*
 * Xen delivers when pending goes from 0 to 1 while the mask is clear; what came while it was set
 * has not been delivered, and will not be. So:
 *
 *	1. Clear the mask. From here on Xen delivers whatever comes.
 *	2. Look at pending. Clear: nothing came before 1, or Xen delivered it after 1. Done.
 *	3. Set: it came before 1, and nobody knows; or after 1, and it is delivered already. Set the
 *	   mask again,
 *	4. and have Xen unmask: it clears the mask, and if that was set and pending is, selects and
 *	   flags. In the second case of 3 the selector is set already, and the handler is called
 *	   once all the same.
 *
 * To look first and clear then would lose what comes in between. Step 4 must find the mask set,
 * hence 3. A port of another CPU is Xen's from the start, because the selector that it sets is that
 * CPU's.
 */
void pv_evtchn_let_go(const struct pv_evtchn_port *p, unsigned int port)
{
	struct shared_info PV_SHARED *shared = pv_xen_shared_info();
	struct evtchn_unmask op = {.port = port};
	int err;

	if (p->cpu == pv_os_cpu()) {
		pv_shared_fetch_and(&shared->evtchn_mask[port / 64], ~pv_evtchn_bit(port));
		if (pv_likely(!(pv_shared_read(&shared->evtchn_pending[port / 64]) &
				pv_evtchn_bit(port))))
			return;
		pv_evtchn_set_mask(port);
	}
	err = pv_xen_evtchn_unmask(&op);
	if (err)
		pv_err("Xen: port %u was not unmasked, error %d", port, err);
}

void pv_evtchn_unmask(int port)
{
	const struct pv_evtchn_port *p = pv_evtchn_bound(port);

	if (p)
		pv_evtchn_let_go(p, (unsigned int)port);
}

bool pv_evtchn_pending(int port)
{
	struct shared_info PV_SHARED *shared = pv_xen_shared_info();

	return pv_evtchn_bound(port) && pv_shared_read(&shared->evtchn_pending[port / 64]) &
						pv_evtchn_bit((unsigned int)port);
}

/* --- whose it is ------------------------------------------------------------------------------ */

void pv_evtchn_give(unsigned int port, unsigned int cpu)
{
	uint64_t bit = pv_evtchn_bit(port);
	unsigned int i;

	for (i = 0; i < PV_CONFIG_MAX_CPUS; i++)
		if (cpus[i].mine && i != cpu)
			__atomic_fetch_and(&cpus[i].mine[port / 64], ~bit, __ATOMIC_SEQ_CST);
	__atomic_fetch_or(&cpus[cpu].mine[port / 64], bit, __ATOMIC_SEQ_CST);
}

bool pv_evtchn_started(unsigned int cpu)
{
	return cpu < PV_CONFIG_MAX_CPUS && cpus[cpu].mine;
}

/* --- beginning and end ------------------------------------------------------------------------ */

void pv_evtchn_stats(struct pv_evtchn_stats *out)
{
	unsigned int i;

	pv_memset(out, 0, sizeof(*out));
	out->upcall = upcall;
	out->bound = pv_evtchn_num_bound;
	out->delayed = pv_evtchn_late_delayed();
	for (i = 0; i < PV_CONFIG_MAX_CPUS; i++) {
		out->upcalls += cpus[i].upcalls;
		out->events += cpus[i].events;
		out->unknown += cpus[i].unknown;
	}
}

/*
 * The boot CPU looks at everything that is no other CPU's, so that ports that nobody bound are
 * found, masked and counted.
 */
static int cpu_start(unsigned int cpu)
{
	cpus[cpu].mine = pv_os_alloc(PV_EVTCHN_WORDS * sizeof(uint64_t));
	if (!cpus[cpu].mine)
		return PV_ENOMEM;
	if (cpu == pv_evtchn_boot_cpu)
		pv_memset(cpus[cpu].mine, 0xff, PV_EVTCHN_WORDS * sizeof(uint64_t));
	return 0;
}

static void free_cpu(unsigned int cpu)
{
	pv_os_free(cpus[cpu].mine, PV_EVTCHN_WORDS * sizeof(uint64_t));
	pv_memset(&cpus[cpu], 0, sizeof(cpus[cpu]));
}

int pv_evtchn_start(const struct pv_boot_info *boot)
{
	int err;

	pv_evtchn_mask_all();
	pv_evtchn_boot_cpu = pv_os_cpu();
	err = cpu_start(pv_evtchn_boot_cpu);
	if (!err)
		upcall = pv_upcall_start(boot);
	return err;
}

int pv_evtchn_cpu_start(unsigned int cpu)
{
	int err = cpu_start(cpu);

	if (!err)
		err = pv_upcall_cpu_start(cpu);
	if (err)
		free_cpu(cpu);
	return err;
}

/* Ports that are delivered there go to the boot CPU; those that cannot, VIRQs and IPIs, end. */
void pv_evtchn_cpu_stop(unsigned int cpu)
{
	unsigned int port;

	for (port = 1; port < PV_EVTCHN_PORTS; port++)
		if (pv_evtchn_bound((int)port) && pv_evtchn_bound((int)port)->cpu == cpu &&
		    pv_evtchn_set_cpu((int)port, pv_evtchn_boot_cpu))
			pv_evtchn_end(port);
	free_cpu(cpu);
}

int pv_evtchn_work(void)
{
	int done = pv_evtchn_late_work();

	if (upcall == PV_UPCALL_NONE)
		done += pv_evtchn_dispatch();
	return done;
}

void pv_evtchn_exit(void)
{
	unsigned int i;

	pv_evtchn_end_all();
	pv_upcall_exit();
	pv_evtchn_late_reset();
	for (i = 0; i < PV_CONFIG_MAX_CPUS; i++)
		free_cpu(i);
	upcall = PV_UPCALL_NONE;
}
