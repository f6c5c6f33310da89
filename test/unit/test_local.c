/* SPDX-License-Identifier: MIT */

/* test_local.c - what belongs to a task: its values, and what it runs at its end */
#include "loop_test.h"

#include <errno.h>
#include <string.h>

#define KEY_COUNT 100

static bide_local keys[KEY_COUNT];

static void set_all(int base)
{
	for (int i = 0; i < KEY_COUNT; i++)
		CHECK_INT(bide_local_set(&keys[i], (void *)(intptr_t)(base + i)), 0);
}

static void check_all(int base)
{
	for (int i = 0; i < KEY_COUNT; i++)
		CHECK_INT((intptr_t)bide_local_get(&keys[i]), base + i);
}

LOOP_TEST(local, is_null_until_it_was_set)
{
	static bide_local other;

	CHECK(bide_local_get(&keys[0]) == NULL);
	CHECK_INT(bide_local_set(&keys[0], &other), 0);
	CHECK(bide_local_get(&keys[0]) == &other);
	CHECK(bide_local_get(&other) == NULL);
	CHECK_INT(bide_local_set(&keys[0], NULL), 0);
	CHECK(bide_local_get(&keys[0]) == NULL);
	return 0;
}

LOOP_TEST(local, keeps_many_keys_apart)
{
	set_all(1);
	check_all(1);
	set_all(1001);
	check_all(1001);
	return 0;
}

static int check_inherited_and_change(void *arg)
{
	int base = (int)(intptr_t)arg;

	check_all(base);
	set_all(base + 1000);
	bide_yield();
	check_all(base + 1000);
	if (base < 3000) {
		bide_task *child = bide_spawn(check_inherited_and_change,
		                              (void *)(intptr_t)(base + 1000));

		CHECK_INT(bide_join(child), 0);
	}
	check_all(base + 1000);
	return 0;
}

LOOP_TEST(local, is_inherited_by_every_generation_and_changed_for_itself_only)
{
	bide_task *task;

	set_all(1);
	task = bide_spawn(check_inherited_and_change, (void *)1);
	CHECK_INT(bide_go(check_inherited_and_change, (void *)1), 0);
	set_all(500);
	CHECK_INT(bide_join(task), 0);
	check_all(500);
	return 0;
}

static int get_first(void *arg)
{
	(void)arg;
	return (int)(intptr_t)bide_local_get(&keys[0]);
}

LOOP_TEST(local, of_a_delayed_task_is_that_of_the_moment_of_spawning)
{
	bide_task *task;

	CHECK_INT(bide_local_set(&keys[0], (void *)1), 0);
	task = bide_spawn_with(&(bide_task_options){ .delay = BIDE_SECOND }, get_first, NULL);
	CHECK_INT(bide_local_set(&keys[0], (void *)2), 0);
	CHECK_INT(bide_join(task), 1);
	return 0;
}

