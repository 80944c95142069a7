/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What Linux says of the guest that it is, in types of neither side: its headers of Xen and ours do
 * not go into one file.
 */
#ifndef PV_KUNIT_GUEST_LINUX_H
#define PV_KUNIT_GUEST_LINUX_H

#include <pv/types.h>

/*
 * The address of one of Linux' functions or variables, exported or not; NULL if there is none. May
 * sleep.
 */
void *pv_linux_symbol(const char *name);

/* Where Linux has the hypervisor write the time of CPU `cpu`; NULL if it does not. */
void *pv_linux_kvm_clock_page(unsigned int cpu);
void *pv_linux_xen_vcpu_info(unsigned int cpu);
void *pv_linux_xen_shared_info(void);

/*
 * Where Linux has it write the time that was stolen from that CPU; NULL if it does not. May sleep.
 */
void *pv_linux_steal_area(bool xen, unsigned int cpu);

/* Linux' function that reads such a page; NULL if there is none by its name. */
typedef uint64_t (*pv_linux_pvclock_fn)(void *page);
pv_linux_pvclock_fn pv_linux_pvclock(void);

/*
 * Linux' function that tells its scheduler the nanoseconds stolen from a CPU, which is called where
 * nothing else can run; NULL if there is none by its name. May sleep.
 */
typedef uint64_t (*pv_linux_stolen_fn)(int cpu);
pv_linux_stolen_fn pv_linux_stolen(bool xen);

/* The number of CPUs that run: 0 to one less. Of each its numbers in the MADT. */
unsigned int pv_linux_cpus(void);
uint32_t pv_linux_apic_id(unsigned int cpu);
uint32_t pv_linux_acpi_uid(unsigned int cpu);

/* The calling thread runs on CPU `cpu` from here on. 0 or an error of Linux'. May sleep. */
int pv_linux_run_on(unsigned int cpu);

/* ACPI's table with this signature, as Linux has it mapped; NULL if there is none. */
const void *pv_linux_acpi_table(const char *signature, size_t *len);

/* On KVM. */
uint32_t pv_linux_kvm_features(void);
uint32_t pv_linux_kvm_hints(void);
long pv_linux_kvm_hypercall(unsigned int nr);

/* On Xen: by Linux' hypercalls, its variables, and its connection to xenstore. */
int pv_linux_xen_version(void);
bool pv_linux_xen_feature(unsigned int feature);
unsigned int pv_linux_xen_vcpu_id(unsigned int cpu);

/* `dir`/`node` as text, terminated. 0 or an error of Linux'. */
int pv_linux_xenstore_read(const char *dir, const char *node, char *buf, size_t size);

#endif
