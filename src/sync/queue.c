/* SPDX-License-Identifier: MIT */

/*
 * queue.c - items handed from task to task
 *
 * Whoever finds a partner waiting serves it: a put copies its item to the first
 * getter, a get lets the first putter's item in. A partner that was served is out
 * of the queue and needs the queue no more, which may be freed before it runs.
 *
 * Invariants
 *   Q1  Somebody waits to get only while there are no items and nobody waits to
 *       put, but for one bide_select() that waits for both.
 *   Q2  Somebody waits to put only while there are maxsize items.
 *   Q3  Nobody waits in a queue that is shut down, save in bide_queue_join().
 *
 * A bide_select() that waits in shared queues may be served on several threads at
 * once: it is claimed first, and who comes second goes on to the next partner. So
 * there Q1 and Q2 hold but for partners that were claimed elsewhere.
 */
#include "sync/queue.h"

#include "base/mem.h"

/* A bounded queue up to this size has its memory from the start: no put fails for want of it. */
#define RESERVED_BYTES_MAX ((size_t)64 * 1024)

/* What does not wait is the same for a queue that is shared, under its guard. */
static void enter(const bide_queue *queue)
{
	if (unlikely(queue->is_shared))
		bide__guard_lock(queue);
}

static void leave(const bide_queue *queue)
{
	/* The guard is no part of the queue, which may be freed as soon as it is free. */
	if (unlikely(queue->is_shared))
		bide__guard_unlock(queue);
}

static bide_queue *queue_open(size_t item_size, size_t maxsize, enum items_order order,
                              int (*cmp)(const void *, const void *))
{
	bide_queue *queue;

	if (item_size == 0 || (order == ITEMS_PRIORITY && cmp == NULL))
		return bide__null_with(EINVAL);
	/* More cannot be had, and no sum of sizes overflows. */
	queue = item_size < PTRDIFF_MAX ? bide__calloc(1, sizeof *queue) : NULL;
	if (queue == NULL)
		return bide__null_with(ENOMEM);

	queue->maxsize = maxsize == BIDE_QUEUE_RENDEZVOUS ? 0 : maxsize;
	if (maxsize == 0)
		queue->maxsize = SIZE_MAX;
	bide__items_init(&queue->items, item_size, order, cmp);
	queue->is_plain = order == ITEMS_FIFO;
	if (queue->maxsize <= RESERVED_BYTES_MAX / queue->items.slot_size &&
	    bide__items_reserve(&queue->items, queue->maxsize, queue->maxsize) < 0) {
		bide__free(queue);
		return bide__null_with(ENOMEM);
	}
	return queue;
}

bide_queue *bide_queue_new(size_t item_size, size_t maxsize)
{
	return queue_open(item_size, maxsize, ITEMS_FIFO, NULL);
}

bide_queue *bide_queue_new_priority(size_t item_size, size_t maxsize,
                                    int (*cmp)(const void *, const void *))
{
	return queue_open(item_size, maxsize, ITEMS_PRIORITY, cmp);
}

bide_queue *bide_queue_new_lifo(size_t item_size, size_t maxsize)
{
	return queue_open(item_size, maxsize, ITEMS_LIFO, NULL);
}

bide_queue *bide_queue_new_shared(size_t item_size, size_t maxsize)
{
	bide_queue *queue = queue_open(item_size, maxsize, ITEMS_FIFO, NULL);

	if (queue != NULL) {
		queue->is_shared = true;
		queue->is_plain = false;
	}
	return queue;
}

void bide_queue_free(bide_queue *queue)
{
	bool is_idle;

	if (queue == NULL)
		return;
	/* Whoever has served the last one may still be on its way out. */
	enter(queue);
	is_idle = list_is_empty(&queue->getters) && list_is_empty(&queue->putters) &&
	          list_is_empty(&queue->joiners);
	leave(queue);
	bide__check(is_idle, "bide_queue_free: a task still waits in the queue; shut it down "
	                     "first");
	bide__items_clear(&queue->items);
	bide__free(queue);
}

struct partner_waiter {
	struct waiter waiter;
	struct partner partner;
};

