/* SPDX-License-Identifier: MIT */

/*
 * list.h - doubly linked lists whose nodes are members of what they link
 *
 * An all-zero head is an empty list and an all-zero node is in no list, so that
 * public objects need no initialiser. A node knows whether it is linked, and
 * leaves its list without knowing which one that is.
 */
#ifndef BIDE_BASE_LIST_H
#define BIDE_BASE_LIST_H

#include <bide/base.h>

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

static inline bool list_is_empty(const struct bide_node *head)
{
	return head->next == NULL || head->next == head;
}

static inline bool list_is_linked(const struct bide_node *node)
{
	return node->next != NULL;
}

static inline void list_init(struct bide_node *head)
{
	head->next = head;
	head->prev = head;
}

static inline void list_push_back(struct bide_node *head, struct bide_node *node)
{
	if (__builtin_expect(head->next == NULL, 0))
		list_init(head);
	node->next = head;
	node->prev = head->prev;
	head->prev->next = node;
	head->prev = node;
}

static inline void list_push_front(struct bide_node *head, struct bide_node *node)
{
	if (__builtin_expect(head->next == NULL, 0))
		list_init(head);
	node->next = head->next;
	node->prev = head;
	head->next->prev = node;
	head->next = node;
}

static inline void list_remove(struct bide_node *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = NULL;
	node->prev = NULL;
}

/* The list must not be empty. */
static inline struct bide_node *list_pop_front(struct bide_node *head)
{
	struct bide_node *node = head->next;

	list_remove(node);
	return node;
}

/* Moves all of from to the empty list to. */
static inline void list_take(struct bide_node *to, struct bide_node *from)
{
	if (list_is_empty(from)) {
		list_init(to);
		return;
	}
	*to = *from;
	to->next->prev = to;
	to->prev->next = to;
	list_init(from);
}

/* Moves all of from, which may be empty, to the end of to. */
static inline void list_append(struct bide_node *to, struct bide_node *from)
{
	if (list_is_empty(from))
		return;
	if (to->next == NULL)
		list_init(to);
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#endif
