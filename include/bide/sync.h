/* SPDX-License-Identifier: MIT */

/*
 * bide/sync.h - locks, events, conditions, semaphores, barriers
 *
 * Every object is a plain struct. All-zero is a fresh one, so that a static object
 * or one in calloc()'s memory is ready for use, and none needs destroying; but it
 * must outlive whoever waits for it, and must not be moved or initialised anew once
 * it was used. An object belongs to one loop at a time: to
 * exclude the tasks of other threads, use a pthread mutex and hold it briefly.
 *
 * Who waits is served first come, first served, and what is given to a waiter is
 * the waiter's from then on: no newcomer overtakes it, and a cancellation that
 * comes after it does not take it back. The call then succeeds, and the next
 * cancellation point returns -ECANCELED.
 *
 * Every call that suspends returns, besides its own outcomes,
 *   -ECANCELED  the task or a scope around it was cancelled before the call got
 *               what it waits for; nothing has changed
 *   -EPERM      no task runs here
 */
#ifndef BIDE_SYNC_H
#define BIDE_SYNC_H

#include <bide/base.h>

BIDE_BEGIN_DECLS

/* A lock that one task holds at a time. The members are private, here and below. */
typedef struct bide_lock {
	bide_task *owner;               /* NULL: free */
	struct bide_waitq waiters;
} bide_lock;

/*
 * Acquires the lock; suspends while another task holds it. A task must release
 * what it holds before its function returns: one that ends with a lock held is
 * reported, with the place where it acquired the lock under BIDE_DEBUG, and the
 * process is aborted.
 *
 * Returns 0 and the caller holds the lock, or
 *   -EDEADLK    the caller holds it already: it is not recursive
 *   -EOVERFLOW  the caller holds 65,535 locks already
 */
BIDE_API int bide_lock_acquire(bide_lock *lock);

/*
 * Acquires the lock where that needs no waiting; never suspends. Returns 0 and the
 * caller holds the lock, or
 *   -EBUSY      another task holds it
 *   -EDEADLK, -EOVERFLOW, -EPERM
 */
BIDE_API int bide_lock_try(bide_lock *lock);

/*
 * Releases the lock and hands it to the task that has waited longest, which holds
 * it from then on. Never suspends. Returns 0, or -EPERM where the caller does not
 * hold the lock.
 */
BIDE_API int bide_lock_release(bide_lock *lock);

/* Returns whether any task holds the lock. */
BIDE_API bool bide_lock_held(const bide_lock *lock);

/*
 * BIDE_WITH_LOCK(l) { … } runs the block with the lock held and releases it on
 * every way out of the block: its end, break, continue, goto and return. break and
 * continue leave the block, not a loop around it. Where the acquire fails, because
 * the task is cancelled for example, the block is skipped. GNU C.
 */
