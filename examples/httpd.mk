# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# The httpd example's parser of requests: Debian's libhttp-parser-dev, whose archive needs no C library
# but memory functions and __assert_fail(), which request.c supplies.

HTTP_PARSER_LIB := /usr/lib/x86_64-linux-gnu/libhttp_parser.a
httpd_LIBS += $(HTTP_PARSER_LIB)

$(httpd_OBJS): | $(HTTP_PARSER_LIB)
$(HTTP_PARSER_LIB):
	$(Q)tools/need libhttp-parser-dev
