# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The unit tests in a process: the library's own sources, with the CPU's instructions and shared
# memory behind hooks, the host port, and the KUnit suites on the port's KUnit, under ASan and UBSan.

##@ Testing

HOSTCC ?= gcc
HO := $(O)/host
HOST_SAN ?= -fsanitize=address,undefined -fno-sanitize-recover=undefined
HOST_CFLAGS = -std=gnu11 -O1 -g $(WARN) -fno-strict-aliasing -fno-omit-frame-pointer $(HOST_SAN) \
	-DPV_ARCH_HOOKS -DPV_SHARED_HOOKS -Iports/host/include -Iports/host -Ikunit $(PV_CPPFLAGS)

HOST_SRCS := $(filter %.c,$(PV_SRCS)) $(wildcard ports/host/*.c) $(wildcard kunit/*.c)
HOST_OBJS := $(HOST_SRCS:%.c=$(HO)/%.o)

$(HO)/%.o: %.c
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -MMD -MP -c -o $@ $<

$(HO)/unit: $(HOST_OBJS)
	$(call say,LD,$@)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -o $@ $^

-include $(HOST_OBJS:.o=.d)

unit: $(HO)/unit ## The unit tests, in a process (UNIT=suite or suite.case for some of them)
	$(Q)$(HO)/unit $(if $(UNIT),--filter $(UNIT))

.PHONY: unit
