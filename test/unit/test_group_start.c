/* SPDX-License-Identifier: MIT */

/* test_group_start.c - bide_group_start() waits for bide_started(), or for the end */
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

static int fail_later(void *arg)
{
	CHECK_INT(bide_sleep(1 * U), 0);
	return INT(arg);
}

static int stay(void *arg)
{
	(void)arg;
	CHECK_INT(bide_sleep(5 * U), 0);
	return 0;
}

static int port;
static bool served;

/* Takes 2u to start and 3u to serve. */
static int serve(void *arg)
{
	(void)arg;
	CHECK_INT(bide_sleep(2 * U), 0);
	CHECK_INT(bide_started(&port), 0);
	CHECK_INT(bide_sleep(3 * U), 0);
	served = true;
	return 1;
}

LOOP_TEST(group_start, gives_the_value_and_the_task_goes_on)
{
	bide_group group;
	void *value = NULL;

	bide_group_open(&group);
	CHECK_INT(bide_group_start(&group, serve, NULL, &value), 0);
	CHECK(value == &port);
	CHECK_INT(case_now(), 2);
	CHECK(!served);
	CHECK_INT(bide_group_close(&group), 0);
	CHECK(served);
	CHECK_INT(case_now(), 5);
	return 0;
}

LOOP_TEST(group_start, need_not_be_told_where_to_put_the_value)
{
	bide_group group;

	bide_group_open(&group);
	CHECK_INT(bide_group_start(&group, serve, NULL, NULL), 0);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

static int start_twice(void *arg)
{
	CHECK_INT(bide_started(arg), 0);
	CHECK_INT(bide_started(arg), -EINVAL);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(bide_started(arg), -EINVAL);
	return 0;
}

LOOP_TEST(group_start, may_be_told_once)
{
	bide_group group;
	void *value = NULL;

	bide_group_open(&group);
	CHECK_INT(bide_group_start(&group, start_twice, &port, &value), 0);
	CHECK(value == &port);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

static int start_and_end(void *arg)
{
	CHECK_INT(bide_started(&port), 0);
	return INT(arg);
}

/* Told and ended in one go: the start has succeeded all the same. */
LOOP_TEST(group_start, by_a_task_that_ends_right_behind_has_succeeded)
{
	bide_group group;
	void *value = NULL;

	bide_group_open(&group);
	CHECK_INT(bide_group_start(&group, start_and_end, ARG(3), &value), 0);
	CHECK(value == &port);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

LOOP_TEST(group_start, a_failure_behind_it_is_the_group_s)
{
	bide_group group;

	bide_group_open(&group);
	bide_group_spawn(&group, sleep_for_ever, NULL);
	CHECK_INT(bide_group_start(&group, start_and_end, ARG(-EIO), NULL), 0);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_group_close(&group), -EIO);
	CHECK_INT(case_now(), 0);
	return 0;
}

LOOP_TEST(group_start, of_a_task_that_ends_untold_gives_its_result)
{
	bide_group group;
	void *value = &port;

	bide_group_open(&group);
	CHECK_INT(bide_group_start(&group, return_arg, ARG(3), &value), 3);
	CHECK_INT(bide_group_start(&group, return_arg, ARG(0), &value), 0);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

LOOP_TEST(group_start, of_a_task_that_fails_untold_does_not_fail_the_group)
{
	bide_group group;

	bide_group_open(&group);
	bide_group_spawn(&group, stay, NULL);
	CHECK_INT(bide_group_start(&group, fail_later, ARG(-EIO), NULL), -EIO);
	CHECK_INT(case_now(), 1);
	CHECK_INT(bide_checkpoint(), 0);
	CHECK(bide_group_spawn(&group, return_arg, NULL) != NULL);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

static bool cleaned_up;

static int clean_up(void *arg)
{
	(void)arg;
	CHECK_INT(bide_sleep(3 * U), 0);
	cleaned_up = true;
	return 0;
}

static int never_start(void *arg)
{
	int r = bide_sleep(BIDE_FOREVER);

	(void)arg;
	CHECK_INT(r, -ECANCELED);
	bide_shield(clean_up, NULL);
	return r;
}

static int start_never(void *arg)
{
	bide_group group;

	bide_group_open(&group);
	CHECK_INT(bide_group_start(&group, never_start, arg, NULL), -ECANCELED);
	CHECK(cleaned_up);
	return bide_group_close(&group);
}

LOOP_TEST(group_start, of_a_cancelled_caller_cancels_the_task_and_waits_for_its_end)
{
	bide_task *starter = bide_spawn(start_never, NULL);

	CHECK_INT(bide_sleep(1 * U), 0);
	bide_cancel(starter);
	CHECK_INT(bide_join(starter), -ECANCELED);
	CHECK_INT(case_now(), 4);
	return 0;
}

LOOP_TEST(group_start, within_a_time_limit_is_cut_short_by_it)
{
	bide_group group;
	bide_scope scope;

	bide_group_open(&group);
	bide_scope_enter(&scope, 1 * U);
	CHECK_INT(bide_group_start(&group, never_start, NULL, NULL), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);
	CHECK(cleaned_up);
	CHECK_INT(case_now(), 4);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(bide_group_start(&group, start_and_end, NULL, NULL), 0);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

static int start_late(void *arg)
{
	(void)arg;
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	CHECK_INT(bide_started(NULL), -ECANCELED);
	cleaned_up = true;
	return 3;
}

static int start_too_late(void *arg)
{
	bide_group group;

	bide_group_open(&group);
	CHECK_INT(bide_group_start(&group, start_late, arg, NULL), -ECANCELED);
	return bide_group_close(&group);
}

LOOP_TEST(started, says_that_whoever_asked_for_it_has_given_up)
{
	bide_task *starter = bide_spawn(start_too_late, NULL);

	CHECK_INT(bide_sleep(1 * U), 0);
	bide_cancel(starter);
	CHECK_INT(bide_join(starter), -ECANCELED);
	CHECK(cleaned_up);
	return 0;
}

static int start_in_time(void *arg)
{
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(bide_started(arg), 0);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(bide_cancel_requested(bide_self()), 0);
	cleaned_up = true;
	return 0;
}

static int start_and_swallow(void *arg)
{
	bide_group group;
	void *value = NULL;

	bide_group_open_with(&group, (unsigned)INT(arg));
	CHECK_INT(bide_group_start(&group, start_in_time, &port, &value), 0);
	CHECK(value == &port);
	CHECK_INT(bide_uncancel(), 1);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

static void check_done_is_done(unsigned flags)
{
	bide_task *starter = bide_spawn(start_and_swallow, ARG(flags));

	CHECK_INT(bide_sleep(1 * U), 0);
	bide_cancel(starter);
	CHECK_INT(bide_join(starter), 0);
	CHECK(cleaned_up);
}

/* The starter is cancelled first, but the task has told before that runs: done is done. */
LOOP_TEST(group_start, that_has_succeeded_is_not_undone_by_a_cancellation)
{
	check_done_is_done(0);
	check_done_is_done(BIDE_REAP);
	return 0;
}

static bool has_run;

static int note_run(void *arg)
{
	(void)arg;
	has_run = true;
	return bide_started(NULL);
}

LOOP_TEST(group_start, is_a_cancellation_point)
{
	bide_group group;

	bide_group_open(&group);
	bide_cancel(bide_self());
	CHECK_INT(bide_group_start(&group, note_run, NULL, NULL), -ECANCELED);
	CHECK_INT(bide_uncancel(), 1);
	CHECK_INT(bide_yield(), 0);
	CHECK(!has_run);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

LOOP_TEST(group_start, into_a_group_that_is_going_down_runs_nothing)
{
	bide_group group;

	bide_group_open(&group);
	bide_group_cancel(&group);
	CHECK_INT(bide_group_start(&group, note_run, NULL, NULL), -ECANCELED);
	CHECK_INT(bide_group_close(&group), 0);

	bide_group_open(&group);
	bide_group_spawn(&group, return_arg, ARG(-EIO));
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_group_start(&group, note_run, NULL, NULL), -ECANCELED);
	CHECK_INT(bide_group_close(&group), -EIO);
	CHECK(!has_run);
	return 0;
}

LOOP_TEST(group_start, is_cut_short_by_a_sibling_s_failure)
{
	bide_group group;

	bide_group_open(&group);
	bide_group_spawn(&group, fail_later, ARG(-EIO));
	CHECK_INT(bide_group_start(&group, never_start, NULL, NULL), -ECANCELED);
	CHECK(cleaned_up);
	CHECK_INT(bide_group_close(&group), -EIO);
	CHECK_INT(case_now(), 4);
	return 0;
}

static int start_for_the_group(void *arg)
{
	void *value = NULL;

	CHECK_INT(bide_group_start(arg, serve, NULL, &value), 0);
	CHECK(value == &port);
	return case_now();
}

LOOP_TEST(group_start, may_be_called_by_a_task_of_the_group)
{
	bide_group group;
	bide_task *starter;

	bide_group_open(&group);
	starter = bide_group_spawn(&group, start_for_the_group, &group);
	CHECK_INT(bide_sleep(3 * U), 0);
	CHECK_INT(bide_result(starter), 2);
	CHECK_INT(bide_group_close(&group), 0);
	CHECK(served);
	return 0;
}

static int started_unasked(void *arg)
{
	(void)arg;
	return bide_started(NULL);
}

LOOP_TEST(started, is_refused_to_a_task_that_nobody_starts)
{
	bide_group group;

	CHECK_INT(bide_started(NULL), -EINVAL);
	CHECK_INT(bide_join(bide_spawn(started_unasked, NULL)), -EINVAL);
	bide_group_open(&group);
	bide_group_spawn(&group, started_unasked, NULL);
	CHECK_INT(bide_group_close(&group), -EINVAL);
	return 0;
}

/* A helper of the started task is a task of its own. */
static int leave_it_to_a_helper(void *arg)
{
	CHECK_INT(bide_join(bide_spawn(started_unasked, NULL)), -EINVAL);
	return start_and_end(arg);
}

LOOP_TEST(started, is_refused_to_a_helper_of_the_task_that_is_started)
{
	bide_group group;

	bide_group_open(&group);
	CHECK_INT(bide_group_start(&group, leave_it_to_a_helper, NULL, NULL), 0);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

TEST(group_start, is_refused_where_no_task_runs)
{
	bide_group group = { 0 };

	CHECK_INT(bide_group_start(&group, note_run, NULL, NULL), -EPERM);
	CHECK_INT(bide_started(NULL), -EPERM);
	CHECK(!has_run);
}
