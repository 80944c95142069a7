# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# libpv. `make help` lists what can be made; docs/building.md says what each variable does.

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules

O ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
AR ?= ar
MODEL ?= kernel
PREFIX ?= /usr/local
DESTDIR ?=
V ?=

include pv.mk

VERSION := $(shell sed -n 's/^\#define PV_VERSION *"\(.*\)"/\1/p' include/pv/pv.h)

# How the kernel that links the library is laid out: at -2 GiB, anywhere, or position independent.
MODEL_kernel := -mcmodel=kernel -fno-pic
MODEL_large := -mcmodel=large -fno-pic
MODEL_pie := -fPIE -fvisibility=hidden
ifeq ($(MODEL_$(MODEL)),)
$(error MODEL=$(MODEL) is none of: kernel large pie)
endif

WARN := -Wall -Wextra -Werror -Wshadow -Wundef -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wpointer-arith
# Without padding inside functions, which is a twentieth of an image, and of no use that could be measured. Clang adds none.
OPT ?= -O2 -g $(if $(findstring clang,$(CC)),,-fno-align-jumps -fno-align-loops)
LIB_CFLAGS = $(PV_CPPFLAGS) $(PV_CFLAGS) $(WARN) $(OPT) $(MODEL_$(MODEL)) -ffunction-sections \
	-fdata-sections -fno-common $(EXTRA_CFLAGS)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

##@ Building

all: lib bare examples ## The library, the bare port and the examples

lib: $(O)/libpv.a ## build/libpv.a: freestanding, for your kernel (CC=, MODEL=kernel|large|pie, O=)

bare: $(O)/libpv-bare.a ## build/libpv-bare.a: the port for bare machines that the examples link

PV_OBJS := $(patsubst %,$(O)/%.o,$(basename $(PV_SRCS) $(PV_ENTRY_SRCS)))

# Flags that changed rebuild everything: an object of another model or compiler links, and crashes.
FLAGS_NOW := $(CC) $(LIB_CFLAGS)
$(shell mkdir -p $(O); echo '$(FLAGS_NOW)' | cmp -s - $(O)/flags || echo '$(FLAGS_NOW)' > $(O)/flags)

$(O)/%.o: %.c $(O)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LIB_CFLAGS) $(OBJ_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/%.o: %.S $(O)/flags
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LIB_CFLAGS) $(OBJ_CFLAGS) -D__ASSEMBLY__ -MMD -MP -c -o $@ $<

# An archive is made anew, so that an object that left the list leaves the archive.
$(O)/libpv.a: $(PV_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

-include $(PV_OBJS:.o=.d)

include ports/bare/bare.mk
include examples/examples.mk
include tests/unit.mk
include tests/kunit.mk
include tests/fuzz/fuzz.mk
include tests/sim/sim.mk
include tests/coverage/coverage.mk
include tests/checks.mk
include tests/tests.mk
include tests/models.mk
include tests/clock.mk
include tests/explore.mk
include tests/matrix.mk
include tools/run.mk
include tools/image.mk
include bench/bench.mk

##@ Installing

install: lib bare ## Headers, archives, linker script and libpv.pc (PREFIX=, DESTDIR=)
	$(Q)tools/install '$(DESTDIR)' '$(PREFIX)' '$(O)' '$(VERSION)'

##@ Other

format: ## Formats all C sources with the project's clang-format
	$(Q)tests/checks/files '*.c' '*.h' | xargs clang-format -i

clean: ## Removes what was built
	$(Q)rm -rf $(O)

help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
	/^##@ / { printf "\n%s\n", substr($$0, 5) } \
	/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: all lib bare install format clean help
