/* SPDX-License-Identifier: MIT */

/*
 * bide/group.h - gather, wait, as_completed and TaskGroup
 *
 * A group holds tasks that must have ended before the code that opened it goes
 * on: the first failure cancels the others. The code between open and close
 * stands inside the group's scope: once the group has failed or was cancelled,
 * its cancellation points return -ECANCELED, too.
 */
#ifndef BIDE_GROUP_H
#define BIDE_GROUP_H

#include <bide/scope.h>
#include <bide/task.h>

BIDE_BEGIN_DECLS

/*
 * Waits for all n tasks and gives their handles back, suspending until the last
 * one has ended. A caller that is cancelled cancels them all and still waits.
 * Where results is not NULL, results[i] becomes the result of tasks[i], whatever
 * is returned.
 *
 * Returns 0, or
 *   -ECANCELED  the caller was cancelled
 *   a failure   only with results == NULL: the one that came first in time, the
 *               -ECANCELED of a cancelled task included
 *   -EDEADLK    one of them is the caller, or waits for the caller's end
 *   -EINVAL     one of them is joined by another task, is a group's, or stands
 *               here twice
 *   -EPERM      no task runs here
 * and with the last three nothing was given back.
 */
BIDE_API int bide_gather(size_t n, bide_task *const tasks[], int results[]);

/* What bide_wait() waits for. */
enum {
	BIDE_FIRST_DONE = 0,            /* one task has ended */
	BIDE_FIRST_FAILED = 1,          /* one has failed, or all have ended; the -ECANCELED
	                                 * of a cancelled task is no failure */
	BIDE_ALL_DONE = 2,              /* all have ended */
};

/*
 * Suspends until the condition holds or the timeout is over; 0 or less: only
 * looks, without suspending. The handles stay the caller's, and the tasks are not
 * touched. A task that stands here twice counts twice.
 *
 * Returns how many of them have ended, or
 *   -ECANCELED  the caller was cancelled
 *   -EINVAL     until is unknown
 *   -EDEADLK    the condition cannot hold without the caller's own end
 *   -ENOMEM, -EPERM
 */
BIDE_API ssize_t bide_wait(size_t n, bide_task *const tasks[], int until, bide_time timeout);

/* Flags of bide_group_open_with(). */
enum {
	BIDE_KEEP_GOING = 1 << 0,       /* a failure cancels nobody; for bide_group_next() */
	BIDE_REAP = 1 << 1,             /* a task is given back as soon as it ends; for groups
	                                 * that live as long as a server. No bide_group_next();
	                                 * a handle is good until the caller suspends, that of
	                                 * an eager task not at all */
};

/* Lives on the opening task's stack, between open and close. The members are private. */
struct bide_group {
	bide_scope scope;               /* around the code between open and close */
	struct bide_node running;       /* tasks that have not ended, in order of spawning */
	struct bide_node ended;         /* tasks for bide_group_next(), in order of ending */
	struct bide_node given;         /* tasks that bide_group_next() has given */
	struct bide_waitq takers;       /* tasks in bide_group_next() */
	struct bide_waitq spawners;     /* tasks that wait for the limit */
	struct bide_waitq closer;       /* the opener in bide_group_close() */
	bide_task *owner;               /* the opener; NULL: the group is not open */
	size_t running_count;
	size_t promised_count;          /* places that spawners were given and have yet to take */
	size_t member_takers;           /* of takers, those that run in the group */
	size_t served_takers;           /* who have left takers and not run since */
	size_t limit;                   /* SIZE_MAX: none */
	int failure;                    /* the first one; 0: none */
	unsigned flags;
	bool is_down;                   /* its tasks were cancelled; takes no more */
	bool was_canceled;              /* bide_group_cancel(): later failures do not count */
	bool in_close;                  /* the opener is in bide_group_close() */
};

/*
 * Opens the group in the running task, which must close it before it ends.
 * Groups and scopes nest: close in the reverse order. Never suspends.
 */
BIDE_API void bide_group_open(bide_group *group);
BIDE_API void bide_group_open_with(bide_group *group, unsigned flags);

/*
 * Lets at most n tasks of the group live at once, 0 meaning without limit: with
 * n of them alive bide_group_spawn() suspends until one ends. First come, first
 * served.
 */
BIDE_API void bide_group_limit(bide_group *group, size_t n);

/*
 * Spawns a task in the group. The handle is the group's: it may be cancelled and
 * looked at, and is given back by bide_group_close(). The opener and the group's
 * own tasks may call it. Suspends only where the group has a limit.
 *
 * Returns NULL and sets errno:
 *   ECANCELED  the group was cancelled, or one of its tasks has failed and it is
 *              no BIDE_KEEP_GOING group; or, in a group with a limit, the caller
 *              was cancelled
 *   ENOMEM, EPERM
 */
BIDE_API bide_task *bide_group_spawn(bide_group *group, bide_fn *fn, void *arg);
BIDE_API bide_task *bide_group_spawn_copy(bide_group *group, bide_fn *fn, const void *arg,
                                          size_t n);
BIDE_API bide_task *bide_group_spawn_with(bide_group *group, const bide_task_options *options,
                                          bide_fn *fn, void *arg);

/*
 * Suspends until a task of the group ends and returns it: each task once, in the
 * order in which they ended. The handle is good until the next call for this group.
 * Any task of the loop may call it while the group is open.
 *
 * Returns NULL and sets errno: 0 where none is left, and for the group's own tasks
 * where all that are left wait in here themselves; ECANCELED where the caller was
 * cancelled; EINVAL in a BIDE_REAP group; EPERM.
 */
BIDE_API bide_task *bide_group_next(bide_group *group);

/*
 * Spawns a task in the group and suspends until it calls bide_started(), whose
 * value goes to *value (NULL: nowhere). A task that fails before that fails
 * here only, not the group. A caller that is cancelled cancels the task and
 * waits for its end.
 *
 * Returns 0, or
 *   its result  the task ended without bide_started()
 *   -ECANCELED  the caller was cancelled, or the group is or has failed
 *   -ENOMEM, -EPERM
 */
BIDE_API int bide_group_start(bide_group *group, bide_fn *fn, void *arg, void **value);

/*
 * Tells bide_group_start() that the running task has started. Returns 0, or
 *   -EINVAL     the task was not spawned by bide_group_start(), or has told already
 *   -ECANCELED  whoever called bide_group_start() was cancelled and waits for the
 *               task's end
 *   -EPERM      no task runs here
 */
BIDE_API int bide_started(void *value);

/*
 * Cancels the group: its tasks, in order of spawning, then the code of the
 * opener up to bide_group_close(). From any task of the loop; may be repeated.
 */
BIDE_API void bide_group_cancel(bide_group *group);

/*
 * Suspends until every task of the group has ended, and gives their handles
 * back. An opener that is cancelled cancels them all and still waits. A task that
 * joins the opener, straight or through others, gets -EDEADLK there.
 *
 * Returns, in this order,
 *   the first failure  a result < 0, but not the -ECANCELED of a task that was
 *                      cancelled, and none that came after bide_group_cancel()
 *   -ECANCELED         the opener was cancelled
 *   0                  else, also after bide_group_cancel()
 * A closed group may be opened again.
 */
BIDE_API int bide_group_close(bide_group *group);

BIDE_END_DECLS

#endif
