/* SPDX-License-Identifier: MIT */

/*
 * fault_sync.c - memory runs out under locks, watches and broadcasts
 */
#include "fault.h"

static int virtual_run(unsigned flags, bide_fn *fn)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK | flags };

	return bide_run_with(&options, fn, NULL);
}

static bide_task *spawn_or_fail(bide_fn *fn, void *arg, int *failure)
{
	bide_task *task = bide_spawn(fn, arg);

	if (task == NULL)
		*failure = -ENOMEM;
	return task;
}

/* ---- locks ---- */

#define LOCK_COUNT 20

static int read_all(void *arg)
{
	bide_rwlock *locks = arg;
	int results[LOCK_COUNT];
	int failure = 0;

	for (int i = 0; i < LOCK_COUNT; i++) {
		results[i] = bide_rwlock_read(&locks[i]);
		CHECK(results[i] == 0 || results[i] == -ENOMEM);
		failure = results[i] < 0 ? results[i] : failure;
	}
	(void)bide_sleep(BIDE_SECOND);
	for (int i = 0; i < LOCK_COUNT; i++)
		CHECK_INT(bide_rwlock_release(&locks[i]), results[i] < 0 ? -EPERM : 0);
	return failure;
}

/* Who could not be noted as a reader holds nothing and keeps no writer waiting. */
static int share_locks(void *arg)
{
	bide_rwlock locks[LOCK_COUNT] = { { 0 } };
	bide_task *tasks[3];
	int failure = bide_rwlock_write(&locks[LOCK_COUNT / 2]);

	(void)arg;
	if (failure < 0)
		return failure;
	for (int i = 0; i < 3; i++)
		tasks[i] = spawn_or_fail(read_all, locks, &failure);
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_rwlock_release(&locks[LOCK_COUNT / 2]), 0);
	for (int i = 0; i < 3; i++) {
		int r = tasks[i] != NULL ? bide_join(tasks[i]) : 0;

		failure = r < 0 ? r : failure;
	}
	for (int i = 0; i < LOCK_COUNT; i++) {
		int r = bide_rwlock_write(&locks[i]);

		failure = r < 0 ? r : failure;
		CHECK_INT(bide_rwlock_release(&locks[i]), r < 0 ? -EPERM : 0);
	}
	return failure;
}

static int rwlock_sweep(void)
{
	return virtual_run(0, share_locks);
}
FAULT_SWEEP(rwlock, is_not_held_by_a_reader_that_could_not_be_noted, rwlock_sweep)

static int rwlock_debug_sweep(void)
{
	return virtual_run(BIDE_DEBUG, share_locks);
}
FAULT_SWEEP(rwlock, is_not_held_by_such_a_reader_under_debug, rwlock_debug_sweep)

struct shared {
	bide_lock locks[LOCK_COUNT];
	bide_cond cond;
	bide_event event;
	bide_sem sem;
	bide_barrier barrier;
	bide_future future;
};

/* Each of these calls waits, and none needs memory for it. */
static int wait_for_all(void *arg)
{
	struct shared *shared = arg;

	for (int i = 0; i < LOCK_COUNT; i++)
		CHECK_INT(bide_lock_acquire(&shared->locks[i]), 0);
	BIDE_TIMEOUT(BIDE_SECOND)
		CHECK_INT(bide_cond_wait(&shared->cond, &shared->locks[0]), -ECANCELED);
	CHECK_INT(bide_event_wait(&shared->event), 0);
	CHECK_INT(bide_sem_acquire_many(&shared->sem, 2), 0);
	CHECK_INT(bide_future_wait(&shared->future, NULL), 0);
	CHECK_INT(bide_barrier_wait(&shared->barrier), 0);
	for (int i = 0; i < LOCK_COUNT; i++)
		CHECK_INT(bide_lock_release(&shared->locks[i]), 0);
	return 0;
}

static int serve_all(struct shared *shared)
{
	for (int i = 0; i < LOCK_COUNT; i++)
		CHECK_INT(bide_lock_release(&shared->locks[i]), 0);
	CHECK_INT(bide_sleep(2 * BIDE_SECOND), 0);
	bide_event_set(&shared->event);
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_sem_release_many(&shared->sem, 2), 0);
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_future_set(&shared->future, 0, NULL), 0);
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_barrier_wait(&shared->barrier), 1);
	return 0;
}

static int share_all(void *arg)
{
	struct shared shared = { 0 };
	bide_task *task;

	(void)arg;
	bide_barrier_init(&shared.barrier, 2);
	for (int i = 0; i < LOCK_COUNT; i++)
		CHECK_INT(bide_lock_acquire(&shared.locks[i]), 0);
	task = bide_spawn(wait_for_all, &shared);
	CHECK_INT(bide_yield(), 0);
	/* A task that got no stack has ended by now. */
	if (task != NULL && !bide_done(task))
		return serve_all(&shared) + bide_join(task);
	for (int i = 0; i < LOCK_COUNT; i++)
		CHECK_INT(bide_lock_release(&shared.locks[i]), 0);
	return task != NULL ? bide_join(task) : -ENOMEM;
}

static int share_sweep(void)
{
	return virtual_run(0, share_all);
}
FAULT_SWEEP(sync, waits_without_memory, share_sweep)

/* Where a lock was taken is not noted then; the lock is held all the same. */
static int share_debug_sweep(void)
{
	return virtual_run(BIDE_DEBUG, share_all);
}
FAULT_SWEEP(sync, waits_without_memory_under_debug, share_debug_sweep)

/* ---- watches and broadcasts ---- */

static int new_watch(void)
{
	int value = 1;
	bide_watch *watch = bide_watch_new(sizeof value, &value);

	if (watch == NULL)
		return -errno;
	value = 2;
	CHECK_INT(bide_watch_set(watch, &value), 0);
	bide_watch_free(watch);
	return 0;
}
FAULT_SWEEP(watch, new_reports_every_failure_and_leaks_nothing, new_watch)

static int new_broadcast(void)
{
	char item[100] = "item";
	bide_broadcast *broadcast = bide_broadcast_new(sizeof item, 10);

	if (broadcast == NULL)
		return -errno;
	for (int i = 0; i < 30; i++)
		CHECK_INT(bide_broadcast_put(broadcast, item), 0);
	bide_broadcast_free(broadcast);
	return 0;
}
FAULT_SWEEP(broadcast, new_reports_every_failure_and_leaks_nothing, new_broadcast)
