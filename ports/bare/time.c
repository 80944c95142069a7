/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Uptime, and what waits for it.
 *
 * With a PV clock, it is that. Otherwise the TSC, whose frequency CPUID tells or a timer of known
 * frequency has to: the ACPI PM timer, or the PIT. Nothing waits for the measurement: until
 * WINDOW_MS have passed, uptime is read from that timer itself, and from then on from the TSC.
 * Because these timers wrap, the local APIC's timer has them read every TICK_NS meanwhile.
 */
#include <pv/timer.h>

#include "ports/bare/bare.h"
#include "pv-core/acpi.h"
#include "pv-core/le.h"

#define WINDOW_MS   20
#define TICK_NS	    10000000ull
#define RELAX_NS    500000ull
#define RELAX_SPINS 200	   /* turns before a wait sleeps; most devices answer within them */
#define RELAX_GAP   100000 /* cycles without a turn, after which it is another wait */

#define TIMER_TRIES   1000    /* readings within which any of them advances */
#define MEASURE_TRIES 1000000 /* and within which the window is over */

#define NS_PER_SEC 1000000000ull

/* ACPI 6.4, 4.8.3.3, 5.2.9: the PM timer counts at 3.579545 MHz, in 24 or 32 bits. */
#define PM_TIMER_HZ   3579545
#define FADT_PM_TIMER 76
#define FADT_FLAGS    112
#define TMR_VAL_EXT   (1u << 8)

/* Intel 8254: channel 2, counting down at 1.193182 MHz, in mode 2; its gate is in port 0x61. */
#define PIT_HZ	   1193182
#define PIT_CH2	   0x42
#define PIT_MODE   0x43
#define PIT_GATE   0x61
#define CH2_MODE2  0xb4
#define CH2_LATCH  0x80
#define GATE_ON	   0x01
#define SPEAKER_ON 0x02

#define CPUID_TSC	 0x15
#define CPUID_MHZ	 0x16
#define CPUID_TIMING	 0x10 /* + the hypervisor's base: TSC frequency in kHz in EAX */
#define CPUID_MAX_OFFSET 0xffff

static const char *source = "none yet";
static bool started;
static uint64_t tsc_base; /* this TSC ... */
static uint64_t ns_base;  /* ... is this uptime ... */
static uint64_t ns_mult;  /* ... and a cycle from there has so many ns, times 2^32; 0: not known */

static struct {
	uint16_t port; /* the PM timer's; 0: the PIT */
	uint32_t mask;
	uint32_t hz;
	uint32_t last;
	uint64_t passed;	  /* ticks since the beginning */
	struct pv_bare_lock lock; /* with interrupts off */
} timer;

/* --- the timers of known frequency ------------------------------------------------------------ */

static uint32_t timer_read(void)
{
	uint32_t v;

	if (timer.port)
		return pv_in32(timer.port);
	pv_out8(PIT_MODE, CH2_LATCH);
	v = pv_in8(PIT_CH2);
	v |= (uint32_t)pv_in8(PIT_CH2) << 8;
	return ~v;
}

static bool timer_runs(void)
{
	uint32_t first = timer_read();
	unsigned int tries;

	for (tries = 0; tries < TIMER_TRIES; tries++)
		if (timer_read() != first)
			return true;
	return false;
}

static bool find_pm_timer(void)
{
	size_t len;
	const uint8_t *fadt = pv_acpi_get(pv_bare_boot()->rsdp, "FACP", 0, &len);

	if (!fadt)
		return false;
	if (len >= FADT_FLAGS + 4) {
		timer.port = (uint16_t)pv_le32(fadt + FADT_PM_TIMER);
		timer.mask = pv_le32(fadt + FADT_FLAGS) & TMR_VAL_EXT ? UINT32_MAX : 0xffffff;
		timer.hz = PM_TIMER_HZ;
	}
	pv_acpi_put(fadt, len);
	return timer.port && timer_runs();
}

