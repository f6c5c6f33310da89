/* SPDX-License-Identifier: MIT */

/*
 * test_scope_charge.c - which scope reports what was cut short, and what a shield hides
 *
 * An -ECANCELED is charged to the outermost cancelled scope that no shield hides
 * when the call returns. Most tests here stand three scopes deep, cancel some of
 * them, make one call inside the innermost and look at the three results of
 * leaving.
 */
#include "loop_test.h"

#include <bide.h>
#include <errno.h>

enum {
	OUTER = 1 << 0,
	MIDDLE = 1 << 1,
	INNER = 1 << 2,
};

struct nest {
	bide_scope outer;
	bide_scope middle;
	bide_scope inner;
};

static void nest_enter(struct nest *nest)
{
	bide_scope_enter(&nest->outer, BIDE_FOREVER);
	bide_scope_enter(&nest->middle, BIDE_FOREVER);
	bide_scope_enter(&nest->inner, BIDE_FOREVER);
}

static void nest_cancel(struct nest *nest, int which)
{
	if (which & INNER)
		bide_scope_cancel(&nest->inner);
	if (which & MIDDLE)
		bide_scope_cancel(&nest->middle);
	if (which & OUTER)
		bide_scope_cancel(&nest->outer);
}

/* Leaves all three; the one named reports -ECANCELED, the others nothing. */
static void nest_leave(struct nest *nest, int charged)
{
	CHECK_INT(bide_scope_leave(&nest->inner), charged & INNER ? -ECANCELED : 0);
	CHECK_INT(bide_scope_leave(&nest->middle), charged & MIDDLE ? -ECANCELED : 0);
	CHECK_INT(bide_scope_leave(&nest->outer), charged & OUTER ? -ECANCELED : 0);
	CHECK_INT(bide_checkpoint(), 0);
}

static void check_charge(int cancelled, int charged)
{
	struct nest nest;

	nest_enter(&nest);
	nest_cancel(&nest, cancelled);
	CHECK_INT(bide_sleep(1 * U), cancelled ? -ECANCELED : 0);
	nest_leave(&nest, charged);
}

LOOP_TEST(charge, goes_to_the_outermost_of_the_cancelled_scopes)
{
	check_charge(0, 0);
	check_charge(INNER, INNER);
	check_charge(MIDDLE, MIDDLE);
	check_charge(OUTER, OUTER);
	check_charge(INNER | MIDDLE, MIDDLE);
	check_charge(INNER | OUTER, OUTER);
	check_charge(MIDDLE | OUTER, OUTER);
	check_charge(INNER | MIDDLE | OUTER, OUTER);
	return 0;
}

LOOP_TEST(charge, goes_to_nobody_where_no_call_was_made)
{
	for (int cancelled = 0; cancelled < 8; cancelled++) {
		struct nest nest;

		nest_enter(&nest);
		nest_cancel(&nest, cancelled);
		nest_leave(&nest, 0);
	}
	return 0;
}

LOOP_TEST(charge, by_a_checkpoint_counts_as_by_any_call)
{
	struct nest nest;

	nest_enter(&nest);
	nest_cancel(&nest, INNER | MIDDLE);
	CHECK_INT(bide_checkpoint(), -ECANCELED);
	nest_leave(&nest, MIDDLE);
	return 0;
}

LOOP_TEST(charge, by_a_wait_that_was_cut_short_goes_the_same_way)
{
	struct nest nest;

	nest_enter(&nest);
	bide_scope_set_deadline(&nest.middle, bide_now() + 1 * U);
	bide_scope_set_deadline(&nest.inner, bide_now() + 1 * U);
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	CHECK_INT(bide_scope_leave(&nest.inner), 0);
	CHECK_INT(bide_scope_leave(&nest.middle), -ETIMEDOUT);
	CHECK_INT(bide_scope_leave(&nest.outer), 0);
	return 0;
}

/* The inner one was cut short first; by the time it is left the outer is cancelled, too. */
LOOP_TEST(charge, is_reported_by_one_of_two_scopes_and_never_by_none)
{
	bide_scope outer, inner;
	int inner_result, outer_result;

	bide_scope_enter(&outer, BIDE_FOREVER);
	bide_scope_enter(&inner, 1 * U);
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	bide_scope_cancel(&outer);
	inner_result = bide_scope_leave(&inner);
	outer_result = bide_scope_leave(&outer);
	CHECK(inner_result == 0 || inner_result == -ETIMEDOUT);
	CHECK_INT(outer_result, inner_result == 0 ? -ECANCELED : 0);
	return 0;
}

