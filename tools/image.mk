# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# `make image`: an example as a bootable disk, for machines that boot from one (clouds, Xen HVM guests). What
# is on it is tools/image's.

CMDLINE ?=

image: $(O)/examples/$(EXAMPLE).elf ## A bootable disk, BIOS and UEFI, raw and qcow2, in build/image (EXAMPLE=httpd CMDLINE=)
	@tools/need python3 grub-common grub-pc-bin grub-efi-amd64-bin mtools qemu-utils
	$(Q)tools/image $(O)/examples/$(EXAMPLE).elf $(O)/image/$(EXAMPLE) --cmdline '$(CMDLINE)'

.PHONY: image
