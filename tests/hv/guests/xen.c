/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Xen's core from inside, without a device or another domain: hypercalls by the instruction and by
 * the page, events to itself, the clock and the timer, grants to itself. Prints a line `name: ok`,
 * or `name: FAILED` and where, for each; then switches off, or, if anything failed, says so by a
 * crash.
 */
#include <pv/bare.h>
#include <pv/log.h>
#include <pv/string.h>
#include <pv/timer.h>
#include <pv/xen.h>

#include "hypercall/xen.h"
#include "pv-core/xen/events.h"
#include "pv-core/xen/xen.h"
#include "xen_guest.h"

const struct pv_bare_hv *const pv_bare_hypervisors[] = {&pv_bare_xen, NULL};
const struct pv_bus *const pv_bare_buses[] = {NULL};
const struct pv_driver *const pv_bare_drivers[] = {NULL};

#define WAIT_MS	 2000 /* for what comes at once */
#define READINGS 20000

unsigned int failed_line;
uint16_t self;

static bool polled; /* nothing interrupts for events */

/*
 * The port's, but as if it lacked them: the linker has both (--wrap). `xen.upcall=vector` leaves
 * the one past the local APIC, `xen.upcall=none` none.
 */
int __real_pv_os_irq_vector(bool eoi, pv_os_irq_fn fn, void *arg, unsigned int *vector);
int __wrap_pv_os_irq_vector(bool eoi, pv_os_irq_fn fn, void *arg, unsigned int *vector);

int __wrap_pv_os_irq_vector(bool eoi, pv_os_irq_fn fn, void *arg, unsigned int *vector)
{
	char word[16] = "";

	pv_cmdline_get(pv_bare_boot()->cmdline, "xen.upcall", word, sizeof(word));
	if (!pv_strcmp(word, "none") || (eoi && !pv_strcmp(word, "vector")))
		return PV_ENOTSUP;
	return __real_pv_os_irq_vector(eoi, fn, arg, vector);
}

/* Events come in: by interrupts, but in a PV guest of this port, which has them masked. */
static void let_in(void)
{
	if (pv_xen_is_pv())
		pv_xen_dispatch();
	if (polled)
		pv_work();
	pv_pause();
}

/* The port's own waits are not used: they take the timer. */
static void wait_ns(uint64_t ns)
{
	uint64_t begin = pv_clock_now();

	while (pv_clock_now() - begin < ns)
		let_in();
}

/* Whether `*counter` comes to `n` within WAIT_MS. */
static bool comes_to(unsigned int *counter, unsigned int n)
{
	uint64_t begin = pv_clock_now();

	while (__atomic_load_n(counter, __ATOMIC_SEQ_CST) < n &&
	       pv_clock_now() - begin < WAIT_MS * 1000000ull)
		let_in();
	return *counter == n;
}

static void count(void *arg)
{
	__atomic_fetch_add((unsigned int *)arg, 1, __ATOMIC_SEQ_CST);
}

/* --- hypercalls ------------------------------------------------------------------------------- */

/* Calls that change nothing, whose answers are known. */
static void calls(void)
{
	int version = pv_xen_version_version();
	struct vcpu_runstate_info run = {.state = -1};
	xen_capabilities_info_t caps = "";
	xen_domain_handle_t handle;
	struct sched_poll poll = {.timeout = 1};
	uint32_t features = 0;

	CHECK(version >> 16 == (int)pv_platform()->xen_major);
	CHECK((version & 0xffff) == (int)pv_platform()->xen_minor);
	CHECK(pv_xen_version_pagesize() == 4096);
	CHECK(pv_xen_version_get_features(0, &features) == 0 && features);
	CHECK(pv_xen_version_capabilities(&caps) == 0 && !pv_strncmp(caps, "xen-", 4));
	CHECK(pv_xen_version_guest_handle(&handle) == 0);
	CHECK(pv_xen_sched_yield() == 0);
	CHECK(pv_xen_sched_poll(&poll) == 0);
	CHECK(pv_xen_vcpu_is_up(0) == 1);
	CHECK(pv_xen_vcpu_is_up(4000) == PV_ENOENT);
	CHECK(pv_xen_vcpu_get_runstate_info(0, &run) == 0 && run.state == RUNSTATE_running);
	CHECK(pv_xen_memory_current_reservation(DOMID_SELF) > 1000);
	CHECK(pv_xen_call1(63, 0) == PV_ENOSYS);
}

