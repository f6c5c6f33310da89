/* SPDX-License-Identifier: MIT */

/* test_sem.c - permits, taken one or many at a time */
#include "sync_test.h"

#include <bide.h>

/* One semaphore, fresh in each test's own process. */
static bide_sem sem;

/* How many permits can be taken at once; they are given back. */
static size_t free_permits(void)
{
	size_t n = 0;

	while (bide_sem_try(&sem) == 0)
		n++;
	CHECK_INT(bide_sem_release_many(&sem, n), 0);
	return n;
}

static int take(void *arg)
{
	int r = bide_sem_acquire_many(&sem, (size_t)INT(arg));

	NOTE("%s %s", my_name(), ERR(r));
	return r;
}

static int take_one(void *arg)
{
	int r = bide_sem_acquire(&sem);

	(void)arg;
	NOTE("%s %s", my_name(), ERR(r));
	return r;
}

static bide_task *spawn_taker(const char *name, int n)
{
	bide_task *task = spawn_named(name, take, ARG(n));

	settle();
	return task;
}

LOOP_TEST(sem, has_no_permits_and_no_bound_when_its_bytes_are_zero)
{
	CHECK_INT(bide_sem_try(&sem), -EAGAIN);
	CHECK_INT(bide_sem_release(&sem), 0);
	CHECK_INT(bide_sem_release_many(&sem, 1000), 0);
	WITHOUT_SUSPENSION({
		CHECK_INT(bide_sem_acquire(&sem), 0);
		CHECK_INT(bide_sem_acquire_many(&sem, 1000), 0);
	});
	CHECK_INT(bide_sem_try(&sem), -EAGAIN);
	return 0;
}

LOOP_TEST(sem, has_no_more_than_max_permits_from_the_start)
{
	bide_sem_init(&sem, 5, 3);
	CHECK_INT(bide_sem_release(&sem), -EOVERFLOW);
	CHECK_INT(free_permits(), 3);
	bide_sem_init(&sem, SIZE_MAX, 1);
	CHECK_INT(bide_sem_try(&sem), 0);
	CHECK_INT(bide_sem_try(&sem), -EAGAIN);
	bide_sem_init(&sem, 3, 3);
	CHECK_INT(free_permits(), 3);
	return 0;
}

LOOP_TEST(sem, changes_nothing_where_a_release_would_exceed_max)
{
	bide_sem_init(&sem, 1, 3);
	CHECK_INT(bide_sem_release_many(&sem, 3), -EOVERFLOW);
	CHECK_INT(bide_sem_release_many(&sem, SIZE_MAX), -EOVERFLOW);
	CHECK_INT(free_permits(), 1);
	CHECK_INT(bide_sem_release_many(&sem, 2), 0);
	CHECK_INT(bide_sem_release(&sem), -EOVERFLOW);
	CHECK_INT(bide_sem_release_many(&sem, 0), 0);
	CHECK_INT(free_permits(), 3);
	return 0;
}

LOOP_TEST(sem, without_a_bound_has_at_most_as_many_as_a_size_can_tell)
{
	bide_sem_init(&sem, SIZE_MAX - 1, 0);
	CHECK_INT(bide_sem_release_many(&sem, 2), -EOVERFLOW);
	CHECK_INT(bide_sem_release(&sem), 0);
	CHECK_INT(bide_sem_release(&sem), -EOVERFLOW);
	CHECK_INT(bide_sem_release_many(&sem, SIZE_MAX), -EOVERFLOW);
	CHECK_INT(bide_sem_acquire_many(&sem, SIZE_MAX), 0);
	CHECK_INT(bide_sem_try(&sem), -EAGAIN);
	return 0;
}

/* What goes straight to waiters is never free. */
LOOP_TEST(sem, counts_against_max_only_what_nobody_waits_for)
{
	bide_task *tasks[2];

	bide_sem_init(&sem, 0, 2);
	tasks[0] = spawn_taker("a", 1);
	tasks[1] = spawn_taker("b", 2);
	CHECK_INT(bide_sem_release_many(&sem, 6), -EOVERFLOW);
	settle();
	CHECK_NOTES("");
	CHECK_INT(bide_sem_release_many(&sem, 5), 0);
	CHECK_INT(bide_gather(2, tasks, NULL), 0);
	CHECK_NOTES("a 0 · b 0");
	CHECK_INT(free_permits(), 2);
	return 0;
}

LOOP_TEST(sem, refuses_to_wait_for_more_than_max)
{
	bide_sem_init(&sem, 1, 3);
	WITHOUT_SUSPENSION({
		CHECK_INT(bide_sem_acquire_many(&sem, 4), -EINVAL);
		CHECK_INT(bide_sem_acquire_many(&sem, SIZE_MAX), -EINVAL);
	});
	CHECK_INT(free_permits(), 1);
	CHECK_INT(bide_sem_release_many(&sem, 2), 0);
	CHECK_INT(bide_sem_acquire_many(&sem, 3), 0);
	return 0;
}

