# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# `make run`: an example on a hypervisor. What it says and how it ends is tools/hv/run.py's.

##@ Running

EXAMPLE ?= httpd
PORT ?= 8080
HV ?=

RUN = /usr/bin/python3 tools/hv/run.py --build '$(O)' --example '$(EXAMPLE)' --hv '$(HV)' \
	--port '$(PORT)'
RUN_NEEDS = $(O)/examples/$(EXAMPLE).elf $(if $(filter httpd,$(EXAMPLE)),$(O)/site.img)

# The names and the port are looked at before anything is built.
run: ## Runs an example (EXAMPLE=httpd PORT=8080 HV=qemu-microvm|qemu-pc|kvm-microvm|kvm-pc|xen-pvh|xen-hvm|...)
	@tools/need python3
	@$(RUN) --check
	@$(MAKE) -s --no-print-directory $(RUN_NEEDS)
	@$(RUN)

.PHONY: run
