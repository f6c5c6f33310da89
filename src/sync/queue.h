/* SPDX-License-Identifier: MIT */

/*
 * queue.h - what bide_select() asks of a queue
 */
#ifndef BIDE_SYNC_QUEUE_H
#define BIDE_SYNC_QUEUE_H

#include "core/wake.h"
#include "sync/items.h"

#include <bide/queue.h>

struct bide_queue {
	struct items items;
	size_t maxsize;                 /* SIZE_MAX: unbounded; 0: a rendezvous */
	size_t unfinished;              /* items put and not told done */
	struct bide_node getters;       /* struct partner.node, first come, first served */
	struct bide_node putters;       /* the same */
	struct bide_node joiners;       /* the same */
	bool is_shut;
	bool is_shared;                 /* all of it is under bide__guard_of() the queue */
	bool is_plain;                  /* a ring, and neither of the two */
};

/* Somebody who waits in a queue for whoever does the opposite. */
struct partner {
	struct bide_node node;          /* in getters or putters until served or withdrawn */
	void *item;                     /* where a getter wants it, or what a putter puts */
	const struct partner_ops *ops;  /* NULL: is part of a struct partner_waiter */
};

/* What differs where the partner is not just a task of this loop in one queue. */
struct partner_ops {
	/* Makes sure that nobody else serves it: false where somebody has. NULL:
	 * nobody else can. */
	bool (*claim)(struct partner *partner);
	/* Ends the wait; the partner is in no queue any more. */
	void (*serve)(struct partner *partner, int result);
};

/* Sets all but the node, which a queue links. */
static inline void partner_init(struct partner *partner, void *item, const struct partner_ops *ops)
{
	partner->item = item;
	partner->ops = ops;
}

/* For a queue that is shared, under its guard. They return as the try_ calls. */
int bide__queue_add(bide_queue *queue, const void *item);
int bide__queue_take(bide_queue *queue, void *item);

/* shared.c: the calls that wait, for a queue that is shared. */
int bide__shared_put(bide_queue *queue, const void *item);
int bide__shared_get(bide_queue *queue, void *item);
int bide__shared_join(bide_queue *queue);

/* meet.c: bide_select() where a queue is shared, or on a plain thread. */
ssize_t bide__select_shared(size_t n, bide_case cases[], bide_time timeout);

static inline bool queue_can_get(const bide_queue *queue)
{
	return queue->items.count > 0 || !list_is_empty(&queue->putters) || queue->is_shut;
}

static inline bool queue_can_put(const bide_queue *queue)
{
	return queue->items.count < queue->maxsize || !list_is_empty(&queue->getters) ||
	       queue->is_shut;
}

/* More cases of bide_select() than that need memory. */
#define SELECT_PARTNERS_ON_STACK 8

static inline bool case_is_ready(const bide_case *one)
{
	if (one->queue == NULL)
		return false;
	return one->op == BIDE_GET ? queue_can_get(one->queue) : queue_can_put(one->queue);
}

#endif
