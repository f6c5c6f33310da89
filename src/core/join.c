/* SPDX-License-Identifier: MIT */

/*
 * join.c - waiting for one task's end, and what all such waits share
 *
 * A task has one joiner at most, or a group; so from any task a single path leads
 * along "is awaited by", and whether a join would close a cycle is found by
 * following it.
 *
 * Invariants
 *   J1  task->joiner points to a struct join on the stack of a task that is inside
 *       bide_join(), bide_gather() or bide_group_start().
 *   J2  The path along bide__task_awaited_by() has no cycle.
 */
#include "core/join.h"

#include "core/remote.h"
#include "core/scope.h"

struct bide_task *bide__task_awaited_by(const struct bide_task *task)
{
	const bide_group *group = task->group;

	if (task->joiner != NULL && task->joiner->waiter.reason != PARK_GROUP_START)
		return task->joiner->waiter.task;
	if (group != NULL && group->in_close)
		return group->owner;
	return NULL;
}

bool bide__task_waits_for(const struct bide_task *candidate, const struct bide_task *self)
{
	const struct bide_task *waiting = self;

	/* Most tasks wait for nobody's end, and the path need not be followed. */
	if (!(candidate->flags & TASK_IN_JOIN))
		return false;
	while ((waiting = bide__task_awaited_by(waiting)) != NULL)
		if (waiting == candidate)
			return true;
	return false;
}

int bide__join_examine(const struct join *join, const struct bide_task *task)
{
	const struct bide_task *self = join->waiter.task;

	if (task == self || bide__task_waits_for(task, self))
		return -EDEADLK;
	if (task->joiner != NULL || task->group != NULL || (task->flags & TASK_DETACHED))
		return -EINVAL;
	return 0;
}

void bide__join_release(struct join *join, size_t n, bide_task *const tasks[])
{
	for (size_t i = 0; i < n; i++)
		if (tasks[i]->joiner == join)
			tasks[i]->joiner = NULL;
}

/* Whoever waits in a join is known to the tasks, not to a queue. */
static bool join_withdraw(struct waiter *waiter)
{
	(void)waiter;
	return true;
}

static void cancel_all(size_t n, bide_task *const tasks[])
{
	for (size_t i = 0; i < n; i++)
		(void)bide_cancel(tasks[i]);    /* 0: has ended */
}

static int join_wait(struct join *join, size_t n, bide_task *const tasks[])
{
	struct bide_task *self = join->waiter.task;
	bool is_canceled = self->is_interrupted;

	join->waiter.withdraw = join_withdraw;
	if (!is_canceled && join->left > 0)
		is_canceled = bide__park(&join->waiter) == -ECANCELED;
	if (!is_canceled)
		return join->refusal;

	cancel_all(n, tasks);
	join->waiter.withdraw = NULL;
	while (join->left > 0 && join->refusal == 0)
		(void)bide__park(&join->waiter);        /* settled once no task is left */
	return join->refusal < 0 ? join->refusal : -ECANCELED;
}

int bide__join_wait(struct join *join, size_t n, bide_task *const tasks[])
{
	struct bide_task *self = join->waiter.task;
	int r;

	join->n = n;
	join->tasks = tasks;
	self->flags |= TASK_IN_JOIN;
	r = join_wait(join, n, tasks);
	self->flags &= (uint16_t)~TASK_IN_JOIN;
	return r;
}

void bide__join_refuse(struct bide_task *joined)
{
	struct join *join = joined->joiner;

	joined->joiner = NULL;
	join->refusal = -EDEADLK;
	if (join->waiter.is_parked)
		bide__settle(&join->waiter, 0);
}

int bide_join(bide_task *task)
{
	struct bide_task *self = task_current();
	struct join join = {
		.waiter = { .task = self, .object = task, .reason = PARK_JOIN },
	};
	uint64_t switches;
	int result, r;

	if (unlikely(task_is_special(task))) {
		task_check(task, "bide_join");
		if (task_is_remote(task))
			return bide__remote_join(remote_of(task));
	}
	if (self == NULL)
		return -EPERM;
	r = join_claim(&join, task);
	if (r < 0)
		return r;

	switches = bide__loop->switches;
	r = bide__join_wait(&join, 1, &task);
	bide__join_release(&join, 1, &task);
	if (r == -EDEADLK)
		return r;
	result = task->result;
	bide__task_give_back(task);

	if (r < 0 && result < 0)
		return canceled_since(self, switches);
	self->refusals = 0;
	return result;
}

int bide_join_for(bide_task *task, bide_time timeout)
{
	struct bide_task *self = task_current();
	bide_scope scope;
	int r, why;

	task_check(task, "bide_join_for");
	if (self == NULL && task_is_remote(task))
		return bide__remote_join_until(remote_of(task),
		                               bide__time_after(bide__clock_now(), timeout));
	if (self == NULL)
		return -EPERM;
	/* The limit cuts nothing short here, also where it has passed already. */
	if (bide_done(task))
		return bide_join(task);

	bide_scope_enter(&scope, timeout);
	r = bide_join(task);
	why = bide__scope_pop(&scope, self);
	return r == -ECANCELED && why == -ETIMEDOUT ? why : r;
}
