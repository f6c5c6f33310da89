/* SPDX-License-Identifier: MIT */

/* test_scope.c - time limits, cancel scopes and shields, beyond the cases */
#include "loop_test.h"

#include <bide.h>
#include <errno.h>

static int sleep_for_ever(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

static int return_arg(void *arg)
{
	return INT(arg);
}

/* Sleeps for ever in vain and then returns what it was given all the same. */
static int sleep_and_return_arg(void *arg)
{
	bide_sleep(BIDE_FOREVER);
	return INT(arg);
}

/* ---- bide_timeout() and bide_shield() ---- */

LOOP_TEST(timeout, keeps_a_value_that_came_after_the_limit)
{
	CHECK_INT(bide_timeout(1 * U, sleep_and_return_arg, ARG(5)), 5);
	CHECK_INT(case_now(), 1);
	CHECK_INT(bide_sleep(0), 0);
	return 0;
}

LOOP_TEST(timeout, keeps_another_error_that_came_after_the_limit)
{
	CHECK_INT(bide_timeout(1 * U, sleep_and_return_arg, ARG(-EIO)), -EIO);
	CHECK_INT(bide_sleep(0), 0);
	return 0;
}

LOOP_TEST(timeout, keeps_an_ecanceled_that_the_limit_did_not_cause)
{
	CHECK_INT(bide_timeout(9 * U, return_arg, ARG(-ECANCELED)), -ECANCELED);
	CHECK_INT(bide_timeout(BIDE_FOREVER, return_arg, ARG(-ECANCELED)), -ECANCELED);
	CHECK_INT(bide_timeout(0, return_arg, ARG(-ECANCELED)), -ECANCELED);
	return 0;
}

LOOP_TEST(timeout, of_zero_or_less_still_runs_the_function)
{
	CHECK_INT(bide_timeout(0, return_arg, ARG(3)), 3);
	CHECK_INT(bide_timeout(-1 * U, return_arg, ARG(3)), 3);
	CHECK_INT(bide_timeout(INT64_MIN, return_arg, ARG(3)), 3);
	CHECK_INT(bide_timeout(0, sleep_for_ever, NULL), -ETIMEDOUT);
	CHECK_INT(bide_timeout(INT64_MIN, sleep_for_ever, NULL), -ETIMEDOUT);
	CHECK_INT(case_now(), 0);
	return 0;
}

LOOP_TEST(timeout, says_ecanceled_where_the_caller_was_cancelled)
{
	bide_cancel(bide_self());
	CHECK_INT(bide_timeout(1 * U, sleep_for_ever, NULL), -ECANCELED);
	CHECK_INT(bide_timeout(0, sleep_for_ever, NULL), -ECANCELED);
	CHECK_INT(bide_uncancel(), 1);
	CHECK_INT(bide_timeout(0, sleep_for_ever, NULL), -ETIMEDOUT);
	return 0;
}

static int within_one_unit(void *arg)
{
	(void)arg;
	CHECK_INT(bide_timeout(1 * U, sleep_for_ever, NULL), -ECANCELED);
	return -ECANCELED;
}

LOOP_TEST(timeout, of_equal_limits_the_outer_one_reports)
{
	CHECK_INT(bide_timeout(1 * U, within_one_unit, NULL), -ETIMEDOUT);
	CHECK_INT(case_now(), 1);
	return 0;
}

static bool was_called;

static int note_call(void *arg)
{
	(void)arg;
	was_called = true;
	return 0;
}

TEST(timeout, is_refused_where_no_task_runs)
{
	was_called = false;
	CHECK_INT(bide_timeout(1 * U, note_call, NULL), -EPERM);
	CHECK_INT(bide_timeout(BIDE_FOREVER, note_call, NULL), -EPERM);
	CHECK(!was_called);
}

TEST(shield, is_refused_where_no_task_runs)
{
	was_called = false;
	CHECK_INT(bide_shield(note_call, NULL), -EPERM);
	CHECK(!was_called);
	CHECK(!bide_timed_out());
}

/* ---- bide_timed_out() ---- */

LOOP_TEST(timed_out, tells_of_the_scope_that_was_left_last)
{
	bide_scope outer, inner;

	CHECK(!bide_timed_out());
	bide_scope_enter(&outer, 9 * U);
	bide_scope_enter(&inner, 1 * U);
	CHECK_INT(bide_sleep(5 * U), -ECANCELED);
	CHECK_INT(bide_scope_leave(&inner), -ETIMEDOUT);
	CHECK(bide_timed_out());
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK(bide_timed_out());
	CHECK_INT(bide_scope_leave(&outer), 0);
	CHECK(!bide_timed_out());
	return 0;
}

LOOP_TEST(timed_out, is_false_where_nothing_was_cut_short)
{
	bide_scope scope;

	bide_scope_enter(&scope, 0);
	CHECK_INT(bide_scope_leave(&scope), 0);
	CHECK(!bide_timed_out());
	return 0;
}

LOOP_TEST(timed_out, is_false_where_the_scope_was_cancelled)
{
	bide_scope scope;

	bide_scope_enter(&scope, 1 * U);
	bide_scope_cancel(&scope);
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ECANCELED);
	CHECK(!bide_timed_out());
	return 0;
}

