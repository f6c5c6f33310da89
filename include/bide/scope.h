/* SPDX-License-Identifier: MIT */

/*
 * bide/scope.h - asyncio.timeout and shield; trio's cancel scopes
 *
 * Cancellation is a state, not an event: while a scope is cancelled, or its
 * deadline has passed, every cancellation point inside it returns -ECANCELED, so
 * that code which forgets one return value still ends. A task's own outermost
 * scope is what bide_cancel() cancels. What has completed is never undone by a
 * cancellation that comes after.
 *
 * Judge by what the calls inside returned; bide_scope_leave() tells only which
 * scope caused an -ECANCELED. Where several were cancelled, the outermost one
 * that no shield hides is charged with it.
 */
#ifndef BIDE_SCOPE_H
#define BIDE_SCOPE_H

#include <bide/base.h>

BIDE_BEGIN_DECLS

/* Lives on the task's stack, between enter and leave. The members are private. */
struct bide_scope {
	bide_scope *outer;              /* the scope around this one; NULL: the task's own */
	bide_task *task;                /* the task inside it; NULL: none */
	struct bide_timer timer;        /* armed while a deadline lies ahead */
	uint8_t cause;                  /* why it is cancelled: enum scope_cause */
	bool charged;                   /* an -ECANCELED was returned because of it */
	bool is_shield;                 /* hides what happens to the scopes around it */
	bool is_group;                  /* the scope of a group's opener */
};

/*
 * Begins a scope around what the running task does until bide_scope_leave().
 * The deadline is timeout from now; BIDE_FOREVER: none; 0 or less: it has passed
 * already. Scopes nest: leave them in the reverse order. Neither a suspension
 * nor a cancellation point.
 */
BIDE_API void bide_scope_enter(bide_scope *scope, bide_time timeout);

/*
 * Ends the scope that the running task entered last.
 *
 * Returns 0 where nothing was cut short because of this scope, or
 *   -ETIMEDOUT  its deadline cut something short
 *   -ECANCELED  bide_scope_cancel() did
 * whichever came first. A left scope may be entered again.
 */
BIDE_API int bide_scope_leave(bide_scope *scope);

/* Cancels the scope. From any task of the loop, while the scope is entered. */
BIDE_API void bide_scope_cancel(bide_scope *scope);

/*
 * Moves the deadline to the point when on bide_now()'s clock, BIDE_FOREVER: to
 * none. A scope whose deadline has passed stays expired.
 */
BIDE_API void bide_scope_set_deadline(bide_scope *scope, bide_time when);

/*
 * Shields what is inside from cancellation that comes from outside of the scope,
 * which waits until the scope is left. The scope's own deadline and
 * bide_scope_cancel() still reach it.
 */
BIDE_API void bide_scope_shield(bide_scope *scope, bool on);

/*
 * Runs fn(arg) in the running task within a time limit. Returns fn's result,
 * but -ETIMEDOUT for an -ECANCELED that this limit caused; -EPERM where no task
 * runs, and then fn was not called.
 */
BIDE_API int bide_timeout(bide_time timeout, bide_fn *fn, void *arg);

/*
 * Runs fn(arg) in the running task, shielded from cancellation. Returns fn's
 * result; -EPERM where no task runs, and then fn was not called.
 */
BIDE_API int bide_shield(bide_fn *fn, void *arg);

/*
 * Returns whether the scope that the running task left last was cut short by its
 * deadline. Meant for use behind a BIDE_TIMEOUT block, and only together with what a
 * call in there returned, as in r == -ECANCELED && bide_timed_out(): also where this
 * is true the call that matters may have succeeded, and what it gave, such as a
 * descriptor, has to be taken.
 */
BIDE_API bool bide_timed_out(void);

/*
 * BIDE_TIMEOUT(t) { … } runs the block inside a scope with a time limit. The
 * scope is left on every way out of the block: its end, break, continue, goto
 * and return. break and continue leave the block, not a loop around it. GNU C.
 */
#define BIDE_TIMEOUT(t) BIDE_TIMEOUT_EXPAND_(t, __COUNTER__)
#define BIDE_TIMEOUT_EXPAND_(t, id) BIDE_TIMEOUT_NUMBERED_(t, id)
#define BIDE_TIMEOUT_NUMBERED_(t, id) BIDE_TIMEOUT_NAMED_(t, bide_scope_##id, bide_once_##id)
#define BIDE_TIMEOUT_NAMED_(t, scope, once)                                                        \
	for (bide_scope scope __attribute__((cleanup(bide_timeout_end_))) = BIDE_SCOPE_BLANK_,     \
	                *once = bide_timeout_begin_(&scope, (t));                                  \
	     once != NULL; once = NULL)

#ifdef __cplusplus
#define BIDE_SCOPE_BLANK_ {}
#else
#define BIDE_SCOPE_BLANK_ {0}
#endif

/* The two ends of BIDE_TIMEOUT; of no use by themselves. */
BIDE_API bide_scope *bide_timeout_begin_(bide_scope *scope, bide_time timeout);
BIDE_API void bide_timeout_end_(bide_scope *scope);

BIDE_END_DECLS

#endif
