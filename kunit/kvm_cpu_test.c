/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What KVM has for several CPUs, against a fake KVM: steal time, end of interrupt, interrupts to
 * sets of CPUs, a lock's waiters, TLBs of CPUs that do not run.
 *
 * Covers: pv-core/eoi.c pv-core/ipi.c pv-core/kvm/kvm_cpu.c pv-core/kvm/kvm_steal.c pv-core/lock.c
 * pv-core/steal.c pv-core/tlb.c
 */
#include <kunit/test.h>
#include <pv/abi/kvm.h>
#include <pv/config.h>
#include <pv/eoi.h>
#include <pv/fake.h>
#include <pv/ipi.h>
#include <pv/kvm.h>
#include <pv/lock.h>
#include <pv/pv.h>
#include <pv/tlb.h>

#include "arch/x86/x86.h"
#include "fake_acpi.h"
#include "fake_kvm.h"
#include "pv-core/clock.h"
#include "pv-core/cpu.h"

#define CPUS	      4
#define MSR_APIC_BASE 0x1b
#define MSR_X2APIC_ID 0x802
#define MSR_ICR	      0x830

#define ALL                                                                                        \
	(1u << KVM_FEATURE_STEAL_TIME | 1u << KVM_FEATURE_PV_EOI | 1u << KVM_FEATURE_PV_UNHALT |   \
	 1u << KVM_FEATURE_PV_TLB_FLUSH | 1u << KVM_FEATURE_PV_SEND_IPI |                          \
	 1u << KVM_FEATURE_PV_SCHED_YIELD)

static struct fake_acpi acpi;
static struct pv_boot_info boot;
static struct fake_madt madt;

/* What KVM was told and asked. */
static struct {
	uint64_t steal[CPUS], eoi[CPUS];
	unsigned int icrs, last_icr, last_icr_id;
	unsigned int calls[16];
	unsigned long arg[4];
	long answer;
	bool delivers; /* interrupts, to CPU 1 */
	unsigned int halts;
	void (*halted)(void);
} host;

static uint64_t host_rdmsr(uint32_t msr)
{
	return msr == MSR_APIC_BASE ? 0xfee00c00 : 0;
}

static void host_wrmsr(uint32_t msr, uint64_t v)
{
	switch (msr) {
	case MSR_KVM_STEAL_TIME:
		host.steal[pv_fake.cpu] = v;
		break;
	case MSR_KVM_PV_EOI_EN:
		host.eoi[pv_fake.cpu] = v;
		break;
	case MSR_ICR:
		host.icrs++;
		host.last_icr = (uint32_t)v;
		host.last_icr_id = (uint32_t)(v >> 32);
		if ((v & 0x700) == 0x600)
			pv_ap_arrived = 1;
		break;
	default:
		pv_os_panic("#GP: WRMSR of an MSR that this host does not know");
	}
}

static long hypercall(bool vmmcall, unsigned int nr, const unsigned long arg[4])
{
	unsigned int was = pv_fake.cpu;

	(void)vmmcall;
	host.calls[nr & 15]++;
	memcpy(host.arg, arg, sizeof(host.arg));
	if (nr == KVM_HC_SEND_IPI && host.delivers) {
		pv_fake.cpu = 1;
		pv_fake_raise_vector((unsigned int)arg[3], true);
		pv_fake.cpu = was;
	}
	return host.answer;
}

static void host_halt(void)
{
	host.halts++;
	if (host.halted)
		host.halted();
}

static void entry(void *arg)
{
	(void)arg;
}

static uint8_t low[5 * PV_PAGE_SIZE] PV_ALIGNED(4096);
static struct pv_fake_region low_region = {
	.base = PV_CONFIG_TRAMPOLINE, .len = sizeof(low), .memory = low};

/* In a kernel a physical address of the host port's pages has too many bits for a page table's. */
static uint64_t root[512] PV_ALIGNED(4096);
static struct pv_fake_region root_region = {.base = 0x200000, .len = sizeof(root), .memory = root};

