/* SPDX-License-Identifier: MIT */

/* test_cond.c - waiting for a change of what a lock protects */
#include "sync_test.h"

#include <bide.h>

/* One lock and one condition, fresh in each test's own process. */
static bide_lock lock;
static bide_cond cond;

static int wait_once(void *arg)
{
	int r;

	(void)arg;
	CHECK_INT(bide_lock_acquire(&lock), 0);
	r = bide_cond_wait(&cond, &lock);
	NOTE("%s %s", my_name(), ERR(r));
	CHECK_INT(bide_lock_try(&lock), -EDEADLK);
	CHECK_INT(bide_lock_release(&lock), 0);
	return r;
}

static bide_task *spawn_waiter(const char *name)
{
	bide_task *task = spawn_named(name, wait_once, NULL);

	settle();
	return task;
}

/* They are named "a", "b" and so on, in the order in which they wait. */
static void spawn_waiters(bide_task **tasks, int n)
{
	char name[] = "a";

	for (int i = 0; i < n; i++, name[0]++)
		tasks[i] = spawn_waiter(name);
}

static int lock_once(void *arg)
{
	int r;

	(void)arg;
	r = bide_lock_acquire(&lock);
	NOTE("%s %s", my_name(), ERR(r));
	return r < 0 ? r : bide_lock_release(&lock);
}

/* A task that waits for the lock. */
static bide_task *spawn_locker(const char *name)
{
	bide_task *task = spawn_named(name, lock_once, NULL);

	settle();
	return task;
}

TEST(cond, waits_for_nothing_outside_of_a_loop)
{
	CHECK_INT(bide_cond_wait(&cond, &lock), -EPERM);
	CHECK_INT(bide_cond_notify(&cond, 1), 0);
	CHECK_INT(bide_cond_notify_all(&cond), 0);
}

static int hold_1u(void *arg)
{
	(void)arg;
	BIDE_WITH_LOCK(&lock)
		(void)bide_sleep(1 * U);
	return 0;
}

LOOP_TEST(cond, is_not_waited_in_with_the_lock_of_another_task)
{
	bide_task *holder = spawn_named("holder", hold_1u, NULL);

	settle();
	WITHOUT_SUSPENSION(CHECK_INT(bide_cond_wait(&cond, &lock), -EPERM));
	CHECK_INT(bide_cond_notify_all(&cond), 0);
	CHECK_INT(bide_lock_release(&lock), -EPERM);
	CHECK_INT(bide_join(holder), 0);
	return 0;
}

LOOP_TEST(cond, releases_the_lock_to_who_waits_for_it)
{
	bide_task *tasks[2];

	CHECK_INT(bide_lock_acquire(&lock), 0);
	tasks[0] = spawn_locker("a");
	tasks[1] = spawn_locker("b");
	CHECK_NOTES("");
	BIDE_TIMEOUT(1 * U)
		CHECK_INT(bide_cond_wait(&cond, &lock), -ECANCELED);
	CHECK(bide_timed_out());
	CHECK_NOTES("a 0 · b 0");
	CHECK_INT(bide_lock_release(&lock), 0);
	CHECK_INT(bide_gather(2, tasks, NULL), 0);
	return 0;
}

LOOP_TEST(cond, keeps_the_other_locks_of_who_waits)
{
	bide_lock second = { 0 };

	CHECK_INT(bide_lock_acquire(&lock), 0);
	CHECK_INT(bide_lock_acquire(&second), 0);
	BIDE_TIMEOUT(1 * U)
		CHECK_INT(bide_cond_wait(&cond, &lock), -ECANCELED);
	CHECK_INT(bide_lock_release(&second), 0);
	CHECK_INT(bide_lock_release(&lock), 0);
	return 0;
}

/* ---- notifying ---- */

LOOP_TEST(cond, notifies_no_more_than_there_are_and_none_twice)
{
	bide_task *tasks[3];

	spawn_waiters(tasks, 3);
	CHECK_INT(bide_cond_notify(&cond, 0), 0);
	settle();
	CHECK_NOTES("");
	CHECK_INT(bide_cond_notify(&cond, 1), 1);
	CHECK_INT(bide_cond_notify(&cond, 1), 1);
	CHECK_INT(bide_cond_notify(&cond, SIZE_MAX), 1);
	CHECK_INT(bide_cond_notify_all(&cond), 0);
	CHECK_INT(bide_gather(3, tasks, NULL), 0);
	CHECK_NOTES("a 0 · b 0 · c 0");
	return 0;
}

