# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The clock in a process, on this machine's TSC: never back over four threads; and its cost, for `make bench`.

READINGS ?= 100000000

clock: $(O)/tests/clock-host ## The clock over four threads on this machine's TSC: READINGS readings, none back; a few seconds
	@tools/need gcc linux-libc-dev
	@$(O)/tests/clock-host back $(READINGS)

$(O)/tests/clock-host: tests/clock/clock.c pv-core/clock.c pv-core/pvclock.c pv-core/clock.h pv-core/pvclock.h include/pv/clock.h
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 -O2 $(WARN) $(PV_CPPFLAGS) -o $@ $(filter %.c,$^) -lpthread

.PHONY: clock
