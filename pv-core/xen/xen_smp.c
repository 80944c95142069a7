/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What Xen has for several CPUs, once they run: interrupts between them by event channels, waiting
 * for one (SCHEDOP_poll), flushing TLBs, and the time that others had.
 *
 * RUNSTATE
 *	Each CPU registers an area (VCPUOP_register_runstate_memory_area), in cache lines of its
 *	own, which Xen writes when the CPU begins to run, and runstate.c reads. Xen writes to an
 *	area's virtual address, through the page tables of that CPU, so it is one of the kernel's.
 *
 * WAITING
 *	A CPU has a port that stays masked, and is polled. To kick is to send to it: pending from
 *	then on, so that a poll that begins later ends at once. The waiter clears it when it is
 *	through.
 */
#include "pv-core/xen/xen_smp.h"

#include <pv/config.h>
#include <pv/err.h>
#include <pv/log.h>
#include <pv/os.h>

#include "hypercall/xen.h"
#include "pv-core/clock.h"
#include "pv-core/cpu.h"
#include "pv-core/xen/evtchn.h"
#include "pv-core/xen/xen.h"

#define WAIT_NS 10000000 /* longest, should a kick be lost */

struct area {
	struct vcpu_runstate_info runstate;
} PV_ALIGNED(64);

#define PER_PAGE (PV_PAGE_SIZE / sizeof(struct area))
#define PAGES	 ((PV_CONFIG_MAX_CPUS + PER_PAGE - 1) / PER_PAGE)

static struct area *pages[PAGES];
static struct area PV_SHARED *areas[PV_CONFIG_MAX_CPUS]; /* of CPUs that were started */
static bool begun;
static int kick_port[PV_CONFIG_MAX_CPUS];		 /* 0: none */
static int ipi_port[PV_CONFIG_IPIS][PV_CONFIG_MAX_CPUS]; /* 0: none */
static struct {
	void (*fn)(void *arg);
	void *arg;
} ipis[PV_CONFIG_IPIS]; /* of those that are open */

/* --- interrupts between CPUs ------------------------------------------------------------------ */

int pv_xen_ipi_open(unsigned int ipi, unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	int port = pv_evtchn_bind_ipi(cpu, fn, arg);

	if (port < 0)
		return port;
	ipis[ipi].fn = fn;
	ipis[ipi].arg = arg;
	__atomic_store_n(&ipi_port[ipi][cpu], port, __ATOMIC_RELEASE);
	return 0;
}

void pv_xen_ipi_close(unsigned int ipi, unsigned int cpu)
{
	if (cpu >= PV_CONFIG_MAX_CPUS || !ipi_port[ipi][cpu])
		return;
	pv_evtchn_close(ipi_port[ipi][cpu]);
	ipi_port[ipi][cpu] = 0;
}

int pv_xen_ipi_send(unsigned int ipi, unsigned int cpu)
{
	int port = __atomic_load_n(&ipi_port[ipi][cpu], __ATOMIC_ACQUIRE);

	return port ? pv_evtchn_send(port) : PV_ENOENT;
}

/* --- stolen time ------------------------------------------------------------------------------ */

static bool read_runstate(unsigned int cpu, uint64_t *stolen, int *state)
{
	return cpu < PV_CONFIG_MAX_CPUS && areas[cpu] &&
	       pv_xen_runstate_read(&areas[cpu]->runstate, stolen, state);
}

uint64_t pv_xen_stolen(unsigned int cpu)
{
	uint64_t stolen;
	int state;

	return read_runstate(cpu, &stolen, &state) ? stolen : 0;
}

