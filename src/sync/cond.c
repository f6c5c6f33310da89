/* SPDX-License-Identifier: MIT */

/*
 * cond.c - waiting for a change of what a lock protects
 *
 * Whoever ends a wait in a condition moves the waiter over to the queue of its lock
 * instead of waking it. So a task is woken once, when it holds the lock again;
 * notify_all wakes no crowd of which all but one go back to sleep; and a wait that
 * was ended cannot be ended for a second reason while it still needs the lock.
 *
 * Invariants
 *   C1  A waiter is in the condition's queue until it is notified or interrupted,
 *       then in its lock's queue until it owns the lock.
 *   C2  An interrupted waiter's outcome is -ECANCELED, a notified one's 0.
 */
#include "core/hold.h"
#include "core/scope.h"
#include "sync/lock.h"

struct cond_waiter {
	struct waiter waiter;
	bide_lock *lock;
	int outcome;                    /* of the wait for the condition: C2 */
};

static bool cond_withdraw(struct waiter *waiter)
{
	struct cond_waiter *wait = container_of(waiter, struct cond_waiter, waiter);

	list_remove(&waiter->node);
	wait->outcome = -ECANCELED;
	bide__lock_queue(wait->lock, waiter);
	return false;                           /* the lock settles it */
}

/* Lets those have the lock who wait for it now, and takes it again. */
static void lock_lend(bide_lock *lock, struct bide_task *self)
{
	struct waiter waiter;

	bide__lock_pass(lock);
	waiter_init(&waiter, NULL, PARK_LOCK, lock);
	list_push_back(&lock->waiters.waiters, &waiter.node);
	(void)bide__park(&waiter);              /* 0: it is ours */
	self->refusals = REFUSALS_MAX;
}

int bide_cond_wait(bide_cond *cond, bide_lock *lock)
{
	struct bide_task *self = task_current();
	struct cond_waiter wait;
	int r;

	if (self == NULL || lock->owner != self)
		return -EPERM;
	/* A cancelled loop that ignores our result may wait for what somebody can
	 * only do with the lock. */
	if (unlikely(self->refusals == REFUSALS_MAX && !list_is_empty(&lock->waiters.waiters)))
		lock_lend(lock, self);
	r = cancellation_point(self);
	if (r < 0)
		return r;

	hold_end(self, lock);
	bide__lock_pass(lock);
	waiter_init(&wait.waiter, cond_withdraw, PARK_COND, cond);
	wait.lock = lock;
	wait.outcome = 0;
	list_push_back(&cond->waiters.waiters, &wait.waiter.node);
	(void)bide__park(&wait.waiter);         /* 0 from the lock: the outcome counts */
	assert(lock->owner == self);
	hold_begin(self, lock, __builtin_return_address(0));
	return wait.outcome < 0 ? bide__cut_short(self) : 0;
}

int bide_cond_notify(bide_cond *cond, size_t n)
{
	struct bide_node *waiters = &cond->waiters.waiters;
	int count = 0;

	while (n-- > 0 && !list_is_empty(waiters)) {
		struct waiter *first = container_of(list_pop_front(waiters), struct waiter, node);

		bide__lock_queue(container_of(first, struct cond_waiter, waiter)->lock, first);
		count++;
	}
	return count;
}

int bide_cond_notify_all(bide_cond *cond)
{
	return bide_cond_notify(cond, SIZE_MAX);
}