/* CPUs with the identifiers 0, 1, 130, 131, of which the first three run. */
static int begin(uint32_t features)
{
	static const uint32_t ids[CPUS] = {0, 1, 130, 131};
	unsigned int i;
	int err = fake_kvm_begin(&boot, features, 0);

	for (i = 0; i < CPUS; i++)
		fake_madt_x2apic(&madt, i, ids[i], 1);
	boot.rsdp = fake_madt_root(&acpi, &madt);
	err = err ? err : pv_cpu_find(&boot) != CPUS;
	for (i = 1; i < 3; i++) {
		err = err ? err : pv_cpu_start(i, entry, NULL, low);
		pv_fake.cpu = i;
		err = err ? err : pv_cpu_init();
		pv_fake.cpu = 0;
	}
	memset(host.calls, 0, sizeof(host.calls));
	host.icrs = 0;
	return err;
}

static int kvm_cpu_init(struct kunit *test)
{
	(void)test;
	pv_clock_end();
	memset(&host, 0, sizeof(host));
	memset(&boot, 0, sizeof(boot));
	memset(&madt, 0, sizeof(madt));
	fake_acpi_init(&acpi);
	pv_fake_memory_add(&low_region);
	pv_fake.rdmsr = host_rdmsr;
	pv_fake.wrmsr = host_wrmsr;
	pv_fake.kvm_hypercall = hypercall;
	pv_fake.halt = host_halt;
	pv_fake_memory_add(&root_region);
	pv_fake.cr3 = pv_os_virt_to_phys(root);
	return 0;
}

static void kvm_cpu_exit(struct kunit *test)
{
	unsigned int i;

	for (i = 1; i < CPUS; i++) {
		pv_fake.cpu = i;
		pv_cpu_exit();
	}
	pv_fake.cpu = 0;
	pv_shutdown();
	for (i = 0; i < CPUS; i++)
		KUNIT_EXPECT_TRUE(test, !host.steal[i] && !host.eoi[i]);
	pv_lock_use_host(true);
}

static struct kvm_steal_time *area(unsigned int cpu)
{
	return (struct kvm_steal_time *)(host.steal[cpu] & ~1ull);
}

/* --- steal time, end of interrupt ------------------------------------------------------------- */

static void kvm_cpu_steal(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, begin(ALL), 0);
	KUNIT_EXPECT_TRUE(test, pv_clock_stolen_known());
	KUNIT_EXPECT_EQ(test, host.steal[2] & 0x3f, 1);
	area(2)->steal = 123456789;
	area(2)->version = 8;
	KUNIT_EXPECT_EQ(test, pv_clock_stolen_ns(2), 123456789);
	KUNIT_EXPECT_EQ(test, pv_clock_stolen_ns(0), 0);
	KUNIT_EXPECT_EQ(test, pv_clock_stolen_ns(3), 0); /* does not run */
	KUNIT_EXPECT_EQ(test, pv_clock_stolen_ns(PV_CONFIG_MAX_CPUS), 0);
	area(2)->version = 9; /* and stays so: given up */
	KUNIT_EXPECT_EQ(test, pv_clock_stolen_ns(2), 0);

	KUNIT_EXPECT_FALSE(test, pv_cpu_preempted(1));
	area(1)->preempted = KVM_VCPU_PREEMPTED;
	KUNIT_EXPECT_TRUE(test, pv_cpu_preempted(1));
	KUNIT_EXPECT_FALSE(test, pv_cpu_preempted(3));
}

/* No two CPUs' areas share a cache line, nor do those of one CPU that KVM and the CPU write. */
static void kvm_cpu_layout(struct kunit *test)
{
	unsigned int i, j;

	KUNIT_ASSERT_EQ(test, begin(ALL), 0);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_NE(test, host.steal[i] / 64, host.eoi[i] / 64);
		for (j = 0; j < i; j++) {
			KUNIT_EXPECT_NE(test, host.steal[i] / 64, host.steal[j] / 64);
			KUNIT_EXPECT_NE(test, host.eoi[i] / 64, host.eoi[j] / 64);
			KUNIT_EXPECT_NE(test, host.eoi[i] / 64, host.steal[j] / 64);
		}
	}
}

