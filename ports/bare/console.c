/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Output: a 16550 at COM1 and QEMU's debug console, each if it is there; and the hypervisor's own.
 */
#include "ports/bare/bare.h"

#define DEBUGCON 0xe9 /* reads back its own number (QEMU hw/char/debugcon.c) */

/* 16550 registers (National Semiconductor PC16550D, table II). */
#define COM1	 0x3f8
#define UART_THR (COM1 + 0)
#define UART_IER (COM1 + 1)
#define UART_FCR (COM1 + 2)
#define UART_LCR (COM1 + 3)
#define UART_MCR (COM1 + 4)
#define UART_LSR (COM1 + 5)
#define UART_SCR (COM1 + 7)

#define LCR_8N1	     0x03
#define LCR_DLAB     0x80
#define FCR_ENABLE   0x07 /* and clear both FIFOs */
#define MCR_READY    0x03 /* DTR, RTS */
#define LSR_THRE     0x20
#define UART_FIFO    16
#define UART_RETRIES 100000 /* reads of LSR before text is given up */

#define LOCK_SPINS 10000000

static bool has_uart, has_debugcon;
static unsigned int fifo_room;
static bool writing;

static void uart_init(void)
{
	pv_out8(UART_SCR, 0x5a);
	has_uart = pv_in8(UART_SCR) == 0x5a;
	if (!has_uart)
		return;
	pv_out8(UART_IER, 0);
	pv_out8(UART_LCR, LCR_8N1 | LCR_DLAB);
	pv_out8(UART_THR, 1); /* divisor: 115200 baud */
	pv_out8(UART_IER, 0);
	pv_out8(UART_LCR, LCR_8N1);
	pv_out8(UART_FCR, FCR_ENABLE);
	pv_out8(UART_MCR, MCR_READY);
}

void pv_bare_console_init(enum pv_boot_protocol protocol)
{
	if (!pv_bare_pv) {
		has_debugcon = pv_in8(DEBUGCON) == DEBUGCON;
		uart_init();
	}
	if (!has_uart && !has_debugcon)
		pv_bare_hv_early(protocol);
}

void pv_bare_console_attach(void)
{
	if (pv_bare_hv())
		pv_bare_hv()->attach();
}

/* By one instruction, which a hypervisor may take at once. */
static void out_run(uint16_t port, const char *text, size_t n)
{
	__asm__ __volatile__("rep outsb" : "+S"(text), "+c"(n) : "d"(port) : "memory");
}

/* When the holding register is empty so is the FIFO: asking once for 16 characters saves exits. */
static void uart_put(const char *text, size_t len)
{
	unsigned int tries = 0;
	size_t n;

	while (len) {
		n = len < fifo_room ? len : fifo_room;
		out_run(UART_THR, text, n);
		fifo_room -= (unsigned int)n;
		text += n;
		len -= n;
		if (!len)
			return;
		if (pv_in8(UART_LSR) & LSR_THRE) {
			fifo_room = UART_FIFO;
			tries = 0;
		} else if (++tries == UART_RETRIES) {
			return;
		}
	}
}

/* Each line is ended as terminals want it. */
static void uart_write(const char *text, size_t len)
{
	const char *end = text + len;
	const char *run;

	while (text < end) {
		for (run = text; text < end && *text != '\n'; text++)
			;
		uart_put(run, (size_t)(text - run));
		if (text == end)
			break;
		uart_put("\r\n", 2);
		text++;
	}
}

/*
 * A CPU's text stays together, unless the one that writes is stopped in the middle, by a fault of
 * its own at the worst: the others do not wait for ever.
 */
static bool lock(void)
{
	unsigned int i;

	for (i = 0; i < LOCK_SPINS; i++) {
		if (!__atomic_exchange_n(&writing, true, __ATOMIC_ACQUIRE))
			return true;
		pv_pause();
	}
	return false;
}

void pv_bare_write(const char *text, size_t len)
{
	const struct pv_bare_hv *hv = pv_bare_hv();
	uint64_t flags = pv_bare_irq_save();
	bool locked = lock();

	if (has_debugcon)
		out_run(DEBUGCON, text, len);
	if (has_uart)
		uart_write(text, len);
	if (hv)
		hv->write(text, len);
	if (locked)
		__atomic_store_n(&writing, false, __ATOMIC_RELEASE);
	pv_bare_irq_restore(flags);
}
