/* SPDX-License-Identifier: MIT */

/*
 * wait.c - the one way a task goes to sleep
 *
 * Every call that suspends ends here. The sleeper puts a waiter on its own stack,
 * lets whatever will wake it know, and parks; a wake-up, a deadline or a
 * cancellation settles the waiter and makes the task ready. As the waiter lives
 * on the sleeping stack, waiting allocates nothing and cannot fail.
 *
 * Invariants
 *   W1  A parked task has exactly one waiter, task->waiter, and is_parked is true
 *       in it.
 *   W2  Only waiter_settle() ends a wait. It runs once for each wait. After it the
 *       settling side must not touch the waiter: its stack may be gone.
 *   W3  A result once settled stands: a cancellation that comes later is for the
 *       task's next cancellation point.
 *
 * All functions run on the loop's thread.
 */
#include "wait.h"

#include "core/scope.h"

int bide__park(struct waiter *waiter)
{
	return waiter_park(waiter);
}

int bide__park_interruptible(struct waiter *waiter)
{
	return waiter_park_interruptible(waiter);
}

void bide__settle_with_care(struct waiter *waiter, int result)
{
	user_check(waiter->task);
	settle(waiter, result);
}

void bide__settle(struct waiter *waiter, int result)
{
	waiter_settle(waiter, result);
}

void bide__wait_interrupt(struct bide_task *task)
{
	struct waiter *waiter = task->waiter;

	assert(task->state == TASK_PARKED);
	if (waiter->withdraw != NULL && waiter->withdraw(waiter))
		bide__settle(waiter, -ECANCELED);
}

void bide__give_way(bide_loop *loop)
{
	struct bide_task *self = loop->current;

	loop_time_round(loop);
	loop_make_ready(loop, self);
	bide__suspend(loop, self);
	self->refusals = 0;
}

int bide__cut_short(struct bide_task *self)
{
	bide__scope_charge(self);
	return -ECANCELED;
}

int bide__refuse(struct bide_task *self)
{
	bide_loop *loop = bide__loop;

	bide__scope_charge(self);
	if (self->refusals < REFUSALS_MAX) {
		self->refusals++;
		return -ECANCELED;
	}

	/* The count stays: each further refusal gives way, too. */
	if ((loop->options.flags & BIDE_DEBUG) && !(self->flags & TASK_REFUSALS_REPORTED)) {
		self->flags |= TASK_REFUSALS_REPORTED;
		bide__report("task '%s' goes on calling though it is cancelled: %d calls in a row "
		             "returned -ECANCELED",
		             bide_name(self), REFUSALS_MAX);
	}
	bide__give_way(loop);
	self->refusals = REFUSALS_MAX;
	return -ECANCELED;
}

bool bide__waitq_withdraw(struct waiter *waiter)
{
	list_remove(&waiter->node);
	return true;
}

int bide__waitq_park(struct bide_waitq *queue, enum park_reason reason, const void *object)
{
	struct waiter self;

	waiter_init(&self, bide__waitq_withdraw, reason, object);
	list_push_back(&queue->waiters, &self.node);
	return waiter_park_interruptible(&self);
}

bool bide__waitq_wake_one(struct bide_waitq *queue, int result)
{
	if (list_is_empty(&queue->waiters))
		return false;
	waiter_settle(container_of(list_pop_front(&queue->waiters), struct waiter, node), result);
	return true;
}

void bide__waitq_wake_all(struct bide_waitq *queue, int result)
{
	struct bide_node *head = &queue->waiters;
	struct bide_node *node = head->next;

	if (list_is_empty(head))
		return;
	/* Nobody asks a settled waiter for its links: they need no mending one by one. */
	list_init(head);
	while (node != head) {
		struct waiter *waiter = container_of(node, struct waiter, node);

		node = node->next;
		__builtin_prefetch(node->next);
		waiter_settle(waiter, result);
	}
}
