/* SPDX-License-Identifier: MIT */

/*
 * test_cancel_storm.c - thousands of tasks, in all states there are, are cancelled at random
 *
 * The short ones: test/sim/sim_cancel_storm.c has more tasks and other seeds.
 */
#include "storm.h"

#include "loop_test.h"

#include <bide.h>
#include <errno.h>
#include <stdlib.h>

TEST(cancel_storm, ends_every_task_and_timer)
{
	for (uint64_t seed = 0; seed < 4; seed++)
		storm_run(seed, 300, 3000, 100);
}

/* No strikes in between: all of them are cancelled when they stand as deep as they get. */
TEST(cancel_storm, of_a_single_stroke_ends_every_task_and_timer)
{
	for (uint64_t seed = 10; seed < 14; seed++)
		storm_run(seed, 1000, 3000, 0);
}

TEST(cancel_storm, is_the_same_again_with_the_same_seed)
{
	for (uint64_t seed = 20; seed < 22; seed++) {
		uint64_t first = storm_run(seed, 200, 1500, 50);

		CHECK_INT(storm_run(seed, 200, 1500, 50), first);
		CHECK(storm_run(seed + 100, 200, 1500, 50) != first);
	}
}

/* ---- thousands in one state each ---- */

#define MANY test_many(3000)

static int sleep_for_ever(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

static int sleep_an_hour(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_HOUR);
}

static int join_one(void *arg)
{
	(void)arg;
	return bide_join(bide_spawn(sleep_an_hour, NULL));
}

static int join_one_for(void *arg)
{
	(void)arg;
	return bide_join_for(bide_spawn(sleep_for_ever, NULL), BIDE_HOUR);
}

static int gather_two(void *arg)
{
	bide_task *tasks[2] = {
		bide_spawn(sleep_an_hour, NULL),
		bide_spawn(sleep_for_ever, NULL),
	};

	(void)arg;
	return bide_gather(2, tasks, NULL);
}

static int close_group(void *arg)
{
	bide_group group;

	(void)arg;
	bide_group_open(&group);
	bide_group_spawn(&group, sleep_an_hour, NULL);
	bide_group_spawn(&group, sleep_for_ever, NULL);
	return bide_group_close(&group);
}

static int take_from_group(void *arg)
{
	bide_group group;

	(void)arg;
	bide_group_open(&group);
	bide_group_spawn(&group, sleep_for_ever, NULL);
	CHECK(bide_group_next(&group) == NULL);
	CHECK_INT(errno, ECANCELED);
	return bide_group_close(&group);
}

static int start_in_group(void *arg)
{
	bide_group group;

	(void)arg;
	bide_group_open(&group);
	CHECK_INT(bide_group_start(&group, sleep_for_ever, NULL, NULL), -ECANCELED);
	return bide_group_close(&group);
}

static int spawn_past_limit(void *arg)
{
	bide_group group;

	(void)arg;
	bide_group_open(&group);
	bide_group_limit(&group, 1);
	bide_group_spawn(&group, sleep_for_ever, NULL);
	CHECK(bide_group_spawn(&group, sleep_for_ever, NULL) == NULL);
	return bide_group_close(&group);
}

static int wait_for_two(void *arg)
{
	bide_task *tasks[2] = {
		bide_spawn(sleep_for_ever, NULL),
		bide_spawn(sleep_for_ever, NULL),
	};
	int r = (int)bide_wait(2, tasks, BIDE_FIRST_DONE, BIDE_HOUR);

	(void)arg;
	CHECK_INT(bide_gather(2, tasks, NULL), -ECANCELED);
	return r;
}

static int in_three_scopes(void *arg)
{
	bide_scope outer, middle, inner;
	int r;

	(void)arg;
	bide_scope_enter(&outer, BIDE_HOUR);
	bide_scope_enter(&middle, 2 * BIDE_HOUR);
	bide_scope_enter(&inner, 3 * BIDE_HOUR);
	r = bide_sleep(BIDE_FOREVER);
	CHECK_INT(bide_scope_leave(&inner), 0);
	CHECK_INT(bide_scope_leave(&middle), 0);
	CHECK_INT(bide_scope_leave(&outer), 0);
	return r;
}

static int sleep_two(void *arg)
{
	(void)arg;
	return bide_sleep(2 * U);
}

static int shielded(void *arg)
{
	(void)arg;
	CHECK_INT(bide_shield(sleep_two, NULL), 0);
	return bide_sleep(BIDE_HOUR);
}

/* All of them stand where they stay for good, are cancelled at 1u, and say so. */
static void check_stroke(bide_fn *fn, int elapsed)
{
	bide_task **tasks = calloc(MANY, sizeof *tasks);
	int *results = calloc(MANY, sizeof *results);
	bide_time start = bide_now();

	for (int i = 0; i < MANY; i++)
		tasks[i] = bide_spawn(fn, NULL);
	CHECK_INT(bide_sleep(1 * U), 0);
	for (int i = 0; i < MANY; i++)
		CHECK_INT(bide_cancel(tasks[(i * 7) % MANY]), 1);
	CHECK_INT(bide_gather(MANY, tasks, results), 0);
	for (int i = 0; i < MANY; i++)
		CHECK_INT(results[i], -ECANCELED);
	CHECK_INT(bide_now() - start, elapsed * U);
	CHECK_INT(bide_tasks(NULL, 0), 1);
	CHECK_INT(bide_loop_stats(NULL).timers, 0);
	free(tasks);
	free(results);
}

LOOP_TEST(cancel_stroke, ends_thousands_that_sleep)
{
	check_stroke(sleep_for_ever, 1);
	check_stroke(sleep_an_hour, 1);
	return 0;
}

LOOP_TEST(cancel_stroke, ends_thousands_that_join)
{
	check_stroke(join_one, 1);
	check_stroke(join_one_for, 1);
	return 0;
}

LOOP_TEST(cancel_stroke, ends_thousands_that_gather_or_wait)
{
	check_stroke(gather_two, 1);
	check_stroke(wait_for_two, 1);
	return 0;
}

LOOP_TEST(cancel_stroke, ends_thousands_of_groups)
{
	check_stroke(close_group, 1);
	check_stroke(take_from_group, 1);
	check_stroke(start_in_group, 1);
	check_stroke(spawn_past_limit, 1);
	return 0;
}

LOOP_TEST(cancel_stroke, ends_thousands_in_scopes)
{
	check_stroke(in_three_scopes, 1);
	return 0;
}

LOOP_TEST(cancel_stroke, waits_for_thousands_behind_shields)
{
	check_stroke(shielded, 2);
	return 0;
}

/* The shutdown takes down what main leaves, in whatever state it is. */
static int leave_all_over(void *arg)
{
	static bide_fn *const states[] = {
		sleep_for_ever, sleep_an_hour,   join_one,         join_one_for,
		gather_two,     close_group,     take_from_group,  start_in_group,
		wait_for_two,   in_three_scopes, spawn_past_limit, shielded,
	};

	(void)arg;
	for (int i = 0; i < MANY; i++)
		CHECK_INT(bide_go(states[i % 12], NULL), 0);
	CHECK_INT(bide_sleep(1 * U), 0);
	return 3;
}

TEST(cancel_stroke, of_the_shutdown_ends_all)
{
	bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	CHECK_INT(bide_run_with(&options, leave_all_over, NULL), 3);
}