/* What runs does not wait; what is blocked does so of its own will. */
bool pv_xen_preempted(unsigned int cpu)
{
	uint64_t stolen;
	int state;

	return read_runstate(cpu, &stolen, &state) && state == RUNSTATE_runnable;
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void clear_pending(int port)
{
	pv_shared_fetch_and(&pv_xen_shared_info()->evtchn_pending[port / 64],
			    ~pv_evtchn_bit((unsigned int)port));
}

void pv_xen_wait(unsigned int cpu)
{
	evtchn_port_t port = (evtchn_port_t)kick_port[cpu];
	struct sched_poll op = {.nr_ports = 1};

	if (!port) {
		pv_xen_sched_yield();
		return;
	}
	set_xen_guest_handle(op.ports, &port);
	op.timeout = pv_clock_present() ? pv_clock_to_host(pv_clock_now()) + WAIT_NS : 0;
	pv_xen_sched_poll(&op);
	clear_pending((int)port);
}

void pv_xen_kick(unsigned int cpu)
{
	int port = __atomic_load_n(&kick_port[cpu], __ATOMIC_ACQUIRE);

	if (port)
		pv_evtchn_send(port);
}

/* Xen gives the time to whom it likes. */
void pv_xen_yield(unsigned int cpu)
{
	(void)cpu;
	pv_xen_sched_yield();
}

/* --- TLBs ------------------------------------------------------------------------------------- */

static int flush_pv(const uint64_t *cpus)
{
	uint64_t vcpus[(PV_CONFIG_MAX_CPUS + 63) / 64] = {0};
	struct mmuext_op op = {.cmd = MMUEXT_TLB_FLUSH_MULTI};
	unsigned int cpu;

	for (cpu = 0; cpu < PV_CONFIG_MAX_CPUS; cpu++)
		if (cpus[cpu / 64] >> cpu % 64 & 1 && pv_xen_vcpu_info(cpu))
			vcpus[pv_xen_vcpu(cpu) / 64] |= 1ull << pv_xen_vcpu(cpu) % 64;
	set_xen_guest_handle(op.arg2.vcpumask, vcpus);
	return pv_xen_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

int pv_xen_flush(const uint64_t *cpus)
{
	return pv_xen_is_pv() ? flush_pv(cpus) : pv_xen_hvm_flush_tlbs();
}

/* --- CPUs ------------------------------------------------------------------------------------- */

static void nothing(void *arg)
{
	(void)arg;
}

static int start_runstate(unsigned int cpu)
{
	struct vcpu_register_runstate_memory_area op = {0};
	struct area **page = &pages[cpu / PER_PAGE], *a;
	int err;

	if (!*page)
		*page = pv_os_pages_alloc(1);
	if (!*page)
		return PV_ENOMEM;
	a = *page + cpu % PER_PAGE;
	op.addr.v = &a->runstate;
	err = pv_xen_vcpu_register_runstate_memory_area(pv_xen_vcpu(cpu), &op);
	if (!err)
		areas[cpu] = (struct area PV_SHARED PV_FORCE *)a;
	return err;
}

void pv_xen_smp_cpu_start(unsigned int cpu)
{
	int port, err = start_runstate(cpu);

	if (err)
		pv_dbg("Xen: no stolen time of CPU %u, error %d", cpu, err);
	port = pv_evtchn_bind_ipi(cpu, nothing, NULL);
	if (port > 0) {
		pv_evtchn_mask(port);
		__atomic_store_n(&kick_port[cpu], port, __ATOMIC_RELEASE);
	}
}

/* Xen is told of another area, by an address that is none: it writes there no more. */
void pv_xen_smp_cpu_stop(unsigned int cpu)
{
	struct vcpu_register_runstate_memory_area op = {0};
	int port = kick_port[cpu];

	kick_port[cpu] = 0;
	pv_evtchn_close(port);
	if (!areas[cpu])
		return;
	areas[cpu] = NULL;
	pv_xen_vcpu_register_runstate_memory_area(pv_xen_vcpu(cpu), &op);
}

void pv_xen_smp_begin(void)
{
	begun = true;
	pv_xen_vm_assist(VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag);
	pv_xen_smp_cpu_start(pv_os_cpu());
}

/*
 * The runstate that was before counts no more: what is stolen begins anew, as Xen's account does.
 */
void pv_xen_smp_resume(void)
{
	unsigned int cpu = pv_os_cpu(), i;

	if (!begun)
		return;
	areas[cpu] = NULL;
	kick_port[cpu] = 0;
	pv_xen_smp_begin();
	for (i = 0; i < PV_CONFIG_IPIS; i++) {
		if (!ipi_port[i][cpu])
			continue;
		ipi_port[i][cpu] = 0;
		if (pv_xen_ipi_open(i, cpu, ipis[i].fn, ipis[i].arg))
			pv_err("Xen: interrupt %u between CPUs is lost", i);
	}
}

void pv_xen_smp_end(void)
{
	unsigned int i;

	begun = false;
	pv_xen_smp_cpu_stop(pv_os_cpu());
	for (i = 0; i < PV_CONFIG_MAX_CPUS; i++)
		if (areas[i])
			return; /* Xen writes there still: they are kept */
	for (i = 0; i < PAGES; i++) {
		pv_os_pages_free(pages[i], 1);
		pages[i] = NULL;
	}
}