/* Those that were notified still wait, for the lock: they are no waiters any more. */
LOOP_TEST(cond, does_not_notify_those_again_that_wait_for_the_lock)
{
	bide_task *tasks[3];

	spawn_waiters(tasks, 3);
	CHECK_INT(bide_lock_acquire(&lock), 0);
	CHECK_INT(bide_cond_notify(&cond, 2), 2);
	settle();
	CHECK_INT(bide_cond_notify_all(&cond), 1);
	settle();
	CHECK_INT(bide_cond_notify_all(&cond), 0);
	CHECK_NOTES("");
	CHECK_INT(bide_lock_release(&lock), 0);
	CHECK_INT(bide_gather(3, tasks, NULL), 0);
	CHECK_NOTES("a 0 · b 0 · c 0");
	return 0;
}

LOOP_TEST(cond, forgets_a_notification_that_nobody_waits_for)
{
	bide_task *task;

	CHECK_INT(bide_cond_notify(&cond, 1), 0);
	CHECK_INT(bide_cond_notify_all(&cond), 0);
	task = spawn_waiter("w");
	CHECK_NOTES("");
	CHECK_INT(bide_cond_notify(&cond, 1), 1);
	CHECK_INT(bide_join(task), 0);
	return 0;
}

/* The lock is free: the notified task has it at once, though it has yet to run. */
LOOP_TEST(cond, makes_the_notified_task_the_next_for_a_free_lock)
{
	bide_task *task = spawn_waiter("w");

	CHECK(!bide_lock_held(&lock));
	CHECK_INT(bide_cond_notify(&cond, 1), 1);
	CHECK_INT(bide_lock_try(&lock), -EBUSY);
	CHECK_INT(bide_lock_acquire(&lock), 0);
	CHECK_NOTES("w 0");
	CHECK_INT(bide_lock_release(&lock), 0);
	CHECK_INT(bide_join(task), 0);
	return 0;
}

LOOP_TEST(cond, queues_the_notified_between_those_who_waited_for_the_lock_and_newcomers)
{
	bide_task *tasks[5];

	tasks[0] = spawn_waiter("notified 1");
	tasks[1] = spawn_waiter("notified 2");
	CHECK_INT(bide_lock_acquire(&lock), 0);
	tasks[2] = spawn_locker("before");
	CHECK_INT(bide_cond_notify(&cond, 1), 1);
	tasks[3] = spawn_locker("between");
	CHECK_INT(bide_cond_notify(&cond, 1), 1);
	tasks[4] = spawn_locker("after");
	CHECK_NOTES("");
	CHECK_INT(bide_lock_release(&lock), 0);
	CHECK_INT(bide_gather(5, tasks, NULL), 0);
	CHECK_NOTES("before 0 · notified 1 0 · between 0 · notified 2 0 · after 0");
	return 0;
}

static int notify_when_cancelled(void *arg)
{
	(void)arg;
	CHECK_INT(bide_cancel(bide_self()), 1);
	return bide_cond_notify_all(&cond);
}

LOOP_TEST(cond, is_notified_by_a_cancelled_task_that_does_not_hold_the_lock)
{
	bide_task *task = spawn_waiter("w");

	CHECK_INT(bide_join(spawn_named("notifier", notify_when_cancelled, NULL)), 1);
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("w 0");
	return 0;
}

static int wait_in_turn(void *arg)
{
	int *round = arg;

	BIDE_WITH_LOCK(&lock) {
		for (int mine = *round; *round < 50; mine = *round)
			while (*round == mine)
				CHECK_INT(bide_cond_wait(&cond, &lock), 0);
	}
	return 0;
}

LOOP_TEST(cond, serves_those_who_wait_again_and_again)
{
	int round = 0;
	bide_task *tasks[10];

	for (int i = 0; i < 10; i++)
		tasks[i] = bide_spawn(wait_in_turn, &round);
	settle();
	while (round < 50) {
		BIDE_WITH_LOCK(&lock)
			round++;
		CHECK_INT(bide_cond_notify_all(&cond), 10);
		settle();
	}
	CHECK_INT(bide_gather(10, tasks, NULL), 0);
	return 0;
}