#define BIDE_WITH_LOCK(lock) BIDE_WITH_LOCK_EXPAND_(lock, __COUNTER__)
#define BIDE_WITH_LOCK_EXPAND_(lock, id) BIDE_WITH_LOCK_NUMBERED_(lock, id)
#define BIDE_WITH_LOCK_NUMBERED_(lock, id)                                                         \
	BIDE_WITH_LOCK_NAMED_(lock, bide_held_##id, bide_once_##id)
#define BIDE_WITH_LOCK_NAMED_(lock, held, once)                                                    \
	for (bide_lock * held __attribute__((cleanup(bide_lock_end_))) = bide_lock_begin_(lock),   \
	                        *once = held;                                                      \
	     once != NULL; once = NULL)

/* The two ends of BIDE_WITH_LOCK; of no use by themselves. */
BIDE_API bide_lock *bide_lock_begin_(bide_lock *lock);
BIDE_API void bide_lock_end_(bide_lock **held);

/* A flag that tasks wait for. */
typedef struct bide_event {
	struct bide_waitq waiters;
	bool is_set;
} bide_event;

/*
 * Sets the event and wakes all who wait for it, in order of waiting; they are woken
 * also where it is cleared before they run. Never suspends.
 */
BIDE_API void bide_event_set(bide_event *event);

/* Makes later waits suspend again. */
BIDE_API void bide_event_clear(bide_event *event);

/* Returns whether the event is set. */
BIDE_API bool bide_event_is_set(const bide_event *event);

/* Suspends until the event is set; not at all where it is. Returns 0. */
BIDE_API int bide_event_wait(bide_event *event);

/* Where tasks wait for a change of what a lock protects. */
typedef struct bide_cond {
	struct bide_waitq waiters;
} bide_cond;

/*
 * Releases the lock, suspends until the condition is notified, and holds the lock
 * again when it returns, whatever it returns, -EPERM apart. Waiting for the lock
 * is not cut short by a cancellation. Use it in a loop that tests what is waited
 * for, as others may have changed it again meanwhile, and the result.
 *
 * A task whose wait has ended, by a notification or a cancellation, is next for the
 * lock at that moment, behind those who wait for it already.
 * One that is cancelled after it was notified returns 0; if it cannot use the
 * notification, it should pass it on.
 *
 * Returns 0, or
 *   -EPERM  the caller does not hold the lock, be it cancelled or not
 */
BIDE_API int bide_cond_wait(bide_cond *cond, bide_lock *lock);

/*
 * Notifies the n tasks that have waited longest, or all. Returns how many there
 * were. The lock need not be held. A notification that nobody waits for is lost.
 * Never suspends.
 */
BIDE_API int bide_cond_notify(bide_cond *cond, size_t n);
BIDE_API int bide_cond_notify_all(bide_cond *cond);

/* A number of permits that tasks take and give back. All-zero: none, unbounded. */
typedef struct bide_sem {
	size_t value;                   /* permits that are free */
	size_t max;                     /* 0: unbounded */
	struct bide_waitq waiters;
} bide_sem;

/*
 * Makes a semaphore with value permits, which never has more than max free; 0:
 * without a bound. A value above max counts as max.
 */
BIDE_API void bide_sem_init(bide_sem *sem, size_t value, size_t max);

/*
 * Takes a permit; suspends until one is given back where none is free or others
 * wait already. Returns 0.
 */
BIDE_API int bide_sem_acquire(bide_sem *sem);

/*
 * Takes n permits at once; suspends until that many are free. Those who come later
 * wait behind it, also where there are enough for them. Returns 0, or
 *   -EINVAL  there will never be n: it is above the semaphore's max
 */
BIDE_API int bide_sem_acquire_many(bide_sem *sem, size_t n);

/* Takes a permit where one is free and nobody waits; else returns -EAGAIN. Never suspends. */
BIDE_API int bide_sem_try(bide_sem *sem);

/*
 * Gives one permit back, or n. Any task may, also one that took none. Never
 * suspends. Returns 0, or -EOVERFLOW, with nothing changed, where more than max
 * would be free once those who wait have taken theirs.
 */
BIDE_API int bide_sem_release(bide_sem *sem);
BIDE_API int bide_sem_release_many(bide_sem *sem, size_t n);

/* A point that a number of tasks reach together. */
typedef struct bide_barrier {
	struct bide_waitq waiters;
	size_t parties;                 /* 0: was never initialised */
	size_t waiting;
	bool is_broken;
} bide_barrier;

/* Makes a barrier for so many tasks, 1 to INT_MAX. */
BIDE_API void bide_barrier_init(bide_barrier *barrier, size_t parties);

/*
 * Suspends until as many tasks wait as there are parties; the last one to come does
 * not suspend and frees the others. Who comes after that belongs to the next round.
 * A task that is cancelled while it waits leaves and is no longer counted.
 *
 * Returns the caller's place in the round, 0 to parties - 1, in order of arrival, or
 *   -EPIPE   bide_barrier_abort() has broken the barrier, or it was reset meanwhile
 *   -EINVAL  it was never initialised, or not for 1 to INT_MAX tasks
 */
BIDE_API int bide_barrier_wait(bide_barrier *barrier);

/* Makes a broken barrier whole again. Whoever waits in it gets -EPIPE. */
BIDE_API void bide_barrier_reset(bide_barrier *barrier);

/* Breaks the barrier: whoever waits or comes later gets -EPIPE. */
BIDE_API void bide_barrier_abort(bide_barrier *barrier);

/* A lock that many tasks hold for reading, or one for writing. */
typedef struct bide_rwlock {
	bide_task *writer;              /* NULL: none */
	size_t readers;
	struct bide_waitq waiters;
} bide_rwlock;

/*
 * Acquires the lock for reading, or for writing; suspends while it is held in a way
 * that excludes that, or others wait already. First come, first served: a reader
 * queues behind a waiting writer, so that neither starves. As with bide_lock, a
 * task must release it before it ends.
 *
 * Returns 0 and the caller holds the lock, or
 *   -EDEADLK    the caller holds it already, in whichever way
 *   -EOVERFLOW  the caller holds 65,535 locks already
 *   -ENOMEM     there is no memory to note who holds it
 */
BIDE_API int bide_rwlock_read(bide_rwlock *lock);
BIDE_API int bide_rwlock_write(bide_rwlock *lock);

/*
 * Releases the lock, in whichever way the caller holds it. Never suspends. Returns
 * 0, or -EPERM where the caller does not hold it.
 */
BIDE_API int bide_rwlock_release(bide_rwlock *lock);

BIDE_END_DECLS

#endif
