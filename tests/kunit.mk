# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The suites in Linux kernels: tests/kunit/run.py, whose kernels are kept in LIBPV_CACHE.

KUNIT_RUN = @tools/need python3 && /usr/bin/python3 -B tests/kunit/run.py --build '$(O)'

kunit: ## The suites in a Linux kernel that is a process, UML (UNIT=suite or suite.case)
	$(KUNIT_RUN) um $(UNIT)

.PHONY: kunit
