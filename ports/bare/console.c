/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Output: a 16550 at COM1 and QEMU's debug console, each if it is there.
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
#define UART_RETRIES 100000 /* reads of LSR before a character is given up */

static bool has_uart, has_debugcon;
static unsigned int fifo_room;

void pv_bare_console_init(void)
{
	has_debugcon = pv_in8(DEBUGCON) == DEBUGCON;

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

/* When the holding register is empty so is the FIFO: asking once for 16 characters saves exits. */
static void uart_put(char c)
{
	unsigned int tries = 0;

	while (!fifo_room) {
		if (pv_in8(UART_LSR) & LSR_THRE)
			fifo_room = UART_FIFO;
		else if (++tries == UART_RETRIES)
			return;
	}
	fifo_room--;
	pv_out8(UART_THR, (uint8_t)c);
}

void pv_bare_write(const char *text, size_t len)
{
	uint64_t flags = pv_bare_irq_save();

	for (; len; len--, text++) {
		if (has_debugcon)
			pv_out8(DEBUGCON, (uint8_t)*text);
		if (!has_uart)
			continue;
		if (*text == '\n')
			uart_put('\r');
		uart_put(*text);
	}
	pv_bare_irq_restore(flags);
}
