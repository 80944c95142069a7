# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The examples: each is one image, $(O)/examples/NAME.elf, that boots on every hypervisor.
#
#	NAME_OBJS	its objects, below $(O); by default examples/NAME.o
#	NAME_LIBS	archives beside those of libpv, the port and the C library

EXAMPLES := hello blk net httpd minimal

# As the library, which means without SSE registers: the examples' handlers run in interrupts too.
EXAMPLE_CFLAGS = $(LIB_CFLAGS) $(EXAMPLE_CPPFLAGS)
EXAMPLE_CPPFLAGS = -Iexamples -Iports/bare/include -isystem $(MUSL_INCLUDE)
EXAMPLE_LDFLAGS := -nostdlib -static -no-pie -z max-page-size=4096 --gc-sections --build-id=none

##@ Examples
examples: $(EXAMPLES:%=$(O)/examples/%.elf) site ## The images: hello, blk, net, httpd, minimal

include examples/lwip/lwip.mk
include examples/site.mk

net_OBJS := $(O)/examples/net.o
net_LIBS := $(LWIP_LIB)
httpd_OBJS := $(patsubst %.c,$(O)/%.o,examples/httpd.c $(wildcard examples/httpd/*.c))
httpd_LIBS := $(LWIP_LIB)
include examples/httpd.mk
bench_OBJS := $(O)/bench/guest.o

EXAMPLE_OBJS := $(sort $(foreach e,$(EXAMPLES) bench,$(or $($(e)_OBJS),$(O)/examples/$(e).o)) $(LWIP_GLUE))
$(EXAMPLE_OBJS): OBJ_CFLAGS = $(EXAMPLE_CPPFLAGS)
$(EXAMPLE_OBJS): | $(MUSL_INCLUDE)/stdio.h
$(net_OBJS) $(httpd_OBJS) $(LWIP_GLUE): OBJ_CFLAGS = $(EXAMPLE_CPPFLAGS) $(LWIP_CPPFLAGS)
$(net_OBJS) $(httpd_OBJS): | $(LWIP_LINK)
$(O)/examples/blk.o: | /usr/include/xxhash.h

/usr/include/xxhash.h:
	$(Q)tools/need libxxhash-dev

# Links an image of the bare port from the objects and archives among the prerequisites.
define link_bare
$(call say,LD,$@)
@mkdir -p $(@D)
$(Q)$(LD) $(EXAMPLE_LDFLAGS) -T $(PV_BARE_LDS) -o $@ $(filter %.o,$^) \
	--start-group $(filter %.a,$^) $(MUSL_LIBC) --end-group
$(Q)tools/redzone $@ || { rm -f $@; exit 1; }
endef
BARE_DEPS := $(O)/libpv-bare.a $(O)/libpv.a $(PV_BARE_LDS) | $(MUSL_LIBC)

# Each image; bench.elf is one more.
define example_rule
$(O)/examples/$(1).elf: $(or $($(1)_OBJS),$(O)/examples/$(1).o) $($(1)_LIBS) $(BARE_DEPS)
	$$(link_bare)
endef
$(foreach e,$(filter-out minimal,$(EXAMPLES)) bench,$(eval $(call example_rule,$(e))))

# A kernel of its own: neither the port nor its linker script, and of the C library memcpy() and the
# like. It is linked where it is loaded, so that virtual and physical addresses are the same
# (arch/x86/entry.h).
$(O)/examples/minimal.elf: $(O)/examples/minimal.o $(O)/libpv.a | $(MUSL_LIBC)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) $(EXAMPLE_LDFLAGS) -Ttext-segment=0x100000 -e pv_entry_pvh \
		--defsym pv_os_image_offset=0 --defsym pv_os_entry_pvh=pv_entry_pvh -o $@ $^ $(MUSL_LIBC)

-include $(EXAMPLE_OBJS:.o=.d)

.PHONY: examples
