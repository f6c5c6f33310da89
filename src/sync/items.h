/* SPDX-License-Identifier: MIT */

/*
 * items.h - the items of a queue, in the order in which they leave it
 */
#ifndef BIDE_SYNC_ITEMS_H
#define BIDE_SYNC_ITEMS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum items_order {
	ITEMS_FIFO,                     /* a ring */
	ITEMS_LIFO,                     /* a stack */
	ITEMS_PRIORITY,                 /* a heap: smallest first, equal ones as a ring */
};

struct items {
	char *slots;                    /* owned; NULL: none yet */
	size_t count;
	size_t capacity;                /* in slots */
	size_t first;                   /* FIFO: index of the item that is next to leave */
	size_t item_size;
	size_t slot_size;               /* PRIORITY: an item has its number behind it */
	uint64_t number;                /* PRIORITY: of the next item */
	int (*cmp)(const void *, const void *);
	enum items_order order;
	bool is_big;                    /* its slots are worth giving back once it is empty */
};

/* cmp: of ITEMS_PRIORITY, else NULL. */
void bide__items_init(struct items *items, size_t item_size, enum items_order order,
                      int (*cmp)(const void *, const void *));

/*
 * Makes room for so many items, of which there will be no more than limit. Returns 0
 * or -ENOMEM, and nothing has changed.
 */
int bide__items_reserve(struct items *items, size_t count, size_t limit);

/* For orders other than FIFO; see items_push() and items_pop(). */
void bide__items_push_ordered(struct items *items, const void *item);
void bide__items_pop_ordered(struct items *items, void *ret);

/* Drops all items and the memory for them. */
void bide__items_clear(struct items *items);

/* The common sizes are plain moves. to may be NULL. */
static inline void item_copy(void *to, const void *from, size_t size)
{
	if (to == NULL)
		return;
	if (size == 8)
		memcpy(to, from, 8);
	else if (size == 4)
		memcpy(to, from, 4);
	else if (size == 16)
		memcpy(to, from, 16);
	else
		memcpy(to, from, size);
}

/* There must be room. */
static inline void items_push(struct items *items, const void *item)
{
	size_t index = items->first + items->count;

	if (items->order != ITEMS_FIFO) {
		bide__items_push_ordered(items, item);
		return;
	}
	assert(items->count < items->capacity);         /* I1 */
	if (index >= items->capacity)
		index -= items->capacity;
	item_copy(items->slots + index * items->item_size, item, items->item_size);
	items->count++;
}

/* Copies the next item to ret, where that is not NULL. There must be one. */
static inline void items_pop(struct items *items, void *ret)
{
	if (items->order != ITEMS_FIFO) {
		bide__items_pop_ordered(items, ret);
		return;
	}
	assert(items->count > 0 && items->first < items->capacity);     /* I1 */
	item_copy(ret, items->slots + items->first * items->item_size, items->item_size);
	if (++items->first == items->capacity)
		items->first = 0;
	items->count--;
}

#endif