/* ---- cancellation ---- */

static int wait_when_cancelled(void *arg)
{
	(void)arg;
	CHECK_INT(bide_lock_acquire(&lock), 0);
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	CHECK_INT(bide_cond_wait(&cond, &lock), -ECANCELED);
	CHECK_INT(bide_cond_notify_all(&cond), 0);
	NOTE("still mine");
	return bide_lock_release(&lock);
}

/* Were the lock released for a moment, the one that waits for it would have it. */
LOOP_TEST(cond, keeps_the_lock_of_a_task_that_was_cancelled_before)
{
	bide_task *task = spawn_named("w", wait_when_cancelled, NULL);
	bide_task *locker;

	settle();
	locker = spawn_locker("locker");
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(bide_join(locker), 0);
	CHECK_NOTES("still mine · locker 0");
	return 0;
}

LOOP_TEST(cond, gives_the_lock_back_to_who_is_cancelled_in_the_wait)
{
	bide_task *task = spawn_waiter("w");

	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK_NOTES("w -ECANCELED");
	CHECK(!bide_lock_held(&lock));
	return 0;
}

LOOP_TEST(cond, succeeds_for_who_is_cancelled_between_the_notification_and_the_lock)
{
	bide_task *task = spawn_waiter("w");

	CHECK_INT(bide_lock_acquire(&lock), 0);
	CHECK_INT(bide_cond_notify(&cond, 1), 1);
	settle();
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_NOTES("");
	CHECK_INT(bide_lock_release(&lock), 0);
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("w 0");
	return 0;
}

LOOP_TEST(cond, waits_for_the_lock_also_when_cancelled_several_times)
{
	bide_task *task = spawn_waiter("w");

	CHECK_INT(bide_lock_acquire(&lock), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(bide_cancel(task), 1);
		settle();
		CHECK_NOTES("");
	}
	CHECK_INT(bide_lock_release(&lock), 0);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK_NOTES("w -ECANCELED");
	return 0;
}

LOOP_TEST(cond, notifies_the_next_one_where_the_first_was_cancelled_before)
{
	bide_task *tasks[2];
	int results[2];

	spawn_waiters(tasks, 2);
	CHECK_INT(bide_cancel(tasks[0]), 1);
	CHECK_INT(bide_cond_notify(&cond, 1), 1);
	CHECK_INT(bide_gather(2, tasks, results), 0);
	CHECK_STR(case_list(2, results), "[-ECANCELED, 0]");
	return 0;
}

LOOP_TEST(cond, queues_the_cancelled_behind_those_who_waited_for_the_lock)
{
	bide_task *tasks[3];
	int results[3];

	tasks[0] = spawn_waiter("cancelled");
	CHECK_INT(bide_lock_acquire(&lock), 0);
	tasks[1] = spawn_locker("before");
	CHECK_INT(bide_cancel(tasks[0]), 1);
	settle();
	tasks[2] = spawn_locker("after");
	CHECK_INT(bide_lock_release(&lock), 0);
	CHECK_INT(bide_gather(3, tasks, results), 0);
	CHECK_NOTES("before 0 · cancelled -ECANCELED · after 0");
	return 0;
}

/* ---- deadlines ---- */

struct limits {
	int outer;
	int inner;
};

static int wait_within(void *arg)
{
	const struct limits *limits = arg;
	bide_scope outer, inner;
	int r;

	CHECK_INT(bide_lock_acquire(&lock), 0);
	bide_scope_enter(&outer, limits->outer * U);
	bide_scope_enter(&inner, limits->inner * U);
	r = bide_cond_wait(&cond, &lock);
	NOTE("%s at %d", ERR(r), case_now());
	NOTE("inner %s", ERR(bide_scope_leave(&inner)));
	NOTE("outer %s", ERR(bide_scope_leave(&outer)));
	CHECK_INT(bide_checkpoint(), 0);
	return bide_lock_release(&lock);
}

static bide_task *spawn_limited(const struct limits *limits)
{
	bide_task *task = spawn_named("limited", wait_within, (void *)limits);

	settle();
	return task;
}

