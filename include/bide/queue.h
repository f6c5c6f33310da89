/* SPDX-License-Identifier: MIT */

/*
 * bide/queue.h - queues of items between tasks, and waiting on several at once
 *
 * Items are copied in and out by value. Getters and putters are served first come,
 * first served, and an item that is put while a getter waits is that getter's, of
 * whatever order the queue is: nobody overtakes. Once an item was handed over, a
 * cancellation that comes later does not take it back: the call succeeds, and the
 * next cancellation point returns -ECANCELED. So no item is ever lost.
 *
 * A queue belongs to one loop at a time, unless it was made by
 * bide_queue_new_shared().
 */
#ifndef BIDE_QUEUE_H
#define BIDE_QUEUE_H

#include <bide/base.h>

BIDE_BEGIN_DECLS

typedef struct bide_queue bide_queue;

/*
 * As maxsize: the queue holds nothing; a put suspends until a getter takes its item
 * from it. Such a queue is always empty and always full.
 */
#define BIDE_QUEUE_RENDEZVOUS SIZE_MAX

/*
 * Makes a queue for items of item_size bytes, of which it holds maxsize at most; 0:
 * without a limit. Items leave it in the order in which they came; the smallest
 * first, in the sense of cmp, and equal ones in the order in which they came; or
 * the last one first. cmp compares as qsort()'s does; it must not suspend, nor use
 * the queue.
 *
 * Returns NULL and sets errno: ENOMEM; EINVAL for an item_size of 0 or without cmp.
 * The queue is for bide_queue_free().
 */
BIDE_API bide_queue *bide_queue_new(size_t item_size, size_t maxsize);
BIDE_API bide_queue *bide_queue_new_priority(size_t item_size, size_t maxsize,
                                             int (*cmp)(const void *, const void *));
BIDE_API bide_queue *bide_queue_new_lifo(size_t item_size, size_t maxsize);

/*
 * Makes a queue that any thread may use: the tasks of every loop, and plain threads,
 * which block where a task would suspend. Items leave it in the order in which they
 * came. A task that waits in it is never part of a deadlock that bide_run() reports.
 * One that bide_select() has served from another queue is in here until it has run.
 */
BIDE_API bide_queue *bide_queue_new_shared(size_t item_size, size_t maxsize);

/*
 * Frees the queue and the items left in it. Nobody may wait in it, in bide_select()
 * and bide_queue_join() neither: that is reported, and the process is aborted; shut
 * the queue down and join those tasks first. NULL is ignored.
 */
BIDE_API void bide_queue_free(bide_queue *queue);

/*
 * Puts a copy of the item into the queue, or hands it to the getter that has waited
 * longest; suspends while the queue is full.
 *
 * Returns 0, or, and the item did not go in,
 *   -ESHUTDOWN  the queue was shut down, also while the call waited
 *   -ECANCELED  the task or a scope around it was cancelled meanwhile
 *   -ENOMEM     no memory for one item more
 *   -EPERM      no task runs here, where a plain thread may not wait
 */
BIDE_API int bide_queue_put(bide_queue *queue, const void *item);

/*
 * Takes the next item out of the queue and copies it to *item (NULL: nowhere);
 * suspends while the queue is empty. Each item that was got is owed one
 * bide_queue_task_done(), where anybody uses bide_queue_join().
 *
 * Returns 0, or, and *item is as it was,
 *   -ESHUTDOWN  the queue was shut down and is empty
 *   -ECANCELED, -EPERM as above
 */
BIDE_API int bide_queue_get(bide_queue *queue, void *item);

/*
 * The same where they need not wait, else -EAGAIN. Never suspend, and so look at
 * no cancellation and need no task.
 */
BIDE_API int bide_queue_try_put(bide_queue *queue, const void *item);
BIDE_API int bide_queue_try_get(bide_queue *queue, void *item);

/*
 * Tells that the work on an item that was got is done. Returns 0, or -EINVAL where
 * it is called more often than items were put.
 */
BIDE_API int bide_queue_task_done(bide_queue *queue);

/*
 * Suspends until every item that was put has been told done, or was dropped by a
 * shutdown. Whoever got an item owes a bide_queue_task_done() for it, also when
 * cancelled since. Returns 0, -ECANCELED or -EPERM.
 */
BIDE_API int bide_queue_join(bide_queue *queue);

/*
 * Shuts the queue down for good: whoever waits to put or to get has -ESHUTDOWN, as
 * has every later put, and every get once the queue is empty. immediate: drops what
 * is queued, which counts as done. May be repeated. Never suspends.
 */
BIDE_API void bide_queue_shutdown(bide_queue *queue, bool immediate);

/* How many items are in the queue, and whether these are none, or maxsize. */
BIDE_API size_t bide_queue_size(const bide_queue *queue);
BIDE_API bool bide_queue_empty(const bide_queue *queue);
BIDE_API bool bide_queue_full(const bide_queue *queue);

/* What a case of bide_select() is to do. */
enum {
	BIDE_GET = 1,
	BIDE_PUT = 2,
};

/* One thing that bide_select() may do. */
typedef struct bide_case {
	bide_queue *queue;              /* NULL: never ready; switches the case off */
	void *item;                     /* where a get leaves its item; what a put is to put */
	int op;                         /* BIDE_GET or BIDE_PUT */
	int result;                     /* set in the case that happened */
} bide_case;

/*
 * Does exactly one of the n cases, the first that can be done; suspends until one
 * can. Among several that can be done at once each is as likely; bide_options.seed
 * makes the choices repeatable. A queue may stand in several cases, for getting and
 * for putting, and never meets itself. The cases and their items must stay until
 * the call returns.
 *
 * Returns the index of the case that happened, whose result then is what
 * bide_queue_get() or bide_queue_put() would have returned: 0, -ESHUTDOWN where the
 * queue was shut down (which makes a case ready), -ENOMEM. Or, and none happened,
 *   -ETIMEDOUT  the timeout, which counts from the call, is over
 *   -EAGAIN     the same for a timeout of 0 or less: then it never suspends, and so
 *               looks at no cancellation and needs no task
 *   -EINVAL     a case's op is neither BIDE_GET nor BIDE_PUT
 *   -ECANCELED  the task or a scope around it was cancelled meanwhile
 *   -ENOMEM     no memory to wait with more than 8 cases
 *   -EPERM      no task runs here. A plain thread may wait where there are cases,
 *               and all their queues are shared
 */
BIDE_API ssize_t bide_select(size_t n, bide_case cases[], bide_time timeout);

BIDE_END_DECLS

#endif
