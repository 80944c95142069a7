# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The simulator: the objects of the unit tests, fakes and library, with a kernel at work in the place of suites.

SIM_SRCS := tests/plain/kunit.c $(wildcard tests/sim/*.c)
SIM_OBJS := $(SIM_SRCS:%.c=$(HO)/%.o)

$(HO)/sim: $(filter-out %_test.o %/kunit_main.o,$(HOST_OBJS)) $(SIM_OBJS)
	$(call say,LD,$@)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -o $@ $^

-include $(SIM_OBJS:.o=.d)

SIM_RIGS := virtio-blk blkfront virtio-net netfront
SEEDS ?= 10000

sim: $(SIM_RIGS:%=sim-%) ## Simulates devices at work under faults: all short schedules, SEEDS=10000 long ones

# Each rig gets its share.
$(SIM_RIGS:%=sim-%): sim-%: $(HO)/sim
	$(Q)$(HO)/sim --rig $* --seeds $$(( ($(SEEDS) + 3) / 4 ))

.PHONY: sim $(SIM_RIGS:%=sim-%)
