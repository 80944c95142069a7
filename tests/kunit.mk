# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The suites in Linux kernels, and the library as modules: tests/kunit/, whose kernels are kept in
# LIBPV_CACHE.

KUNIT_RUN = @tools/need python3 && /usr/bin/python3 -B tests/kunit/run.py --build '$(O)'

kunit: ## The suites in a Linux kernel that is a process, UML (UNIT=suite or suite.case)
	$(KUNIT_RUN) um $(UNIT)

kunit-kasan: ## The same, where KASAN and UBSAN watch
	$(KUNIT_RUN) kasan $(UNIT)

kunit-x86: ## The same in a kernel for x86-64, emulated: instructions are the real ones
	$(KUNIT_RUN) x86 $(UNIT)

coverage: ## Lines and branches that the suites reach in UML, with a report in HTML (build/coverage)
	@tools/need python3 && /usr/bin/python3 -B tests/kunit/coverage.py --build '$(O)'

modules: ## pv.ko, and a module for each suite, for Debian's kernel; W=1 and sparse (KDIR=)
	@tools/need python3 && $(if $(KDIR),KDIR='$(KDIR)') /usr/bin/python3 -B tests/kunit/modules.py --build '$(O)'

.PHONY: kunit kunit-kasan kunit-x86 coverage modules