/* Ends its wait; it has been taken out of the queue. */
static inline void partner_serve(struct partner *partner, int result)
{
	if (likely(partner->ops == NULL))
		waiter_settle(&container_of(partner, struct partner_waiter, partner)->waiter,
		              result);
	else
		partner->ops->serve(partner, result);
}

/* Takes the first partner out of the queue. */
static inline struct partner *partner_pop(struct bide_node *partners)
{
	return container_of(list_pop_front(partners), struct partner, node);
}

/* The first one that can still be served, out of the queue; NULL: there is none. */
static inline struct partner *partner_claim(struct bide_node *partners)
{
	while (!list_is_empty(partners)) {
		struct partner *first = partner_pop(partners);

		if (likely(first->ops == NULL || first->ops->claim == NULL ||
		           first->ops->claim(first)))
			return first;
	}
	return NULL;
}

/* The item of the putter that has waited longest goes to its place. */
static void putter_admit(bide_queue *queue)
{
	struct partner *putter = partner_claim(&queue->putters);

	if (putter == NULL)
		return;
	items_push(&queue->items, putter->item);
	queue->unfinished++;
	partner_serve(putter, 0);
}

/* The same, but it goes to ret. Returns 0 or -EAGAIN. */
static int putter_meet(bide_queue *queue, void *ret)
{
	struct partner *putter = partner_claim(&queue->putters);

	if (putter == NULL)
		return -EAGAIN;
	item_copy(ret, putter->item, queue->items.item_size);
	queue->unfinished++;
	partner_serve(putter, 0);
	return 0;
}

static inline int queue_take(bide_queue *queue, void *item)
{
	if (unlikely(queue->items.count == 0)) {
		if (!list_is_empty(&queue->putters))
			return putter_meet(queue, item);
		return queue->is_shut ? -ESHUTDOWN : -EAGAIN;
	}
	assert(list_is_empty(&queue->putters) || queue->items.count == queue->maxsize); /* Q2 */
	items_pop(&queue->items, item);
	if (!list_is_empty(&queue->putters))
		putter_admit(queue);
	else if (unlikely(queue->items.is_big && queue->items.count == 0))
		bide__items_clear(&queue->items);
	return 0;
}

static inline int queue_add(bide_queue *queue, const void *item)
{
	struct items *items = &queue->items;
	struct partner *getter;

	if (unlikely(queue->is_shut))
		return -ESHUTDOWN;
	getter = partner_claim(&queue->getters);
	if (getter != NULL) {
		assert(items->count == 0);              /* Q1 */
		item_copy(getter->item, item, items->item_size);
		queue->unfinished++;
		partner_serve(getter, 0);
		return 0;
	}
	if (items->count >= queue->maxsize)
		return -EAGAIN;
	if (unlikely(items->count == items->capacity) &&
	    bide__items_reserve(items, items->count + 1, queue->maxsize) < 0)
		return -ENOMEM;
	items_push(items, item);
	queue->unfinished++;
	return 0;
}

static bool partner_withdraw(struct waiter *waiter)
{
	list_remove(&container_of(waiter, struct partner_waiter, waiter)->partner.node);
	return true;
}

static __attribute__((noinline)) int queue_park(struct bide_node *partners, enum park_reason reason,
                                                bide_queue *queue, void *item)
{
	struct partner_waiter self;

	waiter_init(&self.waiter, partner_withdraw, reason, queue);
	partner_init(&self.partner, item, NULL);
	list_push_back(partners, &self.partner.node);
	return waiter_park_interruptible(&self.waiter);
}

/* What bide_queue_put() does where it is not plain that there is room for one more. */
static __attribute__((noinline)) int queue_put(bide_queue *queue, const void *item)
{
	int r = queue_add(queue, item);

	if (likely(r != -EAGAIN))
		return r;
	return queue_park(&queue->putters, PARK_QUEUE_PUT, queue, (void *)item);
}

static __attribute__((noinline)) int queue_get(bide_queue *queue, void *item)
{
	int r = queue_take(queue, item);

	if (likely(r != -EAGAIN))
		return r;
	return queue_park(&queue->getters, PARK_QUEUE_GET, queue, item);
}