LOOP_TEST(cond, charges_a_deadline_that_cuts_the_wait_short_to_its_scope_alone)
{
	static const struct limits limits = { .outer = 9, .inner = 1 };
	bide_task *task = spawn_limited(&limits);

	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("-ECANCELED at 1 · inner -ETIMEDOUT · outer 0");
	return 0;
}

LOOP_TEST(cond, charges_the_deadline_also_where_the_lock_comes_much_later)
{
	static const struct limits limits = { .outer = 9, .inner = 1 };
	bide_task *task = spawn_limited(&limits);

	CHECK_INT(bide_lock_acquire(&lock), 0);
	CHECK_INT(bide_sleep(5 * U), 0);
	CHECK_NOTES("");
	CHECK_INT(bide_lock_release(&lock), 0);
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("-ECANCELED at 5 · inner -ETIMEDOUT · outer 0");
	return 0;
}

/* Who is charged is decided when the call returns, as everywhere. */
LOOP_TEST(cond, charges_the_outer_scope_alone_where_that_expires_before_the_lock_comes)
{
	static const struct limits limits = { .outer = 3, .inner = 1 };
	bide_task *task = spawn_limited(&limits);

	CHECK_INT(bide_lock_acquire(&lock), 0);
	CHECK_INT(bide_sleep(5 * U), 0);
	CHECK_INT(bide_lock_release(&lock), 0);
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("-ECANCELED at 5 · inner 0 · outer -ETIMEDOUT");
	return 0;
}

LOOP_TEST(cond, charges_nobody_where_it_was_notified_in_time)
{
	static const struct limits limits = { .outer = 3, .inner = 1 };
	bide_task *task = spawn_limited(&limits);

	CHECK_INT(bide_lock_acquire(&lock), 0);
	CHECK_INT(bide_cond_notify(&cond, 1), 1);
	CHECK_INT(bide_sleep(5 * U), 0);
	CHECK_NOTES("");
	CHECK_INT(bide_lock_release(&lock), 0);
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("0 at 5 · inner 0 · outer 0");
	return 0;
}

/* In the step in which it is notified the clock passes the deadline. */
LOOP_TEST(cond, is_not_cut_short_by_a_deadline_that_passes_after_the_notification)
{
	static const struct limits limits = { .outer = 9, .inner = 1 };
	bide_task *task = spawn_limited(&limits);

	CHECK_INT(bide_cond_notify(&cond, 1), 1);
	bide_clock_advance(2 * U);
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("0 at 2 · inner 0 · outer 0");
	return 0;
}

static int wait_shielded(void *arg)
{
	int r = bide_shield(wait_once, arg);

	NOTE("then %s", ERR(bide_checkpoint()));
	return r;
}

LOOP_TEST(cond, waits_on_in_a_shield)
{
	bide_task *task = spawn_named("w", wait_shielded, NULL);

	settle();
	CHECK_INT(bide_cancel(task), 1);
	settle();
	CHECK_NOTES("");
	CHECK_INT(bide_cond_notify(&cond, 1), 1);
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("w 0 · then -ECANCELED");
	return 0;
}

static int changed;

static int wait_for_change_whatever_is_returned(void *arg)
{
	(void)arg;
	CHECK_INT(bide_lock_acquire(&lock), 0);
	while (!changed)
		(void)bide_cond_wait(&cond, &lock);     /* that is what the test is about */
	return bide_lock_release(&lock);
}

static int change_once(void *arg)
{
	(void)arg;
	CHECK_INT(bide_lock_acquire(&lock), 0);
	changed = 1;
	return bide_lock_release(&lock);
}

/* It held the lock at each of its refusals, so that nobody could change anything. */
LOOP_TEST(cond, loop_that_ignores_a_cancellation_lets_others_change_what_it_waits_for)
{
	bide_task *waiter = bide_spawn(wait_for_change_whatever_is_returned, NULL);

	settle();
	bide_cancel(waiter);
	/* From here on it is always ready, and virtual time stands. */
	CHECK_INT(bide_join(bide_spawn(change_once, NULL)), 0);
	CHECK_INT(bide_join(waiter), 0);
	CHECK(!bide_lock_held(&lock));
	return 0;
}
