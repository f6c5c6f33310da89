/* SPDX-License-Identifier: MIT */

/* test_event.c - a flag that tasks wait for */
#include "sync_test.h"

#include <bide.h>

static int await(void *arg)
{
	int r = bide_event_wait(arg);

	NOTE("%s %s", my_name(), ERR(r));
	return r;
}

LOOP_TEST(event, is_clear_when_its_bytes_are_zero)
{
	static bide_event fixed;
	bide_event *heap = calloc(1, sizeof *heap);

	CHECK(heap != NULL);
	CHECK(!bide_event_is_set(&fixed) && !bide_event_is_set(heap));
	bide_event_clear(&fixed);
	bide_event_set(heap);
	CHECK(!bide_event_is_set(&fixed) && bide_event_is_set(heap));
	WITHOUT_SUSPENSION(CHECK_INT(bide_event_wait(heap), 0));
	free(heap);
	return 0;
}

LOOP_TEST(event, may_be_set_and_cleared_again_and_again)
{
	bide_event event = { 0 };
	bide_task *task;

	for (int i = 0; i < 3; i++) {
		WITHOUT_SUSPENSION({
			bide_event_set(&event);
			bide_event_set(&event);
			CHECK(bide_event_is_set(&event));
			CHECK_INT(bide_event_wait(&event), 0);
			CHECK_INT(bide_event_wait(&event), 0);
			bide_event_clear(&event);
			bide_event_clear(&event);
			CHECK(!bide_event_is_set(&event));
		});
		task = spawn_named("w", await, &event);
		settle();
		CHECK_NOTES("");
		bide_event_set(&event);
		CHECK_INT(bide_join(task), 0);
		CHECK_NOTES("w 0");
		bide_event_clear(&event);
	}
	return 0;
}

static int await_twice(void *arg)
{
	(void)await(arg);
	return await(arg);
}

/* They have been woken and wait again before the other ones have even run. */
LOOP_TEST(event, wakes_each_waiter_once_a_set)
{
	bide_event event = { 0 };
	bide_task *tasks[2];

	tasks[0] = spawn_named("a", await_twice, &event);
	tasks[1] = spawn_named("b", await_twice, &event);
	settle();
	bide_event_set(&event);
	bide_event_clear(&event);
	bide_event_set(&event);
	bide_event_clear(&event);
	settle();
	CHECK_NOTES("a 0 · b 0");
	bide_event_set(&event);
	CHECK_INT(bide_gather(2, tasks, NULL), 0);
	CHECK_NOTES("a 0 · b 0");
	return 0;
}

LOOP_TEST(event, does_not_wake_who_comes_between_the_clear_and_those_that_were_woken)
{
	bide_event event = { 0 };
	bide_task *tasks[2];

	tasks[0] = spawn_named("early", await, &event);
	settle();
	tasks[1] = spawn_named("late", await, &event);
	bide_event_set(&event);
	bide_event_clear(&event);
	settle();
	CHECK_NOTES("early 0");
	CHECK(!bide_done(tasks[1]));
	bide_event_set(&event);
	CHECK_INT(bide_gather(2, tasks, NULL), 0);
	CHECK_NOTES("late 0");
	return 0;
}

static int await_1u(void *arg)
{
	bide_scope scope;
	int r;

	bide_scope_enter(&scope, 1 * U);
	r = await(arg);
	NOTE("%s", ERR(bide_scope_leave(&scope)));
	return r;
}

LOOP_TEST(event, is_left_by_who_is_cancelled_or_runs_out_of_time)
{
	bide_event event = { 0 };
	bide_task *tasks[4];
	int results[4];

	tasks[0] = spawn_named("a", await, &event);
	tasks[1] = spawn_named("b", await_1u, &event);
	tasks[2] = spawn_named("c", await, &event);
	tasks[3] = spawn_named("d", await, &event);
	settle();
	CHECK_INT(bide_cancel(tasks[2]), 1);
	settle();
	CHECK_NOTES("c -ECANCELED");
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_NOTES("b -ECANCELED · -ETIMEDOUT");
	bide_event_set(&event);
	CHECK_INT(bide_gather(4, tasks, results), 0);
	CHECK_NOTES("a 0 · d 0");
	CHECK_STR(case_list(4, results), "[0, -ECANCELED, -ECANCELED, 0]");
	return 0;
}

