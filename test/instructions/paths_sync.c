/* SPDX-License-Identifier: MIT */

/*
 * paths_sync.c - locks, semaphores, and what tasks wait for without an item
 */
#include "hot_paths.h"

/* ---- locks ---- */

static bide_lock lock;

static int lock_alone(long n)
{
	for (long i = 0; i < n; i++) {
		must(bide_lock_acquire(&lock) == 0);
		must(bide_lock_release(&lock) == 0);
	}
	return 0;
}

static int lock_block(long n)
{
	for (long i = 0; i < n; i++)
		BIDE_WITH_LOCK(&lock)
			must(bide_lock_held(&lock));
	return 0;
}

static int take_turns(void *arg)
{
	const long *n = arg;

	for (long i = 0; i < *n; i++)
		BIDE_WITH_LOCK(&lock)
			must(bide_yield() == 0);
	return 0;
}

/* One task waits whenever the other one gives the lock back. */
static int lock_hand_over(long n)
{
	return at_once(2, take_turns, n / 2);
}

static int rwlock_read(long n)
{
	static bide_rwlock rwlock;

	for (long i = 0; i < n; i++) {
		must(bide_rwlock_read(&rwlock) == 0);
		must(bide_rwlock_release(&rwlock) == 0);
	}
	return 0;
}

/* ---- semaphores ---- */

static bide_sem sem;

static int sem_alone(long n)
{
	bide_sem_init(&sem, 1, 0);
	for (long i = 0; i < n; i++) {
		must(bide_sem_acquire(&sem) == 0);
		must(bide_sem_release(&sem) == 0);
	}
	return 0;
}

static int take_permits(void *arg)
{
	const long *n = arg;

	for (long i = 0; i < *n; i++)
		must(bide_sem_acquire(&sem) == 0);
	return 0;
}

/* The task that takes waits for each permit. */
static int sem_hand_over(long n)
{
	bide_task *taker;

	bide_sem_init(&sem, 0, 0);
	taker = bide_spawn(take_permits, &n);
	for (long i = 0; i < n; i++) {
		must(bide_yield() == 0);
		must(bide_sem_release(&sem) == 0);
	}
	return bide_join(taker);
}

/* ---- events, conditions, barriers ---- */

static bide_event event;

static int wait_event(void *arg)
{
	const long *n = arg;

	for (long i = 0; i < *n; i++)
		must(bide_event_wait(&event) == 0);
	return 0;
}

/* The event is set when all hundred wait; each goes on and waits again. */
static int event_100(long n)
{
	long rounds = n / 100;
	bide_group group;

	bide_group_open(&group);
	for (int i = 0; i < 100; i++)
		must(bide_group_spawn(&group, wait_event, &rounds) != NULL);
	for (long i = 0; i < rounds; i++) {
		must(bide_yield() == 0);
		bide_event_set(&event);
		bide_event_clear(&event);
	}
	return bide_group_close(&group);
}

static bide_cond cond;
static bool is_signalled;

static int wait_cond(void *arg)
{
	const long *n = arg;

	BIDE_WITH_LOCK(&lock)
		for (long i = 0; i < *n; i++) {
			while (!is_signalled)
				must(bide_cond_wait(&cond, &lock) == 0);
			is_signalled = false;
		}
	return 0;
}

static int cond_signal(long n)
{
	bide_task *waiter = bide_spawn(wait_cond, &n);

	for (long i = 0; i < n; i++) {
		must(bide_yield() == 0);
		BIDE_WITH_LOCK(&lock) {
			is_signalled = true;
			must(bide_cond_notify(&cond, 1) == 1);
		}
	}
	return bide_join(waiter);
}

static bide_barrier barrier;

static int meet(void *arg)
{
	const long *n = arg;

	for (long i = 0; i < *n; i++)
		must(bide_barrier_wait(&barrier) >= 0);
	return 0;
}

static int barrier_10(long n)
{
	bide_barrier_init(&barrier, 10);
	return at_once(10, meet, n / 10);
}

/* ---- futures ---- */

static int set_future(void *arg)
{
	return bide_future_set(arg, 0, arg);
}

/* Each is set by a task of its own, as by a call that was sent away. */
static int future_wait(long n)
{
	for (long i = 0; i < n; i++) {
		bide_future future = { 0 };
		void *value;

		must(bide_go(set_future, &future) == 0);
		must(bide_future_wait(&future, &value) == 0 && value == &future);
	}
	return 0;
}

const struct hot_path sync_paths[] = {
	{ "lock_alone", lock_alone, 1000 },
	{ "lock_block", lock_block, 1000 },
	{ "lock_hand_over", lock_hand_over, 1000 },
	{ "rwlock_read", rwlock_read, 1000 },
	{ "sem_alone", sem_alone, 1000 },
	{ "sem_hand_over", sem_hand_over, 1000 },
	{ "event_100", event_100, 10000 },
	{ "cond_signal", cond_signal, 1000 },
	{ "barrier_10", barrier_10, 1000 },
	{ "future_wait", future_wait, 1000 },
	{ 0 },
};
