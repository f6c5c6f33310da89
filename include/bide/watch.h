/* SPDX-License-Identifier: MIT */

/*
 * bide/watch.h - the latest value of something that changes
 *
 * Whoever follows a watch sees the newest value, not every value: a configuration,
 * a state, a position. For every item use a queue, or a broadcast where each of
 * several tasks is to have it. A watch belongs to one loop at a time.
 */
#ifndef BIDE_WATCH_H
#define BIDE_WATCH_H

#include <bide/base.h>

BIDE_BEGIN_DECLS

typedef struct bide_watch bide_watch;

/*
 * Makes a watch for values of item_size bytes, with a copy of the first one, which
 * is version 1. Returns NULL and sets errno: ENOMEM; EINVAL for an item_size of 0.
 * The watch is for bide_watch_free().
 */
BIDE_API bide_watch *bide_watch_new(size_t item_size, const void *item);

/*
 * Frees the watch. Nobody may wait in it: that is reported, and the process is
 * aborted. NULL is ignored.
 */
BIDE_API void bide_watch_free(bide_watch *watch);

/*
 * Makes a copy of the item the watch's value, of the next version, and hands it to
 * all who wait, in order of waiting. Never suspends. Returns 0, or -ESHUTDOWN.
 */
BIDE_API int bide_watch_set(bide_watch *watch, const void *item);

/* Copies the value to *item and returns its version. Never suspends. */
BIDE_API uint64_t bide_watch_get(const bide_watch *watch, void *item);

/*
 * Suspends until the watch has a newer value than the one of *version; not at all
 * where it has. Copies it to *item (NULL: nowhere) and its version to *version.
 * Start with a *version of 0 to have the first value at once. What changes while
 * the caller does something else is not missed, save that only the newest value
 * is seen.
 *
 * Returns 0, or, and *version and *item are as they were,
 *   -ESHUTDOWN  the watch was shut down, and the caller has seen its last value
 *   -ECANCELED  the task or a scope around it was cancelled meanwhile
 *   -EPERM      no task runs here
 */
BIDE_API int bide_watch_wait(bide_watch *watch, uint64_t *version, void *item);

/* Says that no newer value will come. May be repeated. Never suspends. */
BIDE_API void bide_watch_shutdown(bide_watch *watch);

BIDE_END_DECLS

#endif