/* For a queue that may be shared, or a caller that may not wait. */
static __attribute__((noinline)) int queue_put_with_care(bide_queue *queue, const void *item)
{
	int r;

	if (queue->is_shared)
		return bide__shared_put(queue, item);
	r = cancellation_point(task_current());
	return r < 0 ? r : queue_put(queue, item);
}

static __attribute__((noinline)) int queue_get_with_care(bide_queue *queue, void *item)
{
	int r;

	if (queue->is_shared)
		return bide__shared_get(queue, item);
	r = cancellation_point(task_current());
	return r < 0 ? r : queue_get(queue, item);
}

/*
 * These two move nearly all items. They call nothing but last of all, so that they
 * have no register to save; and whether somebody waits they ask only where Q1 and
 * Q2 let somebody.
 */
int bide_queue_put(bide_queue *queue, const void *item)
{
	struct bide_task *self = task_current();
	struct items *items = &queue->items;

	if (unlikely(!queue->is_plain || self == NULL || self->is_interrupted))
		return queue_put_with_care(queue, item);
	self->refusals = 0;
	if (items->count >= items->capacity ||
	    (items->count == 0 && !list_is_empty(&queue->getters)))
		return queue_put(queue, item);
	queue->unfinished++;
	return item_copy_last(ring_enter(items), item, items->item_size);
}

int bide_queue_get(bide_queue *queue, void *item)
{
	struct bide_task *self = task_current();
	struct items *items = &queue->items;

	if (unlikely(!queue->is_plain || self == NULL || self->is_interrupted))
		return queue_get_with_care(queue, item);
	self->refusals = 0;
	if (items->count == 0 || items->is_big || item == NULL ||
	    (items->count == queue->maxsize && !list_is_empty(&queue->putters)))
		return queue_get(queue, item);
	return item_copy_last(item, ring_leave(items), items->item_size);
}

int bide__queue_add(bide_queue *queue, const void *item)
{
	return queue_add(queue, item);
}

int bide__queue_take(bide_queue *queue, void *item)
{
	return queue_take(queue, item);
}

int bide_queue_try_put(bide_queue *queue, const void *item)
{
	int r;

	enter(queue);
	r = queue_add(queue, item);
	leave(queue);
	return r;
}

int bide_queue_try_get(bide_queue *queue, void *item)
{
	int r;

	enter(queue);
	r = queue_take(queue, item);
	leave(queue);
	return r;
}

static void serve_all(struct bide_node *partners, int result)
{
	struct partner *partner;

	while ((partner = partner_claim(partners)) != NULL)
		partner_serve(partner, result);
}

static void note_done(bide_queue *queue, size_t n)
{
	/* An item may have been told done before it was got. */
	queue->unfinished -= n < queue->unfinished ? n : queue->unfinished;
	if (queue->unfinished == 0)
		serve_all(&queue->joiners, 0);
}

int bide_queue_task_done(bide_queue *queue)
{
	int r = -EINVAL;

	enter(queue);
	if (queue->unfinished > 0) {
		note_done(queue, 1);
		r = 0;
	}
	leave(queue);
	return r;
}

int bide_queue_join(bide_queue *queue)
{
	int r;

	if (queue->is_shared)
		return bide__shared_join(queue);
	r = cancellation_point(task_current());
	if (r < 0 || queue->unfinished == 0)
		return r;
	return queue_park(&queue->joiners, PARK_QUEUE_JOIN, queue, NULL);
}

void bide_queue_shutdown(bide_queue *queue, bool immediate)
{
	enter(queue);
	queue->is_shut = true;
	/* Of a shared one it is false already, and read without the guard. */
	if (!queue->is_shared)
		queue->is_plain = false;
	if (immediate) {
		size_t dropped = queue->items.count;

		bide__items_clear(&queue->items);
		note_done(queue, dropped);
	}
	serve_all(&queue->getters, -ESHUTDOWN);
	serve_all(&queue->putters, -ESHUTDOWN);
	leave(queue);
}

size_t bide_queue_size(const bide_queue *queue)
{
	size_t size;

	enter(queue);
	size = queue->items.count;
	leave(queue);
	return size;
}

bool bide_queue_empty(const bide_queue *queue)
{
	return bide_queue_size(queue) == 0;
}

bool bide_queue_full(const bide_queue *queue)
{
	return bide_queue_size(queue) >= queue->maxsize;
}