LOOP_TEST(sem, gives_none_to_who_asks_for_none)
{
	WITHOUT_SUSPENSION(CHECK_INT(bide_sem_acquire_many(&sem, 0), 0));
	CHECK_INT(bide_sem_release_many(&sem, 0), 0);
	CHECK_INT(free_permits(), 0);
	return 0;
}

LOOP_TEST(sem, lets_who_asks_for_none_queue_like_everybody)
{
	bide_task *tasks[2];

	tasks[0] = spawn_taker("one", 1);
	tasks[1] = spawn_taker("none", 0);
	CHECK_NOTES("");
	CHECK_INT(bide_sem_release(&sem), 0);
	CHECK_INT(bide_gather(2, tasks, NULL), 0);
	CHECK_NOTES("one 0 · none 0");
	return 0;
}

TEST(sem, is_taken_from_and_given_to_outside_of_a_loop_without_waiting)
{
	bide_sem_init(&sem, 1, 0);
	CHECK_INT(bide_sem_acquire(&sem), -EPERM);
	CHECK_INT(bide_sem_acquire_many(&sem, 1), -EPERM);
	CHECK_INT(bide_sem_try(&sem), 0);
	CHECK_INT(bide_sem_try(&sem), -EAGAIN);
	CHECK_INT(bide_sem_release(&sem), 0);
	CHECK_INT(bide_sem_release_many(&sem, 2), 0);
	CHECK_INT(free_permits(), 3);
}

/* ---- order ---- */

LOOP_TEST(sem, lets_nobody_overtake_one_who_waits_for_many)
{
	bide_task *tasks[3];

	bide_sem_init(&sem, 2, 0);
	tasks[0] = spawn_taker("big", 3);
	tasks[1] = spawn_taker("small", 1);
	tasks[2] = spawn_named("single", take_one, NULL);
	settle();
	CHECK_INT(bide_sem_try(&sem), -EAGAIN);
	CHECK_NOTES("");
	CHECK_INT(bide_sem_release(&sem), 0);
	settle();
	CHECK_NOTES("big 0");
	CHECK_INT(bide_sem_release_many(&sem, 2), 0);
	CHECK_INT(bide_gather(3, tasks, NULL), 0);
	CHECK_NOTES("small 0 · single 0");
	return 0;
}

/* Both at once: they need not wait for the next release. */
LOOP_TEST(sem, serves_those_behind_one_who_is_cancelled_at_the_head)
{
	bide_task *tasks[4];
	int results[4];

	bide_sem_init(&sem, 3, 0);
	tasks[0] = spawn_taker("big", 9);
	tasks[1] = spawn_taker("one", 1);
	tasks[2] = spawn_taker("two", 2);
	tasks[3] = spawn_taker("more", 1);
	CHECK_NOTES("");
	CHECK_INT(bide_cancel(tasks[0]), 1);
	settle();
	CHECK_NOTES("big -ECANCELED · one 0 · two 0");
	CHECK_INT(bide_sem_release(&sem), 0);
	CHECK_INT(bide_gather(4, tasks, results), 0);
	CHECK_NOTES("more 0");
	CHECK_INT(free_permits(), 0);
	return 0;
}

LOOP_TEST(sem, gives_to_those_behind_in_the_step_that_cancels_the_head)
{
	bide_task *tasks[2];
	int results[2];

	bide_sem_init(&sem, 1, 0);
	tasks[0] = spawn_taker("big", 2);
	tasks[1] = spawn_taker("small", 1);
	CHECK_INT(bide_cancel(tasks[0]), 1);
	CHECK_INT(bide_sem_try(&sem), -EAGAIN);
	CHECK_INT(bide_cancel(tasks[1]), 1);
	CHECK_INT(bide_gather(2, tasks, results), 0);
	CHECK_STR(case_list(2, results), "[-ECANCELED, 0]");
	return 0;
}

static int take_three_in_1u(void *arg)
{
	bide_scope scope;

	bide_scope_enter(&scope, 1 * U);
	(void)take(arg);
	NOTE("%s at %d", ERR(bide_scope_leave(&scope)), case_now());
	return 0;
}

LOOP_TEST(sem, serves_those_behind_one_who_runs_out_of_time_at_the_head)
{
	bide_task *tasks[2];

	bide_sem_init(&sem, 1, 0);
	tasks[0] = spawn_named("big", take_three_in_1u, ARG(3));
	settle();
	tasks[1] = spawn_taker("small", 1);
	CHECK_NOTES("");
	CHECK_INT(bide_gather(2, tasks, NULL), 0);
	CHECK_NOTES("big -ECANCELED · -ETIMEDOUT at 1 · small 0");
	return 0;
}

LOOP_TEST(sem, keeps_others_waiting_where_one_is_cancelled_behind_the_head)
{
	bide_task *tasks[3];
	int results[3];

	bide_sem_init(&sem, 2, 0);
	tasks[0] = spawn_taker("big", 3);
	tasks[1] = spawn_taker("middle", 2);
	tasks[2] = spawn_taker("small", 1);
	CHECK_INT(bide_cancel(tasks[1]), 1);
	settle();
	CHECK_NOTES("middle -ECANCELED");
	CHECK_INT(bide_sem_release_many(&sem, 2), 0);
	CHECK_INT(bide_gather(3, tasks, results), 0);
	CHECK_NOTES("big 0 · small 0");
	return 0;
}