LOOP_TEST(local, is_inherited_in_a_group)
{
	bide_group group;
	bide_task *task;

	CHECK_INT(bide_local_set(&keys[0], (void *)1), 0);
	bide_group_open(&group);
	task = bide_group_spawn(&group, get_first, NULL);
	CHECK_INT(bide_local_set(&keys[0], (void *)2), 0);
	bide_yield();
	CHECK_INT(bide_result(task), 1);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

static int change_first(void *arg)
{
	(void)arg;
	CHECK_INT((intptr_t)bide_local_get(&keys[0]), 1);
	CHECK_INT(bide_local_set(&keys[0], (void *)2), 0);
	bide_yield();
	return (int)(intptr_t)bide_local_get(&keys[0]);
}

LOOP_TEST(local, of_an_eager_task_is_its_own)
{
	bide_task *task;

	CHECK_INT(bide_local_set(&keys[0], (void *)1), 0);
	task = bide_spawn_with(&(bide_task_options){ .flags = BIDE_EAGER }, change_first, NULL);
	CHECK_INT((intptr_t)bide_local_get(&keys[0]), 1);
	CHECK_INT(bide_join(task), 2);
	CHECK_INT((intptr_t)bide_local_get(&keys[0]), 1);
	return 0;
}

static int get_in_another_loop(void *arg)
{
	(void)arg;
	return bide_local_get(&keys[0]) == NULL ? 0 : -EEXIST;
}

static int set_and_return(void *arg)
{
	(void)arg;
	return bide_local_set(&keys[0], (void *)1);
}

TEST(local, does_not_outlive_its_loop)
{
	CHECK_INT(bide_run(set_and_return, NULL), 0);
	CHECK(bide_local_get(&keys[0]) == NULL);
	CHECK_INT(bide_run(get_in_another_loop, NULL), 0);
}

static char steps[64];

static void step(void *arg)
{
	strncat(steps, arg, sizeof steps - strlen(steps) - 1);
}

static int defer_abc(void *arg)
{
	CHECK_INT(bide_defer(step, "a"), 0);
	CHECK_INT(bide_defer(step, "b"), 0);
	CHECK_INT(bide_defer(step, "c"), 0);
	step(".");
	return (int)(intptr_t)arg;
}

LOOP_TEST(defer, runs_the_last_registered_first_once_the_function_has_returned)
{
	CHECK_INT(bide_join(bide_spawn(defer_abc, (void *)5)), 5);
	CHECK_STR(steps, ".cba");
	CHECK_INT(bide_join(bide_spawn(defer_abc, (void *)-5)), -5);
	CHECK_STR(steps, ".cba.cba");
	return 0;
}

static void defer_more(void *arg)
{
	step(arg);
	CHECK_INT(bide_defer(step, "x"), 0);
	CHECK_INT(bide_defer(step, "y"), 0);
}

static int defer_nested(void *arg)
{
	(void)arg;
	CHECK_INT(bide_defer(step, "a"), 0);
	CHECK_INT(bide_defer(defer_more, "b"), 0);
	return 0;
}

LOOP_TEST(defer, may_be_called_by_what_was_deferred)
{
	CHECK_INT(bide_join(bide_spawn(defer_nested, NULL)), 0);
	CHECK_STR(steps, "byxa");
	return 0;
}

static void sleep_and_step(void *arg)
{
	CHECK_INT(bide_sleep(BIDE_SECOND), 0);
	CHECK_INT(bide_checkpoint(), 0);
	step(arg);
}

static int defer_suspending(void *arg)
{
	(void)arg;
	CHECK_INT(bide_defer(sleep_and_step, "a"), 0);
	CHECK_INT(bide_defer(sleep_and_step, "b"), 0);
	return bide_sleep(BIDE_FOREVER);
}

LOOP_TEST(defer, may_suspend_and_is_shielded_from_the_cancellation_of_its_task)
{
	bide_task *task = bide_spawn(defer_suspending, NULL);

	bide_yield();
	bide_cancel(task);
	bide_sleep(BIDE_SECOND / 2);
	CHECK(!bide_done(task));
	CHECK_INT(bide_result(task), -EINPROGRESS);
	/* It comes while the deferred functions run. */
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK_INT(bide_now(), 2 * BIDE_SECOND);
	CHECK_STR(steps, "ba");
	return 0;
}

static int defer_in_a_cancelled_task(void *arg)
{
	(void)arg;
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	CHECK_INT(bide_defer(sleep_and_step, "a"), 0);
	return 6;
}

LOOP_TEST(defer, works_in_a_cancelled_task)
{
	bide_task *task = bide_spawn(defer_in_a_cancelled_task, NULL);

	bide_yield();
	bide_cancel(task);
	CHECK_INT(bide_join(task), 6);
	CHECK_STR(steps, "a");
	return 0;
}

LOOP_TEST(defer, does_not_run_for_a_task_that_never_started)
{
	bide_task *task = bide_spawn(defer_abc, NULL);

	bide_cancel(task);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK_STR(steps, "");
	return 0;
}

static bide_task *deferring;

static void check_self(void *arg)
{
	step(arg);
	CHECK(bide_self() == deferring);
	CHECK_INT((intptr_t)bide_local_get(&keys[0]), 3);
	CHECK(!bide_done(deferring));
}

static int defer_check_self(void *arg)
{
	deferring = bide_self();
	CHECK_INT(bide_local_set(&keys[0], (void *)3), 0);
	return bide_defer(check_self, arg);
}

LOOP_TEST(defer, runs_as_the_task_itself)
{
	CHECK_INT(bide_join(bide_spawn(defer_check_self, "a")), 0);
	CHECK_STR(steps, "a");
	return 0;
}

TEST(defer, runs_for_main_before_the_run_is_over)
{
	CHECK_INT(bide_run(defer_abc, (void *)4), 4);
	CHECK_STR(steps, ".cba");
}

static int run_count;

static void count_run(void *arg)
{
	CHECK_INT((intptr_t)arg, 999 - run_count);
	run_count++;
}

static int defer_many(void *arg)
{
	(void)arg;
	for (intptr_t i = 0; i < 1000; i++)
		CHECK_INT(bide_defer(count_run, (void *)i), 0);
	return 0;
}

LOOP_TEST(defer, takes_many)
{
	CHECK_INT(bide_join(bide_spawn(defer_many, NULL)), 0);
	CHECK_INT(run_count, 1000);
	return 0;
}
