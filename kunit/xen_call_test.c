/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * How Xen is called: the registers that arch/x86/xen_hypercall.c uses, the choice of the
 * instruction, the hypercall page, and multicalls.
 *
 * Covers: arch/x86/xen_hypercall.c hypercall/xen.c hypercall/xen_page.c
 */
#include <kunit/test.h>
#include <pv/fake.h>
#include <pv/fake_xen.h>
#include <pv/string.h>

#include "hypercall/xen.h"

static long answer;

static int call_init(struct kunit *test)
{
	(void)test;
	pv_xen_call_mode = PV_XEN_CALL_VMCALL;
	answer = 0;
	return 0;
}

static void call_exit(struct kunit *test)
{
	(void)test;
	pv_xen_call_mode = PV_XEN_CALL_NONE;
}

/* --- registers -------------------------------------------------------------------------------- */

/* The real one, which in a process has another name. */
long pv_xen_hypercall_on_cpu(unsigned int op, unsigned long a1, unsigned long a2, unsigned long a3,
			     unsigned long a4, unsigned long a5);

extern uint8_t pv_test_xen_stubs[];
extern unsigned long pv_test_xen_registers[7];
unsigned long pv_test_xen_registers[7];

/*
 * A hypercall page of ours: stub n puts n into EAX, as Xen's does, notes all registers, and leaves
 * those in disorder that Xen may change.
 */
__asm__(".text\n"
	".balign 4096\n"
	".globl pv_test_xen_stubs\n"
	"pv_test_xen_stubs:\n"
	".set n, 0\n"
	".rept 64\n"
	".balign 32\n"
	"movl $n, %eax\n"
	"jmp 1f\n"
	".set n, n + 1\n"
	".endr\n"
	"1: leaq pv_test_xen_registers(%rip), %r11\n"
	"movq %rax, (%r11)\n"
	"movq %rdi, 8(%r11)\n"
	"movq %rsi, 16(%r11)\n"
	"movq %rdx, 24(%r11)\n"
	"movq %r10, 32(%r11)\n"
	"movq %r8, 40(%r11)\n"
	"movq %rsp, 48(%r11)\n"
	"movq $-1, %rdi\n"
	"movq $-1, %rsi\n"
	"movq $-1, %rdx\n"
	"movq $-1, %r10\n"
	"movq $-1, %r8\n"
	"movq $-1, %rcx\n"
	"movq $-1, %r11\n"
	"movq $-1234, %rax\n"
	"ret\n");

static void call_registers(struct kunit *test)
{
	unsigned int op;
	long sum = 0;

	pv_xen_call_page = pv_test_xen_stubs;
	pv_xen_call_mode = PV_XEN_CALL_PAGE;
	for (op = 0; op < 64; op++) {
		sum += pv_xen_hypercall_on_cpu(op, 0x1111111111111111ul, 0x2222222222222222ul,
					       0x3333333333333333ul, 0x4444444444444444ul,
					       0x5555555555555555ul);
		KUNIT_EXPECT_EQ(test, pv_test_xen_registers[0], op);
		KUNIT_EXPECT_EQ(test, pv_test_xen_registers[1], 0x1111111111111111ul);
		KUNIT_EXPECT_EQ(test, pv_test_xen_registers[2], 0x2222222222222222ul);
		KUNIT_EXPECT_EQ(test, pv_test_xen_registers[3], 0x3333333333333333ul);
		KUNIT_EXPECT_EQ(test, pv_test_xen_registers[4], 0x4444444444444444ul);
		KUNIT_EXPECT_EQ(test, pv_test_xen_registers[5], 0x5555555555555555ul);
	}
	KUNIT_EXPECT_EQ(test, sum, 64 * -1234);
	pv_xen_call_mode = PV_XEN_CALL_NONE;
	KUNIT_EXPECT_EQ(test, pv_xen_hypercall_on_cpu(17, 0, 0, 0, 0, 0), PV_ENOSYS);
	pv_xen_call_page = NULL;
}

