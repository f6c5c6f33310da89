/* SPDX-License-Identifier: MIT */

/*
 * broadcast.c - every receiver gets every item
 *
 * Items are numbered from 0 on; a cursor is the number of the next one. Item i lies
 * in slot i modulo capacity, until item i + capacity takes its place. Whoever waits
 * for an item gets it copied when it is put: it cannot be lost to the ring before
 * the task runs, and the broadcast may be freed.
 */
#include "base/mem.h"
#include "core/wait.h"

#include <bide/broadcast.h>
#include <string.h>

struct bide_broadcast {
	struct bide_waitq waiters;
	uint64_t next;                  /* number of the next item */
	size_t item_size;
	size_t capacity;
	bool is_shut;
	char slots[];
};

struct broadcast_waiter {
	struct waiter waiter;
	uint64_t *cursor;               /* where the caller wants them */
	void *item;                     /* NULL: nowhere */
};

bide_broadcast *bide_broadcast_new(size_t item_size, size_t capacity)
{
	bide_broadcast *broadcast = NULL;
	size_t bytes;

	if (item_size == 0 || capacity == 0)
		return bide__null_with(EINVAL);
	if (!__builtin_mul_overflow(item_size, capacity, &bytes) &&
	    !__builtin_add_overflow(bytes, sizeof *broadcast, &bytes))
		broadcast = bide__alloc(bytes);
	if (broadcast == NULL)
		return bide__null_with(ENOMEM);
	*broadcast = (bide_broadcast){ .item_size = item_size, .capacity = capacity };
	return broadcast;
}

void bide_broadcast_free(bide_broadcast *broadcast)
{
	bide__check(broadcast == NULL || list_is_empty(&broadcast->waiters.waiters),
	            "bide_broadcast_free: a task still waits in it; shut it down first");
	bide__free(broadcast);
}

static char *slot_of(bide_broadcast *broadcast, uint64_t number)
{
	return broadcast->slots + number % broadcast->capacity * broadcast->item_size;
}

int bide_broadcast_put(bide_broadcast *broadcast, const void *item)
{
	struct bide_node *waiters = &broadcast->waiters.waiters;

	if (broadcast->is_shut)
		return -ESHUTDOWN;
	memcpy(slot_of(broadcast, broadcast->next), item, broadcast->item_size);
	broadcast->next++;
	while (!list_is_empty(waiters)) {
		struct broadcast_waiter *first = container_of(list_pop_front(waiters),
		                                              struct broadcast_waiter, waiter.node);

		*first->cursor = broadcast->next;
		if (first->item != NULL)
			memcpy(first->item, item, broadcast->item_size);
		bide__settle(&first->waiter, 0);
	}
	return 0;
}

uint64_t bide_broadcast_subscribe(const bide_broadcast *broadcast)
{
	return broadcast->next;
}

/* There is an item at the cursor or behind it. Returns how many were missed. */
static ssize_t broadcast_take(bide_broadcast *broadcast, uint64_t *cursor, void *item)
{
	uint64_t kept = broadcast->next < broadcast->capacity ? broadcast->next
	                                                      : broadcast->capacity;
	uint64_t oldest = broadcast->next - kept;
	uint64_t missed = *cursor < oldest ? oldest - *cursor : 0;

	*cursor += missed;
	if (item != NULL)
		memcpy(item, slot_of(broadcast, *cursor), broadcast->item_size);
	++*cursor;
	return (ssize_t)missed;
}

ssize_t bide_broadcast_get(bide_broadcast *broadcast, uint64_t *cursor, void *item)
{
	struct broadcast_waiter wait;
	int r = cancellation_point(task_current());

	if (r < 0)
		return r;
	if (*cursor < broadcast->next)
		return broadcast_take(broadcast, cursor, item);
	if (broadcast->is_shut)
		return -ESHUTDOWN;
	waiter_init(&wait.waiter, bide__waitq_withdraw, PARK_BROADCAST, broadcast);
	wait.cursor = cursor;
	wait.item = item;
	list_push_back(&broadcast->waiters.waiters, &wait.waiter.node);
	return bide__park_interruptible(&wait.waiter);
}

void bide_broadcast_shutdown(bide_broadcast *broadcast)
{
	broadcast->is_shut = true;
	bide__waitq_wake_all(&broadcast->waiters, -ESHUTDOWN);
}
