/* SPDX-License-Identifier: MIT */

/*
 * join.h - waiting for the ends of tasks
 */
#ifndef BIDE_CORE_JOIN_H
#define BIDE_CORE_JOIN_H

#include "core/wait.h"

/* One who waits for the ends of tasks and gives their handles back. */
struct join {
	struct waiter waiter;           /* its task is set from the start */
	size_t n;                       /* tasks that it waits for, ended ones included */
	bide_task *const *tasks;        /* the caller's */
	size_t left;                    /* tasks that have not ended */
	int refusal;                    /* -EDEADLK: the wait was broken off; 0: it was not */
};

/* What a task must not have to be claimed without a closer look. */
#define TASK_NOT_FREE_TO_JOIN (TASK_IN_JOIN | TASK_DETACHED)

/* Why the task cannot be claimed: a negative errno; 0: it can. */
int bide__join_examine(const struct join *join, const struct bide_task *task);

/* Makes the task's end known to join, whose task must be set. Returns 0 or why not. */
static inline int join_claim(struct join *join, struct bide_task *task)
{
	if (unlikely(task == join->waiter.task || task->joiner != NULL || task->group != NULL ||
	             (task->flags & TASK_NOT_FREE_TO_JOIN))) {
		int r = bide__join_examine(join, task);

		if (r < 0)
			return r;
	}
	task->joiner = join;
	join->left += task->state != TASK_DONE;
	return 0;
}

/*
 * Suspends until no task is left. A caller that is, or is meanwhile, cancelled
 * cancels all n of them and waits on. Returns 0, -ECANCELED where that happened,
 * or -EDEADLK where the wait was broken off.
 */
int bide__join_wait(struct join *join, size_t n, bide_task *const tasks[]);

/* A task that was claimed has ended. */
static inline void join_note_end(struct join *join)
{
	if (--join->left == 0 && join->waiter.is_parked)
		bide__settle(&join->waiter, 0);
}

/* Breaks off the wait that would never end: the join of this task fails with -EDEADLK. */
void bide__join_refuse(struct bide_task *joined);

/* Takes back the claims: nobody joins the tasks any more. */
void bide__join_release(struct join *join, size_t n, bide_task *const tasks[]);

/*
 * Who waits for the task's end and cannot go on before it, or NULL: the task in
 * bide_join() or bide_gather(), or the opener in bide_group_close().
 */
struct bide_task *bide__task_awaited_by(const struct bide_task *task);

/* Whether the candidate waits, straight or through others, for the end of self. */
bool bide__task_waits_for(const struct bide_task *candidate, const struct bide_task *self);

/* gather.c */
void bide__watchers_note_end(struct bide_task *task);

/* A flag of a group beside the public ones: failures go to the loop's on_error. */
#define GROUP_REPORT (1u << 2)

/* group.c */

/*
 * Waits until the group has less tasks than its limit. Nothing is promised: the caller
 * is the only one who spawns. Returns 0 or -ECANCELED.
 */
int bide__group_await_place(bide_group *group);
void bide__group_add(bide_group *group, struct bide_task *task);
void bide__group_note_end(bide_group *group, struct bide_task *task);

#endif