static void direct(void)
{
	CHECK(pv_xen_call_mode == (pv_xen_is_pv()
					   ? PV_XEN_CALL_SYSCALL
					   : (pv_strcmp(pv_platform()->cpu_vendor, "AuthenticAMD")
						      ? PV_XEN_CALL_VMCALL
						      : PV_XEN_CALL_VMMCALL)));
	calls();
}

static void page(void)
{
	enum pv_xen_call_mode mode = pv_xen_call_mode;

	CHECK(pv_xen_call_use_page(pv_platform()) == 0);
	CHECK(pv_xen_call_mode == PV_XEN_CALL_PAGE);
	calls();
	pv_xen_call_mode = mode;
	calls();
}

static void multicall(void)
{
	struct pv_multicall m = {.n = 0};
	unsigned int i;

	pv_multicall_add(&m, __HYPERVISOR_xen_version, XENVER_version, 0, 0, 0, 0);
	pv_multicall_add(&m, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0, 0);
	pv_multicall_add(&m, __HYPERVISOR_xen_version, XENVER_pagesize, 0, 0, 0, 0);
	CHECK(pv_multicall_flush(&m) == 0);
	CHECK(m.done == 3 && m.entry[2].result == 4096);
	CHECK((int)m.entry[0].result == pv_xen_version_version());

	pv_multicall_add(&m, __HYPERVISOR_vcpu_op, VCPUOP_is_up, 4000, 0, 0, 0);
	pv_multicall_add(&m, __HYPERVISOR_xen_version, XENVER_pagesize, 0, 0, 0, 0);
	CHECK(pv_multicall_flush(&m) == PV_ENOENT);
	CHECK(m.entry[1].result == 4096);

	for (i = 0; i < 2 * PV_MULTICALL_MAX + 1; i++)
		pv_multicall_add(&m, __HYPERVISOR_xen_version, XENVER_pagesize, 0, 0, 0, 0);
	CHECK(pv_multicall_flush(&m) == 0 && m.done == 1);
}

/* --- events ----------------------------------------------------------------------------------- */

