/* SPDX-License-Identifier: MIT */

/*
 * bide/future.h - a result that somebody will set, and others wait for
 *
 * A future is for all threads: tasks of any loop and plain threads set it and wait
 * for it.
 */
#ifndef BIDE_FUTURE_H
#define BIDE_FUTURE_H

#include <bide/base.h>

BIDE_BEGIN_DECLS

/*
 * All-zero is pending, and none needs destroying; one that was used must not be
 * moved. The members are private.
 */
typedef struct bide_future {
	struct bide_waitq waiters;
	void *value;                    /* once set */
	int result;                     /* once set */
	unsigned state;                 /* 0: pending */
} bide_future;

/*
 * Sets the future's result and value, once, and wakes all who wait for it, in order
 * of waiting. Any result will do; a negative one is a failure, and nothing is
 * reported where nobody looks at it. From any thread; never suspends. The future is
 * no longer needed for those who were woken. Returns 0, or -EALREADY where it was
 * set before.
 */
BIDE_API int bide_future_set(bide_future *future, int result, void *value);

/*
 * Suspends until the future is set; not at all where it is. A plain thread, on which
 * no loop runs, blocks. Any number of tasks and threads may wait, before and after.
 * *value gets the value, which stays its setter's; value may be NULL. A task that
 * waits here counts as one that waits for the outside, and so is never part of a
 * deadlock that bide_run() reports.
 *
 * Returns the future's result, or, and *value is as it was,
 *   -ECANCELED  the task or a scope around it was cancelled before it was set
 *   -EPERM      a loop runs on this thread, but no task of it now
 */
BIDE_API int bide_future_wait(bide_future *future, void **value);

/* Returns whether the future was set. */
BIDE_API bool bide_future_done(const bide_future *future);

BIDE_END_DECLS

#endif
