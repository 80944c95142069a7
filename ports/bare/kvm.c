/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The port on KVM, where it is like any machine.
 */
#include "ports/bare/hv.h"

const struct pv_bare_hv pv_bare_kvm = {.hv = &pv_kvm};
