/* SPDX-License-Identifier: MIT */

/*
 * queue.h - what bide_select() asks of a queue
 */
#ifndef BIDE_SYNC_QUEUE_H
#define BIDE_SYNC_QUEUE_H

#include "core/wait.h"
#include "sync/items.h"

#include <bide/queue.h>

struct bide_queue {
	struct items items;
	size_t maxsize;                 /* SIZE_MAX: unbounded; 0: a rendezvous */
	size_t unfinished;              /* items put and not told done */
	struct bide_node getters;       /* struct partner.node, first come, first served */
	struct bide_node putters;       /* the same */
	struct bide_waitq joiners;
	bool is_shut;
};

/* Somebody who waits in a queue for whoever does the opposite. */
struct partner {
	struct bide_node node;          /* in getters or putters until served or withdrawn */
	struct waiter *waiter;
	void *item;                     /* where a getter wants it, or what a putter puts */
	/* Ends the wait; the partner is in no queue any more. */
	void (*serve)(struct partner *partner, int result);
};

static inline bool queue_can_get(const bide_queue *queue)
{
	return queue->items.count > 0 || !list_is_empty(&queue->putters) || queue->is_shut;
}

static inline bool queue_can_put(const bide_queue *queue)
{
	return queue->items.count < queue->maxsize || !list_is_empty(&queue->getters) ||
	       queue->is_shut;
}

#endif