LOOP_TEST(charge, of_two_calls_may_go_to_two_scopes)
{
	bide_scope outer, inner;

	bide_scope_enter(&outer, 2 * U);
	bide_scope_enter(&inner, 1 * U);
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	CHECK_INT(bide_scope_leave(&inner), -ETIMEDOUT);
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	CHECK_INT(bide_scope_leave(&outer), -ETIMEDOUT);
	CHECK_INT(case_now(), 2);
	return 0;
}

LOOP_TEST(charge, of_a_cancelled_task_goes_to_no_scope)
{
	struct nest nest;

	bide_cancel(bide_self());
	nest_enter(&nest);
	nest_cancel(&nest, INNER | MIDDLE | OUTER);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_scope_leave(&nest.inner), 0);
	CHECK_INT(bide_scope_leave(&nest.middle), 0);
	CHECK_INT(bide_scope_leave(&nest.outer), 0);
	CHECK_INT(bide_checkpoint(), -ECANCELED);
	CHECK_INT(bide_uncancel(), 1);
	return 0;
}

/* ---- with a shield among the three ---- */

LOOP_TEST(charge, passes_over_a_scope_that_a_shield_hides)
{
	struct nest nest;

	nest_enter(&nest);
	bide_scope_shield(&nest.middle, true);
	nest_cancel(&nest, INNER | OUTER);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	nest_leave(&nest, INNER);
	return 0;
}

LOOP_TEST(charge, goes_to_the_shield_itself_where_that_is_cancelled)
{
	struct nest nest;

	nest_enter(&nest);
	bide_scope_shield(&nest.middle, true);
	nest_cancel(&nest, INNER | MIDDLE | OUTER);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	nest_leave(&nest, MIDDLE);
	return 0;
}

LOOP_TEST(charge, reaches_the_hidden_scope_once_the_shield_was_left)
{
	struct nest nest;

	nest_enter(&nest);
	bide_scope_shield(&nest.middle, true);
	nest_cancel(&nest, INNER | OUTER);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_scope_leave(&nest.inner), -ECANCELED);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(bide_scope_leave(&nest.middle), 0);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_scope_leave(&nest.outer), -ECANCELED);
	CHECK_INT(case_now(), 1);
	return 0;
}

LOOP_TEST(shield, does_not_hide_its_own_deadline)
{
	bide_scope scope;

	bide_cancel(bide_self());
	bide_scope_enter(&scope, 2 * U);
	bide_scope_shield(&scope, true);
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	CHECK_INT(case_now(), 2);
	CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);
	CHECK_INT(bide_uncancel(), 1);
	return 0;
}

LOOP_TEST(shield, may_be_taken_away_and_put_back_while_cancelled)
{
	bide_scope scope;

	bide_cancel(bide_self());
	bide_scope_enter(&scope, BIDE_FOREVER);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(bide_sleep(1 * U), -ECANCELED);
		bide_scope_shield(&scope, true);
		CHECK_INT(bide_sleep(1 * U), 0);
		CHECK_INT(bide_checkpoint(), 0);
		bide_scope_shield(&scope, false);
		CHECK_INT(bide_checkpoint(), -ECANCELED);
	}
	CHECK_INT(bide_scope_leave(&scope), 0);
	CHECK_INT(case_now(), 3);
	CHECK_INT(bide_uncancel(), 1);
	return 0;
}

LOOP_TEST(shield, nested_hides_until_the_last_one_is_off)
{
	bide_scope outer, inner;

	bide_scope_enter(&outer, BIDE_FOREVER);
	bide_scope_shield(&outer, true);
	bide_scope_enter(&inner, BIDE_FOREVER);
	bide_scope_shield(&inner, true);
	bide_cancel(bide_self());
	CHECK_INT(bide_sleep(1 * U), 0);
	bide_scope_shield(&inner, false);
	CHECK_INT(bide_sleep(1 * U), 0);
	bide_scope_shield(&inner, true);
	bide_scope_shield(&outer, false);
	CHECK_INT(bide_sleep(1 * U), 0);
	bide_scope_shield(&inner, false);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_scope_leave(&inner), 0);
	CHECK_INT(bide_scope_leave(&outer), 0);
	CHECK_INT(bide_uncancel(), 1);
	return 0;
}

