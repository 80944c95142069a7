/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The CPU's own instructions, as arch/x86/x86.h wraps them: CPUID, MSRs, ports and memory say to us
 * what they say to Linux, and a hypercall has its number and arguments in the registers that the
 * ABI names.
 *
 * No hypervisor takes the hypercalls: they raise #UD (SYSCALL does where EFER.SCE is clear), and a
 * notifier of Linux' looks at the registers and returns in the hypervisor's place.
 *
 * Covers: arch/x86/pv_cpuid.c arch/x86/xen_hypercall.c
 */
#include <asm/io.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <kunit/test.h>
#include <linux/kdebug.h>
#include <pv/detect.h>
#include <pv/err.h>
#include <pv/string.h>

/* The real one; the library that is linked in has the fake machine's. */
#define pv_cpuid_xen_pv cpuid_xen_pv
#include "arch/x86/pv_cpuid.c"

#define UART_SCRATCH 0x3ff /* COM1's register 7, which does nothing */
#define NO_PORT	     0x5100

/* arch/x86/xen_hypercall.c, where the fake machine's functions have its names. */
long pv_xen_hypercall_on_cpu(unsigned int op, unsigned long a1, unsigned long a2, unsigned long a3,
			     unsigned long a4, unsigned long a5);

/* --- a hypervisor's place --------------------------------------------------------------------- */

static struct pt_regs seen;
static unsigned int calls;
static unsigned long answer;

static int on_die(struct notifier_block *block, unsigned long event, void *data)
{
	static const uint8_t emulated_cpuid[] = {0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2};
	struct die_args *args = data;
	const uint8_t *at = (const uint8_t *)args->regs->ip;
	unsigned int length;

	if (event != DIE_TRAP || user_mode(args->regs))
		return NOTIFY_DONE;
	if (at[0] == 0x0f && at[1] == 0x01 && (at[2] == 0xc1 || at[2] == 0xd9))
		length = 3;
	else if (at[0] == 0x0f && at[1] == 0x05)
		length = 2;
	else if (!pv_memcmp(at, emulated_cpuid, sizeof(emulated_cpuid)))
		length = sizeof(emulated_cpuid);
	else
		return NOTIFY_DONE;
	seen = *args->regs;
	calls++;
	args->regs->ax = answer;
	if (length == sizeof(emulated_cpuid)) {
		args->regs->bx = 0xbbbbbbbb;
		args->regs->cx = 0xcccccccc;
		args->regs->dx = 0xdddddddd;
	}
	args->regs->ip += length;
	return NOTIFY_STOP;
}

static struct notifier_block notifier = {.notifier_call = on_die};

static int calls_begin(struct kunit *test)
{
	calls = 0;
	pv_memset(&seen, 0, sizeof(seen));
	return register_die_notifier(&notifier);
}

static void calls_end(struct kunit *test)
{
	unregister_die_notifier(&notifier);
	pv_xen_call_mode = PV_XEN_CALL_NONE;
}

static uint8_t instruction(unsigned int i)
{
	return ((const uint8_t *)seen.ip)[i];
}

/* --- what Linux sees, too --------------------------------------------------------------------- */

static void cpuid_as_linux(struct kunit *test)
{
	static const uint32_t leaf[] = {0, 1, 4, 7, 0x40000000, 0x40000001, 0x80000000, 0x80000008};
	uint32_t eax, ebx, ecx, edx;
	unsigned int i, sub;

	for (i = 0; i < PV_ARRAY_SIZE(leaf); i++) {
		for (sub = 0; sub < 3; sub++) {
			struct pv_cpuid r = pv_cpuid(leaf[i], sub);

			cpuid_count(leaf[i], sub, &eax, &ebx, &ecx, &edx);
			KUNIT_EXPECT_EQ(test, r.eax, eax);
			KUNIT_EXPECT_EQ(test, r.ebx, ebx);
			KUNIT_EXPECT_EQ(test, r.ecx, ecx);
			KUNIT_EXPECT_EQ(test, r.edx, edx);
		}
	}
}

static void detects_as_linux(struct kunit *test)
{
	struct pv_platform platform;

	pv_detect(&platform, pv_cpuid, PV_HINT_NONE);
	KUNIT_EXPECT_EQ(test, platform.hypervisor != PV_HV_NONE,
			boot_cpu_has(X86_FEATURE_HYPERVISOR));
	KUNIT_EXPECT_STREQ(test, platform.cpu_vendor, boot_cpu_data.x86_vendor_id);
	KUNIT_EXPECT_STREQ(test, pv_hypervisor_name(platform.hypervisor), "QEMU TCG");
}

