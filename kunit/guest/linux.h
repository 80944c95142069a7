/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What Linux says of the guest that it is, in types of neither side: its headers of Xen and ours do not
 * go into one file.
 */
#ifndef PV_KUNIT_GUEST_LINUX_H
#define PV_KUNIT_GUEST_LINUX_H

#include <pv/types.h>

/* The address of one of Linux' functions or variables, exported or not; NULL if there is none. May sleep. */
void *pv_linux_symbol(const char *name);

/* Where Linux has the hypervisor write the time of CPU `cpu`; NULL if it does not. */
void *pv_linux_kvm_clock_page(unsigned int cpu);
void *pv_linux_xen_vcpu_info(unsigned int cpu);
void *pv_linux_xen_shared_info(void);

/* Linux' function that reads such a page; NULL if there is none by its name. */
typedef uint64_t (*pv_linux_pvclock_fn)(void *page);
pv_linux_pvclock_fn pv_linux_pvclock(void);

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
