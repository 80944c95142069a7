# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# Fuzzing, by clang's libFuzzer under ASan and UBSan: the library's own sources, with shared memory behind hooks, on the
# host port and the fakes. Rings are small, so that an input comes around them, and set-up is cheap.

FO := $(O)/fuzz
FUZZ_CFLAGS = -std=gnu11 -O2 -g1 $(WARN) -fno-strict-aliasing -fsanitize=address \
	-DPV_CONFIG_VRING_NUM=32 -DPV_CONFIG_NET_RX=8 -DPV_CONFIG_BLK_SEGS=12 -DPV_CONFIG_BLK_RING_ORDER=0 \
	-DPV_CONFIG_BLK_PERSISTENT=16 -DPV_CONFIG_GRANT_FRAMES=2 -DPV_NETFRONT_SLOTS=32u \
	-DPV_ARCH_HOOKS -DPV_SHARED_HOOKS -Iports/host/include -Iports/host -Ikunit $(PV_CPPFLAGS)

FUZZ_SRCS := $(filter %.c,$(PV_SRCS)) $(filter-out %/kunit_main.c,$(wildcard ports/host/*.c)) \
	$(wildcard kunit/fake_*.c) tests/plain/kunit.c $(wildcard tests/fuzz/*.c)
FUZZ_OBJS := $(FUZZ_SRCS:%.c=$(FO)/obj/%.o)
# What targets put before functions of the library (tests/fuzz/store.h).
FUZZ_WRAP := -Wl,--wrap=pv_xs_submit

# The library's own paths are what inputs are to find. The fuzzer is told what numbers are compared with only where those
# are parsed: elsewhere they are small, and to tell takes half of the time.
FUZZ_LIB := $(filter %.c,$(PV_SRCS))
FUZZ_PARSERS := $(filter arch/x86/boot% pv-core/acpi% pv-core/aml.c pv-core/cmdline.c pv-core/madt.c \
	drivers/virtio/mmio_find.c,$(FUZZ_LIB))
FUZZ_LIB_OBJS := $(FUZZ_LIB:%.c=$(FO)/obj/%.o)
$(FUZZ_LIB_OBJS) $(FO)/obj/tests/fuzz/vring.o: FUZZ_SAN = \
	-fsanitize=fuzzer-no-link,undefined -fno-sanitize-recover=undefined $(FUZZ_TOLD)
$(FUZZ_LIB_OBJS) $(FO)/obj/tests/fuzz/vring.o: FUZZ_TOLD = -fno-sanitize-coverage=trace-cmp
$(FUZZ_PARSERS:%.c=$(FO)/obj/%.o): FUZZ_TOLD =

$(FO)/obj/%.o: %.c tests/fuzz/fuzz.mk
	$(call say,FUZZCC,$<)
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_CFLAGS) $(FUZZ_SAN) -MMD -MP -c -o $@ $<

$(FO)/fuzz: $(FUZZ_OBJS)
	$(call say,LD,$@)
	$(Q)clang -fsanitize=fuzzer,address,undefined $(FUZZ_WRAP) -o $@ $^

-include $(FUZZ_OBJS:.o=.d)

TIME ?= 30
FUZZ = /usr/bin/python3 -B tests/fuzz/run.py --program '$(FO)/fuzz' --work '$(FO)'

need-fuzz:
	$(Q)tools/need python3 clang libclang-rt-14-dev libxen-dev linux-libc-dev

fuzz: need-fuzz $(FO)/fuzz ## Fuzzes, all targets or T= of them, TIME=30 seconds each, two at a time
	$(Q)$(FUZZ) run --time '$(TIME)' --target '$(T)' -j '$(JOBS)'

# Each input that is kept, once: those of the corpus, and what once crashed.
fuzz-replay: $(FO)/fuzz
	$(Q)$(FUZZ) replay --target '$(T)'

.PHONY: need-fuzz fuzz fuzz-replay