/* Xen public/arch-x86/xen.h, XEN_CPUID. */
static void cpuid_of_xen(struct kunit *test)
{
	struct pv_cpuid r;

	answer = 0xaaaaaaaa;
	r = cpuid_xen_pv(0x40000000, 3);
	KUNIT_EXPECT_EQ(test, calls, 1);
	KUNIT_EXPECT_EQ(test, seen.ax, 0x40000000);
	KUNIT_EXPECT_EQ(test, seen.cx, 3);
	KUNIT_EXPECT_EQ(test, r.eax, 0xaaaaaaaa);
	KUNIT_EXPECT_EQ(test, r.ebx, 0xbbbbbbbb);
	KUNIT_EXPECT_EQ(test, r.ecx, 0xcccccccc);
	KUNIT_EXPECT_EQ(test, r.edx, 0xdddddddd);
}

static void msr_read_and_written(struct kunit *test)
{
	uint64_t was = pv_rdmsr(MSR_KERNEL_GS_BASE), mark = was ^ 0x123456789abcull, value;

	rdmsrl(MSR_EFER, value);
	KUNIT_EXPECT_EQ(test, pv_rdmsr(MSR_EFER), value);
	/* Of user space, which there is none of. */
	pv_wrmsr(MSR_KERNEL_GS_BASE, mark);
	rdmsrl(MSR_KERNEL_GS_BASE, value);
	KUNIT_EXPECT_EQ(test, value, mark);
	KUNIT_EXPECT_EQ(test, pv_rdmsr(MSR_KERNEL_GS_BASE), mark);
	pv_wrmsr(MSR_KERNEL_GS_BASE, was);
}

static void tsc_between_linux_readings(struct kunit *test)
{
	uint64_t before = rdtsc_ordered(), ours = pv_rdtsc(), after = rdtsc_ordered();

	KUNIT_EXPECT_LE(test, before, ours);
	KUNIT_EXPECT_LE(test, ours, after);
}

static void ports_of_each_width(struct kunit *test)
{
	pv_out8(UART_SCRATCH, 0x5a);
	KUNIT_EXPECT_EQ(test, pv_in8(UART_SCRATCH), 0x5a);
	KUNIT_EXPECT_EQ(test, inb(UART_SCRATCH), 0x5a);
	pv_out8(UART_SCRATCH, 0xa5);
	KUNIT_EXPECT_EQ(test, inb(UART_SCRATCH), 0xa5);
	/* Nobody is there: all ones, in as many bits as were asked for. */
	pv_out16(NO_PORT, 1);
	pv_out32(NO_PORT, 1);
	KUNIT_EXPECT_EQ(test, pv_in8(NO_PORT), 0xff);
	KUNIT_EXPECT_EQ(test, pv_in16(NO_PORT), 0xffff);
	KUNIT_EXPECT_EQ(test, pv_in32(NO_PORT), 0xffffffffu);
}