static void kvm_cpu_eoi(struct kunit *test)
{
	uint32_t *word;

	KUNIT_ASSERT_EQ(test, begin(ALL), 0);
	word = (uint32_t *)(host.eoi[1] & ~1ull);
	KUNIT_EXPECT_FALSE(test, pv_eoi());
	*word = 1;
	KUNIT_EXPECT_FALSE(test, pv_eoi()); /* another CPU's */
	pv_fake.cpu = 1;
	KUNIT_EXPECT_TRUE(test, pv_eoi());
	KUNIT_EXPECT_EQ(test, *word, 0);
	KUNIT_EXPECT_FALSE(test, pv_eoi());
	*word = 1;
	pv_cpu_exit();
	KUNIT_EXPECT_FALSE(test, pv_eoi());
}

static void kvm_cpu_nothing_offered(struct kunit *test)
{
	uint64_t set[2] = {0xf};
	int ipi;

	KUNIT_ASSERT_EQ(test, begin(0), 0);
	KUNIT_EXPECT_FALSE(test, pv_clock_stolen_known());
	KUNIT_EXPECT_FALSE(test, pv_cpu_preempted(1));
	KUNIT_EXPECT_FALSE(test, pv_eoi());
	ipi = pv_ipi_open(entry, NULL);
	KUNIT_ASSERT_GE(test, ipi, 0);
	pv_ipi_send_set(ipi, set);
	KUNIT_EXPECT_EQ(test, host.icrs, 3);
	KUNIT_EXPECT_EQ(test, host.calls[KVM_HC_SEND_IPI], 0);
}

/* --- interrupts between CPUs ------------------------------------------------------------------ */

static unsigned int rung;

static void ring(void *arg)
{
	rung += *(unsigned int *)arg;
}

static void kvm_cpu_ipi(struct kunit *test)
{
	uint64_t set[2] = {0x3};
	unsigned int one = 1, vector;
	int ipi;

	KUNIT_ASSERT_EQ(test, begin(ALL), 0);
	rung = 0;
	ipi = pv_ipi_open(ring, &one);
	KUNIT_ASSERT_GE(test, ipi, 0);
	KUNIT_EXPECT_EQ(test, pv_ipi_send(ipi, 2), 0);
	KUNIT_EXPECT_TRUE(test, host.icrs == 1 && host.last_icr_id == 130);
	vector = host.last_icr & 0xff;
	KUNIT_EXPECT_EQ(test, host.last_icr & ~0xffu, 0x4000);
	KUNIT_EXPECT_EQ(test, pv_fake_raise_vector(vector, true), 1);
	KUNIT_EXPECT_EQ(test, rung, 1);
	KUNIT_EXPECT_EQ(test, pv_ipi_send(ipi, 3), PV_ENOENT);
	KUNIT_EXPECT_EQ(test, pv_ipi_send(ipi, 4), PV_ENOENT);
	KUNIT_EXPECT_EQ(test, pv_ipi_send(-1, 2), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_ipi_send(ipi + 1, 2), PV_EINVAL);
	KUNIT_EXPECT_EQ(test, pv_ipi_send(PV_CONFIG_IPIS, 2), PV_EINVAL);
	pv_ipi_send_set(-1, set);
	pv_ipi_send_set(ipi + 1, set);
	KUNIT_EXPECT_TRUE(test, host.icrs == 1 && host.calls[KVM_HC_SEND_IPI] == 0);

	/* CPUs 0 and 1 in one call; with 2, whose number is too far away, in two; 3 is left out. */
	pv_ipi_send_set(ipi, set);
	KUNIT_EXPECT_EQ(test, host.calls[KVM_HC_SEND_IPI], 1);
	KUNIT_EXPECT_TRUE(test, host.arg[0] == 3 && host.arg[1] == 0 && host.arg[2] == 0);
	KUNIT_EXPECT_EQ(test, host.arg[3], vector);
	set[0] = 0xf;
	pv_ipi_send_set(ipi, set);
	KUNIT_EXPECT_EQ(test, host.calls[KVM_HC_SEND_IPI], 3);
	KUNIT_EXPECT_TRUE(test, host.arg[0] == 1 && host.arg[2] == 130);
	KUNIT_EXPECT_EQ(test, host.icrs, 1);
	set[0] = 6;
	pv_ipi_send_set(ipi, set);
	KUNIT_EXPECT_EQ(test, host.calls[KVM_HC_SEND_IPI], 5);
	set[0] = 0;
	pv_ipi_send_set(ipi, set);
	KUNIT_EXPECT_EQ(test, host.calls[KVM_HC_SEND_IPI], 5);

	/* Refused: one by one. */
	host.answer = -KVM_ENOSYS;
	set[0] = 7;
	pv_ipi_send_set(ipi, set);
	KUNIT_EXPECT_EQ(test, host.icrs, 4);
}