static bool find_pit(void)
{
	timer.port = 0;
	pv_out8(PIT_GATE, (uint8_t)((pv_in8(PIT_GATE) & ~SPEAKER_ON) | GATE_ON));
	pv_out8(PIT_MODE, CH2_MODE2);
	pv_out8(PIT_CH2, 0);
	pv_out8(PIT_CH2, 0);
	timer.mask = 0xffff;
	timer.hz = PIT_HZ;
	return timer_runs();
}

/* --- the TSC ---------------------------------------------------------------------------------- */

static uint64_t khz_by_cpuid(void)
{
	uint32_t max = pv_cpuid(0, 0).eax;
	struct pv_cpuid hv = pv_cpuid(0x40000000, 0);
	struct pv_cpuid r;

	if (pv_cpuid(1, 0).ecx >> 31 && hv.eax - 0x40000000 <= CPUID_MAX_OFFSET &&
	    hv.eax >= 0x40000000 + CPUID_TIMING) {
		r = pv_cpuid(0x40000000 + CPUID_TIMING, 0);
		if (r.eax)
			return r.eax;
	}
	if (max >= CPUID_TSC) {
		r = pv_cpuid(CPUID_TSC, 0);
		if (r.eax && r.ebx && r.ecx)
			return (uint64_t)r.ecx * r.ebx / r.eax / 1000;
	}
	return max >= CPUID_MHZ ? (uint64_t)(pv_cpuid(CPUID_MHZ, 0).eax & 0xffff) * 1000 : 0;
}

static void set_khz(uint64_t khz, uint64_t tsc, uint64_t ns, const char *name)
{
	tsc_base = tsc;
	ns_base = ns;
	ns_mult = (1000000ull << 32) / (khz ? khz : 1);
	source = name;
	pv_dbg("time: %s, %llu kHz", name, (unsigned long long)khz);
}

/* Uptime by the timer, and, when enough of it has passed, the TSC's frequency. */
static uint64_t measure(void)
{
	uint64_t flags = pv_bare_irq_save();
	uint32_t now;
	uint64_t tsc;
	uint64_t ns;
	uint64_t us;

	pv_bare_lock(&timer.lock);
	now = timer_read();
	tsc = pv_rdtsc();
	timer.passed += (now - timer.last) & timer.mask;
	timer.last = now;
	ns = timer.passed * NS_PER_SEC / timer.hz;
	us = ns / 1000;
	if (us >= WINDOW_MS * 1000 && !ns_mult && tsc > tsc_base)
		set_khz((tsc - tsc_base) * 1000 / us, tsc, ns,
			timer.port ? "TSC, by the ACPI timer" : "TSC, by the PIT");
	pv_bare_unlock(&timer.lock);
	pv_bare_irq_restore(flags);
	return ns;
}

static void start(void)
{
	uint64_t khz = khz_by_cpuid();
	uint64_t tsc = pv_rdtsc();
	unsigned int tries;

	started = true;
	if (khz) {
		set_khz(khz, tsc, 0, "TSC, by CPUID");
	} else if (!pv_bare_pv && (find_pm_timer() || find_pit())) {
		source = timer.port ? "ACPI PM timer" : "PIT";
		timer.last = timer_read();
		tsc_base = pv_rdtsc();
		/* Without interrupts nobody could catch a wrap: measure it now. */
		for (tries = 0; tries < MEASURE_TRIES && !pv_bare_apic_present() && !ns_mult;
		     tries++)
			measure();
		pv_bare_time_tick();
	} else {
		pv_warn("time: no timer to measure the TSC by; taken for 1 GHz");
		set_khz(1000000, tsc, 0, "TSC, taken for 1 GHz");
	}
}

uint64_t pv_os_uptime_ns(void)
{
	if (pv_clock_present())
		return pv_clock_now();
	if (!started)
		start();
	if (!ns_mult)
		return measure();
	return ns_base + (uint64_t)((unsigned __int128)(pv_rdtsc() - tsc_base) * ns_mult >> 32);
}

