# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The protocols as models, searched whole by spin: tests/models/*.pml.

PML ?=

models: $(O)/models/xenbus_tables.inc $(O)/models/evidx_sweep ## The protocols' models, by spin, and mutations of them (PML=some of them)
	@tools/need spin gcc tcc python3
	@/usr/bin/python3 -B tests/models/run.py --build '$(O)/models' -j '$(JOBS)' $(PML)

# The tables that the model of xenbus checks are the library's.
$(O)/models/xenbus_tables: tests/models/xenbus_tables.c pv-core/xen/xenbus_table.c
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 $(WARN) $(PV_CPPFLAGS) -o $@ $^

$(O)/models/xenbus_tables.inc: $(O)/models/xenbus_tables
	$(Q)$< > $@

# The library's own arithmetic, for all numbers.
$(O)/models/evidx_sweep: tests/models/evidx_sweep.c drivers/virtio/vring_split.h drivers/virtio/virtqueue.h
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 -O2 $(WARN) $(PV_CPPFLAGS) -o $@ $<

.PHONY: models
