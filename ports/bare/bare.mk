# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The port for bare machines, as an archive beside the library's. The boot entries are in libpv.a.

# The C library that images are linked with, for memcpy() and the like: musl (Debian: musl-dev).
MUSL_INCLUDE ?= /usr/include/x86_64-linux-musl
MUSL_LIBC ?= /usr/lib/x86_64-linux-musl/libc.a

PV_BARE_OBJS := $(patsubst %,$(O)/%.o,$(basename $(PV_BARE_SRCS)))

$(PV_BARE_OBJS): OBJ_CFLAGS = -Iports/bare/include

$(MUSL_INCLUDE)/stdio.h $(MUSL_LIBC):
	$(Q)tools/need musl-dev

$(O)/libpv-bare.a: $(PV_BARE_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

-include $(PV_BARE_OBJS:.o=.d)
