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

/* Returns 0, so that it can be called last of all. */
int bide__item_copy(void *to, const void *from, size_t size);

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

/* As item_copy(), with nothing to do behind it; to is not NULL. Returns 0. */
static inline int item_copy_last(void *to, const void *from, size_t size)
{
	if (size == 8)
		memcpy(to, from, 8);
	else if (size == 4)
		memcpy(to, from, 4);
	else
		return bide__item_copy(to, from, size);
	return 0;
}

/* There must be room in the ring. Returns the slot for an item that enters it. */
static inline char *ring_enter(struct items *items)
{
	size_t index = items->first + items->count;

	assert(items->order == ITEMS_FIFO && items->count < items->capacity);   /* I1 */
	if (index >= items->capacity)
		index -= items->capacity;
	items->count++;
	return items->slots + index * items->item_size;
}

/* There must be an item in the ring. Returns the slot of the one that leaves it. */
static inline const char *ring_leave(struct items *items)
{
	size_t index = items->first;

	assert(items->order == ITEMS_FIFO && items->count > 0 && index < items->capacity); /* I1 */
	items->first = index + 1 == items->capacity ? 0 : index + 1;
	items->count--;
	return items->slots + index * items->item_size;
}

/* There must be room. */
static inline void items_push(struct items *items, const void *item)
{
	if (items->order == ITEMS_FIFO)
		item_copy(ring_enter(items), item, items->item_size);
	else
		bide__items_push_ordered(items, item);
}

/* Copies the next item to ret, where that is not NULL. There must be one. */
static inline void items_pop(struct items *items, void *ret)
{
	if (items->order == ITEMS_FIFO)
		item_copy(ret, ring_leave(items), items->item_size);
	else
		bide__items_pop_ordered(items, ret);
}

#endif