/* --- the instruction, and the page ------------------------------------------------------------ */

static void call_mode(struct kunit *test)
{
	static const struct {
		enum pv_xen_mode xen;
		const char *vendor;
		enum pv_xen_call_mode mode;
	} modes[] = {
		{PV_XEN_NOT, "AuthenticAMD", PV_XEN_CALL_NONE},
		{PV_XEN_PV, "AuthenticAMD", PV_XEN_CALL_SYSCALL},
		{PV_XEN_PV, "GenuineIntel", PV_XEN_CALL_SYSCALL},
		{PV_XEN_PVH, "AuthenticAMD", PV_XEN_CALL_VMMCALL},
		{PV_XEN_HVM, "HygonGenuine", PV_XEN_CALL_VMMCALL},
		{PV_XEN_PVH, "GenuineIntel", PV_XEN_CALL_VMCALL},
		{PV_XEN_HVM, "CentaurHauls", PV_XEN_CALL_VMCALL},
	};
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(modes); i++) {
		pv_xen_call_init(modes[i].xen, modes[i].vendor);
		KUNIT_EXPECT_EQ_MSG(test, pv_xen_call_mode, modes[i].mode, "%u", i);
	}
	pv_xen_call_mode = PV_XEN_CALL_NONE;
	KUNIT_EXPECT_EQ(test, pv_xen_version_version(), PV_ENOSYS);
}

static void call_page(struct kunit *test)
{
	struct pv_platform platform = {.xen_mode = PV_XEN_PVH, .cpuid_base = 0x40000000};

	pv_fake_xen_start();
	KUNIT_EXPECT_EQ(test, pv_xen_call_use_page(&platform), 0);
	KUNIT_EXPECT_EQ(test, pv_xen_call_mode, PV_XEN_CALL_PAGE);
	KUNIT_EXPECT_PTR_EQ(test, pv_xen_call_page, &pv_xen_hypercall_page[0]);

	/* Xen takes the address, and writes nothing. */
	pv_fake_xen_start();
	pv_fake_xen.page_stubs = 0;
	pv_xen_call_mode = PV_XEN_CALL_VMMCALL;
	KUNIT_EXPECT_EQ(test, pv_xen_call_use_page(&platform), PV_EIO);
	KUNIT_EXPECT_EQ(test, pv_xen_call_mode, PV_XEN_CALL_VMMCALL);

	/* A PV kernel's was filled, or not, before it started; no MSR is written. */
	platform.xen_mode = PV_XEN_PV;
	KUNIT_EXPECT_EQ(test, pv_xen_call_use_page(&platform), PV_EIO);
	pv_memset(pv_xen_hypercall_page, 0xc3, PV_PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pv_xen_call_use_page(&platform), 0);

	platform.xen_mode = PV_XEN_NOT;
	KUNIT_EXPECT_EQ(test, pv_xen_call_use_page(&platform), PV_ENODEV);
	platform.xen_mode = PV_XEN_HVM;
	pv_fake_cpuid(NULL);
	KUNIT_EXPECT_EQ(test, pv_xen_call_use_page(&platform), PV_ENODEV);
}

/* --- multicalls ------------------------------------------------------------------------------- */

static unsigned int batches, batch_size;

static long take_batch(unsigned int op, const unsigned long arg[5])
{
	struct multicall_entry *e = (struct multicall_entry *)arg[0];
	unsigned long i;

	if (op != 13)
		return PV_ENOSYS;
	batches++;
	batch_size = (unsigned int)arg[1];
	for (i = 0; i < arg[1]; i++)
		e[i].result = e[i].op == 99 ? (unsigned long)(long)PV_EPERM : e[i].args[4];
	return answer;
}

