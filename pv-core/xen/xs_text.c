/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Text that xenstored sends: errors by name, numbers, names, permissions. Nothing in it is
 * believed.
 */
#include <pv/string.h>

#include "pv-core/xen/xs_conn.h"

/* xs_wire.h, xsd_errors[], as far as a guest can meet them. */
static const struct {
	const char *name;
	int err;
} errors[] = {
	{"ENOENT", PV_ENOENT}, {"EAGAIN", PV_EAGAIN}, {"EINVAL", PV_EINVAL}, {"EACCES", PV_EPERM},
	{"EPERM", PV_EPERM},   {"EEXIST", PV_EEXIST}, {"ENOSPC", PV_ENOSPC}, {"EROFS", PV_EROFS},
	{"ENOMEM", PV_ENOMEM}, {"E2BIG", PV_ERANGE},  {"ENOSYS", PV_ENOSYS}, {"EBUSY", PV_EBUSY},
	{"EISDIR", PV_EINVAL}, {"EIO", PV_EIO},
};

int pv_xs_error(const char *name)
{
	unsigned int i;

	for (i = 0; i < PV_ARRAY_SIZE(errors); i++)
		if (!pv_strcmp(name, errors[i].name))
			return errors[i].err;
	return PV_EIO;
}

int pv_xs_number(const char *text, uint64_t *v)
{
	uint64_t n = 0;
	const char *c;

	for (c = text; *c >= '0' && *c <= '9'; c++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *c - '0', &n))
			return PV_EINVAL;
	if (c == text || *c)
		return PV_EINVAL;
	*v = n;
	return 0;
}

/*
 * docs/misc/xenstore.txt: letters, digits and "-/_@"; xenstored itself also lets "+" and others
 * through.
 */
bool pv_xs_name_valid(const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if (*c == '/' || *c <= ' ' || *c > '~')
			return false;
	return c != name && c - name < (long)PV_XS_PATH;
}

int pv_xs_perm_parse(const char *text, struct pv_xs_perm *perm)
{
	uint64_t domid;

	if (*text != 'n' && *text != 'r' && *text != 'w' && *text != 'b')
		return PV_EINVAL;
	if (pv_xs_number(text + 1, &domid) || domid > 0xffff)
		return PV_EINVAL;
	perm->access = *text;
	perm->domid = (uint16_t)domid;
	return 0;
}

const char *pv_xs_next_text(const char **at, const char *end)
{
	const char *text = *at, *c;

	for (c = text; c < end && *c; c++)
		;
	if (c == end)
		return NULL;
	*at = c + 1;
	return text;
}
