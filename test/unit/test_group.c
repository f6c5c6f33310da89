/* SPDX-License-Identifier: MIT */

/* test_group.c - limits, flags and spawning of groups, beyond the cases */
#include "loop_test.h"

#include <bide.h>
#include <errno.h>
#include <string.h>

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

/* ---- bide_group_limit() ---- */

static int inside, inside_most;

static int stay_one_unit(void *arg)
{
	(void)arg;
	inside++;
	if (inside > inside_most)
		inside_most = inside;
	CHECK_INT(bide_sleep(1 * U), 0);
	inside--;
	return 0;
}

static void spawn_twenty(size_t limit)
{
	bide_group group;

	inside_most = 0;
	bide_group_open(&group);
	bide_group_limit(&group, limit);
	for (int i = 0; i < 20; i++)
		CHECK(bide_group_spawn(&group, stay_one_unit, NULL) != NULL);
	CHECK_INT(bide_group_close(&group), 0);
}

LOOP_TEST(group_limit, holds_the_spawner_back)
{
	spawn_twenty(3);
	CHECK_INT(inside_most, 3);
	CHECK_INT(case_now(), 7);
	return 0;
}

LOOP_TEST(group_limit, of_one_makes_it_a_queue)
{
	spawn_twenty(1);
	CHECK_INT(inside_most, 1);
	CHECK_INT(case_now(), 20);
	return 0;
}

LOOP_TEST(group_limit, of_zero_is_none)
{
	spawn_twenty(0);
	CHECK_INT(inside_most, 20);
	CHECK_INT(case_now(), 1);
	return 0;
}

static bide_group *shared;
static char order[64];

static void note(const char *text)
{
	strncat(order, text, sizeof order - strlen(order) - 1);
}

static int note_name(void *arg)
{
	note(arg);
	return 0;
}

static int spawn_note(void *arg)
{
	CHECK(bide_group_spawn(shared, note_name, arg) != NULL);
	return 0;
}

/* The spawners are of the group, too, and take up places themselves. */
LOOP_TEST(group_limit, serves_spawners_in_the_order_of_asking)
{
	bide_group group;

	shared = &group;
	bide_group_open(&group);
	bide_group_spawn(&group, sleep_units, ARG(2));
	bide_group_spawn(&group, spawn_note, "a");
	bide_group_spawn(&group, spawn_note, "b");
	bide_group_spawn(&group, spawn_note, "c");
	bide_group_limit(&group, 4);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_STR(order, "");
	CHECK(bide_group_spawn(&group, note_name, "d") != NULL);
	CHECK_INT(bide_group_close(&group), 0);
	CHECK_STR(order, "abcd");
	CHECK_INT(case_now(), 2);
	return 0;
}

