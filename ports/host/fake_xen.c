/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The fake Xen: its hypercalls, CPUs, time, and everything that is neither an event nor memory.
 */
#include "arch/x86/x86.h"
#include "fake_xen_impl.h"

#define MSR_PAGE 0x40000000
#define LISTENER 1 /* HVM_PARAM_CALLBACK_IRQ: a line that is never raised */

struct pv_fake_xen pv_fake_xen;

static bool running;
static char own_shared[PV_PAGE_SIZE] PV_ALIGNED(PV_PAGE_SIZE);
static void *shared;
static struct vcpu_info *registered[PV_FAKE_XEN_CPUS];
static uint8_t upcall_vector[PV_FAKE_XEN_CPUS];
static uint64_t params[HVM_NR_PARAMS];
static struct pv_boot_info boot;
static unsigned int depth; /* upcalls that are being handled */

uint8_t pv_xen_hypercall_page[PV_PAGE_SIZE] PV_ALIGNED(PV_PAGE_SIZE);

const struct pv_fake_leaf pv_fake_xen_cpuid[] = {
	{.leaf = 0, .value = {0x10, 0x68747541, 0x444d4163, 0x69746e65}},
	{.leaf = 1, .value = {.ecx = 1u << 31}},
	{.leaf = 0x40000000,
	 .value = {0x40000005, XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX,
		   XEN_CPUID_SIGNATURE_EDX}},
	{.leaf = 0x40000001, .value = {.eax = 4 << 16 | 17}},
	{.leaf = 0x40000002, .value = {.eax = 1, .ebx = MSR_PAGE}},
	{.leaf = 0x40000004, .last = true},
};

/* --- beginning and end ------------------------------------------------------------------------ */

void pv_fake_xen_reset(void)
{
	static const struct pv_fake_xen none;

	pv_fake_xen_memory_reset();
	pv_fake_xen_events_reset();
	pv_fake_xen_grants_reset();
	pv_fake_xen = none;
	running = false;
}

static uint64_t tsc(void)
{
	return pv_fake.now;
}

static void wrmsr(uint32_t msr, uint64_t value)
{
	if (msr != MSR_PAGE)
		pv_os_panic("fake Xen: WRMSR of an unknown MSR");
	if (pv_fake_xen.page_stubs)
		memset(pv_fake_xen_virt(value), 0xc3, PV_PAGE_SIZE);
}

void pv_fake_xen_start(void)
{
	pv_fake_xen_reset();
	pv_fake_xen.version = 4 << 16 | 17;
	pv_fake_xen.features = 1u << XENFEAT_auto_translated_physmap |
			       1u << XENFEAT_hvm_callback_vector | 1u << XENFEAT_hvm_safe_pvclock;
	pv_fake_xen.vcpus = 1;
	pv_fake_xen.max_grant_frames = 64;
	pv_fake_xen.maximum_gpfn = 0x3ffff;
	pv_fake_xen.page_stubs = 1;
	pv_fake_xen.wall_sec = 1700000000;
	pv_fake_xen.shutdown_reason = -1;
	memset(own_shared, 0, sizeof(own_shared));
	memset(registered, 0, sizeof(registered));
	memset(upcall_vector, 0, sizeof(upcall_vector));
	memset(params, 0, sizeof(params));
	memset(pv_xen_hypercall_page, PV_XEN_PAGE_EMPTY, sizeof(pv_xen_hypercall_page));
	memset(&boot, 0, sizeof(boot));
	boot.protocol = PV_BOOT_PVH;
	shared = own_shared;
	depth = 0;
	running = true;
	pv_fake_cpuid(pv_fake_xen_cpuid);
	pv_fake.rdtsc = tsc;
	pv_fake.wrmsr = wrmsr;
}

void pv_fake_xen_migrate(void)
{
	pv_fake_xen_events_reset();
	pv_fake_xen_grants_reset();
	memset(own_shared, 0, sizeof(own_shared));
	memset(registered, 0, sizeof(registered));
	memset(upcall_vector, 0, sizeof(upcall_vector));
	memset(pv_fake_xen.timer, 0, sizeof(pv_fake_xen.timer));
	memset(pv_fake_xen.runstate, 0, sizeof(pv_fake_xen.runstate));
	params[HVM_PARAM_CALLBACK_IRQ] = 0;
	shared = own_shared;
}

