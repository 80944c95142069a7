# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The library's sources and the flags that they need, for builds of other people's:
#
#	PV_DIR := path/to/libpv
#	include $(PV_DIR)/pv.mk
#	myobjs += $(PV_SRCS:%=$(PV_DIR)/%)   # C and assembly, relative to PV_DIR
#
# PV_SRCS	the library
# PV_ENTRY_SRCS	boot entries (PVH, 64-bit Linux), for kernels that have none of their own
# PV_BARE_SRCS	the port for bare machines, with its linker script PV_BARE_LDS
# PV_CPPFLAGS	include paths
# PV_CFLAGS	what the sources need whatever the kernel is built with
#
# The lists themselves are in the folders' Kbuild files, which kbuild reads too.

ifndef PV_DIR
PV_DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
endif

pv-y :=
pv-entry-y :=
bare-y :=
include $(wildcard $(addsuffix /Kbuild,$(addprefix $(PV_DIR)/,\
	arch/x86 hypercall pv-core pv-core/kvm pv-core/xen drivers/virtio drivers/blkfront \
	drivers/netfront ports/bare)))

# An object's source is the .c or .S beside it.
pv_srcs = $(patsubst $(PV_DIR)/%,%,$(foreach o,$(1),$(wildcard $(PV_DIR)/$(o:.o=.c) $(PV_DIR)/$(o:.o=.S))))

PV_SRCS := $(call pv_srcs,$(pv-y))
PV_ENTRY_SRCS := $(call pv_srcs,$(pv-entry-y))
PV_BARE_SRCS := $(call pv_srcs,$(bare-y))
PV_BARE_LDS := ports/bare/bare.ld

PV_CPPFLAGS := -I$(PV_DIR)/include -I$(PV_DIR)
PV_CFLAGS := -std=gnu11 -ffreestanding -fno-strict-aliasing -fno-stack-protector -mno-red-zone \
	-mgeneral-regs-only -fno-asynchronous-unwind-tables -fcf-protection=none
