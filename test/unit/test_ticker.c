/* SPDX-License-Identifier: MIT */

/* test_ticker.c - sleeping until a point in time, and again and again */
#include "loop_test.h"

#include <errno.h>

#define MS BIDE_MILLISECOND

LOOP_TEST(sleep, ends_exactly_when_it_is_over)
{
	static const bide_time durations[] = {
		1,
		999,
		BIDE_MICROSECOND,
		63 * MS,
		64 * MS,
		BIDE_SECOND + 1,
		BIDE_HOUR,
		400 * BIDE_HOUR,
	};
	bide_time expected = 0;

	CHECK_INT(bide_now(), 0);
	for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
		expected += durations[i];
		CHECK_INT(bide_sleep(durations[i]), 0);
		CHECK_INT(bide_now(), expected);
	}
	return 0;
}

static int count_up(void *arg)
{
	++*(int *)arg;
	return 0;
}

LOOP_TEST(sleep, of_zero_or_less_lets_the_others_run_once)
{
	int count = 0;

	CHECK_INT(bide_go(count_up, &count), 0);
	CHECK_INT(bide_sleep(0), 0);
	CHECK_INT(count, 1);
	CHECK_INT(bide_go(count_up, &count), 0);
	CHECK_INT(bide_sleep(-5 * BIDE_SECOND), 0);
	CHECK_INT(count, 2);
	CHECK_INT(bide_now(), 0);
	return 0;
}

LOOP_TEST(sleep, counts_from_the_call_not_from_the_start_of_the_round)
{
	bide_clock_advance(7 * MS);
	CHECK_INT(bide_sleep(2 * MS), 0);
	CHECK_INT(bide_now(), 9 * MS);
	return 0;
}

LOOP_TEST(sleep_until, ends_at_the_point_that_was_given)
{
	CHECK_INT(bide_sleep(3 * MS), 0);
	CHECK_INT(bide_sleep_until(10 * MS), 0);
	CHECK_INT(bide_now(), 10 * MS);
	return 0;
}

LOOP_TEST(sleep_until, lets_the_others_run_once_where_it_has_passed)
{
	int count = 0;

	CHECK_INT(bide_sleep(3 * MS), 0);
	CHECK_INT(bide_go(count_up, &count), 0);
	CHECK_INT(bide_sleep_until(2 * MS), 0);
	CHECK_INT(count, 1);
	CHECK_INT(bide_go(count_up, &count), 0);
	CHECK_INT(bide_sleep_until(-1), 0);
	CHECK_INT(count, 2);
	CHECK_INT(bide_now(), 3 * MS);
	return 0;
}

static int sleep_until_the_end(void *arg)
{
	(void)arg;
	return bide_sleep_until(BIDE_FOREVER);
}

LOOP_TEST(sleep_until, is_cut_short_by_a_cancellation)
{
	bide_task *task = bide_spawn(sleep_until_the_end, NULL);

	CHECK_INT(bide_sleep(MS), 0);
	CHECK(!bide_done(task));
	bide_cancel(task);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK_INT(bide_now(), MS);
	return 0;
}

LOOP_TEST(ticker, ticks_once_a_period)
{
	bide_ticker ticker;

	CHECK_INT(bide_sleep(3 * MS), 0);
	bide_ticker_start(&ticker, 10 * MS);
	for (int i = 1; i <= 100; i++) {
		CHECK_INT(bide_ticker_wait(&ticker), 1);
		CHECK_INT(bide_now(), (3 + 10 * i) * MS);
	}
	return 0;
}

LOOP_TEST(ticker, does_not_drift_with_what_is_done_between_two_ticks)
{
	bide_ticker ticker;

	bide_ticker_start(&ticker, 10 * MS);
	for (int i = 1; i <= 10; i++) {
		CHECK_INT(bide_ticker_wait(&ticker), 1);
		CHECK_INT(bide_now(), 10 * i * MS);
		CHECK_INT(bide_sleep(4 * MS), 0);
		bide_clock_advance(3 * MS);
	}
	return 0;
}