bool pv_fake_xen_running(void)
{
	return running;
}

const struct pv_boot_info *pv_fake_xen_boot(void)
{
	return &boot;
}

void **pv_fake_xen_shared_page(void)
{
	return &shared;
}

struct shared_info *pv_fake_xen_shared(void)
{
	return shared;
}

struct vcpu_info *pv_fake_xen_vcpu_info(unsigned int vcpu)
{
	if (registered[vcpu])
		return registered[vcpu];
	return vcpu < XEN_LEGACY_MAX_VCPUS ? &pv_fake_xen_shared()->vcpu_info[vcpu] : NULL;
}

/* --- time ------------------------------------------------------------------------------------- */

/* Writes the time of every CPU, and the wall clock; as Xen does whenever a CPU runs. */
static void write_time(void)
{
	struct shared_info *s = pv_fake_xen_shared();
	struct vcpu_time_info *t;
	unsigned int i;

	for (i = 0; i < pv_fake_xen.vcpus; i++) {
		if (!pv_fake_xen_vcpu_info(i))
			continue;
		t = &pv_fake_xen_vcpu_info(i)->time;
		t->version = ((t->version + 2) & ~1u) | pv_fake_xen.odd_version;
		t->tsc_timestamp = pv_fake.now;
		t->system_time = pv_fake.now - pv_fake_xen.behind;
		t->tsc_to_system_mul = 0x80000000u;
		t->tsc_shift = 1;
		t->flags = XEN_PVCLOCK_TSC_STABLE_BIT;
	}
	s->wc_version = ((s->wc_version + 2) & ~1u) | pv_fake_xen.odd_version;
	s->wc_sec = (uint32_t)pv_fake_xen.wall_sec;
	s->wc_sec_hi = (uint32_t)(pv_fake_xen.wall_sec >> 32);
	s->wc_nsec = 0;
}

void pv_fake_xen_run_timers(void)
{
	unsigned int i;

	for (i = 0; running && i < pv_fake_xen.vcpus; i++) {
		if (!pv_fake_xen.timer[i] ||
		    pv_fake_xen.timer[i] > pv_fake.now - pv_fake_xen.behind)
			continue;
		pv_fake_xen.timer[i] = 0;
		pv_fake_xen_virq(VIRQ_TIMER, i);
	}
}

void pv_fake_xen_relax(void)
{
	if (!running)
		return;
	write_time();
	pv_fake_xen_run_timers();
	pv_fake_xen_deliver();
}

/* --- upcalls ---------------------------------------------------------------------------------- */

/* Raises the CPU's upcall by whatever way the guest has chosen. */
static void raise(unsigned int vcpu)
{
	uint64_t via = params[HVM_PARAM_CALLBACK_IRQ], type = via >> PV_XEN_CALLBACK_TYPE_SHIFT;
	struct pv_pci_addr a = {.bus = (uint8_t)(via >> 16), .devfn = (uint8_t)(via >> 8)};
	unsigned int was = pv_fake.cpu;

	pv_fake.cpu = vcpu;
	depth++;
	pv_fake_xen.upcalls++;
	if (upcall_vector[vcpu])
		pv_fake_raise_vector(upcall_vector[vcpu], true);
	else if (type == HVM_PARAM_CALLBACK_TYPE_VECTOR)
		pv_fake_raise_vector((uint8_t)via, false);
	else if (type == HVM_PARAM_CALLBACK_TYPE_PCI_INTX && !vcpu)
		pv_fake_raise_intx(a);
	else
		pv_fake_xen.upcalls--;
	depth--;
	pv_fake.cpu = was;
}

void pv_fake_xen_deliver(void)
{
	unsigned int i, rounds = 0;

	if (!running || depth || pv_fake_xen.irqs_off)
		return;
	for (i = 0; i < pv_fake_xen.vcpus; i++)
		while (!pv_fake_xen.down[i] && pv_fake_xen_vcpu_info(i) &&
		       pv_fake_xen_vcpu_info(i)->evtchn_upcall_pending && rounds++ < 1000)
			raise(i);
}

