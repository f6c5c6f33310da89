/* SPDX-License-Identifier: MIT */

/*
 * test_lock_end.c - tasks that end while they hold a lock
 *
 * That is misuse wherever the lock comes from: the next one to ask for it would
 * wait for ever. Each function below named take_… leaves one lock held.
 */
#include "sync_test.h"

#include <bide.h>

static bide_lock lock;
static bide_lock lock2;
static bide_cond cond;
static bide_rwlock rwlock;

static int take(void *arg)
{
	(void)arg;
	CHECK_INT(bide_lock_acquire(&lock), 0);
	return 0;
}

TEST(lock_end, of_main_with_a_lock_held_aborts)
{
	CHECK_CONTAINS(check_aborts(take), "lock");
}

/* The function of a task named "culprit", beside main. */
static bide_fn *other_crime;

static int run_other(void *arg)
{
	bide_task *task;

	(void)arg;
	bide_set_name(bide_self(), "main");
	task = spawn_named("culprit", other_crime, NULL);
	settle();
	CHECK_INT(bide_lock_acquire(&lock), 0);
	CHECK_INT(bide_lock_release(&lock), 0);
	return bide_join(task);
}

static const char *check_other_aborts(bide_fn *fn)
{
	other_crime = fn;
	return check_aborts(run_other);
}

TEST(lock_end, of_a_task_with_a_lock_held_aborts)
{
	CHECK_CONTAINS(check_other_aborts(take), "lock");
}

static int spawn_eager(void *arg)
{
	const bide_task_options options = { .name = "culprit", .flags = BIDE_EAGER };

	(void)arg;
	bide_set_name(bide_self(), "main");
	bide_detach(bide_spawn_with(&options, take, NULL));
	return 0;
}

TEST(lock_end, of_an_eager_task_with_a_lock_held_aborts)
{
	check_aborts(spawn_eager);
}

static int take_and_fail(void *arg)
{
	(void)take(arg);
	return -EIO;
}

static int take_and_wait(void *arg)
{
	(void)take(arg);
	return bide_sleep(BIDE_FOREVER);
}

static int leave_one_behind(void *arg)
{
	(void)arg;
	bide_set_name(bide_self(), "main");
	bide_detach(spawn_named("culprit", take_and_wait, NULL));
	return bide_yield();
}

TEST(lock_end, aborts_also_where_the_task_has_failed_or_was_cancelled)
{
	check_aborts(take_and_fail);
	check_aborts(leave_one_behind);
}

static int try_it(void *arg)
{
	(void)arg;
	CHECK_INT(bide_lock_try(&lock), 0);
	return 0;
}

TEST(lock_end, aborts_with_a_lock_that_it_has_tried_for)
{
	check_aborts(try_it);
}

static int take_after_another(void *arg)
{
	bide_task *task;

	(void)arg;
	bide_set_name(bide_self(), "main");
	CHECK_INT(bide_lock_acquire(&lock), 0);
	task = spawn_named("culprit", take, NULL);
	settle();
	CHECK_INT(bide_lock_release(&lock), 0);
	return bide_join(task);
}

TEST(lock_end, aborts_with_a_lock_that_was_handed_over)
{
	check_aborts(take_after_another);
}

static int wait_in_cond(void *arg)
{
	(void)arg;
	CHECK_INT(bide_lock_acquire(&lock), 0);
	BIDE_TIMEOUT(1 * U)
		CHECK_INT(bide_cond_wait(&cond, &lock), -ECANCELED);
	return 0;
}

static int wait_in_cond_for_a_notification(void *arg)
{
	(void)arg;
	CHECK_INT(bide_lock_acquire(&lock), 0);
	CHECK_INT(bide_cond_wait(&cond, &lock), 0);
	return 0;
}

static int notify_culprit(void *arg)
{
	bide_task *task;

	(void)arg;
	bide_set_name(bide_self(), "main");
	task = spawn_named("culprit", wait_in_cond_for_a_notification, NULL);
	settle();
	CHECK(!bide_lock_held(&lock));
	CHECK_INT(bide_cond_notify_all(&cond), 1);
	return bide_join(task);
}

TEST(lock_end, aborts_with_a_lock_that_a_condition_gave_back)
{
	check_aborts(wait_in_cond);
	check_aborts(notify_culprit);
}