LOOP_TEST(ticker, tells_missed_ticks_at_once)
{
	bide_ticker ticker;
	int count = 0;

	bide_ticker_start(&ticker, 10 * MS);
	CHECK_INT(bide_sleep(35 * MS), 0);
	CHECK_INT(bide_go(count_up, &count), 0);
	CHECK_INT(bide_ticker_wait(&ticker), 3);
	CHECK_INT(count, 0);
	CHECK_INT(bide_now(), 35 * MS);
	CHECK_INT(bide_ticker_wait(&ticker), 1);
	CHECK_INT(bide_now(), 40 * MS);
	CHECK_INT(count, 1);
	return 0;
}

LOOP_TEST(ticker, counts_a_tick_that_is_due_this_very_moment)
{
	bide_ticker ticker;

	bide_ticker_start(&ticker, 10 * MS);
	CHECK_INT(bide_sleep(20 * MS), 0);
	CHECK_INT(bide_ticker_wait(&ticker), 2);
	CHECK_INT(bide_now(), 20 * MS);
	return 0;
}

LOOP_TEST(ticker, starts_anew_when_it_is_started_again)
{
	bide_ticker ticker;

	bide_ticker_start(&ticker, 10 * MS);
	CHECK_INT(bide_sleep(25 * MS), 0);
	bide_ticker_start(&ticker, 7 * MS);
	CHECK_INT(bide_ticker_wait(&ticker), 1);
	CHECK_INT(bide_now(), 32 * MS);
	return 0;
}

LOOP_TEST(ticker, loses_no_tick_where_a_wait_is_cut_short)
{
	bide_ticker ticker;
	bide_scope scope;

	bide_ticker_start(&ticker, 10 * MS);
	bide_scope_enter(&scope, 4 * MS);
	CHECK_INT(bide_ticker_wait(&ticker), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);
	CHECK_INT(bide_ticker_wait(&ticker), 1);
	CHECK_INT(bide_now(), 10 * MS);

	/* A cancellation comes before the ticks that were missed. */
	CHECK_INT(bide_sleep(30 * MS), 0);
	bide_cancel(bide_self());
	CHECK_INT(bide_ticker_wait(&ticker), -ECANCELED);
	CHECK_INT(bide_uncancel(), 1);
	CHECK_INT(bide_ticker_wait(&ticker), 3);
	return 0;
}

LOOP_TEST(ticker, that_has_no_period_is_refused)
{
	bide_ticker ticker = { 0 };

	CHECK_INT(bide_ticker_wait(&ticker), -EINVAL);
	bide_ticker_start(&ticker, 0);
	CHECK_INT(bide_ticker_wait(&ticker), -EINVAL);
	bide_ticker_start(&ticker, -MS);
	CHECK_INT(bide_ticker_wait(&ticker), -EINVAL);
	bide_ticker_start(&ticker, MS);
	CHECK_INT(bide_ticker_wait(&ticker), 1);
	return 0;
}

static int five_ticks(void *arg)
{
	bide_ticker ticker;

	bide_ticker_start(&ticker, (bide_time)(intptr_t)arg * MS);
	for (int i = 0; i < 5; i++)
		CHECK_INT(bide_ticker_wait(&ticker), 1);
	return (int)(bide_now() / MS);
}

LOOP_TEST(ticker, does_not_mind_others)
{
	bide_task *tasks[3];
	int results[3];

	for (intptr_t i = 0; i < 3; i++)
		tasks[i] = bide_spawn(five_ticks, (void *)(3 + i));
	CHECK_INT(bide_gather(3, tasks, results), 0);
	CHECK_INT(results[0], 15);
	CHECK_INT(results[1], 20);
	CHECK_INT(results[2], 25);
	return 0;
}
