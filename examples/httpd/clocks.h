/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * How far each CPU's clock is from CPU 0's, by the messages' times as NTP has it (RFC 5905, 8): CPU
 * 0 asks, the other answers with its reading, and half of the time in between is the error at most.
 */
#ifndef EXAMPLES_HTTPD_CLOCKS_H
#define EXAMPLES_HTTPD_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

/* On CPU 0, once; each of the others is in clocks_answer(), from which it returns then. */
void clocks_compare(unsigned int cpus);
void clocks_answer(void);

/*
 * Nanoseconds that `cpu` is ahead, and the most that this may be wrong. False if it did not answer.
 */
bool clocks_offset(unsigned int cpu, int64_t *ns, uint64_t *error);

#endif
