/* SPDX-License-Identifier: MIT */

/*
 * watch.c - the latest value of something that changes
 *
 * A new value is copied to those who wait, not left for them to fetch: the watch
 * may be freed before they run.
 */
#include "base/mem.h"
#include "core/wait.h"

#include <bide/watch.h>
#include <string.h>

struct bide_watch {
	struct bide_waitq waiters;
	uint64_t version;               /* of the value; the first one is 1 */
	size_t item_size;
	bool is_shut;
	char value[];
};

struct watch_waiter {
	struct waiter waiter;
	uint64_t *version;              /* where the caller wants them */
	void *item;                     /* NULL: nowhere */
};

static void watch_give(const bide_watch *watch, uint64_t *version, void *item)
{
	*version = watch->version;
	if (item != NULL)
		memcpy(item, watch->value, watch->item_size);
}

bide_watch *bide_watch_new(size_t item_size, const void *item)
{
	bide_watch *watch;

	if (item_size == 0)
		return bide__null_with(EINVAL);
	watch = item_size < SIZE_MAX - sizeof *watch ? bide__alloc(sizeof *watch + item_size)
	                                             : NULL;
	if (watch == NULL)
		return bide__null_with(ENOMEM);
	*watch = (bide_watch){ .version = 1, .item_size = item_size };
	memcpy(watch->value, item, item_size);
	return watch;
}

void bide_watch_free(bide_watch *watch)
{
	bide__check(watch == NULL || list_is_empty(&watch->waiters.waiters),
	            "bide_watch_free: a task still waits in it; shut it down first");
	bide__free(watch);
}

int bide_watch_set(bide_watch *watch, const void *item)
{
	struct bide_node *waiters = &watch->waiters.waiters;

	if (watch->is_shut)
		return -ESHUTDOWN;
	memcpy(watch->value, item, watch->item_size);
	watch->version++;
	while (!list_is_empty(waiters)) {
		struct watch_waiter *first = container_of(list_pop_front(waiters),
		                                          struct watch_waiter, waiter.node);

		watch_give(watch, first->version, first->item);
		bide__settle(&first->waiter, 0);
	}
	return 0;
}

uint64_t bide_watch_get(const bide_watch *watch, void *item)
{
	uint64_t version;

	watch_give(watch, &version, item);
	return version;
}

int bide_watch_wait(bide_watch *watch, uint64_t *version, void *item)
{
	struct watch_waiter wait;
	int r = cancellation_point(task_current());

	if (r < 0)
		return r;
	if (watch->version > *version) {
		watch_give(watch, version, item);
		return 0;
	}
	if (watch->is_shut)
		return -ESHUTDOWN;
	waiter_init(&wait.waiter, bide__waitq_withdraw, PARK_WATCH, watch);
	wait.version = version;
	wait.item = item;
	list_push_back(&watch->waiters.waiters, &wait.waiter.node);
	return bide__park_interruptible(&wait.waiter);
}

void bide_watch_shutdown(bide_watch *watch)
{
	watch->is_shut = true;
	bide__waitq_wake_all(&watch->waiters, -ESHUTDOWN);
}
