/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A fake Xen, below arch/x86/xen_hypercall.c: enough of one for a PVH or HVM guest's core.
 *
 * It does what the public headers say, and no more than a guest is entitled to. What a test wants
 * broken it breaks from outside: by the fields below, by pv_fake.xen_hypercall in front of it, or
 * by writing to the shared pages, which it has addresses of.
 *
 * Guest-physical memory is the process's, so that "Xen's page appears in the place of ours" is that
 * the fake uses our page from then on. A page that was given away is poisoned: the address
 * sanitizer reports who touches it. Mapping another domain's page copies it in, and unmapping
 * copies it back.
 *
 * Upcalls are raised at once, in the middle of whatever the library does, unless a handler is
 * running or `irqs_off` is set; pv_fake_xen_deliver() raises those that were held back. Its time is
 * pv_fake.now.
 *
 * The other domains are the test's: the functions pv_fake_xen_peer_*() do what a peer does.
 */
#ifndef PV_FAKE_XEN_H
#define PV_FAKE_XEN_H

#include <pv/abi/xen.h>
#include <pv/boot.h>
#include <pv/fake.h>

#define PV_FAKE_XEN_DOMID 5 /* ours */
#define PV_FAKE_XEN_PEER  0 /* the one that backends are in; any other will do, too */
#define PV_FAKE_XEN_CPUS  64

struct pv_fake_xen {
	/* How this Xen is. Set by pv_fake_xen_start(), to be changed before the library starts. */
	uint32_t version;   /* 4.17 */
	uint32_t features;  /* XENFEAT_* of submap 0 */
	unsigned int vcpus; /* that the domain has: 1 */
	unsigned int max_grant_frames;
	long maximum_gpfn;	 /* of the domain: 1 GiB's */
	bool no_upcall_vector;	 /* HVMOP_set_evtchn_upcall_vector: PV_ENOSYS */
	bool no_grant_versions;	 /* GNTTABOP_set_version: PV_ENOSYS */
	bool no_singleshot;	 /* VCPUOP_set_singleshot_timer: PV_ENOSYS */
	unsigned int page_stubs; /* hypercall pages; 0: none are offered */
	uint64_t wall_sec;
	uint64_t behind;	     /* nanoseconds that its system time is behind pv_fake.now */
	bool down[PV_FAKE_XEN_CPUS]; /* CPUs that are not up */
	long (*initialise)(uint32_t vcpu, const void *context); /* VCPUOP_initialise; else ENOSYS */

	/* Faults. */
	long fail_at; /* the n-th hypercall from now fails, once; 0: none */
	long fail_with;
	bool irqs_off;	  /* upcalls wait */
	bool odd_version; /* time and wall clock never settle */
	int (*copy_status)(
		const struct gnttab_copy *op); /* in the place of the copy's own, if not 0 */

	/* What the guest did. */
	unsigned int calls;
	struct vcpu_runstate_info *runstate[PV_FAKE_XEN_CPUS]; /* areas; NULL: none */
	unsigned int flushes;				       /* HVMOP_flush_tlbs */
	unsigned int upcalls;				       /* raised */
	int shutdown_reason;				       /* of SCHEDOP_shutdown; -1: none */
	uint64_t timer[PV_FAKE_XEN_CPUS];		       /* one-shot deadline; 0: stopped */
	char console[4096];			     /* what was written to Xen's, terminated */
	void (*sent)(uint16_t domid, uint32_t port); /* an event to another domain's port */
	long (*suspend)(
		void); /* SCHEDOP_shutdown's answer to SHUTDOWN_suspend; else 1: cancelled */
};

extern struct pv_fake_xen pv_fake_xen;

/* A leaf table that says so: Xen 4.17, AMD's CPU. */
extern const struct pv_fake_leaf pv_fake_xen_cpuid[];

/*
 * A new Xen, with a domain of no ports and no grants. Ends with pv_fake_reset(). The machine's
 * CPUID, TSC and pv_os_relax() are its from now on.
 */
void pv_fake_xen_start(void);

/* Boot information of a PVH guest, for pv_xen_init(). */
const struct pv_boot_info *pv_fake_xen_boot(void);

/*
 * The domain is another one from now on, with the same memory: no ports, no grants, nothing that
 * was registered. For `suspend`, when peers have let go of everything.
 */
void pv_fake_xen_migrate(void);

/* Its answer, for a pv_fake.xen_hypercall that leaves most of them to it. */
long pv_fake_xen_hypercall(unsigned int op, const unsigned long arg[5]);

/* Raises what is pending and was held back; and the timers that are due. */
void pv_fake_xen_deliver(void);
void pv_fake_xen_run_timers(void);

/* The pages that Xen and the guest share now. */
struct shared_info *pv_fake_xen_shared(void);
struct vcpu_info *pv_fake_xen_vcpu_info(unsigned int vcpu);

/* --- events ----------------------------------------------------------------------------------- */

/* Pages of the guest that it gave away, or that show pages of Xen's and were taken out. */
unsigned int pv_fake_xen_holes(void);

/* Ports that are not closed; VIRQs and IPIs too. */
unsigned int pv_fake_xen_ports(void);

/* A domain allocates a port for the guest to bind to, and gives its number. */
uint32_t pv_fake_xen_peer_alloc(uint16_t domid);

/* The toolstack makes a port in the guest, connected to `domid` (xenstore's, the console's). */
uint32_t pv_fake_xen_peer_connect(uint16_t domid);

/* A domain binds to a port that the guest allocated for it; false if there is none such. */
bool pv_fake_xen_peer_bind(uint16_t domid, uint32_t guest_port);

/* The domain closes its end, as one that ends does: it, or another life of it, can bind again. */
void pv_fake_xen_peer_unbind(uint32_t guest_port);

/* A domain, or Xen, sends to the guest's port, whatever it is. */
void pv_fake_xen_peer_send(uint32_t guest_port);

/* --- grants ----------------------------------------------------------------------------------- */

/* Entries, beyond the toolstack's, that are granted; and the mappings of them that peers have. */
unsigned int pv_fake_xen_granted(void);
unsigned int pv_fake_xen_mapped(void);

/*
 * `domid` maps the guest's page, for writing or only for reading: its address, or NULL if the grant
 * does not allow that. And lets it go.
 */
void *pv_fake_xen_peer_map(uint16_t domid, uint32_t ref, bool write);
void pv_fake_xen_peer_unmap(uint32_t ref);

/* `domid` grants a page of its own to the guest; the reference. Taken back with the reset. */
uint32_t pv_fake_xen_peer_grant(uint16_t domid, void *page, bool readonly);

/* --- for the port ----------------------------------------------------------------------------- */

void pv_fake_xen_reset(void);
void pv_fake_xen_relax(void);
bool pv_fake_xen_running(void);

/* Guest-physical addresses, while it runs; NULL for an address that none has. */
uint64_t pv_fake_xen_phys(const void *va);
void *pv_fake_xen_virt(uint64_t pa);

#endif