LOOP_TEST(group_limit, that_is_raised_lets_waiting_spawners_in)
{
	bide_group group;

	shared = &group;
	bide_group_open(&group);
	bide_group_spawn(&group, sleep_units, ARG(9));
	bide_group_spawn(&group, spawn_note, "a");
	bide_group_spawn(&group, spawn_note, "b");
	bide_group_limit(&group, 3);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_STR(order, "");
	bide_group_limit(&group, 5);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_STR(order, "ab");
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

static int spawn_past_the_limit(void *arg)
{
	bide_group group;

	bide_group_open(&group);
	bide_group_limit(&group, 1);
	CHECK(bide_group_spawn(&group, sleep_for_ever, NULL) != NULL);
	errno = 0;
	CHECK(bide_group_spawn(&group, return_arg, arg) == NULL);
	CHECK_INT(errno, ECANCELED);
	return bide_group_close(&group);
}

LOOP_TEST(group_limit, a_waiting_spawner_that_is_cancelled_gets_nothing)
{
	bide_task *spawner = bide_spawn(spawn_past_the_limit, NULL);

	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK(!bide_done(spawner));
	bide_cancel(spawner);
	CHECK_INT(bide_join(spawner), -ECANCELED);
	return 0;
}

LOOP_TEST(group_limit, makes_spawning_a_cancellation_point_with_room_left_too)
{
	bide_group group;

	bide_group_open(&group);
	bide_group_limit(&group, 9);
	bide_cancel(bide_self());
	errno = 0;
	CHECK(bide_group_spawn(&group, return_arg, NULL) == NULL);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(bide_uncancel(), 1);
	CHECK(bide_group_spawn(&group, return_arg, NULL) != NULL);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

static int fail_later(void *arg)
{
	CHECK_INT(bide_sleep(1 * U), 0);
	return INT(arg);
}

LOOP_TEST(group_limit, a_failure_sends_the_waiting_spawner_away)
{
	bide_group group;

	bide_group_open(&group);
	bide_group_limit(&group, 2);
	bide_group_spawn(&group, fail_later, ARG(-EIO));
	bide_group_spawn(&group, sleep_for_ever, NULL);
	errno = 0;
	CHECK(bide_group_spawn(&group, return_arg, NULL) == NULL);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(case_now(), 1);
	CHECK_INT(bide_group_close(&group), -EIO);
	return 0;
}

static int cancel_group(void *arg)
{
	bide_group_cancel(arg);
	return 0;
}

LOOP_TEST(group_limit, group_cancel_sends_the_waiting_spawner_away)
{
	bide_task_options later = { .delay = 1 * U };
	bide_group group;
	bide_task *canceller = bide_spawn_with(&later, cancel_group, &group);

	bide_group_open(&group);
	bide_group_limit(&group, 1);
	bide_group_spawn(&group, sleep_for_ever, NULL);
	CHECK(bide_group_spawn(&group, return_arg, NULL) == NULL);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(bide_group_close(&group), 0);
	CHECK_INT(case_now(), 1);
	CHECK_INT(bide_join(canceller), 0);
	return 0;
}

/* ---- flags ---- */

LOOP_TEST(group_keep_going, a_failure_cancels_nobody)
{
	bide_group group;

	bide_group_open_with(&group, BIDE_KEEP_GOING);
	bide_group_spawn(&group, return_arg, ARG(-EIO));
	bide_group_spawn(&group, stay_one_unit, NULL);
	bide_group_spawn(&group, return_arg, ARG(-EINVAL));
	CHECK_INT(bide_sleep(2 * U), 0);
	CHECK_INT(inside, 0);
	CHECK_INT(inside_most, 1);
	CHECK_INT(bide_group_close(&group), -EIO);
	CHECK_INT(bide_checkpoint(), 0);
	return 0;
}

LOOP_TEST(group_keep_going, next_gives_failures_and_values_alike)
{
	static const int results[] = { 4, -EIO, 0, -ECANCELED, -EINVAL };
	bide_group group;

	bide_group_open_with(&group, BIDE_KEEP_GOING);
	for (int i = 0; i < 5; i++)
		bide_group_spawn(&group, return_arg, ARG(results[i]));
	for (int i = 0; i < 5; i++) {
		bide_task *task = bide_group_next(&group);

		CHECK(task != NULL);
		CHECK(bide_done(task));
		CHECK_INT(bide_result(task), results[i]);
	}
	CHECK(bide_group_next(&group) == NULL);
	CHECK_INT(errno, 0);
	CHECK_INT(bide_group_close(&group), -EIO);
	return 0;
}

LOOP_TEST(group_keep_going, group_cancel_still_cancels_all)
{
	bide_group group;

	bide_group_open_with(&group, BIDE_KEEP_GOING);
	bide_group_spawn(&group, sleep_for_ever, NULL);
	CHECK_INT(bide_sleep(1 * U), 0);
	bide_group_cancel(&group);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_group_close(&group), 0);
	CHECK_INT(case_now(), 1);
	return 0;
}

static int reaped_count;

static int count_and_end(void *arg)
{
	(void)arg;
	CHECK_INT(bide_yield(), 0);
	reaped_count++;
	return 1;
}

LOOP_TEST(group_reap, over_ten_thousand_tasks)
{
	bide_group group;

	bide_group_open_with(&group, BIDE_REAP);
	bide_group_limit(&group, 100);
	for (int i = 0; i < 10000; i++) {
		CHECK(bide_group_spawn(&group, count_and_end, NULL) != NULL);
		CHECK(bide_tasks(NULL, 0) <= 101);
	}
	errno = 0;
	CHECK(bide_group_next(&group) == NULL);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(bide_group_close(&group), 0);
	CHECK_INT(reaped_count, 10000);
	return 0;
}

LOOP_TEST(group_reap, a_failure_still_cancels_the_others)
{
	bide_group group;

	bide_group_open_with(&group, BIDE_REAP);
	bide_group_spawn(&group, sleep_for_ever, NULL);
	bide_group_spawn(&group, fail_later, ARG(-EIO));
	CHECK_INT(bide_group_close(&group), -EIO);
	CHECK_INT(case_now(), 1);
	return 0;
}

LOOP_TEST(group_reap, with_keep_going_serves_until_it_is_cancelled)
{
	bide_group group;

	bide_group_open_with(&group, BIDE_REAP | BIDE_KEEP_GOING);
	bide_group_spawn(&group, sleep_for_ever, NULL);
	for (int i = 0; i < 100; i++) {
		CHECK(bide_group_spawn(&group, count_and_end, NULL) != NULL);
		CHECK_INT(bide_sleep(1 * U), 0);
	}
	CHECK_INT(reaped_count, 100);
	CHECK_INT(bide_tasks(NULL, 0), 2);
	bide_group_cancel(&group);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

/* ---- spawning ---- */

static int sum;

static int add_copied(void *arg)
{
	CHECK_INT(bide_yield(), 0);
	sum += *(int *)arg;
	return 0;
}

LOOP_TEST(group_spawn_copy, gives_each_task_its_own)
{
	bide_task_options options = { .copy = sizeof(int) };
	bide_group group;
	int number;

	bide_group_open(&group);
	for (number = 1; number <= 100; number++)
		CHECK(bide_group_spawn_copy(&group, add_copied, &number, sizeof number) != NULL);
	for (number = 101; number <= 200; number++)
		CHECK(bide_group_spawn_with(&group, &options, add_copied, &number) != NULL);
	CHECK_INT(bide_group_close(&group), 0);
	CHECK_INT(sum, 20100);
	return 0;
}

LOOP_TEST(group_spawn_with, a_name_is_copied)
{
	char name[] = "worker";
	bide_task_options options = { .name = name };
	bide_group group;
	bide_task *task;

	bide_group_open(&group);
	task = bide_group_spawn_with(&group, &options, sleep_for_ever, NULL);
	name[0] = 'X';
	CHECK_STR(bide_name(task), "worker");
	bide_group_cancel(&group);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

LOOP_TEST(group_spawn_with, a_delayed_task_is_waited_for)
{
	bide_task_options options = { .delay = 3 * U };
	bide_group group;

	bide_group_open(&group);
	CHECK(bide_group_spawn_with(&group, &options, stay_one_unit, NULL) != NULL);
	CHECK_INT(bide_group_close(&group), 0);
	CHECK_INT(inside_most, 1);
	CHECK_INT(case_now(), 4);
	return 0;
}

static int dropped;

static void count_drop(void *arg)
{
	dropped += INT(arg);
}

LOOP_TEST(group_spawn_with, a_delayed_task_is_dropped_at_a_failure)
{
	bide_task_options options = { .delay = 3 * U, .drop = count_drop };
	bide_group group;

	bide_group_open(&group);
	bide_group_spawn_with(&group, &options, stay_one_unit, ARG(1));
	bide_group_spawn_with(&group, &options, stay_one_unit, ARG(10));
	bide_group_spawn(&group, fail_later, ARG(-EIO));
	CHECK_INT(bide_group_close(&group), -EIO);
	CHECK_INT(inside_most, 0);
	CHECK_INT(dropped, 11);
	CHECK_INT(case_now(), 1);
	return 0;
}

LOOP_TEST(group_spawn_with, an_eager_task_runs_before_the_call_returns)
{
	bide_task_options options = { .flags = BIDE_EAGER };
	bide_group group;

	bide_group_open(&group);
	CHECK(bide_group_spawn_with(&group, &options, stay_one_unit, NULL) != NULL);
	CHECK_INT(inside, 1);
	CHECK(bide_done(bide_group_spawn_with(&group, &options, return_arg, ARG(3))));
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

LOOP_TEST(group_spawn_with, an_eager_failure_has_failed_the_group_at_once)
{
	bide_task_options options = { .flags = BIDE_EAGER };
	bide_group group;

	bide_group_open(&group);
	bide_group_spawn(&group, note_name, "never");
	bide_group_spawn_with(&group, &options, return_arg, ARG(-EIO));
	errno = 0;
	CHECK(bide_group_spawn(&group, note_name, "never") == NULL);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_group_close(&group), -EIO);
	CHECK_STR(order, "");
	return 0;
}

LOOP_TEST(group_spawn, into_a_cancelled_group_gives_null)
{
	bide_group group;

	bide_group_open(&group);
	bide_group_cancel(&group);
	errno = 0;
	CHECK(bide_group_spawn(&group, note_name, "never") == NULL);
	CHECK_INT(errno, ECANCELED);
	errno = 0;
	CHECK(bide_group_spawn_copy(&group, note_name, "never", 6) == NULL);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(bide_group_close(&group), 0);
	CHECK_STR(order, "");
	return 0;
}

/* Spawning is no cancellation point: it is close that sees the opener cancelled. */
LOOP_TEST(group_spawn, by_a_cancelled_opener_works_until_close)
{
	bide_group group;

	bide_cancel(bide_self());
	bide_group_open(&group);
	CHECK(bide_group_spawn(&group, note_name, "never") != NULL);
	CHECK_INT(bide_group_close(&group), -ECANCELED);
	CHECK_STR(order, "");
	CHECK_INT(bide_uncancel(), 1);
	return 0;
}

static int spawn_a_chain(void *arg)
{
	if (INT(arg) == 0)
		return -EIO;
	CHECK_INT(bide_yield(), 0);
	CHECK(bide_group_spawn(shared, spawn_a_chain, ARG(INT(arg) - 1)) != NULL);
	return 0;
}

LOOP_TEST(group_spawn, by_its_own_tasks_keeps_the_group_open)
{
	bide_group group;

	shared = &group;
	bide_group_open(&group);
	bide_group_spawn(&group, spawn_a_chain, ARG(1000));
	CHECK_INT(bide_group_close(&group), -EIO);
	return 0;
}

LOOP_TEST(group, of_nobody_closes_at_once)
{
	bide_group group;

	bide_group_open(&group);
	CHECK_INT(bide_group_close(&group), 0);
	bide_group_open(&group);
	bide_group_cancel(&group);
	CHECK_INT(bide_group_close(&group), 0);
	bide_cancel(bide_self());
	bide_group_open(&group);
	CHECK_INT(bide_group_close(&group), -ECANCELED);
	CHECK_INT(bide_uncancel(), 1);
	return 0;
}

/* ---- nested groups ---- */

static int cancelled_count;

static int count_cancelled(void *arg)
{
	int r = bide_sleep(BIDE_FOREVER);

	(void)arg;
	cancelled_count += r == -ECANCELED;
	return r;
}

static int nest_groups(void *arg)
{
	bide_group group;
	int depth = INT(arg);

	if (depth == 0)
		return fail_later(ARG(-EIO));
	bide_group_open(&group);
	bide_group_spawn(&group, count_cancelled, NULL);
	bide_group_spawn(&group, nest_groups, ARG(depth - 1));
	bide_group_spawn(&group, count_cancelled, NULL);
	CHECK_INT(bide_group_close(&group), -EIO);
	CHECK_INT(bide_cancel_requested(bide_self()), 0);
	return -EIO;
}

LOOP_TEST(group, ten_deep_hands_a_failure_up_to_the_top)
{
	CHECK_INT(nest_groups(ARG(10)), -EIO);
	CHECK_INT(cancelled_count, 20);
	CHECK_INT(case_now(), 1);
	CHECK_INT(bide_sleep(0), 0);
	return 0;
}

static int nest_sleepers(void *arg)
{
	bide_group group;

	if (INT(arg) == 0)
		return count_cancelled(NULL);
	bide_group_open(&group);
	bide_group_spawn(&group, nest_sleepers, ARG(INT(arg) - 1));
	bide_group_spawn(&group, count_cancelled, NULL);
	CHECK_INT(bide_group_close(&group), -ECANCELED);
	return -ECANCELED;
}

LOOP_TEST(group, ten_deep_is_cancelled_from_the_top)
{
	bide_task *top = bide_spawn(nest_sleepers, ARG(10));

	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(bide_tasks(NULL, 0), 22);
	bide_cancel(top);
	CHECK_INT(bide_join(top), -ECANCELED);
	CHECK_INT(cancelled_count, 11);
	return 0;
}
