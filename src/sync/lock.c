/* SPDX-License-Identifier: MIT */

/*
 * lock.c - a lock that one task holds at a time
 *
 * A lock is handed over: whoever releases it makes the task that has waited longest
 * its owner, and only then wakes it. So nobody overtakes, there is nothing to try
 * again after a wait, and a task that is cancelled after the hand-over simply holds
 * the lock. A lock that is freed for whoever comes first is faster where the same
 * task takes it over and over, and starves the others.
 *
 * Invariants
 *   L1  Somebody waits only while the lock has an owner.
 *   L2  The owner's lock_count counts the lock, from when the owner next runs on.
 */
#include "sync/lock.h"

#include "core/hold.h"

void bide__lock_pass(bide_lock *lock)
{
	struct waiter *next;

	if (list_is_empty(&lock->waiters.waiters)) {
		lock->owner = NULL;
		return;
	}
	next = container_of(list_pop_front(&lock->waiters.waiters), struct waiter, node);
	lock->owner = next->task;
	waiter_settle(next, 0);
}

void bide__lock_queue(bide_lock *lock, struct waiter *waiter)
{
	waiter->withdraw = NULL;
	waiter->reason = PARK_LOCK;
	waiter->object = lock;
	waiter->since = task_loop(waiter->task)->now;
	if (lock->owner == NULL) {
		lock->owner = waiter->task;
		bide__settle(waiter, 0);
	} else {
		list_push_back(&lock->waiters.waiters, &waiter->node);
	}
}

/* place: where the program asks for the lock. */
static __attribute__((noinline)) int lock_acquire(bide_lock *lock, const void *place)
{
	struct bide_task *self = task_current();
	int r = cancellation_point(self);

	if (r < 0)
		return r;
	if (lock->owner == self)
		return -EDEADLK;
	if (self->lock_count == HOLDS_MAX)
		return -EOVERFLOW;
	user_check(lock->owner);
	if (lock->owner == NULL) {
		lock->owner = self;
	} else {
		r = bide__waitq_park(&lock->waiters, PARK_LOCK, lock);
		if (r < 0)
			return r;
		/* Whoever released it made us its owner before we were woken. */
		assert(lock->owner == self);
	}
	hold_begin(self, lock, place);
	return 0;
}

/*
 * The common case of lock_acquire(), where nothing stands in the way; false: do it
 * at length. Small enough that no register need be saved for it.
 */
static inline bool lock_take(bide_lock *lock)
{
	const bide_loop *loop = bide__loop;
	struct bide_task *self;

	if (unlikely(loop == NULL || (loop->options.flags & BIDE_DEBUG)))
		return false;
	self = loop->current;
	if (unlikely(self == NULL || lock->owner != NULL || self->is_interrupted ||
	             self->lock_count == HOLDS_MAX))
		return false;
	assert(list_is_empty(&lock->waiters.waiters));  /* L1 */
	lock->owner = self;
	self->lock_count++;
	self->refusals = 0;
	return true;
}

int bide_lock_acquire(bide_lock *lock)
{
	return likely(lock_take(lock)) ? 0 : lock_acquire(lock, __builtin_return_address(0));
}

int bide_lock_try(bide_lock *lock)
{
	struct bide_task *self = task_current();

	if (self == NULL)
		return -EPERM;
	if (lock->owner == self)
		return -EDEADLK;
	user_check(lock->owner);
	if (lock->owner != NULL)
		return -EBUSY;
	if (self->lock_count == HOLDS_MAX)
		return -EOVERFLOW;
	lock->owner = self;
	hold_begin(self, lock, __builtin_return_address(0));
	return 0;
}

/* The owner lets go of it. */
static __attribute__((noinline)) int lock_release(bide_lock *lock, struct bide_task *self)
{
	hold_end(self, lock);
	bide__lock_pass(lock);
	return 0;
}

int bide_lock_release(bide_lock *lock)
{
	struct bide_task *self = task_current();

	if (unlikely(self == NULL || lock->owner != self))
		return -EPERM;
	/* As with lock_take(): nothing is noted, and nobody waits. */
	if (unlikely(self->extra != NULL || !list_is_empty(&lock->waiters.waiters)))
		return lock_release(lock, self);
	self->lock_count--;
	lock->owner = NULL;
	return 0;
}

bool bide_lock_held(const bide_lock *lock)
{
	return lock->owner != NULL;
}

bide_lock *bide_lock_begin_(bide_lock *lock)
{
	return lock_take(lock) || lock_acquire(lock, __builtin_return_address(0)) == 0 ? lock
	                                                                               : NULL;
}

void bide_lock_end_(bide_lock **held)
{
	if (*held != NULL)
		(void)bide_lock_release(*held);         /* the block may have done it */
}