static void events(void)
{
	unsigned int a_count = 0, b_count = 0, ipi_count = 0;
	struct pv_evtchn_stats before, after;
	struct evtchn_bind_ipi raw = {.vcpu = 0};
	struct evtchn_status status = {.dom = DOMID_SELF};
	struct evtchn_unmask unmask;
	struct evtchn_close close;
	int a, b, ipi, i;

	pv_evtchn_stats(&before);
	polled = before.upcall == PV_UPCALL_NONE;
	say("upcall=%d\n", before.upcall);
	a = pv_evtchn_alloc_unbound(DOMID_SELF, count, &a_count);
	CHECK(a > 0);
	b = pv_evtchn_bind_interdomain(DOMID_SELF, (uint32_t)a, count, &b_count);
	CHECK(b > 0 && a != b);
	status.port = (evtchn_port_t)b;
	CHECK(pv_xen_evtchn_status(&status) == 0 && status.status == EVTCHNSTAT_interdomain);
	self = status.u.interdomain.dom;

	/* Xen tells a port that it was bound: its first event. */
	comes_to(&a_count, 1);
	a_count = b_count = 0;
	CHECK(pv_evtchn_send(b) == 0);
	CHECK(comes_to(&a_count, 1));
	CHECK(pv_evtchn_send(a) == 0);
	CHECK(comes_to(&b_count, 1));
	for (i = 2; i < 1000; i++) {
		CHECK(pv_evtchn_send(b) == 0);
		CHECK(comes_to(&a_count, (unsigned int)i));
	}

	/* Masked: kept, and delivered once. */
	a_count = 0;
	pv_evtchn_mask(a);
	CHECK(pv_evtchn_send(b) == 0 && pv_evtchn_send(b) == 0);
	CHECK(pv_evtchn_pending(a) && a_count == 0);
	pv_evtchn_unmask(a);
	CHECK(comes_to(&a_count, 1) && !pv_evtchn_pending(a));

	/* Late: one upcall, until its end. */
	pv_evtchn_set_late(a);
	CHECK(pv_evtchn_send(b) == 0 && comes_to(&a_count, 2));
	for (i = 0; i < 5; i++)
		CHECK(pv_evtchn_send(b) == 0);
	let_in();
	CHECK(a_count == 2 && pv_evtchn_pending(a));
	pv_evtchn_eoi(a);
	CHECK(comes_to(&a_count, 3) && !pv_evtchn_pending(a));
	pv_evtchn_eoi(a);
	CHECK(a_count == 3);

	ipi = pv_evtchn_bind_ipi(0, count, &ipi_count);
	CHECK(ipi > 0 && pv_evtchn_send(ipi) == 0);
	CHECK(comes_to(&ipi_count, 1));

	/* A port that nobody bound here. */
	CHECK(pv_xen_evtchn_bind_ipi(&raw) == 0);
	unmask.port = raw.port;
	CHECK(pv_xen_evtchn_unmask(&unmask) == 0 && pv_evtchn_send((int)raw.port) == 0);
	CHECK(pv_evtchn_send(ipi) == 0 && comes_to(&ipi_count, 2));
	pv_evtchn_stats(&after);
	CHECK(after.unknown == before.unknown + 1);
	close.port = raw.port;
	CHECK(pv_xen_evtchn_close(&close) == 0);

	pv_evtchn_close(ipi);
	pv_evtchn_close(b);
	pv_evtchn_close(a);
	CHECK(pv_evtchn_send(a) < 0 && pv_evtchn_send(b) < 0);
	pv_evtchn_stats(&after);
	CHECK(after.bound == before.bound);
}

/* A peer that sends without end, and without work: its port is let go less and less often. */
static void storm(void)
{
	unsigned int a_count = 0, b_count = 0, rounds = 0;
	uint64_t begin, now;
	int a = pv_evtchn_alloc_unbound(DOMID_SELF, count, &a_count);
	int b = pv_evtchn_bind_interdomain(DOMID_SELF, (uint32_t)a, count, &b_count);

	CHECK(a > 0 && b > 0);
	pv_evtchn_set_late(a);
	begin = now = pv_clock_now();
	while (now - begin < 300000000) {
		pv_evtchn_send(b);
		if (a_count) {
			a_count = 0;
			rounds++;
			pv_evtchn_eoi_idle(a);
		}
		pv_work();
		let_in();
		now = pv_clock_now();
	}
	say("storm=%u rounds\n", rounds);
	CHECK(rounds >= 4 && rounds <= 16);
	pv_evtchn_close(b);
	pv_evtchn_close(a);
}

/* --- time ------------------------------------------------------------------------------------- */