static int take_two(void *arg)
{
	(void)arg;
	CHECK_INT(bide_lock_acquire(&lock), 0);
	CHECK_INT(bide_lock_acquire(&lock2), 0);
	CHECK_INT(bide_rwlock_read(&rwlock), 0);
	return 0;
}

static int take_two_and_release_one(void *arg)
{
	(void)take_two(arg);
	CHECK_INT(bide_rwlock_release(&rwlock), 0);
	CHECK_INT(bide_lock_release(&lock), 0);
	return 0;
}

TEST(lock_end, aborts_with_several_locks_and_with_the_last_one_of_several)
{
	check_aborts(take_two);
	check_aborts(take_two_and_release_one);
}

static int read_it(void *arg)
{
	(void)arg;
	CHECK_INT(bide_rwlock_read(&rwlock), 0);
	return 0;
}

static int write_it(void *arg)
{
	(void)arg;
	CHECK_INT(bide_rwlock_write(&rwlock), 0);
	return 0;
}

static int read_after_a_writer(void *arg)
{
	bide_task *task;

	(void)arg;
	bide_set_name(bide_self(), "main");
	CHECK_INT(bide_rwlock_write(&rwlock), 0);
	task = spawn_named("culprit", read_it, NULL);
	settle();
	CHECK_INT(bide_rwlock_release(&rwlock), 0);
	return bide_join(task);
}

TEST(lock_end, aborts_with_a_rwlock_held_in_either_way)
{
	CHECK_CONTAINS(check_aborts(read_it), "lock");
	CHECK_CONTAINS(check_aborts(write_it), "lock");
	check_aborts(read_after_a_writer);
	check_other_aborts(read_it);
}

/* ---- deferred functions, which run before the task has ended ---- */

static void release_later(void *arg)
{
	CHECK_INT(bide_lock_release(arg), 0);
	NOTE("released");
}

static int take_and_defer(void *arg)
{
	CHECK_INT(bide_defer(release_later, arg), 0);
	CHECK_INT(bide_lock_acquire(arg), 0);
	return 0;
}

static void release_rwlock_later(void *arg)
{
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_rwlock_release(arg), 0);
	NOTE("released");
}

static int read_and_defer(void *arg)
{
	CHECK_INT(bide_defer(release_rwlock_later, arg), 0);
	CHECK_INT(bide_rwlock_read(arg), 0);
	return 0;
}

LOOP_TEST(lock_end, may_leave_the_release_to_a_deferred_function)
{
	CHECK_INT(bide_join(spawn_named("t", take_and_defer, &lock)), 0);
	CHECK_NOTES("released");
	CHECK(!bide_lock_held(&lock));
	CHECK_INT(bide_join(spawn_named("t", read_and_defer, &rwlock)), 0);
	CHECK_NOTES("released");
	CHECK_INT(bide_rwlock_write(&rwlock), 0);
	CHECK_INT(bide_rwlock_release(&rwlock), 0);
	return 0;
}

static void use_later(void *arg)
{
	BIDE_WITH_LOCK(arg)
		NOTE("used");
	CHECK_INT(bide_lock_acquire(arg), 0);
	CHECK_INT(bide_lock_release(arg), 0);
}

static int defer_use(void *arg)
{
	return bide_defer(use_later, arg);
}

LOOP_TEST(lock_end, is_preceded_by_deferred_functions_that_may_use_locks)
{
	CHECK_INT(bide_join(spawn_named("t", defer_use, &lock)), 0);
	CHECK_NOTES("used");
	return 0;
}

static void take_later(void *arg)
{
	(void)take(arg);
}

static int defer_take(void *arg)
{
	return bide_defer(take_later, arg);
}

TEST(lock_end, aborts_with_a_lock_that_a_deferred_function_took)
{
	check_aborts(defer_take);
}

/* ---- where the lock was taken ---- */

/* What follows the call keeps it from being the last: the return address is here. */
__attribute__((noinline)) static void acquire_here(bide_lock *it)
{
	CHECK_INT(bide_lock_acquire(it), 0);
	NOTE("acquired");
}

__attribute__((noinline)) static void try_here(bide_lock *it)
{
	CHECK_INT(bide_lock_try(it), 0);
	NOTE("acquired");
}

__attribute__((noinline)) static void read_here(bide_rwlock *it)
{
	CHECK_INT(bide_rwlock_read(it), 0);
	NOTE("acquired");
}