void pv_fake_xen_pend_upcall(unsigned int vcpu)
{
	if (!pv_fake_xen_vcpu_info(vcpu))
		return;
	pv_fake_xen_vcpu_info(vcpu)->evtchn_upcall_pending = 1;
	pv_fake_xen_deliver();
}

/* --- hypercalls ------------------------------------------------------------------------------- */

static long version_op(unsigned int cmd, void *arg)
{
	struct xen_feature_info *f = arg;

	switch (cmd) {
	case XENVER_version:
		return pv_fake_xen.version;
	case XENVER_pagesize:
		return PV_PAGE_SIZE;
	case XENVER_extraversion:
		strcpy(arg, ".0-fake");
		return 0;
	case XENVER_get_features:
		f->submap = f->submap_idx ? 0 : pv_fake_xen.features;
		return 0;
	default:
		return PV_ENOSYS;
	}
}

static long register_info(uint32_t vcpu, const struct vcpu_register_vcpu_info *op)
{
	struct vcpu_info *to = pv_fake_xen_virt((op->mfn << PV_PAGE_SHIFT) + op->offset);

	if (registered[vcpu] || op->offset > PV_PAGE_SIZE - sizeof(*to) || op->offset % 8)
		return PV_EINVAL;
	if (pv_fake_xen_vcpu_info(vcpu))
		*to = *pv_fake_xen_vcpu_info(vcpu);
	registered[vcpu] = to;
	write_time();
	/* Nothing is to be lost: everything counts as pending. */
	to->evtchn_pending_sel = ~0ul;
	pv_fake_xen_pend_upcall(vcpu);
	return 0;
}

static long vcpu_op(unsigned int cmd, uint32_t vcpu, void *arg)
{
	struct vcpu_set_singleshot_timer *t = arg;
	struct vcpu_runstate_info *run = arg;

	if (vcpu >= pv_fake_xen.vcpus)
		return PV_ENOENT;
	switch (cmd) {
	case VCPUOP_is_up:
		return !pv_fake_xen.down[vcpu];
	case VCPUOP_initialise:
		if (!pv_fake_xen_vcpu_info(vcpu))
			return PV_EINVAL;
		return pv_fake_xen.initialise ? pv_fake_xen.initialise(vcpu, arg) : PV_ENOSYS;
	case VCPUOP_up:
	case VCPUOP_down:
		pv_fake_xen.down[vcpu] = cmd == VCPUOP_down;
		return 0;
	case VCPUOP_get_runstate_info:
		memset(run, 0, sizeof(*run));
		return 0;
	case VCPUOP_register_runstate_memory_area:
		pv_fake_xen.runstate[vcpu] =
			((struct vcpu_register_runstate_memory_area *)arg)->addr.v;
		return 0;
	case VCPUOP_stop_periodic_timer:
		return 0;
	case VCPUOP_stop_singleshot_timer:
		pv_fake_xen.timer[vcpu] = 0;
		return pv_fake_xen.no_singleshot ? PV_ENOSYS : 0;
	case VCPUOP_set_singleshot_timer:
		if (pv_fake_xen.no_singleshot)
			return PV_ENOSYS;
		if (t->flags & VCPU_SSHOTTMR_future && t->timeout_abs_ns < pv_fake.now)
			return -62; /* ETIME */
		pv_fake_xen.timer[vcpu] = t->timeout_abs_ns;
		return 0;
	case VCPUOP_register_vcpu_info:
		return register_info(vcpu, arg);
	default:
		return PV_ENOSYS;
	}
}

static long hvm_op(unsigned int cmd, void *arg)
{
	struct xen_hvm_evtchn_upcall_vector *v = arg;
	struct xen_hvm_param *p = arg;

	switch (cmd) {
	case HVMOP_get_param:
	case HVMOP_set_param:
		if (p->domid != DOMID_SELF || p->index >= HVM_NR_PARAMS)
			return PV_EINVAL;
		if (cmd == HVMOP_set_param)
			params[p->index] = p->value;
		p->value = params[p->index];
		return 0;
	case HVMOP_flush_tlbs:
		pv_fake_xen.flushes++;
		return 0;
	case HVMOP_set_evtchn_upcall_vector:
		if (pv_fake_xen.no_upcall_vector)
			return PV_ENOSYS;
		if (v->vcpu >= pv_fake_xen.vcpus)
			return PV_ENOENT;
		if (v->vector < 16)
			return PV_EINVAL;
		upcall_vector[v->vcpu] = v->vector;
		return 0;
	default:
		return PV_ENOSYS;
	}
}

