# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The web site that the httpd example serves: a tar archive that is its disk, the same bytes for the
# same files whoever builds it.

SITE_FILES := $(wildcard examples/site/*)
SITE_DIR := $(O)/site

site: $(O)/site.img ## The web site of the httpd example, as a disk image

# Something larger to transfer: bytes of all kinds, no two blocks alike; unpacked, lines that show where
# a block is missing.
$(O)/numbers.txt.gz:
	@mkdir -p $(@D)
	$(Q)seq 600000 | gzip -n >$@.new && mv $@.new $@

# ustar pads to 10240, hence to whole sectors.
$(O)/site.img: $(SITE_FILES) $(O)/numbers.txt.gz
	$(call say,TAR,$@)
	$(Q)rm -rf $(SITE_DIR) && mkdir -p $(SITE_DIR) && cp $^ $(SITE_DIR)
	$(Q)tar --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 \
		--mode=u=rw,go=r -C $(SITE_DIR) -cf $@.new $(sort $(notdir $^)) && mv $@.new $@

.PHONY: site
