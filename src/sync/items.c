/* SPDX-License-Identifier: MIT */

/*
 * items.c - the items of a queue, in the order in which they leave it
 *
 * One array of slots serves as a ring, a stack or a binary heap. It grows by
 * doubling; while it grows no item is lost where memory runs out.
 *
 * Invariants
 *   I1  count <= capacity, and first < capacity where there are slots.
 *   I2  In a heap no item comes before its parent: neither is it smaller, nor of
 *       two that are equal the one that was pushed first.
 */
#include "sync/items.h"

#include "base/error.h"
#include "base/mem.h"

#define CAPACITY_AT_FIRST 16
#define BIG_BYTES ((size_t)256 * 1024)

static size_t round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

void bide__items_init(struct items *items, size_t item_size, enum items_order order,
                      int (*cmp)(const void *, const void *))
{
	*items = (struct items){
		.item_size = item_size,
		.slot_size = item_size,
		.cmp = cmp,
		.order = order,
	};
	/* An item's alignment divides its size; memory is aligned to 16 at most. */
	if (order == ITEMS_PRIORITY)
		items->slot_size =
			round_up(round_up(item_size, sizeof items->number) + sizeof items->number,
		                 item_size % 16 == 0 ? 16 : 8);
}

void bide__items_clear(struct items *items)
{
	bide__free(items->slots);
	items->slots = NULL;
	items->capacity = 0;
	items->count = 0;
	items->first = 0;
	items->is_big = false;
}

int bide__item_copy(void *to, const void *from, size_t size)
{
	memcpy(to, from, size);
	return 0;
}

int bide__items_reserve(struct items *items, size_t count, size_t limit)
{
	size_t capacity = items->capacity < CAPACITY_AT_FIRST / 2 ? CAPACITY_AT_FIRST
	                                                          : items->capacity * 2;
	size_t behind;
	size_t bytes;
	char *slots;

	if (count <= items->capacity)
		return 0;
	if (capacity < count)
		capacity = count;
	if (capacity > limit)
		capacity = limit;
	if (__builtin_mul_overflow(capacity, items->slot_size, &bytes))
		return -ENOMEM;
	slots = bide__alloc(bytes);
	if (slots == NULL)
		return -ENOMEM;

	/* A ring's first item moves to the front; the others' first is 0. */
	if (items->count > 0) {
		behind = items->capacity - items->first;
		if (behind > items->count)
			behind = items->count;
		memcpy(slots, items->slots + items->first * items->slot_size,
		       behind * items->slot_size);
		memcpy(slots + behind * items->slot_size, items->slots,
		       (items->count - behind) * items->slot_size);
	}
	bide__free(items->slots);
	items->slots = slots;
	items->capacity = capacity;
	items->first = 0;
	items->is_big = bytes > BIG_BYTES;
	return 0;
}

static char *slot(const struct items *items, size_t index)
{
	return items->slots + index * items->slot_size;
}

static uint64_t slot_number(const struct items *items, size_t index)
{
	uint64_t number;

	memcpy(&number, slot(items, index) + round_up(items->item_size, sizeof number),
	       sizeof number);
	return number;
}

/* Whether one item of the heap leaves before the other. */
static bool is_before(const struct items *items, size_t one, size_t other)
{
	int order = items->cmp(slot(items, one), slot(items, other));

	return order != 0 ? order < 0 : slot_number(items, one) < slot_number(items, other);
}

static void slot_move(struct items *items, size_t to, size_t from)
{
	if (to != from)
		memcpy(slot(items, to), slot(items, from), items->slot_size);
}

static void heap_push(struct items *items, const void *item)
{
	size_t hole = items->count++;

	/* It is the youngest of its equals: only a greater parent makes way. */
	while (hole > 0 && items->cmp(slot(items, (hole - 1) / 2), item) > 0) {
		slot_move(items, hole, (hole - 1) / 2);
		hole = (hole - 1) / 2;
	}
	memcpy(slot(items, hole), item, items->item_size);
	memcpy(slot(items, hole) + round_up(items->item_size, sizeof items->number), &items->number,
	       sizeof items->number);
	items->number++;
}

static void heap_pop(struct items *items, void *ret)
{
	size_t last = --items->count;
	size_t hole = 0;
	size_t child;

	item_copy(ret, slot(items, 0), items->item_size);
	/* The last one looks for its place from the top; its slot is free meanwhile. */
	while ((child = 2 * hole + 1) < last) {
		if (child + 1 < last && is_before(items, child + 1, child))
			child++;
		if (is_before(items, last, child))
			break;
		slot_move(items, hole, child);
		hole = child;
	}
	slot_move(items, hole, last);
}

void bide__items_push_ordered(struct items *items, const void *item)
{
	assert(items->count < items->capacity);         /* I1 */
	if (items->order == ITEMS_PRIORITY)
		heap_push(items, item);
	else
		item_copy(slot(items, items->count++), item, items->item_size);
}

void bide__items_pop_ordered(struct items *items, void *ret)
{
	if (items->order == ITEMS_PRIORITY)
		heap_pop(items, ret);
	else
		item_copy(ret, slot(items, --items->count), items->item_size);
}
