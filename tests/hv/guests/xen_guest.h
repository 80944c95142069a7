/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the cases of xen.c and xen_grants.c have in common. */
#ifndef TESTS_XEN_GUEST_H
#define TESTS_XEN_GUEST_H

#include <pv/bare.h>

extern unsigned int failed_line; /* of the case; 0: none */
extern uint16_t self;		 /* our own domain */

#define say(...) pv_bare_printf(__VA_ARGS__)

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition) && !failed_line) {                                                \
			failed_line = __LINE__;                                                    \
			say("line %u: not so: %s\n", __LINE__, #condition);                        \
		}                                                                                  \
	} while (0)

/* xen_grants.c: to itself, copied, mapped, in quarantine; and all that there are. */
void grants(void);
void growth(void);

#endif