static int time_out_once(void *arg)
{
	bide_scope scope;

	(void)arg;
	bide_scope_enter(&scope, 1 * U);
	bide_sleep(BIDE_FOREVER);
	CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);
	CHECK_INT(bide_sleep(5 * U), 0);
	CHECK(bide_timed_out());
	return 0;
}

LOOP_TEST(timed_out, is_each_task_s_own)
{
	bide_task *other = bide_spawn(time_out_once, NULL);
	bide_scope scope;

	bide_scope_enter(&scope, 9 * U);
	CHECK_INT(bide_sleep(3 * U), 0);
	CHECK_INT(bide_scope_leave(&scope), 0);
	CHECK(!bide_timed_out());
	CHECK_INT(bide_join(other), 0);
	CHECK(!bide_timed_out());
	return 0;
}

/* ---- moving a deadline ---- */

LOOP_TEST(set_deadline, into_the_past_expires_the_scope)
{
	bide_scope scope;

	CHECK_INT(bide_sleep(3 * U), 0);
	bide_scope_enter(&scope, 9 * U);
	bide_scope_set_deadline(&scope, bide_now() - 1 * U);
	CHECK_INT(bide_sleep(5 * U), -ECANCELED);
	CHECK_INT(case_now(), 3);
	CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);

	bide_scope_enter(&scope, BIDE_FOREVER);
	bide_scope_set_deadline(&scope, INT64_MIN);
	CHECK_INT(bide_sleep(5 * U), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);
	CHECK_INT(case_now(), 3);
	return 0;
}

LOOP_TEST(set_deadline, to_forever_takes_the_limit_away)
{
	bide_scope scope;

	bide_scope_enter(&scope, 1 * U);
	CHECK_INT(bide_loop_stats(NULL).timers, 1);
	bide_scope_set_deadline(&scope, BIDE_FOREVER);
	CHECK_INT(bide_loop_stats(NULL).timers, 0);
	CHECK_INT(bide_sleep(50 * U), 0);
	CHECK_INT(bide_scope_leave(&scope), 0);
	return 0;
}

LOOP_TEST(set_deadline, on_an_expired_scope_changes_nothing)
{
	bide_scope scope;

	bide_scope_enter(&scope, 1 * U);
	CHECK_INT(bide_sleep(5 * U), -ECANCELED);
	bide_scope_set_deadline(&scope, BIDE_FOREVER);
	CHECK_INT(bide_sleep(5 * U), -ECANCELED);
	bide_scope_set_deadline(&scope, bide_now() + 9 * U);
	CHECK_INT(bide_sleep(5 * U), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);
	CHECK_INT(case_now(), 1);
	return 0;
}

struct move {
	bide_scope *scope;
	bide_time when;
};

static int move_deadline(void *arg)
{
	struct move *move = arg;

	bide_scope_set_deadline(move->scope, move->when);
	return 0;
}

