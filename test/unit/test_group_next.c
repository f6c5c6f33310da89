/* SPDX-License-Identifier: MIT */

/* test_group_next.c - taking the tasks of a group as they end, beyond the cases */
#include "loop_test.h"

#include <bide.h>
#include <errno.h>

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
	int r = bide_sleep(INT(arg) * U);

	return r < 0 ? r : INT(arg);
}

/* The next one's result, or -errno, or 1000 where none is left. */
static int next_result(bide_group *group)
{
	bide_task *task;

	errno = EBADF;
	task = bide_group_next(group);
	if (task != NULL)
		return bide_result(task);
	return errno == 0 ? 1000 : -errno;
}

LOOP_TEST(group_next, tells_that_none_is_left_by_errno_0)
{
	bide_group group;

	bide_group_open(&group);
	CHECK_INT(next_result(&group), 1000);
	bide_group_spawn(&group, return_arg, ARG(3));
	CHECK_INT(next_result(&group), 3);
	CHECK_INT(next_result(&group), 1000);
	CHECK_INT(next_result(&group), 1000);
	bide_group_spawn(&group, return_arg, ARG(4));
	CHECK_INT(next_result(&group), 4);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

LOOP_TEST(group_next, gives_first_what_ended_before_the_call)
{
	bide_group group;

	bide_group_open(&group);
	for (int i = 1; i <= 5; i++)
		bide_group_spawn(&group, sleep_units, ARG(6 - i));
	CHECK_INT(bide_sleep(3 * U), 0);
	CHECK_INT(bide_yield(), 0);
	for (int i = 1; i <= 3; i++)
		CHECK_INT(next_result(&group), i);
	CHECK_INT(case_now(), 3);
	CHECK_INT(next_result(&group), 4);
	CHECK_INT(case_now(), 4);
	CHECK_INT(bide_group_close(&group), 0);
	CHECK_INT(case_now(), 5);
	return 0;
}

/* A call that returns ECANCELED has taken nothing. */
LOOP_TEST(group_next, of_a_cancelled_caller_loses_no_task)
{
	bide_group group;

	bide_group_open(&group);
	bide_group_spawn(&group, return_arg, ARG(3));
	CHECK_INT(bide_yield(), 0);
	bide_cancel(bide_self());
	CHECK_INT(next_result(&group), -ECANCELED);
	CHECK_INT(bide_uncancel(), 1);
	CHECK_INT(next_result(&group), 3);
	CHECK_INT(next_result(&group), 1000);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

LOOP_TEST(group_next, in_a_group_that_was_cancelled_is_cut_short)
{
	bide_group group;

	bide_group_open(&group);
	bide_group_spawn(&group, sleep_for_ever, NULL);
	CHECK_INT(bide_sleep(1 * U), 0);
	bide_group_cancel(&group);
	CHECK_INT(next_result(&group), -ECANCELED);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

LOOP_TEST(group_next, in_a_group_that_has_failed_is_cut_short)
{
	bide_group group;

	bide_group_open(&group);
	bide_group_spawn(&group, return_arg, ARG(-EIO));
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(next_result(&group), -ECANCELED);
	CHECK_INT(bide_group_close(&group), -EIO);
	return 0;
}

LOOP_TEST(group_next, gives_a_task_that_was_cancelled_before_it_began)
{
	bide_group group;

	bide_group_open(&group);
	bide_cancel(bide_group_spawn(&group, sleep_for_ever, NULL));
	CHECK_INT(next_result(&group), -ECANCELED);
	CHECK_INT(bide_cancel_requested(bide_self()), 0);
	CHECK_INT(next_result(&group), 1000);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

static int collect_three(void *arg)
{
	bide_group *group = arg;

	for (int i = 1; i <= 3; i++)
		CHECK_INT(next_result(group), i);
	return 9;
}

LOOP_TEST(group_next, by_a_task_of_the_group_gives_its_siblings)
{
	bide_group group;

	bide_group_open(&group);
	for (int i = 1; i <= 3; i++)
		bide_group_spawn(&group, sleep_units, ARG(4 - i));
	bide_group_spawn(&group, collect_three, &group);
	CHECK_INT(bide_sleep(5 * U), 0);
	CHECK_INT(next_result(&group), 9);
	CHECK_INT(next_result(&group), 1000);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

static int collect_all(void *arg)
{
	int count = 0;

	while (bide_group_next(arg) != NULL)
		count++;
	CHECK_INT(errno, 0);
	return count;
}

/* It can't wait for its own end: the others are all there are. */
LOOP_TEST(group_next, by_the_last_task_of_the_group_finds_none_left)
{
	bide_group group;

	bide_group_open(&group);
	bide_group_spawn(&group, sleep_units, ARG(1));
	bide_group_spawn(&group, sleep_units, ARG(2));
	bide_group_spawn(&group, collect_all, &group);
	CHECK_INT(bide_sleep(5 * U), 0);
	CHECK_INT(next_result(&group), 2);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

static int taken[4];

static int take_one(void *arg)
{
	int r = next_result(arg);

	if (r >= 0)
		taken[r]++;
	return 0;
}

/* Takers from outside of the group are served like the opener, first come, first served. */
LOOP_TEST(group_next, by_several_takers_gives_each_task_to_one)
{
	bide_task *takers[3];
	bide_group group;

	bide_group_open(&group);
	for (int i = 1; i <= 3; i++)
		bide_group_spawn(&group, sleep_units, ARG(i));
	for (int i = 0; i < 3; i++)
		takers[i] = bide_spawn(take_one, &group);
	CHECK_INT(bide_gather(3, takers, NULL), 0);
	CHECK_INT(taken[1], 1);
	CHECK_INT(taken[2], 1);
	CHECK_INT(taken[3], 1);
	CHECK_INT(next_result(&group), 1000);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

LOOP_TEST(group_next, over_ten_thousand_tasks)
{
	bide_group group;
	long sum = 0;
	int r;

	bide_group_open(&group);
	for (int i = 0; i < test_many(10000); i++)
		CHECK(bide_group_spawn(&group, sleep_units, ARG(i % 100)) != NULL);
	for (int last = 0; (r = next_result(&group)) != 1000; last = r) {
		CHECK(r >= last);
		sum += r;
	}
	CHECK_INT(sum, test_many(10000) / 100 * 4950);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

LOOP_TEST(group_next, while_spawning_more_gives_them_too)
{
	bide_group group;
	int count = 0;

	bide_group_open(&group);
	bide_group_spawn(&group, return_arg, NULL);
	while (bide_group_next(&group) != NULL)
		if (++count < 1000)
			bide_group_spawn(&group, return_arg, NULL);
	CHECK_INT(count, 1000);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

TEST(group_next, is_refused_where_no_task_runs)
{
	bide_group group = { 0 };

	errno = 0;
	CHECK(bide_group_next(&group) == NULL);
	CHECK_INT(errno, EPERM);
}

/* ---- the handles of a group's tasks are the group's ---- */

LOOP_TEST(group_handle, can_be_neither_joined_nor_gathered)
{
	bide_task *tasks[2];
	bide_group group;
	int results[2] = { 77, 77 };

	bide_group_open(&group);
	tasks[0] = bide_spawn(return_arg, ARG(5));
	tasks[1] = bide_group_spawn(&group, sleep_units, ARG(2));
	CHECK_INT(bide_join(tasks[1]), -EINVAL);
	CHECK_INT(bide_join_for(tasks[1], 1 * U), -EINVAL);
	CHECK_INT(bide_join_for(tasks[1], 0), -EINVAL);
	CHECK_INT(bide_gather(2, tasks, results), -EINVAL);
	CHECK_INT(case_now(), 0);
	CHECK_INT(bide_join(tasks[0]), 5);
	CHECK(!bide_done(tasks[1]));
	CHECK_INT(bide_group_close(&group), 0);
	CHECK_INT(case_now(), 2);
	return 0;
}

LOOP_TEST(group_handle, can_be_waited_for_and_looked_at)
{
	bide_group group;
	bide_task *task;

	bide_group_open(&group);
	task = bide_group_spawn(&group, sleep_units, ARG(2));
	CHECK_INT(bide_result(task), -EINPROGRESS);
	CHECK_INT(bide_wait(1, &task, BIDE_ALL_DONE, BIDE_FOREVER), 1);
	CHECK_INT(bide_result(task), 2);
	CHECK_INT(bide_cancel(task), 0);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}
