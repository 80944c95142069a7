# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The explorer: the library's code in every order of its accesses to shared memory and a peer's.

EXPLORE ?=
EO := $(O)/explore
EXPLORE_CFLAGS = -std=gnu11 -O2 -g $(WARN) -fno-strict-aliasing -fcf-protection=none \
	-DPV_NETFRONT_SLOTS=8u -DPV_CONFIG_NET_RX=8 -DPV_ARCH_HOOKS -DPV_SHARED_HOOKS -Iports/host/include -Iports/host -Ikunit $(PV_CPPFLAGS)

# The engine is above what is put back; all else is below.
EXPLORE_ABOVE := $(addprefix $(EO)/tests/explore/,engine.o threads.o arena.o main.o)
EXPLORE_OBJS := $(patsubst %.c,$(EO)/%.o,$(filter %.c,$(PV_SRCS)) \
	$(filter-out %/kunit_main.c,$(wildcard ports/host/*.c)) $(wildcard kunit/fake_*.c) \
	$(wildcard tests/explore/*.c))

# Shared memory is the engine's, and not the host port's.
$(EO)/ports/host/os.o: EXPLORE_CFLAGS += -UPV_SHARED_HOOKS

$(filter-out $(EXPLORE_ABOVE),$(EXPLORE_OBJS)): EXPLORE_CFLAGS += -include tests/explore/hooks.h

$(EO)/%.o: %.c
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(EXPLORE_CFLAGS) -MMD -MP -c -o $@ $<

$(EO)/explore: $(EXPLORE_OBJS)
	$(call say,LD,$@)
	$(Q)$(HOSTCC) $(EXPLORE_CFLAGS) -Wl,-z,now -o $@ $^

-include $(EXPLORE_OBJS:.o=.d)

explore: $(EO)/explore ## The library against a peer, in every order of their accesses (EXPLORE=scenarios)
	$(Q)$(EO)/explore $(EXPLORE)

.PHONY: explore
