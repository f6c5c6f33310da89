/* SPDX-License-Identifier: MIT */

/*
 * test_timeout_block.c - BIDE_TIMEOUT is left on every way out of its block
 *
 * That a scope was left shows in three ways: what comes behind can sleep again
 * although the limit is over, no timer stays armed (LOOP_TEST looks), and the
 * task ends without a complaint about an open scope.
 */
#include "loop_test.h"

#include <bide.h>
#include <errno.h>

LOOP_TEST(timeout_block, runs_its_block_once)
{
	int count = 0;

	BIDE_TIMEOUT(9 * U) {
		count++;
		CHECK_INT(bide_sleep(1 * U), 0);
	}
	CHECK_INT(count, 1);
	CHECK(!bide_timed_out());
	CHECK_INT(bide_sleep(20 * U), 0);
	return 0;
}

LOOP_TEST(timeout_block, cuts_its_block_short)
{
	BIDE_TIMEOUT(2 * U) {
		CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
		CHECK_INT(bide_sleep(0), -ECANCELED);
	}
	CHECK(bide_timed_out());
	CHECK_INT(case_now(), 2);
	CHECK_INT(bide_sleep(1 * U), 0);
	return 0;
}

LOOP_TEST(timeout_block, without_a_limit_never_times_out)
{
	BIDE_TIMEOUT(BIDE_FOREVER)
		CHECK_INT(bide_sleep(50 * U), 0);
	CHECK(!bide_timed_out());
	return 0;
}

LOOP_TEST(timeout_block, evaluates_its_limit_once)
{
	int count = 0;

	BIDE_TIMEOUT((count++, 1 * U))
		bide_yield();
	CHECK_INT(count, 1);
	return 0;
}

static int sleep_within(bide_time limit)
{
	BIDE_TIMEOUT(limit) {
		return bide_sleep(5 * U);
	}
	return 1;
}

/* What is returned is worked out while the limit still holds. */
LOOP_TEST(timeout_block, is_left_by_return)
{
	CHECK_INT(sleep_within(1 * U), -ECANCELED);
	CHECK(bide_timed_out());
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(sleep_within(9 * U), 0);
	CHECK(!bide_timed_out());
	CHECK_INT(bide_loop_stats(NULL).timers, 0);
	CHECK_INT(bide_sleep(20 * U), 0);
	return 0;
}

LOOP_TEST(timeout_block, is_left_by_break_and_the_loop_around_it_goes_on)
{
	int rounds = 0;

	for (int i = 0; i < 5; i++) {
		BIDE_TIMEOUT(1 * U) {
			CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
			break;
		}
		CHECK(bide_timed_out());
		CHECK_INT(bide_sleep(0), 0);
		rounds++;
	}
	CHECK_INT(rounds, 5);
	CHECK_INT(case_now(), 5);
	return 0;
}

LOOP_TEST(timeout_block, is_left_by_continue_and_the_loop_around_it_goes_on)
{
	int rounds = 0, skipped = 0;

	for (int i = 0; i < 5; i++) {
		BIDE_TIMEOUT(1 * U) {
			if (bide_sleep(BIDE_FOREVER) == -ECANCELED)
				continue;
			skipped++;
		}
		CHECK(bide_timed_out());
		CHECK_INT(bide_sleep(0), 0);
		rounds++;
	}
	CHECK_INT(rounds, 5);
	CHECK_INT(skipped, 0);
	return 0;
}

LOOP_TEST(timeout_block, is_left_by_goto)
{
	BIDE_TIMEOUT(9 * U) {
		BIDE_TIMEOUT(1 * U) {
			if (bide_sleep(BIDE_FOREVER) < 0)
				goto out;
			CHECK(false);
		}
		CHECK(false);
	}
	CHECK(false);
out:
	/* The outer one was left last. */
	CHECK(!bide_timed_out());
	CHECK_INT(bide_loop_stats(NULL).timers, 0);
	CHECK_INT(bide_sleep(20 * U), 0);
	return 0;
}

/* A goto within the block stays inside of the scope. */
LOOP_TEST(timeout_block, is_not_left_by_a_goto_inside)
{
	int count = 0;

	BIDE_TIMEOUT(3 * U) {
again:
		count++;
		if (bide_sleep(1 * U) == 0)
			goto again;
		CHECK_INT(bide_sleep(0), -ECANCELED);
	}
	CHECK(bide_timed_out());
	CHECK(count >= 3);
	CHECK_INT(case_now(), 3);
	return 0;
}

LOOP_TEST(timeout_block, nested_the_inner_one_expires)
{
	BIDE_TIMEOUT(9 * U) {
		BIDE_TIMEOUT(1 * U)
			CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
		CHECK(bide_timed_out());
		CHECK_INT(bide_sleep(1 * U), 0);
	}
	CHECK(!bide_timed_out());
	CHECK_INT(case_now(), 2);
	return 0;
}

LOOP_TEST(timeout_block, nested_the_outer_one_expires)
{
	BIDE_TIMEOUT(1 * U) {
		BIDE_TIMEOUT(9 * U)
			CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
		CHECK(!bide_timed_out());
		CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	}
	CHECK(bide_timed_out());
	CHECK_INT(case_now(), 1);
	return 0;
}

static int leave_by(int way)
{
	BIDE_TIMEOUT((way % 3 == 0 ? 9 : 1) * U) {
		BIDE_TIMEOUT(2 * U) {
			bide_sleep((way % 5) * U);
			if (way % 4 == 0)
				return 0;
			if (way % 4 == 1)
				break;
			if (way % 4 == 2)
				continue;
		}
		if (way % 7 == 0)
			goto out;
	}
out:
	CHECK_INT(bide_checkpoint(), 0);
	return 0;
}

LOOP_TEST(timeout_block, in_a_loop_leaves_nothing_behind)
{
	for (int way = 0; way < 5000; way++) {
		CHECK_INT(leave_by(way), 0);
		CHECK_INT(bide_loop_stats(NULL).timers, 0);
	}
	CHECK_INT(bide_sleep(1 * U), 0);
	return 0;
}

/* A cancellation from outside is not this block's: no timeout is told. */
LOOP_TEST(timeout_block, of_a_cancelled_task_did_not_time_out)
{
	bide_cancel(bide_self());
	BIDE_TIMEOUT(1 * U)
		CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	CHECK(!bide_timed_out());
	CHECK_INT(case_now(), 0);
	CHECK_INT(bide_uncancel(), 1);
	return 0;
}

static int return_from_within(void *arg)
{
	(void)arg;
	BIDE_TIMEOUT(1 * U)
		return bide_sleep(BIDE_FOREVER);
	return 0;
}

/* A task may end by a return out of the block: it has left the scope by then. */
LOOP_TEST(timeout_block, may_be_what_a_task_returns_from)
{
	CHECK_INT(bide_join(bide_spawn(return_from_within, NULL)), -ECANCELED);
	return 0;
}
