# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# `make bench`: counts that are the same from run to run; see docs/benchmarks.md.

##@ Measuring

BENCH_IMAGES := $(O)/examples/bench.elf $(O)/bench/hello-virtio.elf $(O)/bench/xen.elf $(O)/bench/linux \
	$(O)/tests/clock-host

bench: $(BENCH_IMAGES) lib examples ## Counts per operation, beside other guests (table, and build/bench.json; HV= chooses)
	@tools/need python3 qemu-system-x86
	@/usr/bin/python3 bench/bench.py --build '$(O)' --hv '$(HV)' --json '$(O)/bench.json'

BENCH_XEN_OBJS := $(O)/bench/xen/guest.o $(O)/bench/xen/count.o
$(BENCH_XEN_OBJS): OBJ_CFLAGS = $(EXAMPLE_CPPFLAGS)
$(BENCH_XEN_OBJS): | $(MUSL_INCLUDE)/stdio.h

# What is counted has a function of the benchmark's in front (count.h).
$(O)/bench/xen.elf: EXAMPLE_LDFLAGS += $(addprefix --wrap=,pv_xen_hypercall pv_bare_apic_eoi pv_bare_irq \
	pv_xen_dispatch pv_evtchn_dispatch)
$(O)/bench/xen.elf: $(BENCH_XEN_OBJS) $(BARE_DEPS)
	$(link_bare)

-include $(BENCH_XEN_OBJS:.o=.d)

# A program for Linux, in the guest and in Dom0, which have no libraries.
$(O)/bench/linux: bench/xen/linux.c | /usr/lib/x86_64-linux-gnu/libc.a
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) -O2 -static -o $@ $<

/usr/lib/x86_64-linux-gnu/libc.a:
	$(Q)tools/need libc6-dev

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
