/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "fake_xs_tree.h"

#include <stdlib.h>
#include <string.h>

static uint32_t hash_of(const char *path)
{
	uint32_t hash = 0;

	while (*path)
		hash = hash * 31 + (uint8_t)*path++;
	return hash;
}

struct xs_node *xs_tree_find(const struct xs_tree *t, const char *path)
{
	uint32_t hash = hash_of(path);
	struct xs_node *n;

	for (n = t->first; n && (n->hash != hash || strcmp(n->path, path)); n = n->next)
		;
	return n;
}

bool xs_path_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return !strncmp(path, top, n) && (!path[n] || path[n] == '/');
}

static void *copy_of(const void *p, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, p, len);
	copy[len] = '\0';
	return copy;
}

static struct xs_node *append(struct xs_tree *t, const char *path)
{
	size_t size = strlen(path) + 1;
	struct xs_node **at = &t->first, *n = calloc(1, sizeof(*n) + size);

	if (!n)
		abort();
	while (*at)
		at = &(*at)->next;
	*at = n;
	memcpy(n->path, path, size);
	n->hash = hash_of(path);
	n->value = copy_of("", 0);
	memcpy(n->perms, "n0\0r5", 6);
	n->perms_len = 6;
	n->generation = ++t->generation;
	return n;
}

static struct xs_node *need(struct xs_tree *t, const char *path)
{
	struct xs_node *n = xs_tree_find(t, path);
	char *parent, *slash;

	if (n)
		return n;
	parent = copy_of(path, strlen(path));
	slash = strrchr(parent, '/');
	if (slash > parent) {
		*slash = '\0';
		need(t, parent);
		/* The parent's list of children is another now. */
		xs_tree_find(t, parent)->generation = ++t->generation;
	}
	free(parent);
	return append(t, path);
}

struct xs_node *xs_tree_set(struct xs_tree *t, const char *path, const void *value, size_t len)
{
	struct xs_node *n = need(t, path);

	if (value) {
		free(n->value);
		n->value = copy_of(value, len);
		n->len = len;
	}
	n->generation = ++t->generation;
	return n;
}

static void drop(struct xs_node **at)
{
	struct xs_node *n = *at;

	*at = n->next;
	free(n->value);
	free(n);
}

bool xs_tree_rm(struct xs_tree *t, const char *path)
{
	struct xs_node **at = &t->first;
	bool found = false;

	while (*at) {
		if (xs_path_below((*at)->path, path)) {
			drop(at);
			found = true;
		} else {
			at = &(*at)->next;
		}
	}
	t->generation++;
	return found;
}

char *xs_tree_list(const struct xs_tree *t, const char *path, size_t *len)
{
	size_t top = strlen(path), size = 0;
	const struct xs_node *n;
	char *list = NULL;
	const char *name;

	for (n = t->first; n; n = n->next) {
		if (!xs_path_below(n->path, path) || !n->path[top])
			continue;
		name = n->path + top + 1;
		if (strchr(name, '/'))
			continue;
		list = realloc(list, size + strlen(name) + 1);
		if (!list)
			abort();
		memcpy(list + size, name, strlen(name) + 1);
		size += strlen(name) + 1;
	}
	*len = size;
	return list;
}

void xs_tree_copy(struct xs_tree *to, const struct xs_tree *from)
{
	struct xs_node **at = &to->first, *c;
	const struct xs_node *n;
	size_t size;

	for (n = from->first; n; n = n->next, at = &c->next) {
		size = sizeof(*n) + strlen(n->path) + 1;
		c = malloc(size);
		if (!c)
			abort();
		memcpy(c, n, size);
		c->value = copy_of(n->value, n->len);
		*at = c;
	}
	*at = NULL;
	to->generation = from->generation;
}

void xs_tree_clear(struct xs_tree *t)
{
	while (t->first)
		drop(&t->first);
}