static void multicall_batches(struct kunit *test)
{
	struct pv_multicall m = {.n = 0};
	unsigned int i;

	pv_fake.xen_hypercall = take_batch;
	batches = 0;
	KUNIT_EXPECT_EQ(test, pv_multicall_flush(&m), 0);
	KUNIT_EXPECT_EQ(test, batches, 0);

	pv_multicall_add(&m, 14, 1, 2, 3, 4, 5);
	pv_multicall_add(&m, 15, 6, 7, 8, 9, 10);
	KUNIT_EXPECT_EQ(test, m.entry[0].op, 14);
	KUNIT_EXPECT_EQ(test, m.entry[0].args[0], 1);
	KUNIT_EXPECT_EQ(test, m.entry[0].args[3], 4);
	KUNIT_EXPECT_EQ(test, pv_multicall_flush(&m), 0);
	KUNIT_EXPECT_EQ(test, batches, 1);
	KUNIT_EXPECT_EQ(test, batch_size, 2);
	KUNIT_EXPECT_EQ(test, m.done, 2);
	KUNIT_EXPECT_EQ(test, m.entry[1].result, 10);
	KUNIT_EXPECT_EQ(test, m.n, 0);

	/* More than fit: the full ones go by themselves. */
	batches = 0;
	for (i = 0; i < 2 * PV_MULTICALL_MAX + 3; i++)
		pv_multicall_add(&m, 14, i, 0, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, batches, 2);
	KUNIT_EXPECT_EQ(test, pv_multicall_flush(&m), 0);
	KUNIT_EXPECT_EQ(test, batch_size, 3);
	KUNIT_EXPECT_EQ(test, m.entry[0].args[0], 2 * PV_MULTICALL_MAX);
}

/* Fault row 52 */
static void multicall_errors(struct kunit *test)
{
	struct pv_multicall m = {.n = 0};
	unsigned int i;

	pv_fake.xen_hypercall = take_batch;
	pv_multicall_add(&m, 14, 0, 0, 0, 0, 7);
	pv_multicall_add(&m, 99, 0, 0, 0, 0, 0);
	pv_multicall_add(&m, 14, 0, 0, 0, 0, 9);
	KUNIT_EXPECT_EQ(test, pv_multicall_flush(&m), PV_EPERM);
	KUNIT_EXPECT_EQ(test, m.entry[2].result, 9);
	KUNIT_EXPECT_EQ(test, pv_multicall_flush(&m), 0);

	/* Of a batch that went by itself: with the next flush, and once. */
	pv_multicall_add(&m, 99, 0, 0, 0, 0, 0);
	for (i = 0; i < PV_MULTICALL_MAX; i++)
		pv_multicall_add(&m, 14, 0, 0, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, pv_multicall_flush(&m), PV_EPERM);
	KUNIT_EXPECT_EQ(test, pv_multicall_flush(&m), 0);

	answer = PV_EFAULT;
	pv_multicall_add(&m, 14, 0, 0, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, pv_multicall_flush(&m), PV_EFAULT);
	KUNIT_EXPECT_EQ(test, m.done, 0);
	/* The first of two errors is told. */
	for (i = 0; i < PV_MULTICALL_MAX + 1; i++)
		pv_multicall_add(&m, 14, 0, 0, 0, 0, 0);
	answer = PV_EPERM;
	KUNIT_EXPECT_EQ(test, pv_multicall_flush(&m), PV_EFAULT);
	KUNIT_EXPECT_EQ(test, pv_multicall_flush(&m), 0);
}

static struct kunit_case call_cases[] = {
	KUNIT_CASE(call_registers),    KUNIT_CASE(call_mode),	     KUNIT_CASE(call_page),
	KUNIT_CASE(multicall_batches), KUNIT_CASE(multicall_errors), {},
};

static struct kunit_suite call_suite = {
	.name = "xen_call",
	.init = call_init,
	.exit = call_exit,
	.test_cases = call_cases,
};

kunit_test_suite(call_suite);