static void clock(void)
{
	uint64_t last = pv_clock_now(), first = last, now;
	struct pv_wall_time wall, later;
	struct pv_clock_info info;
	unsigned int i, back = 0;

	CHECK(!pv_strcmp(pv_clock_name(), "Xen") && last);
	for (i = 0; i < READINGS; i++, last = now) {
		now = pv_clock_now();
		back += now < last;
	}
	pv_clock_info(&info);
	say("backwards=%u of %u in %llu ns, stable=%d, %llu kHz\n", back, READINGS,
	    (unsigned long long)(last - first), info.stable,
	    (unsigned long long)pv_clock_tsc_khz());
	CHECK(!back && last > first && !info.stuck);
	CHECK(pv_clock_tsc_khz() > 100000);
	CHECK(pv_clock_wall(&wall) == 0);
	say("wall=%llu\n", (unsigned long long)wall.sec);
	CHECK(wall.sec > 1600000000 && wall.nsec < 1000000000);
	wait_ns(20000000);
	CHECK(pv_clock_wall(&later) == 0);
	CHECK((later.sec - wall.sec) * 1000000000 + later.nsec - wall.nsec >= 20000000);
}

static uint64_t fired_at;

static void tick(void *arg)
{
	fired_at = pv_clock_now();
	count(arg);
}

static void timer(void)
{
	unsigned int fired = 0;
	uint64_t deadline;

	pv_bare_timer_give();
	CHECK(pv_timer_start(tick, &fired) == 0);
	CHECK(pv_timer_start(tick, &fired) == PV_EBUSY);
	deadline = pv_clock_now() + 5000000;
	CHECK(pv_timer_arm(deadline) == 0);
	CHECK(comes_to(&fired, 1) && fired_at >= deadline);

	/* Passed already, a little and by far. */
	CHECK(pv_timer_arm(pv_clock_now() - 1000000) == 0);
	CHECK(comes_to(&fired, 2));
	CHECK(pv_timer_arm(1) == 0);
	CHECK(comes_to(&fired, 3));

	/* Replaced by a later one; cancelled. */
	deadline = pv_clock_now() + 40000000;
	CHECK(pv_timer_arm(deadline - 20000000) == 0 && pv_timer_arm(deadline) == 0);
	CHECK(comes_to(&fired, 4) && fired_at >= deadline);
	deadline = pv_clock_now() + 10000000;
	CHECK(pv_timer_arm(deadline) == 0);
	pv_timer_cancel();
	wait_ns(20000000);
	CHECK(fired == 4);
	pv_timer_stop();
}

/* --- all of it -------------------------------------------------------------------------------- */

/* The library ends, gives everything back, and begins again. */
static void again(void)
{
	static const struct pv_hv *const hypervisors[] = {&pv_xen, NULL};
	const struct pv_init_args args = {.boot = pv_bare_boot(), .hypervisors = hypervisors};
	struct pv_bare_memory before, after;
	uint64_t then = pv_clock_now();

	pv_bare_memory(&before);
	pv_shutdown();
	CHECK(!pv_xen_present() && !pv_clock_present());
	CHECK(pv_init(&args) == 0);
	CHECK(pv_xen_present() && pv_clock_now() >= then);
	pv_bare_memory(&after);
	/* What the table of grants had grown by came back. */
	CHECK(after.free >= before.free);
}

static const struct test {
	const char *name;
	void (*run)(void);
} tests[] = {
	{"direct", direct}, {"page", page},   {"multicall", multicall}, {"events", events},
	{"storm", storm},   {"clock", clock}, {"timer", timer},		{"grants", grants},
	{"growth", growth}, {"again", again}, {"events", events},	{"grants", grants},
	{"growth", growth}, {"timer", timer},
};

int pv_bare_main(const char *cmdline)
{
	unsigned int i, failures = 0;

	(void)cmdline;
	say("mode=%s\n", pv_xen_mode_name(pv_platform()->xen_mode));
	if (!pv_xen_present())
		return 2;
	for (i = 0; i < PV_ARRAY_SIZE(tests); i++) {
		failed_line = 0;
		tests[i].run();
		if (failed_line)
			say("%s: FAILED at line %u\n", tests[i].name, failed_line);
		else
			say("%s: ok\n", tests[i].name);
		failures += !!failed_line;
	}
	say("done: %u failures\n", failures);
	return failures ? 1 : 0;
}