void pv_bare_time_init(void)
{
	if (pv_clock_present())
		source = pv_clock_name();
	else if (!started)
		start();
}

const char *pv_bare_time_source(void)
{
	return source;
}

void pv_bare_time_tick(void)
{
	if (!started || ns_mult || pv_clock_present())
		return;
	measure();
	if (!ns_mult && pv_bare_apic_present())
		pv_bare_apic_timer(TICK_NS);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static volatile bool work_due;
static bool ending;

void pv_bare_time_end(void)
{
	ending = true;
}

void pv_os_schedule_work(void)
{
	work_due = true;
}

static bool may_sleep(void)
{
	return !ending && (pv_bare_pv || pv_bare_apic_present());
}

/*
 * Has this CPU interrupted in `ns`, by the hypervisor's timer if it has one, else by the local
 * APIC's. Where the application uses pv_timer_arm() that is the one timer there is: true if its
 * deadline comes as soon.
 */
static bool set_timer(uint64_t ns)
{
	const struct pv_bare_hv *hv = pv_bare_hv();
	uint64_t deadline, now;

	if (!pv_bare_this()->timer_started && pv_timer_next(&deadline)) {
		now = pv_os_uptime_ns();
		return deadline <= now || deadline - now <= ns;
	}
	if (hv)
		return hv->timer(ns);
	pv_bare_apic_timer(ns);
	return true;
}

void pv_bare_timer_give(void)
{
	if (pv_bare_this()->timer_started)
		pv_timer_stop();
	pv_bare_this()->timer_started = false;
}

/* Upcalls are masked already. */
static void sleep_pv(const volatile bool *woken, uint64_t max_ns)
{
	if (woken && (*woken || work_due))
		return;
	if (set_timer(max_ns))
		pv_bare_pv->sleep();
	else
		pv_pause();
}

/* Interrupts are let in by the STI only together with the HLT, so that none comes in between. */
static void sleep(const volatile bool *woken, uint64_t max_ns)
{
	if (pv_bare_pv) {
		sleep_pv(woken, max_ns);
		return;
	}
	/* A timer that is being read must not wrap in the meantime. */
	if (started && !ns_mult && max_ns > TICK_NS)
		max_ns = TICK_NS;
	__asm__ __volatile__("cli" : : : "memory");
	if (woken && (*woken || work_due)) {
		__asm__ __volatile__("sti" : : : "memory");
		return;
	}
	if (set_timer(max_ns)) {
		__asm__ __volatile__("sti; hlt" : : : "memory");
	} else {
		__asm__ __volatile__("sti" : : : "memory");
		pv_pause();
	}
}

void pv_os_relax(void)
{
	struct pv_bare_cpu *cpu = pv_bare_this();
	uint64_t now = pv_rdtsc();

	if (pv_bare_pv)
		pv_bare_pv->poll();
	if (now - cpu->relax_last > RELAX_GAP)
		cpu->relax_spins = 0;
	if (cpu->relax_spins < RELAX_SPINS || !may_sleep()) {
		cpu->relax_spins++;
		pv_pause();
	} else {
		sleep(NULL, RELAX_NS);
	}
	cpu->relax_last = pv_rdtsc();
}

bool pv_bare_work(void)
{
	if (!work_due || !__atomic_exchange_n(&work_due, false, __ATOMIC_SEQ_CST))
		return false;
	pv_work();
	return true;
}

static void doze(const volatile bool *woken, uint64_t max_ns)
{
	if (*woken || !max_ns)
		return;
	if (may_sleep() && pv_bare_irq_any())
		sleep(woken, max_ns);
	else
		pv_pause();
}

void pv_bare_wait(const volatile bool *woken, uint64_t max_ns)
{
	if (pv_bare_pv)
		pv_bare_pv->poll();
	if (!pv_bare_work())
		doze(woken, max_ns);
}

void pv_bare_doze(const volatile bool *woken, uint64_t max_ns)
{
	if (pv_bare_pv)
		pv_bare_pv->poll();
	if (!work_due)
		doze(woken, max_ns);
}
