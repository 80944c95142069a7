# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# What the tests that run in a process reach of the library: lines and branches, by gcc and gcov.

CO := $(O)/coverage-host
COVERAGE_SRCS := tests/coverage/replay.c $(wildcard tests/fuzz/*.c) tests/plain/kunit.c
COVERAGE_OBJS := $(COVERAGE_SRCS:%.c=$(HO)/%.o)

$(HO)/replay: $(filter-out %_test.o %/kunit_main.o,$(HOST_OBJS)) $(COVERAGE_OBJS)
	$(call say,LD,$@)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) $(FUZZ_WRAP) -o $@ $^

-include $(COVERAGE_OBJS:.o=.d)

need-coverage-host:
	$(Q)tools/need python3 gcc libxen-dev linux-libc-dev

# Units, one fault at a time and some at random, and the fuzzers' kept inputs.
coverage-host: need-coverage-host ## Lines and branches of the library that units, simulator and kept fuzz inputs reach
	$(Q)$(MAKE) --no-print-directory O='$(CO)' HOST_SAN='--coverage -O0 -fprofile-abs-path' \
		$(CO)/host/unit $(CO)/host/sim $(CO)/host/replay
	$(Q)find '$(CO)' -name '*.gcda' -delete
	$(Q)$(CO)/host/unit
	$(Q)$(CO)/host/sim --pairs 1 --seeds 500
	$(Q)for f in tests/fuzz/corpus/*.hex; do \
		$(CO)/host/replay "$$(basename "$$f" .hex)" "$$f" || exit 1; done
	$(Q)/usr/bin/python3 -B tests/coverage/report.py '$(CO)/host' --full '$(CO)/not-reached.txt'

.PHONY: need-coverage-host coverage-host
