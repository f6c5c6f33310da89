/* SPDX-License-Identifier: MIT */

/*
 * scope.c - time limits, cancellation and shields are all scopes
 *
 * The scopes of a task form a chain from the innermost outward; behind the last
 * stands the task's own, which is just its cancel_count. A task is interrupted
 * where one of them is cancelled, as far as no shield stands between. That answer
 * is kept in the task, so that a cancellation point costs one test.
 *
 * Invariants
 *   S1  task->is_interrupted is what scopes_interrupt() says, whenever the task
 *       runs or another one does.
 *   S2  A scope's cause is set once, by whatever came first, until it is left.
 *   S3  An -ECANCELED is charged to the outermost cancelled scope in sight when it
 *       is returned. A charge moves outward when its scope is left inside another
 *       cancelled one: one of them reports it, never none, and the outer one.
 */
#include "core/scope.h"

#include "core/loop.h"
#include "core/wait.h"

static bool scopes_interrupt(const struct bide_task *task)
{
	for (const bide_scope *scope = task->scope; scope != NULL; scope = scope->outer) {
		if (scope->cause != SCOPE_LIVE)
			return true;
		if (scope->is_shield)
			return false;
	}
	return task->cancel_count > 0;
}

/*
 * Finds the outermost cancelled scope from this one outward, up to the first
 * shield. Returns whether any is; *ret stays NULL where it is the task itself.
 */
static bool outermost_canceled(const struct bide_task *task, bide_scope *from, bide_scope **ret)
{
	*ret = NULL;
	for (bide_scope *scope = from; scope != NULL; scope = scope->outer) {
		if (scope->cause != SCOPE_LIVE)
			*ret = scope;
		if (scope->is_shield)
			return *ret != NULL;
	}
	if (task->cancel_count == 0)
		return *ret != NULL;
	*ret = NULL;
	return true;
}

void bide__scope_charge(struct bide_task *task)
{
	bide_scope *outermost;

	if (outermost_canceled(task, task->scope, &outermost) && outermost != NULL)
		outermost->charged = true;
}

void bide__scope_update(struct bide_task *task)
{
	bool before = task->is_interrupted;

	task->is_interrupted = scopes_interrupt(task);
	if (task->is_interrupted && !before && task->state == TASK_PARKED)
		bide__wait_interrupt(task);
}

static void scope_cancel(bide_scope *scope, enum scope_cause cause)
{
	if (scope->cause != SCOPE_LIVE)
		return;
	scope->cause = (uint8_t)cause;
	bide__scope_update(scope->task);
}

static void deadline_fire(struct bide_timer *timer)
{
	scope_cancel(container_of(timer, bide_scope, timer), SCOPE_EXPIRED);
}

void bide__scope_push(bide_scope *scope, struct bide_task *self)
{
	*scope = (bide_scope){ .outer = self->scope, .task = self };
	self->scope = scope;
}

int bide__scope_pop(bide_scope *scope, struct bide_task *self)
{
	bide_scope *outermost;
	int r = 0;

	timer_disarm(&bide__loop->wheel, &scope->timer);
	self->scope = scope->outer;
	scope->task = NULL;

	if (unlikely(scope->charged)) {
		r = scope->cause == SCOPE_EXPIRED ? -ETIMEDOUT : -ECANCELED;
		if (!scope->is_shield && outermost_canceled(self, self->scope, &outermost)) {
			if (outermost != NULL)
				outermost->charged = true;
			r = 0;
		}
	}
	if (self->is_interrupted || scope->is_shield)
		bide__scope_update(self);
	return r;
}

static inline void scope_arm(bide_scope *scope, bide_loop *loop, bide_time deadline)
{
	if (deadline == BIDE_FOREVER)
		return;
	scope->timer.fire = deadline_fire;
	timer_arm(&loop->wheel, &scope->timer, deadline);
}