static void kvm_cpu_ipi_ends(struct kunit *test)
{
	unsigned int one = 1, irqs, i;
	int ipi[PV_CONFIG_IPIS];

	KUNIT_ASSERT_EQ(test, begin(ALL), 0);
	irqs = pv_fake.live_irqs;
	for (i = 0; i < PV_CONFIG_IPIS; i++)
		ipi[i] = pv_ipi_open(ring, &one);
	KUNIT_EXPECT_EQ(test, pv_ipi_open(ring, &one), PV_ENOSPC);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, irqs + PV_CONFIG_IPIS);
	pv_ipi_close(ipi[1]);
	KUNIT_EXPECT_EQ(test, pv_ipi_open(ring, &one), ipi[1]);
	pv_ipi_close(-1);
	for (i = 0; i < PV_CONFIG_IPIS; i++)
		pv_ipi_close(ipi[i]);
	KUNIT_EXPECT_EQ(test, pv_fake.live_irqs, irqs);
	pv_fake.no_vector = true;
	KUNIT_EXPECT_EQ(test, pv_ipi_open(ring, &one), PV_ENOTSUP);
}

/* --- a lock's waiters ------------------------------------------------------------------------- */

static struct pv_lock lock;

static void drop_by_other(void)
{
	unsigned int was = pv_fake.cpu;

	pv_fake.cpu = 2;
	pv_lock_drop(&lock);
	pv_fake.cpu = was;
	host.halted = NULL;
}

static void kvm_cpu_lock(struct kunit *test)
{
	struct pv_lock_stats s, before, dropper;

	KUNIT_ASSERT_EQ(test, begin(ALL), 0);
	memset(&lock, 0, sizeof(lock));
	KUNIT_EXPECT_TRUE(test, pv_lock_try(&lock));
	KUNIT_EXPECT_FALSE(test, pv_lock_try(&lock));
	pv_lock_drop(&lock);

	/*
	 * CPU 2 has it, and does not run; CPU 1 wants it: it yields, sleeps, is kicked, and gets
	 * it.
	 */
	pv_lock_stats(1, &before);
	pv_lock_stats(2, &dropper);
	pv_fake.cpu = 2;
	pv_lock_take(&lock);
	area(2)->preempted = KVM_VCPU_PREEMPTED;
	host.halted = drop_by_other;
	pv_fake.cpu = 1;
	pv_lock_take(&lock);
	KUNIT_EXPECT_EQ(test, host.halts, 1);
	KUNIT_EXPECT_EQ(test, host.calls[KVM_HC_SCHED_YIELD], 1);
	KUNIT_EXPECT_EQ(test, host.calls[KVM_HC_KICK_CPU], 1);
	KUNIT_EXPECT_EQ(test, host.arg[1], 1); /* CPU 1's identifier */
	pv_lock_stats(1, &s);
	KUNIT_EXPECT_EQ(test, s.contended - before.contended, 1);
	KUNIT_EXPECT_EQ(test, s.slept - before.slept, 1);
	KUNIT_EXPECT_EQ(test, s.yielded - before.yielded, 1);
	pv_lock_stats(2, &s);
	KUNIT_EXPECT_EQ(test, s.kicked - dropper.kicked, 1);
	KUNIT_EXPECT_FALSE(test, pv_lock_try(&lock));
	pv_lock_drop(&lock);
	KUNIT_EXPECT_TRUE(test, pv_lock_try(&lock));
	pv_lock_drop(&lock);
	KUNIT_EXPECT_EQ(test, host.calls[KVM_HC_KICK_CPU], 1); /* nobody sleeps */
	KUNIT_EXPECT_TRUE(test, !lock.state && !lock.tail && !lock.first);
}

