# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# `make bench`: counts that are the same from run to run; see docs/benchmarks.md.

##@ Measuring

bench: $(O)/examples/bench.elf lib examples ## Counts per operation, beside what other guests need (table, and build/bench.json)
	@tools/need python3 qemu-system-x86
	@/usr/bin/python3 bench/bench.py --build '$(O)' --json '$(O)/bench.json'

.PHONY: bench
