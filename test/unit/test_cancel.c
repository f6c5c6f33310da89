/* SPDX-License-Identifier: MIT */

/* test_cancel.c - requests to end: counted, swallowed, ignored */
#include "loop_test.h"

#include <errno.h>
#include <string.h>

static int sleep_for_ever(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

LOOP_TEST(cancel, tells_whether_the_task_had_ended)
{
	bide_task *task = bide_spawn(sleep_for_ever, NULL);

	bide_yield();
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_cancel(task), 1);
	CHECK(!bide_done(task));
	bide_yield();
	CHECK(bide_done(task));
	CHECK_INT(bide_cancel(task), 0);
	CHECK_INT(bide_join(task), -ECANCELED);
	return 0;
}

LOOP_TEST(cancel, of_a_task_that_has_not_started_ends_it_at_once)
{
	bide_task *task = bide_spawn(sleep_for_ever, NULL);

	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK_INT(bide_now(), 0);
	return 0;
}

LOOP_TEST(cancel_requested, counts_until_uncancel)
{
	CHECK_INT(bide_cancel_requested(bide_self()), 0);
	CHECK_INT(bide_uncancel(), 0);
	for (int i = 1; i <= 3; i++) {
		CHECK_INT(bide_cancel(bide_self()), 1);
		CHECK_INT(bide_cancel_requested(bide_self()), i);
	}
	CHECK_INT(bide_sleep(0), -ECANCELED);
	CHECK_INT(bide_cancel_requested(bide_self()), 3);
	CHECK_INT(bide_uncancel(), 3);
	CHECK_INT(bide_cancel_requested(bide_self()), 0);
	CHECK_INT(bide_uncancel(), 0);
	CHECK_INT(bide_sleep(BIDE_SECOND), 0);
	CHECK_INT(bide_now(), BIDE_SECOND);
	return 0;
}

LOOP_TEST(cancel_requested, may_be_asked_of_another_task)
{
	bide_task *task = bide_spawn(sleep_for_ever, NULL);

	bide_yield();
	CHECK_INT(bide_cancel_requested(task), 0);
	bide_cancel(task);
	bide_cancel(task);
	CHECK_INT(bide_cancel_requested(task), 2);
	CHECK_INT(bide_join(task), -ECANCELED);
	return 0;
}

static int read_checkpoint(void *arg)
{
	(void)arg;
	return bide_checkpoint();
}

LOOP_TEST(checkpoint, tells_of_a_cancellation_but_not_inside_a_shield)
{
	CHECK_INT(bide_checkpoint(), 0);
	bide_cancel(bide_self());
	CHECK_INT(bide_checkpoint(), -ECANCELED);
	CHECK_INT(bide_checkpoint(), -ECANCELED);
	CHECK_INT(bide_shield(read_checkpoint, NULL), 0);
	CHECK_INT(bide_uncancel(), 1);
	CHECK_INT(bide_checkpoint(), 0);
	return 0;
}

static int count_up(void *arg)
{
	++*(int *)arg;
	return 0;
}

LOOP_TEST(checkpoint, never_suspends)
{
	int count = 0;

	CHECK_INT(bide_go(count_up, &count), 0);
	CHECK_INT(bide_checkpoint(), 0);
	bide_cancel(bide_self());
	CHECK_INT(bide_checkpoint(), -ECANCELED);
	CHECK_INT(count, 0);
	CHECK_INT(bide_uncancel(), 1);
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(count, 1);
	return 0;
}

LOOP_TEST(cancelled_task, does_not_suspend)
{
	int count = 0;

	CHECK_INT(bide_go(count_up, &count), 0);
	bide_cancel(bide_self());
	CHECK_INT(bide_yield(), -ECANCELED);
	CHECK_INT(bide_sleep(BIDE_SECOND), -ECANCELED);
	CHECK_INT(bide_sleep_until(BIDE_SECOND), -ECANCELED);
	CHECK_INT(count, 0);
	CHECK_INT(bide_now(), 0);
	CHECK_INT(bide_uncancel(), 1);
	CHECK_INT(bide_yield(), 0);
	return 0;
}

/* How many calls in a row return -ECANCELED without another task's running. */
static int calls_until_another_runs(void)
{
	int other_count = 0, calls = 0;

	CHECK_INT(bide_go(count_up, &other_count), 0);
	for (;;) {
		CHECK(calls < 1000);
		CHECK_INT(bide_sleep(BIDE_SECOND), -ECANCELED);
		if (other_count > 0)
			return calls;
		calls++;
	}
}

static int look(void *arg)
{
	return (int)bide_wait(1, arg, BIDE_ALL_DONE, 0);
}

LOOP_TEST(ignored_cancellation, lets_the_others_run_after_64_calls_in_a_row)
{
	int count = 0;

	bide_cancel(bide_self());
	CHECK_INT(calls_until_another_runs(), 64);

	/* From now on each call does. */
	for (int i = 0; i < 3; i++) {
		CHECK_INT(bide_go(count_up, &count), 0);
		CHECK_INT(bide_yield(), -ECANCELED);
		CHECK_INT(count, i + 1);
	}
	return 0;
}

LOOP_TEST(ignored_cancellation, is_counted_anew_when_a_call_succeeds)
{
	bide_task *task = bide_spawn(sleep_for_ever, NULL);

	bide_cancel(bide_self());
	for (int i = 0; i < 60; i++)
		CHECK_INT(bide_sleep(BIDE_SECOND), -ECANCELED);
	CHECK_INT(bide_shield(look, &task), 0);
	CHECK_INT(calls_until_another_runs(), 64);
	bide_cancel(task);
	CHECK_INT(bide_join(task), -ECANCELED);
	return 0;
}

static int ignore_cancellation(void *arg)
{
	(void)arg;
	bide_set_name(bide_self(), "stubborn");
	bide_cancel(bide_self());
	for (int i = 0; i < 200; i++)
		(void)bide_yield();
	return 0;
}

static void ignore_under_debug(void)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK | BIDE_DEBUG };

	CHECK_INT(bide_run_with(&options, ignore_cancellation, NULL), 0);
}

TEST(ignored_cancellation, is_reported_with_the_name_of_the_task_under_debug)
{
	char text[4096];

	CHECK_INT(test_child(ignore_under_debug, text, sizeof text), 0);
	CHECK(strstr(text, "stubborn") != NULL);
}

static int swallow_twice(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++) {
		CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
		CHECK_INT(bide_uncancel(), 1);
	}
	CHECK_INT(bide_sleep(BIDE_SECOND), 0);
	return 4;
}

LOOP_TEST(uncancel, lets_the_task_go_on_and_be_cancelled_again)
{
	bide_task *task = bide_spawn(swallow_twice, NULL);

	bide_yield();
	bide_cancel(task);
	bide_yield();
	CHECK_INT(bide_cancel_requested(task), 0);
	bide_cancel(task);
	CHECK_INT(bide_join(task), 4);
	CHECK_INT(bide_now(), BIDE_SECOND);
	return 0;
}
