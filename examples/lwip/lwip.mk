# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# lwIP with its glue over pv_net, for the examples that want a network: $(O)/examples/liblwip.a.
#
# LWIP_CPPFLAGS	what an example that uses lwIP compiles with
# LWIP_LINK	what its objects depend on, order-only: a link to lwIP's sources
# LWIP_LIB	what it links
#
# lwIP comes as Debian's source package, by tools/lwip-source, the first time that something needs it.

LWIP_LINK := $(O)/lwip
LWIP_LIB := $(O)/examples/liblwip.a
LWIP_CPPFLAGS := -Iexamples/lwip -isystem $(LWIP_LINK)/src/include

LWIP_NAMES := $(addprefix core/,init def inet_chksum ip mem memp netif pbuf tcp tcp_in tcp_out \
	timeouts udp) $(addprefix core/ipv4/,dhcp etharp icmp ip4 ip4_addr) netif/ethernet
LWIP_OBJS := $(LWIP_NAMES:%=$(O)/examples/lwip/src/%.o)
LWIP_GLUE := $(O)/examples/lwip/netif_pv.o $(O)/examples/lwip/checksum.o

$(LWIP_LINK):
	@mkdir -p $(@D)
	$(Q)dir=$$(tools/lwip-source) && ln -sfn "$$dir" $@

# Others' code: compiled as it is, with its own idea of warnings.
$(LWIP_OBJS): $(O)/examples/lwip/src/%.o: examples/lwip/lwipopts.h examples/lwip/arch/cc.h $(O)/flags | $(LWIP_LINK)
	$(call say,CC,lwip/src/$*.c)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EXAMPLE_CFLAGS) $(LWIP_CPPFLAGS) -w -c -o $@ $(LWIP_LINK)/src/$*.c

$(LWIP_OBJS): | $(MUSL_INCLUDE)/stdio.h
$(LWIP_GLUE): | $(LWIP_LINK)

$(LWIP_LIB): $(LWIP_GLUE) $(LWIP_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
