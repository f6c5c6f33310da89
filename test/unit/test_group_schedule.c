/* SPDX-License-Identifier: MIT */

/*
 * test_group_schedule.c - what happens to a group between a task's being made ready and
 * its going on: a place, a start or an ended task is in its hands, and others come first
 */
#include "loop_test.h"

#include <bide.h>
#include <errno.h>
#include <string.h>

static int return_arg(void *arg)
{
	return INT(arg);
}

static int yield_and_return(void *arg)
{
	bide_yield();
	return INT(arg);
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

static void yield_times(int n)
{
	for (int i = 0; i < n; i++)
		CHECK_INT(bide_yield(), 0);
}

/* ---- bide_group_start() ---- */

static int never_started;

static int never_start(void *arg)
{
	(void)arg;
	never_started++;
	return bide_sleep(BIDE_FOREVER);
}

static int start_in_a_full_group(void *arg)
{
	bide_group group;
	int r;

	bide_group_open(&group);
	bide_group_limit(&group, 1);
	bide_group_spawn(&group, yield_and_return, arg);
	r = bide_group_start(&group, never_start, NULL, NULL);
	CHECK_INT(bide_group_close(&group), -ECANCELED);
	return r;
}

/* It has its place and does not look again before it waits for the start. */
LOOP_TEST(group_start, whose_caller_is_cancelled_with_a_place_in_its_hands_is_cut_short)
{
	for (int rounds = 0; rounds < 6; rounds++) {
		bide_task *task = bide_spawn(start_in_a_full_group, NULL);

		yield_times(rounds);
		CHECK_INT(bide_cancel(task), 1);
		CHECK_INT(bide_join(task), -ECANCELED);
		CHECK_INT(case_now(), 0);
	}
	CHECK(never_started > 0);
	return 0;
}

/* ---- bide_group_limit() ---- */

static int lift_the_limit(void *arg)
{
	bide_yield();
	bide_group_limit(arg, 0);
	return 1;
}

LOOP_TEST(group_limit, that_is_lifted_while_a_spawner_waits_leaves_no_place_promised)
{
	bide_group group;

	bide_group_open(&group);
	bide_group_limit(&group, 1);
	CHECK(bide_group_spawn(&group, lift_the_limit, &group) != NULL);
	CHECK(bide_group_spawn(&group, return_arg, ARG(2)) != NULL);
	CHECK_INT(next_result(&group), 1);
	CHECK_INT(next_result(&group), 2);
	CHECK_INT(next_result(&group), 1000);

	/* The one place of a new limit is free. */
	bide_group_limit(&group, 1);
	CHECK(bide_group_spawn(&group, sleep_units, ARG(3)) != NULL);
	CHECK_INT(case_now(), 0);
	CHECK(bide_group_spawn(&group, sleep_units, ARG(4)) != NULL);
	CHECK_INT(case_now(), 3);
	CHECK_INT(bide_group_close(&group), 0);
	CHECK_INT(case_now(), 7);
	return 0;
}

/* ---- bide_group_close() ---- */

static int spawn_behind_the_limit(void *arg)
{
	CHECK(bide_group_spawn(arg, sleep_units, ARG(2)) != NULL);
	return 5;
}

static int open_with_a_helper(void *arg)
{
	bide_task **ret_helper = arg;
	bide_group group;

	bide_group_open(&group);
	bide_group_limit(&group, 1);
	bide_group_spawn(&group, sleep_units, ARG(1));
	*ret_helper = bide_spawn(spawn_behind_the_limit, &group);
	bide_yield();
	CHECK_INT(bide_group_close(&group), 0);
	/* The helper's task lasts for 2 u; its end is no concern of a closed group. */
	CHECK_INT(case_now(), 3);
	return 6;
}

/* The helper is no task of the group, so nothing but its place tells of it. */
LOOP_TEST(group_close, waits_for_the_task_of_one_who_was_promised_a_place)
{
	bide_task *helper = NULL;
	bide_task *opener = bide_spawn(open_with_a_helper, &helper);

	CHECK_INT(bide_join(opener), 6);
	CHECK_INT(bide_join(helper), 5);
	CHECK_INT(case_now(), 3);
	return 0;
}

static int taken_outside;

static int take_outside(void *arg)
{
	taken_outside = next_result(arg);
	return 0;
}

/* After the close, the group's memory is something else. */
static int close_around_a_taker(void *arg)
{
	bide_group group;
	bide_task *taker;

	(void)arg;
	bide_group_open(&group);
	bide_group_spawn(&group, sleep_units, ARG(1));
	taker = bide_spawn(take_outside, &group);
	/* In random order it takes two rounds for the taker to be in there for sure. */
	yield_times(2);
	taken_outside = -1;
	CHECK_INT(bide_group_close(&group), 0);
	CHECK_INT(taken_outside, 1);
	CHECK(bide_now() == 1 * U);
	memset(&group, 0xa5, sizeof group);
	return bide_join(taker);
}

/* Opener and taker become ready at once, and in random order either one goes on first. */
TEST(group_close, waits_until_those_who_take_from_the_group_have_what_they_get)
{
	for (uint64_t seed = 1; seed <= 40; seed++) {
		const bide_options options = {
			.flags = BIDE_VIRTUAL_CLOCK | BIDE_SHUFFLE,
			.seed = seed,
		};

		CHECK_INT(bide_run_with(&options, close_around_a_taker, NULL), 0);
	}
}

/* ---- bide_group_next() ---- */

static int ask_then_work(void *arg)
{
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(next_result(arg), 1000);
	CHECK_INT(case_now(), 1);
	CHECK_INT(bide_sleep(2 * U), 0);
	return 42;
}

/* The group's task cannot wait for its own end, but the opener can. */
LOOP_TEST(group_next, of_the_opener_goes_on_where_the_last_task_of_the_group_asks_too)
{
	bide_group group;

	bide_group_open(&group);
	bide_group_spawn(&group, ask_then_work, &group);
	CHECK_INT(next_result(&group), 42);
	CHECK_INT(case_now(), 3);
	CHECK_INT(next_result(&group), 1000);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

static int asked;

/* Waits in vain together with its siblings, then works. */
static int ask_together(void *arg)
{
	CHECK_INT(next_result(arg), 1000);
	asked++;
	CHECK_INT(bide_sleep(1 * U), 0);
	return 7;
}

LOOP_TEST(group_next, of_the_opener_goes_on_where_all_tasks_of_the_group_wait_in_it)
{
	bide_group group;

	bide_group_open(&group);
	for (int i = 0; i < 3; i++)
		bide_group_spawn(&group, ask_together, &group);
	for (int i = 0; i < 3; i++)
		CHECK_INT(next_result(&group), 7);
	CHECK_INT(asked, 3);
	CHECK_INT(case_now(), 1);
	CHECK_INT(next_result(&group), 1000);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

static int taken[3];

/* Looks at what it was given only when the others have been given theirs. */
static int take_one(void *arg)
{
	bide_task *task = bide_group_next(arg);
	int result;

	CHECK(task != NULL);
	yield_times(2);
	CHECK(bide_done(task));
	result = bide_result(task);
	CHECK(result == 1 || result == 2);
	taken[result]++;
	/* The others may still look at theirs. */
	yield_times(3);
	return 0;
}

static int sleep_one_unit(void *arg)
{
	CHECK_INT(bide_sleep(1 * U), 0);
	return INT(arg);
}

LOOP_TEST(group_next, leaves_a_taker_what_it_has_when_another_one_goes_on)
{
	bide_group group;

	bide_group_open(&group);
	bide_group_spawn(&group, sleep_one_unit, ARG(1));
	bide_group_spawn(&group, sleep_one_unit, ARG(2));
	bide_group_spawn(&group, take_one, &group);
	bide_group_spawn(&group, take_one, &group);
	CHECK_INT(bide_group_close(&group), 0);
	CHECK_INT(taken[1], 1);
	CHECK_INT(taken[2], 1);
	CHECK_INT(case_now(), 1);
	return 0;
}

LOOP_TEST(group_next, leaves_a_taker_from_outside_what_it_has_when_another_one_goes_on)
{
	bide_task *takers[2];
	bide_group group;

	bide_group_open(&group);
	bide_group_spawn(&group, sleep_one_unit, ARG(1));
	bide_group_spawn(&group, sleep_one_unit, ARG(2));
	for (int i = 0; i < 2; i++)
		takers[i] = bide_spawn(take_one, &group);
	CHECK_INT(bide_gather(2, takers, NULL), 0);
	CHECK_INT(taken[1], 1);
	CHECK_INT(taken[2], 1);
	CHECK_INT(bide_group_close(&group), 0);
	CHECK_INT(case_now(), 1);
	return 0;
}
