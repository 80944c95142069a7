# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# Which faults of peers are tested (docs/faults.md), and the proof that they are.

ROW ?=

matrix: ## The faults that peers may commit, and the tests that cover each
	@tools/need python3
	@/usr/bin/python3 -B tests/matrix/matrix.py

mutations: ## Takes checks out of the library, one by one: the tests must notice; minutes (ROW=numbers)
	@tools/need git python3 gcc linux-libc-dev libxen-dev
	@/usr/bin/python3 -B tests/matrix/mutate.py --build '$(abspath $(O))/mutations' $(ROW)

.PHONY: matrix mutations

mutants: ## Takes out each validation branch of the library, one by one; the quick tests must notice (FILES=some of them)
	@tools/need git python3 gcc clang libclang-rt-14-dev linux-libc-dev libxen-dev
	@/usr/bin/python3 -B tests/mutants/run.py --build '$(abspath $(O))/mutants' $(FILES)

.PHONY: mutants
