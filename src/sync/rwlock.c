/* SPDX-License-Identifier: MIT */

/*
 * rwlock.c - a lock that many tasks hold for reading, or one for writing
 *
 * Readers and writers wait in one queue, and whoever comes queues behind those who
 * wait already, so that neither kind starves. Like a lock it is handed over. Who
 * reads is noted with the task (core/hold.h), so that only a holder can release it
 * and none can wait for itself.
 *
 * Invariants
 *   X1  Where there is a writer, there are no readers.
 *   X2  Where somebody waits, the first one cannot be let in.
 *   X3  A holder has the lock among what it holds, from when it next runs on.
 */
#include "core/hold.h"
#include "core/wait.h"

#include <bide/sync.h>

struct rwlock_waiter {
	struct waiter waiter;           /* its reason tells whether it reads or writes */
	bide_rwlock *lock;
};

/* Lets the task in where the lock is not held in a way that excludes it. */
static bool let_in(bide_rwlock *lock, struct bide_task *task, enum park_reason reason)
{
	if (lock->writer != NULL)
		return false;
	if (reason == PARK_RWLOCK_READ)
		lock->readers++;
	else if (lock->readers == 0)
		lock->writer = task;
	else
		return false;
	return true;
}

/* Lets in those who can be let in: restores X2. */
static void rwlock_serve(bide_rwlock *lock)
{
	struct bide_node *waiters = &lock->waiters.waiters;

	while (!list_is_empty(waiters)) {
		struct waiter *first = container_of(waiters->next, struct waiter, node);

		if (!let_in(lock, first->task, first->reason))
			break;
		list_remove(&first->node);
		bide__settle(first, 0);
	}
}

static bool rwlock_withdraw(struct waiter *waiter)
{
	bide_rwlock *lock = container_of(waiter, struct rwlock_waiter, waiter)->lock;

	list_remove(&waiter->node);
	bide__settle(waiter, -ECANCELED);
	rwlock_serve(lock);
	return false;                           /* was settled here, before the others */
}

static int rwlock_acquire(bide_rwlock *lock, enum park_reason reason, const void *place)
{
	struct bide_task *self = task_current();
	struct rwlock_waiter wait;
	int r = cancellation_point(self);

	if (r < 0)
		return r;
	if (bide__hold_is_noted(self, lock))
		return -EDEADLK;
	if (self->lock_count == HOLDS_MAX)
		return -EOVERFLOW;
	/* Now, while failing still changes nothing. */
	r = bide__hold_reserve(self);
	if (r < 0)
		return r;

	user_check(lock->writer);
	if (!list_is_empty(&lock->waiters.waiters) || !let_in(lock, self, reason)) {
		waiter_init(&wait.waiter, rwlock_withdraw, reason, lock);
		wait.lock = lock;
		list_push_back(&lock->waiters.waiters, &wait.waiter.node);
		r = bide__park_interruptible(&wait.waiter);
		if (r < 0)
			return r;
	}
	self->lock_count++;
	bide__hold_note(self, lock, place);
	return 0;
}

int bide_rwlock_read(bide_rwlock *lock)
{
	return rwlock_acquire(lock, PARK_RWLOCK_READ, __builtin_return_address(0));
}

int bide_rwlock_write(bide_rwlock *lock)
{
	return rwlock_acquire(lock, PARK_RWLOCK_WRITE, __builtin_return_address(0));
}

int bide_rwlock_release(bide_rwlock *lock)
{
	struct bide_task *self = task_current();

	if (self == NULL || !bide__hold_forget(self, lock))
		return -EPERM;
	assert(lock->writer == NULL ? lock->readers > 0 : lock->writer == self);        /* X1, X3 */
	if (lock->writer != NULL)
		lock->writer = NULL;
	else
		lock->readers--;
	self->lock_count--;
	rwlock_serve(lock);
	return 0;
}