/* --- TLBs ------------------------------------------------------------------------------------- */

static void kvm_cpu_tlb(struct kunit *test)
{
	static const uint64_t all[1] = {~0ull};
	struct pv_tlb_stats s;

	KUNIT_EXPECT_EQ(test, pv_tlb_flush(all), PV_ENODEV);
	KUNIT_ASSERT_EQ(test, begin(ALL), 0);
	KUNIT_ASSERT_EQ(test, pv_tlb_start(), 0);
	KUNIT_EXPECT_EQ(test, pv_tlb_start(), 0);
	pv_fake.flushes = 0;
	/* Neither of the others runs: KVM does it, nobody is interrupted. */
	area(1)->preempted = KVM_VCPU_PREEMPTED;
	area(2)->preempted = KVM_VCPU_PREEMPTED;
	pv_fake.cpu = 1;
	KUNIT_EXPECT_EQ(test, pv_cpu_init(), 0); /* answers from now on */
	area(1)->preempted = KVM_VCPU_PREEMPTED;
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_tlb_flush(all), 0);
	KUNIT_EXPECT_EQ(test, pv_fake.flushes, 1);
	KUNIT_EXPECT_EQ(test, area(1)->preempted, KVM_VCPU_PREEMPTED | KVM_VCPU_FLUSH_TLB);
	KUNIT_EXPECT_EQ(test, host.icrs + host.calls[KVM_HC_SEND_IPI], 0);
	pv_tlb_stats(&s);
	KUNIT_EXPECT_GE(test, s.left_to_host, 1);

	/* It runs, and answers. */
	area(1)->preempted = 0;
	host.delivers = true;
	KUNIT_EXPECT_EQ(test, pv_tlb_flush(all), 0);
	KUNIT_EXPECT_EQ(test, host.calls[KVM_HC_SEND_IPI], 1);
	KUNIT_EXPECT_EQ(test, pv_fake.flushes, 3);
	host.delivers = false;

	/* It does not answer: the wait has an end. */
	pv_fake.pause_ns = 1000000;
	KUNIT_EXPECT_EQ(test, pv_tlb_flush(all), PV_ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, host.calls[KVM_HC_SEND_IPI], 2);
	/* It has gone: nobody waits for it. */
	pv_fake.cpu = 1;
	pv_cpu_exit();
	pv_fake.cpu = 0;
	KUNIT_EXPECT_EQ(test, pv_tlb_flush(all), 0);
}

static struct kunit_case kvm_cpu_cases[] = {
	KUNIT_CASE(kvm_cpu_steal),
	KUNIT_CASE(kvm_cpu_layout),
	KUNIT_CASE(kvm_cpu_eoi),
	KUNIT_CASE(kvm_cpu_nothing_offered),
	KUNIT_CASE(kvm_cpu_ipi),
	KUNIT_CASE(kvm_cpu_ipi_ends),
	KUNIT_CASE(kvm_cpu_lock),
	KUNIT_CASE(kvm_cpu_tlb),
	{},
};

static struct kunit_suite kvm_cpu_suite = {
	.name = "kvm_cpu",
	.init = kvm_cpu_init,
	.exit = kvm_cpu_exit,
	.test_cases = kvm_cpu_cases,
};
kunit_test_suite(kvm_cpu_suite);
