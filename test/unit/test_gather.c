/* SPDX-License-Identifier: MIT */

/* test_gather.c - bide_gather() and bide_wait(), beyond the cases */
#include "loop_test.h"

#include <bide.h>
#include <errno.h>
#include <stdlib.h>

#define MANY test_many(10000)

static int return_arg(void *arg)
{
	return INT(arg);
}

static int sleep_for_ever(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

static int sleep_units(void *arg)
{
	return bide_sleep(INT(arg) * U);
}

/* Sleeps for as many u as the failure that it then returns. */
static int fail_after(void *arg)
{
	CHECK_INT(bide_sleep(INT(arg) * U), 0);
	return -INT(arg);
}

/* ---- bide_gather() ---- */

LOOP_TEST(gather, of_a_task_given_twice_is_refused)
{
	bide_task *a = bide_spawn(sleep_units, ARG(1));
	bide_task *b = bide_spawn(sleep_units, ARG(2));
	bide_task *tasks[] = { a, b, a };
	int results[3] = { 77, 77, 77 };

	CHECK_INT(bide_gather(3, tasks, results), -EINVAL);
	CHECK_INT(bide_gather(3, tasks, NULL), -EINVAL);
	CHECK_INT(case_now(), 0);
	CHECK_INT(bide_cancel_requested(a), 0);
	CHECK_INT(bide_gather(2, tasks, results), 0);
	CHECK_INT(case_now(), 2);
	return 0;
}

static int join_it(void *arg)
{
	return bide_join(arg);
}

LOOP_TEST(gather, of_a_task_that_another_joins_is_refused)
{
	bide_task *tasks[2];
	bide_task *joiner;

	tasks[0] = bide_spawn(return_arg, ARG(3));
	tasks[1] = bide_spawn(sleep_units, ARG(2));
	joiner = bide_spawn(join_it, tasks[1]);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(bide_gather(2, tasks, NULL), -EINVAL);
	CHECK_INT(bide_join(tasks[0]), 3);
	CHECK_INT(bide_join(joiner), 0);
	return 0;
}

static int gather_one(void *arg)
{
	bide_task *task = arg;

	return bide_gather(1, &task, NULL);
}

LOOP_TEST(gather, makes_a_second_joiner_wrong)
{
	bide_task *task = bide_spawn(sleep_units, ARG(2));
	bide_task *gatherer = bide_spawn(gather_one, task);

	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(bide_join(task), -EINVAL);
	CHECK_INT(bide_join_for(task, 1 * U), -EINVAL);
	CHECK_INT(bide_gather(1, &task, NULL), -EINVAL);
	CHECK_INT(bide_join(gatherer), 0);
	return 0;
}

LOOP_TEST(gather, of_oneself_is_refused_and_nothing_given_back)
{
	bide_task *tasks[2] = { bide_spawn(return_arg, ARG(3)), bide_self() };
	int results[2] = { 77, 77 };

	CHECK_INT(bide_gather(2, tasks, results), -EDEADLK);
	CHECK_INT(bide_gather(1, &tasks[1], NULL), -EDEADLK);
	CHECK_INT(bide_join(tasks[0]), 3);
	return 0;
}

static bide_task *ring[3];
static int ring_results[3];

/* Each gathers the next one of the ring and a task of its own. */
static int gather_next(void *arg)
{
	int i = INT(arg);
	bide_task *tasks[2] = { bide_spawn(return_arg, ARG(0)), ring[(i + 1) % 3] };

	ring_results[i] = bide_gather(2, tasks, NULL);
	if (ring_results[i] == -EDEADLK)
		CHECK_INT(bide_join(tasks[0]), 0);
	return 0;
}

LOOP_TEST(gather, that_closes_a_cycle_is_refused)
{
	for (int i = 0; i < 3; i++)
		ring[i] = bide_spawn(gather_next, ARG(i));
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(ring_results[0], 0);
	CHECK_INT(ring_results[1], 0);
	CHECK_INT(ring_results[2], -EDEADLK);
	CHECK_INT(bide_join(ring[0]), 0);
	return 0;
}

static bide_task *first_task;

static int join_first(void *arg)
{
	(void)arg;
	return bide_join(first_task);
}

static int gather_joiner(void *arg)
{
	(void)arg;
	return gather_one(bide_spawn(join_first, NULL));
}

/* The first gathers a task that joins the first. */
LOOP_TEST(gather, makes_a_join_wrong_that_closes_a_cycle)
{
	first_task = bide_spawn(gather_joiner, NULL);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK(bide_done(first_task));
	CHECK_INT(bide_join(first_task), -EDEADLK);
	return 0;
}

LOOP_TEST(gather, over_ten_thousand_tasks)
{
	bide_task **tasks = calloc(MANY, sizeof *tasks);
	int *results = calloc(MANY, sizeof *results);

	for (int i = 0; i < MANY; i++)
		tasks[i] = bide_spawn(i % 3 ? return_arg : sleep_units, ARG(i % 50));
	CHECK_INT(bide_gather(MANY, tasks, results), 0);
	for (int i = 0; i < MANY; i++)
		CHECK_INT(results[i], i % 3 ? i % 50 : 0);
	CHECK_INT(case_now(), 49);
	free(tasks);
	free(results);
	return 0;
}

LOOP_TEST(gather, of_ten_thousand_with_one_twice_is_refused)
{
	bide_task **tasks = calloc(MANY, sizeof *tasks);

	for (int i = 0; i < MANY - 1; i++)
		tasks[i] = bide_spawn(return_arg, NULL);
	tasks[MANY - 1] = tasks[MANY / 2];
	CHECK_INT(bide_gather(MANY, tasks, NULL), -EINVAL);
	CHECK_INT(bide_gather(MANY - 1, tasks, NULL), 0);
	free(tasks);
	return 0;
}

LOOP_TEST(gather, without_results_gives_the_failure_that_came_first)
{
	bide_task *tasks[4];

	tasks[0] = bide_spawn(fail_after, ARG(4));
	tasks[1] = bide_spawn(sleep_units, ARG(1));
	tasks[2] = bide_spawn(fail_after, ARG(2));
	tasks[3] = bide_spawn(fail_after, ARG(3));
	CHECK_INT(bide_gather(4, tasks, NULL), -2);
	CHECK_INT(case_now(), 4);
	return 0;
}

LOOP_TEST(gather, gives_the_failure_that_came_first_also_where_all_have_ended)
{
	bide_task *tasks[3];

	tasks[0] = bide_spawn(fail_after, ARG(3));
	tasks[1] = bide_spawn(fail_after, ARG(1));
	tasks[2] = bide_spawn(fail_after, ARG(2));
	CHECK_INT(bide_sleep(5 * U), 0);
	CHECK_INT(bide_gather(3, tasks, NULL), -1);
	return 0;
}

LOOP_TEST(gather, counts_the_ecanceled_of_a_cancelled_task_as_a_failure)
{
	bide_task *tasks[2];

	tasks[0] = bide_spawn(fail_after, ARG(2));
	tasks[1] = bide_spawn(sleep_for_ever, NULL);
	CHECK_INT(bide_sleep(1 * U), 0);
	bide_cancel(tasks[1]);
	CHECK_INT(bide_gather(2, tasks, NULL), -ECANCELED);
	CHECK_INT(case_now(), 2);
	CHECK_INT(bide_sleep(0), 0);
	return 0;
}

LOOP_TEST(gather, by_a_cancelled_task_fills_the_results_all_the_same)
{
	bide_task *tasks[3];
	int results[3] = { 77, 77, 77 };

	tasks[0] = bide_spawn(return_arg, ARG(5));
	tasks[1] = bide_spawn(sleep_for_ever, NULL);
	CHECK_INT(bide_sleep(1 * U), 0);
	tasks[2] = bide_spawn(return_arg, ARG(6));
	bide_cancel(bide_self());
	CHECK_INT(bide_gather(3, tasks, results), -ECANCELED);
	CHECK_INT(results[0], 5);
	CHECK_INT(results[1], -ECANCELED);
	CHECK_INT(results[2], -ECANCELED);
	CHECK_INT(bide_uncancel(), 1);
	return 0;
}

LOOP_TEST(gather, within_a_time_limit_cancels_all)
{
	bide_task *tasks[2];
	int results[2];
	bide_scope scope;

	tasks[0] = bide_spawn(sleep_units, ARG(1));
	tasks[1] = bide_spawn(sleep_units, ARG(9));
	bide_scope_enter(&scope, 2 * U);
	CHECK_INT(bide_gather(2, tasks, results), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);
	CHECK_INT(results[0], 0);
	CHECK_INT(results[1], -ECANCELED);
	CHECK_INT(case_now(), 2);
	return 0;
}

static bide_task *left_over;

static int leave_one_over(void *arg)
{
	(void)arg;
	left_over = bide_spawn(return_arg, ARG(3));
	return 0;
}

static int join_left_over(void *arg)
{
	(void)arg;
	return bide_join(left_over);
}

TEST(gather, and_wait_are_refused_where_no_task_runs)
{
	bide_loop *loop = bide_loop_new(NULL);
	int result = 77;

	CHECK_INT(bide_loop_run(loop, leave_one_over, NULL), 0);
	CHECK_INT(bide_gather(1, &left_over, &result), -EPERM);
	CHECK_INT(bide_join(left_over), -EPERM);
	CHECK_INT(bide_wait(1, &left_over, BIDE_ALL_DONE, BIDE_FOREVER), -EPERM);
	CHECK_INT(bide_loop_run(loop, join_left_over, NULL), 3);
	CHECK_INT(bide_loop_close(loop), 0);
}

/* ---- bide_wait() ---- */

LOOP_TEST(wait, counts_a_task_as_often_as_it_stands_there)
{
	bide_task *a = bide_spawn(sleep_units, ARG(1));
	bide_task *b = bide_spawn(sleep_units, ARG(3));
	bide_task *tasks[] = { a, b, a, a, b };

	CHECK_INT(bide_wait(5, tasks, BIDE_FIRST_DONE, BIDE_FOREVER), 3);
	CHECK_INT(case_now(), 1);
	CHECK_INT(bide_wait(5, tasks, BIDE_ALL_DONE, BIDE_FOREVER), 5);
	CHECK_INT(case_now(), 3);
	CHECK_INT(bide_gather(2, tasks, NULL), 0);
	return 0;
}

LOOP_TEST(wait, ends_with_its_time_limit_and_says_how_many_have_ended)
{
	bide_task *tasks[5];

	for (int i = 0; i < 5; i++)
		tasks[i] = bide_spawn(sleep_units, ARG(2 * i + 1));
	CHECK_INT(bide_wait(5, tasks, BIDE_ALL_DONE, 0), 0);
	CHECK_INT(bide_wait(5, tasks, BIDE_ALL_DONE, -1 * U), 0);
	CHECK_INT(bide_wait(5, tasks, BIDE_ALL_DONE, 4 * U), 2);
	CHECK_INT(case_now(), 4);
	CHECK_INT(bide_wait(5, tasks, BIDE_ALL_DONE, 2 * U), 3);
	CHECK_INT(case_now(), 6);
	CHECK_INT(bide_wait(5, tasks, BIDE_ALL_DONE, BIDE_FOREVER - 1), 5);
	CHECK_INT(case_now(), 9);
	CHECK_INT(bide_gather(5, tasks, NULL), 0);
	return 0;
}

LOOP_TEST(wait, that_is_over_in_time_leaves_no_timer)
{
	bide_task *task = bide_spawn(sleep_units, ARG(1));

	CHECK_INT(bide_wait(1, &task, BIDE_FIRST_DONE, 100 * U), 1);
	CHECK_INT(bide_loop_stats(NULL).timers, 0);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(case_now(), 1);
	return 0;
}

static int wait_for_it(void *arg)
{
	bide_task *task = arg;

	return (int)bide_wait(1, &task, BIDE_ALL_DONE, BIDE_FOREVER);
}

LOOP_TEST(wait, that_is_cancelled_does_not_touch_the_tasks)
{
	bide_task *task = bide_spawn(sleep_units, ARG(3));
	bide_task *waiter = bide_spawn(wait_for_it, task);

	CHECK_INT(bide_sleep(1 * U), 0);
	bide_cancel(waiter);
	CHECK_INT(bide_join(waiter), -ECANCELED);
	CHECK_INT(case_now(), 1);
	CHECK_INT(bide_cancel_requested(task), 0);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(case_now(), 3);
	return 0;
}

LOOP_TEST(wait, inside_a_time_limit_is_cut_short_by_it)
{
	bide_task *task = bide_spawn(sleep_units, ARG(9));
	bide_scope scope;

	bide_scope_enter(&scope, 2 * U);
	CHECK_INT(bide_wait(1, &task, BIDE_ALL_DONE, 5 * U), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);
	CHECK_INT(bide_wait(1, &task, BIDE_ALL_DONE, 5 * U), 0);
	CHECK_INT(case_now(), 7);
	CHECK_INT(bide_join(task), 0);
	return 0;
}

LOOP_TEST(wait, for_the_first_failure_sees_one_that_has_been)
{
	bide_task *tasks[3];

	tasks[0] = bide_spawn(sleep_units, ARG(9));
	tasks[1] = bide_spawn(return_arg, ARG(-EIO));
	tasks[2] = bide_spawn(return_arg, ARG(1));
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(bide_wait(3, tasks, BIDE_FIRST_FAILED, BIDE_FOREVER), 2);
	CHECK_INT(case_now(), 1);
	CHECK_INT(bide_gather(3, tasks, NULL), -EIO);
	return 0;
}

LOOP_TEST(wait, for_the_first_failure_passes_over_values_that_have_been)
{
	bide_task *tasks[3];

	tasks[0] = bide_spawn(return_arg, ARG(1));
	tasks[1] = bide_spawn(fail_after, ARG(3));
	tasks[2] = bide_spawn(sleep_units, ARG(9));
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(bide_wait(3, tasks, BIDE_FIRST_FAILED, BIDE_FOREVER), 2);
	CHECK_INT(case_now(), 3);
	CHECK_INT(bide_gather(3, tasks, NULL), -3);
	return 0;
}

/* An -ECANCELED that nobody asked for is a failure like any other. */
LOOP_TEST(wait, for_the_first_failure_asks_whether_the_task_was_cancelled)
{
	bide_task *tasks[3];

	tasks[0] = bide_spawn(sleep_units, ARG(9));
	tasks[1] = bide_spawn(sleep_for_ever, NULL);
	bide_cancel(tasks[1]);
	CHECK_INT(bide_wait(2, tasks, BIDE_FIRST_FAILED, 1 * U), 1);
	CHECK_INT(case_now(), 1);
	tasks[2] = bide_spawn(return_arg, ARG(-ECANCELED));
	CHECK_INT(bide_wait(3, tasks, BIDE_FIRST_FAILED, BIDE_FOREVER), 2);
	CHECK_INT(case_now(), 1);
	CHECK_INT(bide_gather(3, tasks, NULL), -ECANCELED);
	return 0;
}

LOOP_TEST(wait, for_the_caller_s_own_end_is_refused)
{
	bide_task *tasks[2] = { bide_self(), bide_spawn(sleep_units, ARG(2)) };

	CHECK_INT(bide_wait(1, tasks, BIDE_FIRST_DONE, BIDE_FOREVER), -EDEADLK);
	CHECK_INT(bide_wait(2, tasks, BIDE_ALL_DONE, BIDE_FOREVER), -EDEADLK);
	CHECK_INT(bide_wait(2, tasks, BIDE_FIRST_DONE, BIDE_FOREVER), 1);
	CHECK_INT(case_now(), 2);
	CHECK_INT(bide_join(tasks[1]), 0);
	return 0;
}

/* What has ended well cannot fail any more: only the caller's own end is left. */
LOOP_TEST(wait, for_a_failure_of_the_caller_and_of_those_that_have_ended_is_refused)
{
	bide_task *tasks[3] = { bide_spawn(return_arg, ARG(0)), bide_self(), bide_self() };
	bide_task *sleeper = bide_spawn(sleep_units, ARG(2));

	CHECK_INT(bide_yield(), 0);
	CHECK(bide_done(tasks[0]));
	CHECK_INT(bide_wait(1, tasks + 1, BIDE_FIRST_FAILED, BIDE_HOUR), -EDEADLK);
	CHECK_INT(bide_wait(2, tasks, BIDE_FIRST_FAILED, BIDE_HOUR), -EDEADLK);
	CHECK_INT(bide_wait(2, tasks, BIDE_FIRST_DONE, BIDE_HOUR), 1);
	CHECK_INT(case_now(), 0);

	/* A sleeper might fail, so this wait has a sense until its limit. */
	tasks[2] = sleeper;
	CHECK_INT(bide_wait(3, tasks, BIDE_FIRST_FAILED, 1 * U), 1);
	CHECK_INT(case_now(), 1);
	CHECK_INT(bide_join(tasks[0]), 0);
	CHECK_INT(bide_join(sleeper), 0);
	return 0;
}

LOOP_TEST(wait, by_a_thousand_tasks_for_one_wakes_them_all)
{
	bide_task *task = bide_spawn(sleep_units, ARG(2));
	bide_task *waiters[1000];

	for (int i = 0; i < 1000; i++)
		waiters[i] = bide_spawn(wait_for_it, task);
	for (int i = 0; i < 1000; i++)
		CHECK_INT(bide_join(waiters[i]), 1);
	CHECK_INT(case_now(), 2);
	CHECK_INT(bide_join(task), 0);
	return 0;
}

LOOP_TEST(wait, for_ten_thousand_tasks)
{
	bide_task **tasks = calloc(MANY, sizeof *tasks);

	for (int i = 0; i < MANY; i++)
		tasks[i] = bide_spawn(sleep_units, ARG(1 + i % 10));
	CHECK(bide_wait(MANY, tasks, BIDE_FIRST_DONE, BIDE_FOREVER) > 0);
	CHECK_INT(case_now(), 1);
	CHECK_INT(bide_wait(MANY, tasks, BIDE_ALL_DONE, 4 * U + U / 2), MANY / 2);
	CHECK_INT(bide_wait(MANY, tasks, BIDE_ALL_DONE, BIDE_FOREVER), MANY);
	CHECK_INT(bide_gather(MANY, tasks, NULL), 0);
	free(tasks);
	return 0;
}