/* Another task moves the deadline at 2u, while this one sleeps; returns when it woke. */
static int sleep_while_moved(bide_time timeout, bide_time when, int expected)
{
	bide_task_options later = { .delay = 2 * U };
	bide_scope scope;
	struct move move = { &scope, when };
	bide_task *mover = bide_spawn_with(&later, move_deadline, &move);

	bide_scope_enter(&scope, timeout);
	CHECK_INT(bide_sleep(20 * U), expected == 0 ? 0 : -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), expected);
	CHECK_INT(bide_join(mover), 0);
	return case_now();
}

LOOP_TEST(set_deadline, by_another_task_brings_it_forward)
{
	CHECK_INT(sleep_while_moved(9 * U, 4 * U, -ETIMEDOUT), 4);
	return 0;
}

LOOP_TEST(set_deadline, by_another_task_puts_it_off)
{
	CHECK_INT(sleep_while_moved(3 * U, 7 * U, -ETIMEDOUT), 7);
	return 0;
}

LOOP_TEST(set_deadline, by_another_task_gives_a_scope_its_first)
{
	CHECK_INT(sleep_while_moved(BIDE_FOREVER, 5 * U, -ETIMEDOUT), 5);
	return 0;
}

LOOP_TEST(set_deadline, by_another_task_takes_it_away)
{
	CHECK_INT(sleep_while_moved(9 * U, BIDE_FOREVER, 0), 20);
	return 0;
}

LOOP_TEST(set_deadline, by_another_task_into_the_past_wakes_the_sleeper_at_once)
{
	CHECK_INT(sleep_while_moved(9 * U, 1 * U, -ETIMEDOUT), 2);
	return 0;
}

static bide_scope parked_scope;

static int sleep_in_the_parked_scope(void *arg)
{
	(void)arg;
	bide_scope_enter(&parked_scope, BIDE_HOUR);
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	return bide_scope_leave(&parked_scope);
}

static bide_task *parked;

static int park_in_a_scope(void *arg)
{
	(void)arg;
	parked = bide_spawn(sleep_in_the_parked_scope, NULL);
	return bide_yield();
}

static int join_parked(void *arg)
{
	CHECK_INT(bide_join(parked), -ETIMEDOUT);
	CHECK_INT(bide_now(), *(bide_time *)arg);
	return 0;
}

static void check_moved_between_runs(bide_time when, bide_time end)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };
	bide_loop *loop = bide_loop_new(&options);

	CHECK(loop != NULL);
	CHECK_INT(bide_loop_run(loop, park_in_a_scope, NULL), 0);
	bide_scope_set_deadline(&parked_scope, when);
	CHECK_INT(bide_loop_run(loop, join_parked, &end), 0);
	CHECK_INT(bide_loop_close(loop), 0);
}

/* The time is that of the loop that the scope's task belongs to. */
TEST(set_deadline, between_two_runs_counts_in_the_next_one)
{
	check_moved_between_runs(0, 0);
	check_moved_between_runs(3 * U, 3 * U);
	check_moved_between_runs(2 * BIDE_HOUR, 2 * BIDE_HOUR);
}

LOOP_TEST(scope, with_a_limit_near_forever_never_expires)
{
	bide_scope scope;

	CHECK_INT(bide_sleep(3 * U), 0);
	bide_scope_enter(&scope, BIDE_FOREVER - 1);
	CHECK_INT(bide_sleep(1000 * U), 0);
	CHECK_INT(bide_scope_leave(&scope), 0);
	return 0;
}

LOOP_TEST(scope, entered_and_left_ten_thousand_times_leaves_no_timer)
{
	bide_scope scope;

	for (int i = 0; i < 10000; i++) {
		bide_scope_enter(&scope, (i % 100) * U);
		bide_scope_set_deadline(&scope, bide_now() + (1 + i % 7) * U);
		CHECK_INT(bide_loop_stats(NULL).timers, i % 100 == 0 ? 0 : 1);
		CHECK_INT(bide_scope_leave(&scope), 0);
	}
	return 0;
}

/* ---- cancelling a scope ---- */