void bide_scope_enter(bide_scope *scope, bide_time timeout)
{
	struct bide_task *self = task_current();

	if (self == NULL) {
		*scope = (bide_scope){ 0 };
		return;
	}
	bide__scope_push(scope, self);
	if (timeout <= 0) {
		scope_cancel(scope, SCOPE_EXPIRED);
	} else if (timeout < BIDE_FOREVER) {
		scope_arm(scope, bide__loop, loop_deadline(bide__loop, timeout));
	}
}

int bide_scope_leave(bide_scope *scope)
{
	struct bide_task *self = task_current();
	int r;

	if (self == NULL && scope->task == NULL)
		return -EPERM;
	bide__check(self != NULL && self->scope == scope && !scope->is_group,
	            "bide_scope_leave: the scope is not the innermost one that the task has "
	            "entered; scopes and groups are left in the reverse order of entering them");
	r = bide__scope_pop(scope, self);
	if (r == -ETIMEDOUT)
		self->flags |= TASK_TIMED_OUT;
	else
		self->flags &= (uint16_t)~TASK_TIMED_OUT;
	return r;
}

void bide_scope_cancel(bide_scope *scope)
{
	bide__check(scope->task != NULL || bide_self() == NULL,
	            "bide_scope_cancel: the scope is not entered");
	if (scope->task != NULL)
		scope_cancel(scope, SCOPE_CANCELED);
}

void bide_scope_set_deadline(bide_scope *scope, bide_time when)
{
	bide_loop *loop;
	bide_time now;

	bide__check(scope->task != NULL || bide_self() == NULL,
	            "bide_scope_set_deadline: the scope is not entered");
	if (scope->task == NULL || scope->cause != SCOPE_LIVE)
		return;

	loop = task_loop(scope->task);
	now = loop_clock(loop);
	/* A deadline that has passed cannot be moved, seen by the loop or not. */
	if (timer_is_armed(&scope->timer) && scope->timer.deadline <= now)
		when = scope->timer.deadline;
	timer_disarm(&loop->wheel, &scope->timer);
	if (when <= now)
		scope_cancel(scope, SCOPE_EXPIRED);
	else
		scope_arm(scope, loop, when);
}

void bide_scope_shield(bide_scope *scope, bool on)
{
	bide__check(scope->task != NULL || bide_self() == NULL,
	            "bide_scope_shield: the scope is not entered");
	if (scope->task == NULL)
		return;
	scope->is_shield = on;
	bide__scope_update(scope->task);
}

int bide_timeout(bide_time timeout, bide_fn *fn, void *arg)
{
	bide_scope scope;
	int r, why;

	if (task_current() == NULL)
		return -EPERM;
	bide_scope_enter(&scope, timeout);
	r = fn(arg);
	why = bide_scope_leave(&scope);
	return r == -ECANCELED && why == -ETIMEDOUT ? why : r;
}

int bide_shield(bide_fn *fn, void *arg)
{
	struct bide_task *self = task_current();
	bide_scope scope;
	int r;

	if (self == NULL)
		return -EPERM;
	bide__scope_push(&scope, self);
	bide_scope_shield(&scope, true);
	r = fn(arg);
	(void)bide_scope_leave(&scope);         /* 0: nobody but us could cancel it */
	return r;
}

bool bide_timed_out(void)
{
	const struct bide_task *self = task_current();

	return self != NULL && (self->flags & TASK_TIMED_OUT);
}

bide_scope *bide_timeout_begin_(bide_scope *scope, bide_time timeout)
{
	bide_scope_enter(scope, timeout);
	return scope;
}

void bide_timeout_end_(bide_scope *scope)
{
	(void)bide_scope_leave(scope);          /* bide_timed_out() tells */
}

int bide_checkpoint(void)
{
	struct bide_task *self = task_current();

	if (self == NULL || !self->is_interrupted)
		return 0;
	return bide__cut_short(self);
}

int bide_uncancel(void)
{
	struct bide_task *self = task_current();
	int dropped;

	if (self == NULL)
		return 0;
	dropped = self->cancel_count;
	self->cancel_count = 0;
	bide__scope_update(self);
	return dropped;
}

int bide_cancel_requested(const bide_task *task)
{
	task_check(task, "bide_cancel_requested");
	return task->cancel_count;
}
