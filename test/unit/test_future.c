/* SPDX-License-Identifier: MIT */

/* test_future.c - a result that somebody sets, and others wait for */
#include "sync_test.h"

#include <bide.h>
#include <limits.h>

static int await(void *arg)
{
	const char *value = "none";
	void *ret = (void *)value;
	int r = bide_future_wait(arg, &ret);

	NOTE("%s %s %s", my_name(), ERR(r), (const char *)ret);
	return r;
}

static bide_task *spawn_waiter(const char *name, bide_future *future)
{
	bide_task *task = spawn_named(name, await, future);

	settle();
	return task;
}

LOOP_TEST(future, is_pending_when_its_bytes_are_zero)
{
	static bide_future fixed;
	bide_future *heap = calloc(1, sizeof *heap);
	void *value = &fixed;

	CHECK(heap != NULL);
	CHECK(!bide_future_done(&fixed) && !bide_future_done(heap));
	CHECK_INT(bide_future_set(heap, 0, NULL), 0);
	CHECK(!bide_future_done(&fixed) && bide_future_done(heap));
	WITHOUT_SUSPENSION(CHECK_INT(bide_future_wait(heap, &value), 0));
	CHECK(value == NULL);
	free(heap);
	return 0;
}

LOOP_TEST(future, keeps_the_first_result_and_value)
{
	bide_future future = { 0 };
	int one, two;
	void *value;

	CHECK_INT(bide_future_set(&future, 1, &one), 0);
	CHECK_INT(bide_future_set(&future, 2, &two), -EALREADY);
	CHECK_INT(bide_future_set(&future, -EIO, NULL), -EALREADY);
	for (int i = 0; i < 2; i++) {
		value = NULL;
		CHECK_INT(bide_future_wait(&future, &value), 1);
		CHECK(value == &one);
		CHECK_INT(bide_future_wait(&future, NULL), 1);
	}
	return 0;
}

LOOP_TEST(future, takes_any_result)
{
	static const int results[] = { INT_MIN, -EINPROGRESS, -EPERM, -1, 0, INT_MAX };

	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		bide_future future = { 0 };

		CHECK_INT(bide_future_set(&future, results[i], &future), 0);
		CHECK(bide_future_done(&future));
		CHECK_INT(bide_future_wait(&future, NULL), results[i]);
	}
	return 0;
}

LOOP_TEST(future, gives_all_waiters_the_result_and_the_value)
{
	bide_future future = { 0 };
	bide_task *tasks[3];
	int results[3];

	tasks[0] = spawn_waiter("a", &future);
	tasks[1] = spawn_waiter("b", &future);
	tasks[2] = spawn_named("c", await, &future);
	CHECK_INT(bide_future_set(&future, 5, "five"), 0);
	CHECK_NOTES("");
	CHECK_INT(bide_gather(3, tasks, results), 0);
	CHECK_STR(case_list(3, results), "[5, 5, 5]");
	/* The third one comes to wait when the first two have been made ready. */
	CHECK_NOTES("c 5 five · a 5 five · b 5 five");
	return 0;
}

/* Each waiter's own: when they run, nothing is left of where they waited. */
LOOP_TEST(future, is_not_needed_any_more_for_those_who_were_woken)
{
	bide_future *future = calloc(1, sizeof *future);
	bide_task *tasks[3];
	int results[3];

	CHECK(future != NULL);
	for (int i = 0; i < 3; i++)
		tasks[i] = spawn_waiter("w", future);
	CHECK_INT(bide_cancel(tasks[1]), 1);
	CHECK_INT(bide_future_set(future, 3, "three"), 0);
	memset(future, 0xff, sizeof *future);
	free(future);
	CHECK_INT(bide_cancel(tasks[2]), 1);
	CHECK_INT(bide_gather(3, tasks, results), 0);
	CHECK_STR(case_list(3, results), "[3, -ECANCELED, 3]");
	CHECK_NOTES("w -ECANCELED none · w 3 three · w 3 three");
	return 0;
}

LOOP_TEST(future, may_be_made_pending_again_as_soon_as_it_was_set)
{
	static bide_future future;
	bide_task *tasks[2];

	tasks[0] = spawn_waiter("first", &future);
	CHECK_INT(bide_future_set(&future, 1, "one"), 0);
	future = (bide_future){ 0 };
	CHECK(!bide_future_done(&future));
	tasks[1] = spawn_waiter("second", &future);
	CHECK_NOTES("first 1 one");
	CHECK_INT(bide_future_set(&future, 2, "two"), 0);
	CHECK_INT(bide_gather(2, tasks, (int[2]){ 0 }), 0);
	CHECK_NOTES("second 2 two");
	return 0;
}

static bide_future kept;

static int set_kept(void *arg)
{
	bide_task *task = spawn_waiter("w", &kept);

	(void)arg;
	CHECK_INT(bide_future_set(&kept, 4, "four"), 0);
	return bide_join(task);
}

static int wait_for_kept(void *arg)
{
	(void)arg;
	CHECK_INT(bide_future_set(&kept, 5, NULL), -EALREADY);
	return bide_future_wait(&kept, NULL);
}

TEST(future, that_was_set_in_one_loop_is_set_in_the_next)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	CHECK_INT(bide_run_with(&options, set_kept, NULL), 4);
	CHECK(bide_future_done(&kept));
	CHECK_INT(bide_run_with(&options, wait_for_kept, NULL), 4);
}

TEST(future, is_set_and_waited_for_where_no_loop_runs)
{
	bide_future future = { 0 };
	void *value = &future;

	CHECK(!bide_future_done(&future));
	CHECK_INT(bide_future_set(&future, 1, NULL), 0);
	CHECK_INT(bide_future_set(&future, 1, NULL), -EALREADY);
	CHECK(bide_future_done(&future));
	CHECK_INT(bide_future_wait(&future, &value), 1);
	CHECK(value == NULL);
}

