/* SPDX-License-Identifier: MIT */

/*
 * scope.h - cancel scopes, as the rest of the core sees them
 */
#ifndef BIDE_CORE_SCOPE_H
#define BIDE_CORE_SCOPE_H

#include "core/task.h"

#include <bide/scope.h>

/* bide_scope.cause: the first reason why a scope is cancelled. */
enum scope_cause {
	SCOPE_LIVE = 0,
	SCOPE_CANCELED,                 /* bide_scope_cancel(), or the group's end */
	SCOPE_EXPIRED,                  /* its deadline has passed */
};

/* Begins a scope around the running task, self, without a deadline. */
void bide__scope_push(bide_scope *scope, struct bide_task *self);

/* Ends the innermost scope of the running task. Returns as bide_scope_leave(). */
int bide__scope_pop(bide_scope *scope, struct bide_task *self);

/* Notes which scope an -ECANCELED that is being returned to the task is due to. */
void bide__scope_charge(struct bide_task *task);

/*
 * Finds out anew whether the task is interrupted, after anything about its
 * scopes or its cancel_count has changed, and cuts short what it waits for.
 */
void bide__scope_update(struct bide_task *task);

#endif
