/* SPDX-License-Identifier: MIT */

/*
 * bide/broadcast.h - every receiver gets every item
 *
 * A broadcast keeps the last items that were put, as many as its capacity. Each
 * receiver has a cursor of its own into them. Nobody waits for a receiver that is
 * slow: one that lags by more than the capacity is told how many items it has
 * missed, and goes on with the oldest that is kept. A broadcast belongs to one loop
 * at a time.
 */
#ifndef BIDE_BROADCAST_H
#define BIDE_BROADCAST_H

#include <bide/base.h>

BIDE_BEGIN_DECLS

typedef struct bide_broadcast bide_broadcast;

/*
 * Makes a broadcast that keeps the last capacity items, of item_size bytes each.
 * Returns NULL and sets errno: ENOMEM; EINVAL where either is 0. The broadcast is
 * for bide_broadcast_free().
 */
BIDE_API bide_broadcast *bide_broadcast_new(size_t item_size, size_t capacity);

/*
 * Frees the broadcast. Nobody may wait in it: that is reported, and the process is
 * aborted. NULL is ignored.
 */
BIDE_API void bide_broadcast_free(bide_broadcast *broadcast);

/*
 * Gives every receiver a copy of the item. Never suspends. Returns 0, or
 * -ESHUTDOWN.
 */
BIDE_API int bide_broadcast_put(bide_broadcast *broadcast, const void *item);

/*
 * Returns a cursor for a new receiver, which gets what is put from now on. A
 * receiver is its cursor: it needs no giving back. 0 is the cursor of one that was
 * there from the first item on.
 */
BIDE_API uint64_t bide_broadcast_subscribe(const bide_broadcast *broadcast);

/*
 * Suspends until there is an item at the cursor; not at all where there is one.
 * Copies it to *item (NULL: nowhere) and moves the cursor behind it. One cursor is
 * for one task at a time.
 *
 * Returns how many items the receiver has missed before this one, mostly 0, or, and
 * *cursor and *item are as they were,
 *   -ESHUTDOWN  the broadcast was shut down, and the receiver has had its last item
 *   -ECANCELED  the task or a scope around it was cancelled meanwhile
 *   -EPERM      no task runs here
 */
BIDE_API ssize_t bide_broadcast_get(bide_broadcast *broadcast, uint64_t *cursor, void *item);

/* Says that no more items will come. May be repeated. Never suspends. */
BIDE_API void bide_broadcast_shutdown(bide_broadcast *broadcast);

BIDE_END_DECLS

#endif