LOOP_TEST(scope_cancel, by_oneself_shows_at_every_call_inside)
{
	bide_scope scope;

	bide_scope_enter(&scope, BIDE_FOREVER);
	CHECK_INT(bide_checkpoint(), 0);
	bide_scope_cancel(&scope);
	bide_scope_cancel(&scope);
	CHECK_INT(bide_checkpoint(), -ECANCELED);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_yield(), -ECANCELED);
	CHECK_INT(bide_cancel_requested(bide_self()), 0);
	CHECK_INT(bide_scope_leave(&scope), -ECANCELED);
	CHECK_INT(bide_checkpoint(), 0);
	CHECK_INT(bide_sleep(0), 0);
	CHECK_INT(case_now(), 0);
	return 0;
}

LOOP_TEST(scope_cancel, that_cut_nothing_short_is_not_reported)
{
	bide_scope scope;

	bide_scope_enter(&scope, BIDE_FOREVER);
	bide_scope_cancel(&scope);
	CHECK_INT(bide_scope_leave(&scope), 0);
	return 0;
}

static int cancel_scope(void *arg)
{
	bide_scope_cancel(arg);
	return 0;
}

LOOP_TEST(scope_cancel, by_another_task_wakes_the_sleeper)
{
	bide_task_options later = { .delay = 2 * U };
	bide_scope outer, scope;
	bide_task *canceller = bide_spawn_with(&later, cancel_scope, &scope);

	bide_scope_enter(&outer, BIDE_FOREVER);
	bide_scope_enter(&scope, 9 * U);
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	CHECK_INT(case_now(), 2);
	CHECK_INT(bide_cancel_requested(bide_self()), 0);
	CHECK_INT(bide_scope_leave(&scope), -ECANCELED);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(bide_scope_leave(&outer), 0);
	CHECK_INT(bide_join(canceller), 0);
	return 0;
}

LOOP_TEST(scope_cancel, of_an_outer_scope_reaches_through_the_inner_ones)
{
	bide_task_options later = { .delay = 2 * U };
	bide_scope outer, middle, inner;
	bide_task *canceller = bide_spawn_with(&later, cancel_scope, &outer);

	bide_scope_enter(&outer, BIDE_FOREVER);
	bide_scope_enter(&middle, BIDE_FOREVER);
	bide_scope_enter(&inner, 9 * U);
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	CHECK_INT(case_now(), 2);
	CHECK_INT(bide_scope_leave(&inner), 0);
	CHECK_INT(bide_scope_leave(&middle), 0);
	CHECK_INT(bide_scope_leave(&outer), -ECANCELED);
	CHECK_INT(bide_join(canceller), 0);
	return 0;
}

LOOP_TEST(scope_cancel, before_the_deadline_is_what_leave_reports)
{
	bide_scope scope;

	bide_scope_enter(&scope, 2 * U);
	bide_scope_cancel(&scope);
	bide_clock_advance(5 * U);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ECANCELED);
	return 0;
}

LOOP_TEST(scope_cancel, after_the_deadline_leaves_it_a_timeout)
{
	bide_scope scope;

	bide_scope_enter(&scope, 2 * U);
	CHECK_INT(bide_sleep(5 * U), -ECANCELED);
	bide_scope_cancel(&scope);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);
	CHECK(bide_timed_out());

	bide_scope_enter(&scope, 0);
	bide_scope_cancel(&scope);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);
	return 0;
}

LOOP_TEST(scope_cancel, keeps_what_had_completed)
{
	bide_task_options later = { .delay = 2 * U };
	bide_scope scope;
	bide_task *canceller = bide_spawn_with(&later, cancel_scope, &scope);
	bide_task *ended = bide_spawn(return_arg, ARG(7));

	CHECK_INT(bide_sleep(0), 0);
	bide_scope_enter(&scope, BIDE_FOREVER);
	CHECK_INT(bide_sleep(5 * U), -ECANCELED);
	CHECK_INT(bide_join(ended), 7);
	CHECK_INT(bide_scope_leave(&scope), -ECANCELED);
	CHECK_INT(bide_join(canceller), 0);
	return 0;
}