LOOP_TEST(sem, collects_several_releases_of_one_step_for_one_who_waits_for_many)
{
	bide_task *task = spawn_taker("big", 3);

	for (int i = 0; i < 3; i++) {
		CHECK_NOTES("");
		CHECK_INT(bide_sem_release(&sem), 0);
		CHECK_INT(bide_sem_try(&sem), -EAGAIN);
	}
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("big 0");
	return 0;
}

LOOP_TEST(sem, serves_several_with_several_releases_of_one_step)
{
	bide_task *tasks[4];

	for (int i = 0; i < 4; i++) {
		tasks[i] = spawn_named("w", take_one, NULL);
		settle();
	}
	CHECK_INT(bide_sem_release(&sem), 0);
	CHECK_INT(bide_sem_release(&sem), 0);
	CHECK_INT(bide_sem_release_many(&sem, 2), 0);
	CHECK_INT(bide_sem_try(&sem), -EAGAIN);
	CHECK_INT(bide_sem_release(&sem), 0);
	CHECK_INT(bide_sem_try(&sem), 0);
	CHECK_INT(bide_gather(4, tasks, NULL), 0);
	CHECK_NOTES("w 0 · w 0 · w 0 · w 0");
	return 0;
}

LOOP_TEST(sem, serves_as_many_as_a_big_release_is_enough_for)
{
	bide_task *tasks[4];

	tasks[0] = spawn_taker("two", 2);
	tasks[1] = spawn_taker("one", 1);
	tasks[2] = spawn_taker("three", 3);
	tasks[3] = spawn_taker("last", 1);
	CHECK_INT(bide_sem_release_many(&sem, 5), 0);
	settle();
	CHECK_NOTES("two 0 · one 0");
	CHECK_INT(bide_sem_release_many(&sem, 3), 0);
	CHECK_INT(bide_gather(4, tasks, NULL), 0);
	CHECK_NOTES("three 0 · last 0");
	CHECK_INT(free_permits(), 1);
	return 0;
}

/* ---- cancellation ---- */

static int take_when_cancelled(void *arg)
{
	CHECK_INT(bide_cancel(bide_self()), 1);
	CHECK_INT(bide_sem_acquire(&sem), -ECANCELED);
	CHECK_INT(bide_sem_acquire_many(&sem, 2), -ECANCELED);
	CHECK_INT(bide_sem_try(&sem), 0);
	CHECK_INT(bide_sem_release(&sem), 0);
	return INT(arg);
}

LOOP_TEST(sem, gives_no_permit_to_a_cancelled_task_unless_it_tries)
{
	bide_sem_init(&sem, 2, 0);
	CHECK_INT(bide_join(spawn_named("w", take_when_cancelled, NULL)), 0);
	CHECK_INT(free_permits(), 2);
	return 0;
}

LOOP_TEST(sem, gives_the_permit_of_a_release_that_comes_after_the_cancellation_to_the_next)
{
	bide_task *tasks[2];
	int results[2];

	tasks[0] = spawn_taker("a", 1);
	tasks[1] = spawn_taker("b", 1);
	CHECK_INT(bide_cancel(tasks[0]), 1);
	CHECK_INT(bide_sem_release(&sem), 0);
	CHECK_INT(bide_gather(2, tasks, results), 0);
	CHECK_STR(case_list(2, results), "[-ECANCELED, 0]");
	return 0;
}

LOOP_TEST(sem, does_not_take_back_what_was_given_before_the_cancellation)
{
	bide_task *task = spawn_taker("big", 3);

	CHECK_INT(bide_sem_release_many(&sem, 3), 0);
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(free_permits(), 0);
	return 0;
}

static int worker_count;

static int work(void *arg)
{
	int *inside = arg;
	int n = 1 + worker_count++ % 3;
	int r = bide_sem_acquire_many(&sem, (size_t)n);

	if (r < 0)
		return r;
	*inside += n;
	CHECK(*inside <= 4);
	(void)bide_sleep(n * U);
	*inside -= n;
	return bide_sem_release_many(&sem, (size_t)n);
}

LOOP_TEST(sem, loses_no_permit_when_many_are_cancelled)
{
	bide_task *tasks[300];
	int inside = 0;

	bide_sem_init(&sem, 4, 4);
	for (int i = 0; i < 300; i++)
		tasks[i] = bide_spawn(work, &inside);
	for (int i = 0; i < 300; i++) {
		if (i % 3 == 0)
			CHECK(bide_cancel(tasks[i]) >= 0);
		if (i % 2 == 0)
			CHECK_INT(bide_sleep(1 * U / 2), 0);
	}
	for (int i = 0; i < 300; i++) {
		int r = bide_join(tasks[i]);

		CHECK(r == 0 || (r == -ECANCELED && i % 3 == 0));
	}
	CHECK_INT(inside, 0);
	CHECK_INT(free_permits(), 4);
	return 0;
}
