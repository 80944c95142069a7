/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The fake xenstored's tree. Nodes are a list; a transaction is a copy of it. */
#ifndef PV_FAKE_XS_TREE_H
#define PV_FAKE_XS_TREE_H

#include <pv/types.h>

struct xs_node {
	struct xs_node *next;
	uint32_t hash; /* of the path */
	char *value;
	size_t len;
	char perms[64]; /* as in a message, with 0 bytes for the terminators */
	size_t perms_len;
	uint64_t generation;
	char path[]; /* absolute; "/" is not there, and is every path's parent */
};

struct xs_tree {
	struct xs_node *first;
	uint64_t generation; /* of the last change */
};

struct xs_node *xs_tree_find(const struct xs_tree *t, const char *path);

/* Makes the node and its parents, and sets the value. */
struct xs_node *xs_tree_set(struct xs_tree *t, const char *path, const void *value, size_t len);

/* False if there is none. */
bool xs_tree_rm(struct xs_tree *t, const char *path);

/* The names of the children, each terminated, in a buffer to be freed; the length in *len. */
char *xs_tree_list(const struct xs_tree *t, const char *path, size_t *len);

void xs_tree_copy(struct xs_tree *to, const struct xs_tree *from);
void xs_tree_clear(struct xs_tree *t);

/* Whether `path` is `top` or below it. */
bool xs_path_below(const char *path, const char *top);

#endif
