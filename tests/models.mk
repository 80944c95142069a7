# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The protocols as models, searched whole by spin: tests/models/*.pml.

PML ?=

models: $(O)/models/xenbus_tables.inc ## The protocols' models, by spin, and mutations of them (PML=some of them)
	@tools/need spin gcc tcc python3
	@/usr/bin/python3 -B tests/models/run.py --build '$(O)/models' -j '$(JOBS)' $(PML)

# The tables that the model of xenbus checks are the library's.
$(O)/models/xenbus_tables: tests/models/xenbus_tables.c pv-core/xen/xenbus_table.c
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 $(WARN) $(PV_CPPFLAGS) -o $@ $^

$(O)/models/xenbus_tables.inc: $(O)/models/xenbus_tables
	$(Q)$< > $@

.PHONY: models