static long sched_op(unsigned int cmd, void *arg)
{
	switch (cmd) {
	case SCHEDOP_yield:
		/* The others run meanwhile. */
		pv_fake.now += 100000;
		if (pv_fake.relax)
			pv_fake.relax();
		return 0;
	case SCHEDOP_block:
	case SCHEDOP_poll:
		pv_fake.now += 1000000;
		pv_fake_xen_relax();
		return 0;
	case SCHEDOP_shutdown:
		pv_fake_xen.shutdown_reason = (int)((struct sched_shutdown *)arg)->reason;
		if (pv_fake_xen.shutdown_reason != SHUTDOWN_suspend)
			return 0;
		return pv_fake_xen.suspend ? pv_fake_xen.suspend() : 1;
	default:
		return PV_ENOSYS;
	}
}

static long console_io(unsigned int cmd, unsigned int count, const char *text)
{
	size_t used = strlen(pv_fake_xen.console);

	if (cmd != CONSOLEIO_write)
		return PV_ENOSYS;
	if (count > sizeof(pv_fake_xen.console) - 1 - used)
		count = (unsigned int)(sizeof(pv_fake_xen.console) - 1 - used);
	memcpy(pv_fake_xen.console + used, text, count);
	return 0;
}

static long dispatch(unsigned int op, const unsigned long arg[5]);

static long multicall(struct multicall_entry *e, unsigned long n)
{
	for (; n--; e++)
		e->result = (unsigned long)dispatch((unsigned int)e->op, e->args);
	return 0;
}

static long dispatch(unsigned int op, const unsigned long arg[5])
{
	unsigned int cmd = (unsigned int)arg[0];

	switch (op) {
	case __HYPERVISOR_xen_version:
		return version_op(cmd, (void *)arg[1]);
	case __HYPERVISOR_memory_op:
		return pv_fake_xen_memory_op(cmd, (void *)arg[1]);
	case __HYPERVISOR_event_channel_op:
		return pv_fake_xen_event_op(cmd, (void *)arg[1]);
	case __HYPERVISOR_grant_table_op:
		return pv_fake_xen_grant_op(cmd, (void *)arg[1], (unsigned int)arg[2]);
	case __HYPERVISOR_vcpu_op:
		return vcpu_op(cmd, (uint32_t)arg[1], (void *)arg[2]);
	case __HYPERVISOR_hvm_op:
		return hvm_op(cmd, (void *)arg[1]);
	case __HYPERVISOR_sched_op:
		return sched_op(cmd, (void *)arg[1]);
	case __HYPERVISOR_console_io:
		return console_io(cmd, (unsigned int)arg[1], (const char *)arg[2]);
	case __HYPERVISOR_set_timer_op:
		pv_fake_xen.timer[0] = arg[0];
		return 0;
	case __HYPERVISOR_multicall:
		return multicall((void *)arg[0], arg[1]);
	default:
		return PV_ENOSYS;
	}
}

long pv_fake_xen_hypercall(unsigned int op, const unsigned long arg[5])
{
	if (!running)
		pv_os_panic("fake: a hypercall, and no Xen");
	pv_fake_xen.calls++;
	if (pv_fake_xen.fail_at && --pv_fake_xen.fail_at == 0)
		return pv_fake_xen.fail_with;
	write_time();
	return dispatch(op, arg);
}

long pv_xen_hypercall(unsigned int op, unsigned long a1, unsigned long a2, unsigned long a3,
		      unsigned long a4, unsigned long a5)
{
	const unsigned long arg[5] = {a1, a2, a3, a4, a5};

	if (pv_xen_call_mode == PV_XEN_CALL_NONE)
		return PV_ENOSYS;
	if (pv_fake.xen_hypercall)
		return pv_fake.xen_hypercall(op, arg);
	return pv_fake_xen_hypercall(op, arg);
}

void pv_xen_hypercall_iret(const void *frame)
{
	if (pv_fake.xen_iret)
		pv_fake.xen_iret(frame);
	pv_os_panic("fake: an IRET by Xen, and nowhere to return to");
}
