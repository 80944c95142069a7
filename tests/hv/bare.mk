# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The guests of test_bare.py, test_blk.py, test_clocks.py, test_kvm.py, test_lines.py,
# test_reset.py, test_save.py, test_slots.py, test_smp.py, test_stopped.py and test_xen.py.

BARE_TESTS := async_pf bare blk blkops clocks cpus kvm lines lock plug pv_upcall reset saved slots smp stopped timer tsc xen xenstore

test-hv: $(BARE_TESTS:%=$(O)/tests/%.elf) $(O)/tests/loader.elf

BARE_TEST_OBJS := $(BARE_TESTS:%=$(O)/tests/hv/guests/%.o) $(addprefix $(O)/tests/hv/guests/,hypercalls.o xen_grants.o) \
	$(O)/tests/hv/loader/loader.o
$(BARE_TEST_OBJS): OBJ_CFLAGS = $(EXAMPLE_CPPFLAGS)
$(BARE_TEST_OBJS): | $(MUSL_INCLUDE)/stdio.h
$(O)/tests/hv/guests/blk.o: | /usr/include/xxhash.h

$(BARE_TESTS:%=$(O)/tests/%.elf): $(O)/tests/%.elf: $(O)/tests/hv/guests/%.o $(BARE_DEPS)
	$(link_bare)

$(O)/tests/xen.elf: $(O)/tests/hv/guests/xen_grants.o

# Its port may lack vectors: a function of its own is in front of the port's.
$(O)/tests/xen.elf: EXAMPLE_LDFLAGS += --wrap=pv_os_irq_vector

# What CPUs do with each other costs hypercalls, which these count (hypercalls.c).
BARE_COUNTED := $(O)/tests/cpus.elf $(O)/tests/lock.elf
$(BARE_COUNTED): EXAMPLE_LDFLAGS += --wrap=pv_bare_main --wrap=pv_xen_hypercall
$(BARE_COUNTED): $(O)/tests/hv/guests/hypercalls.o

# With the largest ring that a Xen block device may have.
test-hv: $(O)/ring4/tests/blk.elf

$(O)/ring4/tests/blk.elf: $(O)/tests/blk.elf
	$(Q)$(MAKE) --no-print-directory O=$(O)/ring4 EXTRA_CFLAGS='-DPV_CONFIG_BLK_RING_ORDER=4' $@

# At 64 MiB, where the image that it loads is not.
$(O)/tests/loader.elf: $(O)/tests/hv/loader/loader.o $(O)/libpv.a | $(MUSL_LIBC)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) $(EXAMPLE_LDFLAGS) -Ttext-segment=0x4000000 -e pv_entry_pvh \
		--defsym pv_os_image_offset=0 --defsym pv_os_entry_pvh=pv_entry_pvh -o $@ $^ $(MUSL_LIBC)

-include $(BARE_TEST_OBJS:.o=.d)
