# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# What holds of the sources and of the archive, whatever it is run on: seconds, no virtual machine.

CHECKS := tests/checks

check: need-check check-tree check-models check-linked unit fuzz-replay ## The inner loop: both compilers, checks, unit tests, past crashes; seconds

need-check:
	$(Q)tools/need git python3 gcc clang libclang-rt-14-dev clang-format binutils linux-libc-dev libxen-dev g++ sparse \
		reuse

# The tree as it stands.
check-tree:
	$(Q)$(CHECKS)/headers include
	$(Q)$(CHECKS)/layers
	$(Q)$(CHECKS)/format
	$(Q)$(CHECKS)/lists
	$(Q)/usr/bin/python3 -B tests/matrix/matrix.py --check
	$(Q)$(CHECKS)/shared
	$(Q)$(CHECKS)/exports
	$(Q)$(CHECKS)/suites
	$(Q)reuse lint >$(O)/reuse.log 2>&1 || { cat $(O)/reuse.log; exit 1; }

# Two images of one example.
check-linked: $(O)/examples/hello.elf $(O)/bench/hello-virtio.elf
	$(Q)$(CHECKS)/linked $^

# Each code model with each compiler: it builds, and the archive keeps its promises.
MODELS := kernel large pie
COMPILERS := gcc clang
check-models: $(foreach c,$(COMPILERS),$(foreach m,$(MODELS),check-$(c)-$(m)))

define model_rule
check-$(1)-$(2):
	$$(Q)$$(MAKE) --no-print-directory lib O=$$(O)/$(1)-$(2) CC=$(1) MODEL=$(2) >$$(O)/$(1)-$(2).log 2>&1 || \
		{ cat $$(O)/$(1)-$(2).log; exit 1; }
	$$(Q)$$(CHECKS)/symbols $$(O)/$(1)-$(2)/libpv.a
	$$(Q)$$(CHECKS)/insns $$(O)/$(1)-$(2)/libpv.a
	$$(Q)tools/redzone $$(O)/$(1)-$(2)/libpv.a
.PHONY: check-$(1)-$(2)
endef
$(foreach c,$(COMPILERS),$(foreach m,$(MODELS),$(eval $(call model_rule,$(c),$(m)))))

.PHONY: check need-check check-tree check-models check-linked
