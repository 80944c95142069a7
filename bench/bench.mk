# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# `make bench`: counts that are the same from run to run; see docs/benchmarks.md.

##@ Measuring

BENCH_IMAGES := $(O)/examples/bench.elf $(O)/bench/hello-virtio.elf

bench: $(BENCH_IMAGES) lib examples ## Counts per operation, beside what other guests need (table, and build/bench.json)
	@tools/need python3 qemu-system-x86
	@/usr/bin/python3 bench/bench.py --build '$(O)' --json '$(O)/bench.json'

# The example hello, with other tables: its own go, and with them what they name.
$(O)/bench/hello-bare.o: $(O)/examples/hello.o
	@mkdir -p $(@D)
	$(Q)objcopy --strip-unneeded -R '.r*.pv_bare_hypervisors' -R '.r*.pv_bare_buses' \
		-R '.r*.pv_bare_drivers' $< $@

$(O)/bench/hello-virtio.elf: $(O)/bench/hello-bare.o $(O)/bench/hello_virtio.o $(BARE_DEPS)
	$(link_bare)

$(O)/bench/hello_virtio.o: OBJ_CFLAGS = $(EXAMPLE_CPPFLAGS)
-include $(O)/bench/hello_virtio.d

.PHONY: bench