/* ---- cancellation ---- */

LOOP_TEST(future, is_left_by_who_is_cancelled_and_its_value_untouched)
{
	bide_future future = { 0 };
	bide_task *tasks[3];
	int results[3];

	tasks[0] = spawn_waiter("a", &future);
	tasks[1] = spawn_waiter("b", &future);
	tasks[2] = spawn_waiter("c", &future);
	CHECK_INT(bide_cancel(tasks[1]), 1);
	settle();
	CHECK_NOTES("b -ECANCELED none");
	CHECK_INT(bide_future_set(&future, 1, "one"), 0);
	CHECK_INT(bide_cancel(tasks[0]), 1);
	CHECK_INT(bide_gather(3, tasks, results), 0);
	CHECK_NOTES("a 1 one · c 1 one");
	return 0;
}

static int await_when_cancelled(void *arg)
{
	CHECK_INT(bide_cancel(bide_self()), 1);
	return await(arg);
}

LOOP_TEST(future, is_not_looked_at_by_a_cancelled_task)
{
	bide_future future = { 0 };

	CHECK_INT(bide_join(spawn_named("w", await_when_cancelled, &future)), -ECANCELED);
	CHECK_INT(bide_future_set(&future, 1, "one"), 0);
	CHECK_INT(bide_join(spawn_named("w", await_when_cancelled, &future)), -ECANCELED);
	CHECK_NOTES("w -ECANCELED none · w -ECANCELED none");
	return 0;
}

struct limited {
	bide_future *future;
	int limit;
};

static int await_within(void *arg)
{
	struct limited *limited = arg;
	bide_scope scope;
	int r;

	bide_scope_enter(&scope, limited->limit * U);
	r = bide_future_wait(limited->future, NULL);
	NOTE("%s and %s at %d", ERR(r), ERR(bide_scope_leave(&scope)), case_now());
	return 0;
}

LOOP_TEST(future, is_waited_for_as_long_as_each_waiter_has_time)
{
	bide_future future = { 0 };
	bide_task *tasks[4];

	for (int i = 0; i < 4; i++) {
		struct limited limited = { &future, 4 - i };

		tasks[i] = bide_spawn_copy(await_within, &limited, sizeof limited);
	}
	CHECK_INT(bide_sleep(2 * U + U / 2), 0);
	CHECK_NOTES("-ECANCELED and -ETIMEDOUT at 1 · -ECANCELED and -ETIMEDOUT at 2");
	CHECK_INT(bide_future_set(&future, 6, NULL), 0);
	bide_clock_advance(1 * U);
	CHECK_INT(bide_gather(4, tasks, NULL), 0);
	CHECK_NOTES("6 and 0 at 3 · 6 and 0 at 3");
	return 0;
}

/* ---- a result of -ECANCELED that is nobody's cancellation ---- */

LOOP_TEST(future, whose_result_is_ecanceled_is_charged_to_no_scope)
{
	bide_future future = { 0 };
	bide_scope scope;
	void *value = NULL;

	CHECK_INT(bide_future_set(&future, -ECANCELED, &future), 0);
	bide_scope_enter(&scope, 1 * U);
	CHECK_INT(bide_future_wait(&future, &value), -ECANCELED);
	CHECK(value == &future);
	CHECK_INT(bide_checkpoint(), 0);
	CHECK_INT(bide_scope_leave(&scope), 0);
	return 0;
}

struct scoped_wait {
	bide_future future;
	bide_scope scope;
};

static int await_in_scope(void *arg)
{
	struct scoped_wait *wait = arg;
	void *value = NULL;
	int r;

	bide_scope_enter(&wait->scope, 1 * U);
	r = bide_future_wait(&wait->future, &value);
	NOTE("%s %s", ERR(r), value == wait ? "set" : "not set");
	NOTE("%s", ERR(bide_scope_leave(&wait->scope)));
	return 0;
}

/* The scope is cancelled, or its time over, when that result is the waiter's already. */
LOOP_TEST(future, whose_result_is_ecanceled_is_not_mistaken_for_a_later_cancellation)
{
	struct scoped_wait wait = { 0 };
	bide_task *task = spawn_named("w", await_in_scope, &wait);

	settle();
	CHECK_INT(bide_future_set(&wait.future, -ECANCELED, &wait), 0);
	bide_scope_cancel(&wait.scope);
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("-ECANCELED set · 0");

	wait.future = (bide_future){ 0 };
	task = spawn_named("w", await_in_scope, &wait);
	settle();
	CHECK_INT(bide_future_set(&wait.future, -ECANCELED, &wait), 0);
	bide_clock_advance(2 * U);
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("-ECANCELED set · 0");
	return 0;
}

LOOP_TEST(future, that_is_set_to_ecanceled_too_late_changes_nothing)
{
	struct scoped_wait wait = { 0 };
	bide_task *task = spawn_named("w", await_in_scope, &wait);

	settle();
	bide_scope_cancel(&wait.scope);
	CHECK_INT(bide_future_set(&wait.future, -ECANCELED, &wait), 0);
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("-ECANCELED not set · -ECANCELED");
	return 0;
}

LOOP_TEST(future, whose_result_is_ecanceled_is_no_timeout)
{
	bide_future future = { 0 };

	CHECK_INT(bide_future_set(&future, -ECANCELED, "gone"), 0);
	CHECK_INT(bide_timeout(1 * U, await, &future), -ECANCELED);
	BIDE_TIMEOUT(1 * U)
		CHECK_INT(bide_future_wait(&future, NULL), -ECANCELED);
	CHECK(!bide_timed_out());
	return 0;
}
