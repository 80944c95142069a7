# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# `make test`: everything that can be tested on one machine, with one count at the end. Each suite
# runs whatever became of the one before; a suite that breaks counts as a failure.

TEST_EXAMPLES := hello minimal blk net httpd
TEST_GUESTS := clock tcp life end-exit0 end-exit5 end-hang end-reset
T ?=
JOBS ?= 2

RESULTS = PV_RESULTS='$(abspath $(O))/test-results.tsv' /usr/bin/python3 -B tests/results.py

# With HV= or T= only what is asked for runs: the guests.
test: ## All tests; HV= and T= choose environments and tests of guests, by name or pattern
	@tools/need python3
	@$(RESULTS) begin
	$(if $(HV)$(T),,$(TEST_HOST))
	@+$(RESULTS) suite hv $(MAKE) --no-print-directory test-hv
	@$(RESULTS) close

define TEST_HOST
@+$(RESULTS) step check need $(MAKE) --no-print-directory need-check
@+$(RESULTS) step check tree $(MAKE) --no-print-directory check-tree
@+$(RESULTS) step check linked $(MAKE) --no-print-directory check-linked
@+$(foreach c,$(COMPILERS),$(foreach m,$(MODELS),$(RESULTS) step check $(c)-$(m) \
	$(MAKE) --no-print-directory check-$(c)-$(m);))
@+$(RESULTS) suite unit $(MAKE) --no-print-directory unit
@+$(RESULTS) step coverage host $(MAKE) --no-print-directory coverage-host
@+$(RESULTS) step clock host $(MAKE) --no-print-directory clock
@+$(RESULTS) suite models $(MAKE) --no-print-directory models
@+$(RESULTS) suite kunit $(MAKE) --no-print-directory kunit
@+$(RESULTS) suite sim $(MAKE) --no-print-directory -j$(JOBS) sim
@+$(RESULTS) suite fuzz $(MAKE) --no-print-directory fuzz
@+$(RESULTS) suite kunit-kasan $(MAKE) --no-print-directory kunit-kasan
@+$(RESULTS) suite kunit-x86 $(MAKE) --no-print-directory kunit-x86
@+$(RESULTS) step modules build $(MAKE) --no-print-directory modules
@+$(RESULTS) suite explore $(MAKE) --no-print-directory explore
endef

test-hv: need-hv $(TEST_EXAMPLES:%=$(O)/examples/%.elf) $(O)/site.img \
		$(TEST_GUESTS:%=$(O)/tests/%.elf)
	@/usr/bin/python3 tests/hv/run.py --build '$(O)' --hv '$(HV)' --test '$(T)' -j '$(JOBS)'

# The test linux has modules for its guests; they are not built for others that are named.
COMMA := ,
ifneq ($(and $(if $(HV),$(filter-out qemu-%,$(subst $(COMMA), ,$(HV))),all),$(if \
	$(T),$(findstring linux,$(T))$(findstring *,$(T)),all)),)
test-hv: modules
endif

need-hv:
	@tools/need python3 qemu-system-x86 xxhash curl chromium

END_exit0 := -DEND=EXIT -DSTATUS=0
END_exit5 := -DEND=EXIT -DSTATUS=5
END_hang := -DEND=HANG
END_reset := -DEND=RESET

$(O)/tests/end-%.elf: tests/hv/guests/end.S
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(END_$*) -m64 -nostdlib -static -no-pie -Wl,--build-id=none -Wl,--nmagic \
		-Wl,-Ttext=0x100000 -Wl,-e,start -o $@ $<

# Guests that need lwIP.
LWIP_TESTS := clock tcp life
LWIP_TEST_OBJS := $(LWIP_TESTS:%=$(O)/tests/hv/guests/%.o)
$(LWIP_TEST_OBJS): OBJ_CFLAGS = $(EXAMPLE_CPPFLAGS) $(LWIP_CPPFLAGS)
$(LWIP_TEST_OBJS): | $(LWIP_LINK) $(MUSL_INCLUDE)/stdio.h

$(LWIP_TESTS:%=$(O)/tests/%.elf): $(O)/tests/%.elf: $(O)/tests/hv/guests/%.o $(LWIP_LIB) $(BARE_DEPS)
	$(link_bare)

-include $(LWIP_TEST_OBJS:.o=.d)

include tests/hv/bare.mk

.PHONY: test test-hv need-hv