/* The clock passes the deadline when the event is set already. */
LOOP_TEST(event, that_was_set_in_time_is_no_timeout)
{
	bide_event event = { 0 };
	bide_task *task = spawn_named("w", await_1u, &event);

	settle();
	bide_event_set(&event);
	bide_clock_advance(2 * U);
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("w 0 · 0");
	return 0;
}

static int await_when_cancelled(void *arg)
{
	CHECK_INT(bide_cancel(bide_self()), 1);
	return await(arg);
}

LOOP_TEST(event, that_is_set_is_not_waited_for_by_a_cancelled_task)
{
	bide_event event = { 0 };

	bide_event_set(&event);
	CHECK_INT(bide_join(spawn_named("w", await_when_cancelled, &event)), -ECANCELED);
	bide_event_clear(&event);
	CHECK_INT(bide_join(spawn_named("w", await_when_cancelled, &event)), -ECANCELED);
	return 0;
}

static int set_in_a_cancelled_task(void *arg)
{
	CHECK_INT(bide_cancel(bide_self()), 1);
	bide_event_set(arg);
	CHECK(bide_event_is_set(arg));
	return 0;
}

LOOP_TEST(event, may_be_set_by_a_cancelled_task)
{
	bide_event event = { 0 };
	bide_task *tasks[2];

	tasks[0] = spawn_named("w", await, &event);
	tasks[1] = spawn_named("setter", set_in_a_cancelled_task, &event);
	CHECK_INT(bide_gather(2, tasks, NULL), 0);
	CHECK_NOTES("w 0");
	return 0;
}

static int await_silently(void *arg)
{
	return bide_event_wait(arg);
}

LOOP_TEST(event, wakes_many_in_order)
{
	bide_event event = { 0 };
	int n = test_many(5000);
	bide_task **tasks = calloc((size_t)n, sizeof(bide_task *));
	bide_task *last;

	for (int i = 0; i < n; i++)
		tasks[i] = bide_spawn(await_silently, &event);
	last = spawn_named("last", await, &event);
	settle();
	bide_event_set(&event);
	CHECK_INT(bide_join(last), 0);
	for (int i = 0; i < n; i++)
		CHECK(bide_done(tasks[i]));
	CHECK_INT(bide_gather((size_t)n, tasks, NULL), 0);
	free(tasks);
	return 0;
}

TEST(event, may_be_set_outside_of_a_loop_but_not_waited_for)
{
	bide_event event = { 0 };

	CHECK_INT(bide_event_wait(&event), -EPERM);
	bide_event_set(&event);
	CHECK(bide_event_is_set(&event));
	CHECK_INT(bide_event_wait(&event), -EPERM);
	bide_event_clear(&event);
	CHECK(!bide_event_is_set(&event));
}

static bide_event bell;

static int go_await(void *arg)
{
	(void)arg;
	bide_detach(spawn_named("w", await, &bell));
	return bide_yield();
}

static int yield_only(void *arg)
{
	(void)arg;
	return bide_yield();
}

/* As a callback of a foreign loop would. */
TEST(event, that_is_set_between_two_runs_wakes_its_waiters_in_the_next_one)
{
	bide_loop *loop = bide_loop_new(&(bide_options){ .flags = BIDE_VIRTUAL_CLOCK });

	CHECK(loop != NULL);
	CHECK_INT(bide_loop_run(loop, go_await, NULL), 0);
	CHECK_NOTES("");
	bide_event_set(&bell);
	CHECK_NOTES("");
	CHECK_INT(bide_loop_timeout(loop), 0);
	CHECK_INT(bide_loop_run(loop, yield_only, NULL), 0);
	CHECK_NOTES("w 0");
	CHECK_INT(bide_loop_close(loop), 0);
}
