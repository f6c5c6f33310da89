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

/* Makes the task's end known to join, whose task must be set. */
int bide__join_claim(struct join *join, struct bide_task *task);

/*
 * Suspends until no task is left. A caller that is, or is meanwhile, cancelled
 * cancels all n of them and waits on. Returns 0, -ECANCELED where that happened,
 * or -EDEADLK where the wait was broken off.
 */
int bide__join_wait(struct join *join, size_t n, bide_task *const tasks[]);

void bide__join_note_end(struct join *join, struct bide_task *task);

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

/* group.c */
void bide__group_add(bide_group *group, struct bide_task *task);
void bide__group_note_end(bide_group *group, struct bide_task *task);

#endif