static int shield_depth(void *arg)
{
	if (INT(arg) > 0)
		return bide_shield(shield_depth, ARG(INT(arg) - 1));
	CHECK_INT(bide_sleep(1 * U), 0);
	return 6;
}

LOOP_TEST(shield, a_hundred_deep_gives_the_result_of_the_innermost)
{
	bide_cancel(bide_self());
	CHECK_INT(bide_shield(shield_depth, ARG(100)), 6);
	CHECK_INT(bide_sleep(0), -ECANCELED);
	CHECK_INT(bide_uncancel(), 1);
	return 0;
}

static int sleep_three(void *arg)
{
	(void)arg;
	return bide_sleep(3 * U);
}

LOOP_TEST(shield, puts_off_a_deadline_that_passes_meanwhile)
{
	bide_scope scope;

	bide_scope_enter(&scope, 1 * U);
	CHECK_INT(bide_shield(sleep_three, NULL), 0);
	CHECK_INT(case_now(), 3);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);
	CHECK_INT(case_now(), 3);
	return 0;
}

LOOP_TEST(shield, that_outlasts_a_deadline_leaves_nothing_to_report)
{
	bide_scope scope;

	bide_scope_enter(&scope, 1 * U);
	CHECK_INT(bide_shield(sleep_three, NULL), 0);
	CHECK_INT(bide_scope_leave(&scope), 0);
	CHECK(!bide_timed_out());
	return 0;
}

static int cancel_task(void *arg)
{
	return bide_cancel(arg);
}

LOOP_TEST(shield, of_a_task_that_is_cancelled_in_it_is_not_woken)
{
	bide_task_options later = { .delay = 1 * U };
	bide_task *canceller = bide_spawn_with(&later, cancel_task, bide_self());

	CHECK_INT(bide_shield(sleep_three, NULL), 0);
	CHECK_INT(case_now(), 3);
	CHECK_INT(bide_cancel_requested(bide_self()), 1);
	CHECK_INT(bide_join(canceller), 1);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_uncancel(), 1);
	return 0;
}

/* ---- bide_uncancel() within scopes ---- */

LOOP_TEST(uncancel, inside_a_scope_lets_the_task_go_on)
{
	bide_scope scope;

	bide_scope_enter(&scope, 9 * U);
	bide_cancel(bide_self());
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_uncancel(), 1);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(bide_scope_leave(&scope), 0);
	return 0;
}

LOOP_TEST(uncancel, does_not_end_the_cancellation_of_a_scope)
{
	bide_scope scope;

	bide_scope_enter(&scope, BIDE_FOREVER);
	bide_scope_cancel(&scope);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_uncancel(), 0);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ECANCELED);
	return 0;
}

LOOP_TEST(uncancel, does_not_end_a_time_limit_that_is_over)
{
	bide_scope scope;

	bide_scope_enter(&scope, 1 * U);
	CHECK_INT(bide_sleep(2 * U), -ECANCELED);
	bide_cancel(bide_self());
	CHECK_INT(bide_uncancel(), 1);
	CHECK_INT(bide_sleep(2 * U), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);
	CHECK_INT(bide_sleep(2 * U), 0);
	return 0;
}

/* The first call is charged to the task; without the request, the second is the scope's. */
LOOP_TEST(uncancel, uncovers_the_scope_that_was_cancelled_as_well)
{
	bide_scope scope;

	bide_scope_enter(&scope, BIDE_FOREVER);
	bide_scope_cancel(&scope);
	bide_cancel(bide_self());
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_uncancel(), 1);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ECANCELED);
	CHECK_INT(bide_sleep(0), 0);
	return 0;
}

static int uncancel_inside(void *arg)
{
	(void)arg;
	return bide_uncancel();
}

LOOP_TEST(uncancel, works_inside_a_shield)
{
	bide_cancel(bide_self());
	bide_cancel(bide_self());
	CHECK_INT(bide_shield(uncancel_inside, NULL), 2);
	CHECK_INT(bide_cancel_requested(bide_self()), 0);
	CHECK_INT(bide_sleep(1 * U), 0);
	return 0;
}
