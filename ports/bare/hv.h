/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the port does in other ways on a hypervisor. An entry of the application's table
 * pv_bare_hypervisors is all that the rest of the port knows of one, so that what the table does
 * not name is not linked.
 */
#ifndef PORTS_BARE_HV_H
#define PORTS_BARE_HV_H

#include <pv/bare.h>

/*
 * A guest that is entered by an entry of its own, and whose CPU and page tables are the
 * hypervisor's. Upcalls are masked but where it waits.
 */
struct pv_bare_pv {
	enum pv_boot_protocol protocol; /* which it is known by */
	/* Exceptions are reported from here on. */
	void (*trap_init)(void);
	/* Segment bases and FPU. */
	void (*cpu_init)(uint64_t fs_base);
	/* Events go to the library, on the stack of what waits for them; and on a further CPU. */
	void (*irq_init)(void);
	void (*irq_cpu_init)(void);
	/* Dispatches what is pending. */
	void (*poll)(void);
	/* Sleeps until an event comes, and dispatches it. */
	void (*sleep)(void);
	/* The address of a page fault; 0 before irq_init. */
	uint64_t (*cr2)(void);
	/*
	 * Builds the direct map, and has the image's pages mapped by their sections. `*base` to
	 * `*end` is RAM that went into page tables. PV_ENOMEM, or the hypervisor's error.
	 */
	int (*paging_init)(const struct pv_boot_info *info, uint64_t *base, uint64_t *end);
	/* pv_bare_guard(). */
	int (*guard)(void *page, bool on);
	/* Where a piece of RAM is mapped; NULL if it is not RAM. */
	void *(*map)(uint64_t pa, size_t len);
};

struct pv_bare_hv {
	const struct pv_hv *hv; /* for pv_init() */

	/*
	 * Whether this is the machine's, and it can be called. NULL: a guest of it is like any
	 * machine, and what follows is not there.
	 */
	bool (*here)(void);
	/*
	 * Makes it work before pv_init(), for output, if this is the machine's. Asked where there
	 * is no serial port: other hypervisors are not bothered.
	 */
	bool (*early)(enum pv_boot_protocol protocol);
	/* After pv_init(): a console that it found is used, too. */
	void (*attach)(void);
	void (*write)(const char *text, size_t len);
	/* Has the CPU interrupted in `ns`. False: there is no timer, or not yet. */
	bool (*timer)(uint64_t ns);
	/*
	 * Tells the status to whoever reads the console, and ends the machine. May return, where it
	 * cannot.
	 */
	void (*exit)(int status);
	void (*reboot)(void);
	/* At once, and without another word. */
	void (*crash)(void);
	const struct pv_bare_pv *pv; /* NULL: there are no such guests */
};

/* The one that this guest is such a guest of; NULL: none. Set by pv_bare_hv_begin(). */
extern const struct pv_bare_pv *pv_bare_pv;
void pv_bare_hv_begin(enum pv_boot_protocol protocol);

/* The one that is here; NULL: none, or not yet. Context: any. */
const struct pv_bare_hv *pv_bare_hv(void);

/* Calls `early` of each, until one is here. */
bool pv_bare_hv_early(enum pv_boot_protocol protocol);

/* The table for pv_init(). */
const struct pv_hv *const *pv_bare_hv_table(void);

#endif
