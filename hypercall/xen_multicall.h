/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Multicalls: several hypercalls in one (Xen public/xen.h, struct multicall_entry).
 *
 *	struct pv_multicall m = {.n = 0};
 *
 *	pv_multicall_add(&m, __HYPERVISOR_update_va_mapping, va, pte, UVMF_INVLPG, 0, 0);
 *	...
 *	err = pv_multicall_flush(&m);
 *
 * Xen goes through all of them in order, whatever becomes of each.
 */
#ifndef PV_HYPERCALL_XEN_MULTICALL_H
#define PV_HYPERCALL_XEN_MULTICALL_H

#include "hypercall/xen_call.h"

#define PV_MULTICALL_MAX 16

struct pv_multicall {
	unsigned int n;	   /* entries that wait */
	unsigned int done; /* entries with results, of the last flush */
	int err; /* first error of flushes that adding caused; flush returns it and clears it */
	struct multicall_entry entry[PV_MULTICALL_MAX];
};

/*
 * Makes the calls. 0, or the first error: of the multicall itself, or of an entry, which has it in
 * `result`.
 */
static inline int pv_multicall_flush(struct pv_multicall *m)
{
	int err = m->err;
	unsigned int i;
	long r;

	m->err = 0;
	m->done = m->n;
	m->n = 0;
	if (!m->done)
		return err;
	r = pv_xen_call2(__HYPERVISOR_multicall, (unsigned long)m->entry, m->done);
	if (r < 0) {
		m->done = 0;
		return err ? err : (int)r;
	}
	for (i = 0; i < m->done && !err; i++)
		if ((long)m->entry[i].result < 0)
			err = (int)(long)m->entry[i].result;
	return err;
}

/* One more call. A full batch is flushed first; its error, if any, comes with the next flush. */
static inline void pv_multicall_add(struct pv_multicall *m, unsigned int op, unsigned long a1,
				    unsigned long a2, unsigned long a3, unsigned long a4,
				    unsigned long a5)
{
	struct multicall_entry *e;

	if (m->n == PV_MULTICALL_MAX)
		m->err = pv_multicall_flush(m);
	e = &m->entry[m->n++];
	e->op = op;
	e->result = 0;
	e->args[0] = a1;
	e->args[1] = a2;
	e->args[2] = a3;
	e->args[3] = a4;
	e->args[4] = a5;
	e->args[5] = 0;
}

#endif