__attribute__((noinline)) static void write_here(bide_rwlock *it)
{
	CHECK_INT(bide_rwlock_write(it), 0);
	NOTE("acquired");
}

static int leave_acquired(void *arg)
{
	(void)arg;
	try_here(&lock2);
	acquire_here(&lock);
	CHECK_INT(bide_lock_release(&lock2), 0);
	return 0;
}

static int leave_tried(void *arg)
{
	(void)arg;
	acquire_here(&lock2);
	try_here(&lock);
	CHECK_INT(bide_lock_release(&lock2), 0);
	return 0;
}

static int leave_read(void *arg)
{
	(void)arg;
	acquire_here(&lock);
	read_here(&rwlock);
	CHECK_INT(bide_lock_release(&lock), 0);
	return 0;
}

static int leave_written(void *arg)
{
	(void)arg;
	write_here(&rwlock);
	acquire_here(&lock);
	CHECK_INT(bide_lock_release(&lock), 0);
	return 0;
}

static int leave_handed_over(void *arg)
{
	acquire_here(&lock);
	return INT(arg);
}

static int hand_over(void *arg)
{
	bide_task *task;

	(void)arg;
	bide_set_name(bide_self(), "main");
	CHECK_INT(bide_lock_acquire(&lock), 0);
	task = spawn_named("culprit", leave_handed_over, NULL);
	settle();
	CHECK_INT(bide_lock_release(&lock), 0);
	return bide_join(task);
}

/* Where there are no symbols a place is an address. */
static const char *place(const char *function)
{
#ifdef BIDE_HAVE_LIBELF
	return function;
#else
	(void)function;
	return "took in 0x";
#endif
}

TEST(lock_end, tells_under_debug_in_which_function_the_lock_was_taken)
{
	const char *text = check_aborts_with(BIDE_DEBUG, leave_acquired);

	CHECK_CONTAINS(text, place("acquire_here"));
	CHECK(strstr(text, "try_here") == NULL);
	text = check_aborts_with(BIDE_DEBUG, leave_tried);
	CHECK_CONTAINS(text, place("try_here"));
	CHECK(strstr(text, "acquire_here") == NULL);
	CHECK_CONTAINS(check_aborts_with(BIDE_DEBUG, hand_over), place("acquire_here"));
}

TEST(lock_end, tells_under_debug_in_which_function_the_rwlock_was_taken)
{
	CHECK_CONTAINS(check_aborts_with(BIDE_DEBUG, leave_read), place("read_here"));
	CHECK_CONTAINS(check_aborts_with(BIDE_DEBUG, leave_written), place("write_here"));
}

static int leave_from_block(void *arg)
{
	(void)arg;
	BIDE_WITH_LOCK(&lock) {
		CHECK_INT(bide_lock_release(&lock), 0);
		acquire_here(&lock2);
	}
	return 0;
}

TEST(lock_end, tells_of_the_lock_that_is_held_not_of_those_that_were)
{
	const char *text = check_aborts_with(BIDE_DEBUG, leave_from_block);

	CHECK_CONTAINS(text, place("acquire_here"));
	CHECK(strstr(text, "leave_from_block") == NULL);
}

static int use_everything(void *arg)
{
	(void)arg;
	for (int i = 0; i < 100; i++) {
		BIDE_WITH_LOCK(&lock)
			acquire_here(&lock2);
		read_here(&rwlock);
		CHECK_INT(bide_lock_release(&lock2), 0);
		CHECK_INT(bide_rwlock_release(&rwlock), 0);
		write_here(&rwlock);
		CHECK_INT(bide_rwlock_release(&rwlock), 0);
		notes[0] = '\0';
	}
	return 0;
}

TEST(lock_end, with_nothing_held_is_silent_under_debug)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK | BIDE_DEBUG };

	CHECK_INT(bide_run_with(&options, use_everything, NULL), 0);
}

static int end_with_a_rwlock_and_a_lock(void *arg)
{
	static bide_rwlock noted;
	static bide_lock counted;

	(void)arg;
	CHECK_INT(bide_rwlock_read(&noted), 0);
	CHECK_INT(bide_lock_acquire(&counted), 0);
	return 0;
}

/* Without debugging only the rwlock is noted, and it is not the last one. */
TEST(lock_end, calls_a_lock_the_last_one_only_where_it_knows)
{
	CHECK_CONTAINS(check_aborts_with(0, end_with_a_rwlock_and_a_lock), "one of them");
}