static void registers_of_each_width(struct kunit *test)
{
	uint8_t *m = kunit_kzalloc(test, 16, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	pv_mmio_write32(m + 4, 0x44332211);
	KUNIT_EXPECT_EQ(test, pv_mmio_read32(m + 4), 0x44332211u);
	KUNIT_EXPECT_EQ(test, pv_mmio_read16(m + 6), 0x4433);
	KUNIT_EXPECT_EQ(test, pv_mmio_read8(m + 5), 0x22);
	pv_mmio_write16(m + 4, 0xbbaa);
	pv_mmio_write8(m + 7, 0xdd);
	KUNIT_EXPECT_EQ(test, pv_mmio_read32(m + 4), 0xdd33bbaau);
	KUNIT_EXPECT_EQ(test, m[3] | m[8], 0);
}

/* --- hypercalls ------------------------------------------------------------------------------- */

/* Linux Documentation/virt/kvm/x86/hypercalls.rst. */
static void expect_kvm(struct kunit *test, uint8_t last)
{
	KUNIT_EXPECT_EQ(test, calls, 1);
	KUNIT_EXPECT_EQ(test, instruction(2), last);
	KUNIT_EXPECT_EQ(test, seen.ax, 10);
	KUNIT_EXPECT_EQ(test, seen.bx, 0x1111111122222222ul);
	KUNIT_EXPECT_EQ(test, seen.cx, 0x3333333344444444ul);
	KUNIT_EXPECT_EQ(test, seen.dx, 0x5555555566666666ul);
	KUNIT_EXPECT_EQ(test, seen.si, 0x7777777788888888ul);
}

static void kvm_by_vmcall(struct kunit *test)
{
	answer = -1000ul;
	KUNIT_EXPECT_EQ(test,
			pv_vmcall(10, 0x1111111122222222ul, 0x3333333344444444ul,
				  0x5555555566666666ul, 0x7777777788888888ul),
			-1000);
	expect_kvm(test, 0xc1);
}

static void kvm_by_vmmcall(struct kunit *test)
{
	answer = 7;
	KUNIT_EXPECT_EQ(test,
			pv_vmmcall(10, 0x1111111122222222ul, 0x3333333344444444ul,
				   0x5555555566666666ul, 0x7777777788888888ul),
			7);
	expect_kvm(test, 0xd9);
}

/* Xen public/arch-x86/xen-x86_64.h. */
static void xen_call(struct kunit *test, enum pv_xen_call_mode mode)
{
	pv_xen_call_mode = mode;
	answer = -38ul;
	KUNIT_EXPECT_EQ(test,
			pv_xen_hypercall_on_cpu(32, 0x1111111122222222ul, 0x3333333344444444ul,
						0x5555555566666666ul, 0x7777777788888888ul,
						0x99999999aaaaaaaaul),
			-38);
	KUNIT_EXPECT_EQ(test, calls, 1);
	KUNIT_EXPECT_EQ(test, seen.ax, 32);
	KUNIT_EXPECT_EQ(test, seen.di, 0x1111111122222222ul);
	KUNIT_EXPECT_EQ(test, seen.si, 0x3333333344444444ul);
	KUNIT_EXPECT_EQ(test, seen.dx, 0x5555555566666666ul);
	KUNIT_EXPECT_EQ(test, seen.r10, 0x7777777788888888ul);
	KUNIT_EXPECT_EQ(test, seen.r8, 0x99999999aaaaaaaaul);
}

static void xen_by_vmcall(struct kunit *test)
{
	xen_call(test, PV_XEN_CALL_VMCALL);
	KUNIT_EXPECT_EQ(test, instruction(2), 0xc1);
}

static void xen_by_vmmcall(struct kunit *test)
{
	xen_call(test, PV_XEN_CALL_VMMCALL);
	KUNIT_EXPECT_EQ(test, instruction(2), 0xd9);
}

static void xen_by_syscall(struct kunit *test)
{
	uint64_t efer = pv_rdmsr(MSR_EFER);

	preempt_disable();
	pv_wrmsr(MSR_EFER, efer & ~(uint64_t)EFER_SCE);
	xen_call(test, PV_XEN_CALL_SYSCALL);
	pv_wrmsr(MSR_EFER, efer);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, instruction(1), 0x05);
}

/* The first stubs of a hypercall page, filled as Xen fills them for an HVM guest. */
extern const uint8_t pv_test_page[];
__asm__(".pushsection .text\n"
	".balign 32\n"
	"pv_test_page:\n"
	".set pv_test_op, 0\n"
	".rept 34\n"
	"	movl $pv_test_op, %eax\n"
	"	vmcall\n"
	"	ret\n"
	"	int3\n"
	".balign 32\n"
	".set pv_test_op, pv_test_op + 1\n"
	".endr\n"
	".popsection\n");

static void xen_by_the_page(struct kunit *test)
{
	pv_xen_call_page = pv_test_page;
	xen_call(test, PV_XEN_CALL_PAGE);
	KUNIT_EXPECT_EQ(test, seen.ip, (unsigned long)pv_test_page + 32 * 32 + 5);
}

static void xen_not_called(struct kunit *test)
{
	pv_xen_call_mode = PV_XEN_CALL_NONE;
	KUNIT_EXPECT_EQ(test, pv_xen_hypercall_on_cpu(32, 0, 0, 0, 0, 0), PV_ENOSYS);
	KUNIT_EXPECT_EQ(test, calls, 0);
}

static struct kunit_case insn_cases[] = {
	KUNIT_CASE(cpuid_as_linux),
	KUNIT_CASE(detects_as_linux),
	KUNIT_CASE(cpuid_of_xen),
	KUNIT_CASE(msr_read_and_written),
	KUNIT_CASE(tsc_between_linux_readings),
	KUNIT_CASE(ports_of_each_width),
	KUNIT_CASE(registers_of_each_width),
	KUNIT_CASE(kvm_by_vmcall),
	KUNIT_CASE(kvm_by_vmmcall),
	KUNIT_CASE(xen_by_vmcall),
	KUNIT_CASE(xen_by_vmmcall),
	KUNIT_CASE(xen_by_syscall),
	KUNIT_CASE(xen_by_the_page),
	KUNIT_CASE(xen_not_called),
	{},
};

static struct kunit_suite insn_suite = {
	.name = "insn",
	.init = calls_begin,
	.exit = calls_end,
	.test_cases = insn_cases,
};

kunit_test_suite(insn_suite);
