/* SPDX-License-Identifier: MIT */

/*
 * test_group_cycle.c - tasks of a group that wait for the group's opener
 *
 * The opener can't end before they do, so such a wait is refused: at once where
 * the opener closes its group already, else when it comes to do so. In each test
 * `opener` opens a group with one child; what that child's wait gave is left in
 * `child_result`. Nothing was given back by it, so the handles that it waited
 * for are joined here in the end.
 */
#include "loop_test.h"

#include <bide.h>
#include <errno.h>

#define NOT_YET 1000

static bide_task *opener;
static bide_task *helper;
static int child_result = NOT_YET;
static int helper_result = NOT_YET;
static int child_time;

struct plan {
	bide_fn *child;
	bide_time child_delay;
	int body;               /* how many u the opener sleeps before it closes */
};

static int open_and_close(void *arg)
{
	const struct plan *plan = arg;
	bide_task_options options = { .delay = plan->child_delay };
	bide_group group;
	int r;

	bide_group_open(&group);
	CHECK(bide_group_spawn_with(&group, &options, plan->child, &group) != NULL);
	if (plan->body > 0)
		CHECK_INT(bide_sleep(plan->body * U), 0);
	r = bide_group_close(&group);
	CHECK(child_result != NOT_YET);
	return r;
}

/* The child waits at 0u; the opener comes to close its group at 2u. */
static struct plan close_last(bide_fn *child)
{
	return (struct plan){ .child = child, .body = 2 };
}

/* The opener closes at 0u; the child waits at 2u. */
static struct plan close_first(bide_fn *child)
{
	return (struct plan){ .child = child, .child_delay = 2 * U };
}

static int end_child(int r)
{
	child_result = r;
	child_time = case_now();
	return 0;
}

static int join_opener(void *arg)
{
	(void)arg;
	return end_child(bide_join(opener));
}

static void check_refused(struct plan plan)
{
	opener = bide_spawn(open_and_close, &plan);
	CHECK_INT(bide_sleep(5 * U), 0);
	CHECK_INT(child_result, -EDEADLK);
	CHECK_INT(child_time, 2);
	CHECK(bide_done(opener));
	CHECK_INT(bide_join(opener), 0);
}

LOOP_TEST(group_cycle, a_child_that_joins_the_opener_is_refused_at_close)
{
	check_refused(close_last(join_opener));
	return 0;
}

LOOP_TEST(group_cycle, a_child_that_joins_the_closing_opener_is_refused_at_once)
{
	check_refused(close_first(join_opener));
	return 0;
}

static int join_opener_for(void *arg)
{
	(void)arg;
	return end_child(bide_join_for(opener, 9 * U));
}

LOOP_TEST(group_cycle, a_time_limit_makes_no_difference)
{
	check_refused(close_last(join_opener_for));
	return 0;
}

LOOP_TEST(group_cycle, a_time_limit_makes_no_difference_to_a_closing_opener)
{
	check_refused(close_first(join_opener_for));
	return 0;
}

static int nothing(void *arg)
{
	return INT(arg);
}

static int gather_opener(void *arg)
{
	bide_task *tasks[2] = { helper, opener };
	int results[2] = { 77, 77 };

	(void)arg;
	return end_child(bide_gather(2, tasks, results));
}

static void check_gather_refused(struct plan plan)
{
	helper = bide_spawn(nothing, ARG(4));
	check_refused(plan);
	CHECK_INT(bide_join(helper), 4);
}

LOOP_TEST(group_cycle, a_child_that_gathers_the_opener_is_refused_at_close)
{
	check_gather_refused(close_last(gather_opener));
	return 0;
}

LOOP_TEST(group_cycle, a_child_that_gathers_the_closing_opener_is_refused_at_once)
{
	check_gather_refused(close_first(gather_opener));
	return 0;
}

/* A wait for the opener's end only can never be over. */
static int wait_for_opener(void *arg)
{
	(void)arg;
	return end_child((int)bide_wait(1, &opener, BIDE_ALL_DONE, BIDE_FOREVER));
}

LOOP_TEST(group_cycle, a_child_that_waits_for_the_closing_opener_is_refused_at_once)
{
	check_refused(close_first(wait_for_opener));
	return 0;
}

/* ---- through a helper outside of the group, which joins the opener ---- */

static int help_join(void *arg)
{
	(void)arg;
	helper_result = bide_join(opener);
	return 0;
}

static int help_gather(void *arg)
{
	(void)arg;
	helper_result = bide_gather(1, &opener, NULL);
	return 0;
}

static int join_helper(void *arg)
{
	(void)arg;
	return end_child(bide_join(helper));
}

static int gather_helper(void *arg)
{
	(void)arg;
	return end_child(bide_gather(1, &helper, NULL));
}

/* One of the two is refused, the other has what it waited for, whichever it is. */
static void check_chain_broken(struct plan plan, bide_fn *help)
{
	opener = bide_spawn(open_and_close, &plan);
	helper = bide_spawn(help, NULL);
	CHECK_INT(bide_sleep(5 * U), 0);
	if (child_result == -EDEADLK) {
		CHECK_INT(helper_result, 0);
		CHECK_INT(bide_join(helper), 0);
	} else {
		CHECK_INT(child_result, 0);
		CHECK_INT(helper_result, -EDEADLK);
		CHECK_INT(bide_join(opener), 0);
	}
	CHECK_INT(child_time, 2);
}

LOOP_TEST(group_cycle, through_a_join_is_broken_at_close)
{
	check_chain_broken(close_last(join_helper), help_join);
	return 0;
}

LOOP_TEST(group_cycle, through_a_gather_is_broken_at_close)
{
	check_chain_broken(close_last(join_helper), help_gather);
	return 0;
}

LOOP_TEST(group_cycle, of_two_gathers_is_broken_at_close)
{
	check_chain_broken(close_last(gather_helper), help_gather);
	return 0;
}

/* Where the opener closes already, it is the child's call that would close the cycle. */
LOOP_TEST(group_cycle, through_a_join_is_refused_to_the_child_of_a_closing_opener)
{
	check_chain_broken(close_first(join_helper), help_join);
	CHECK_INT(child_result, -EDEADLK);
	return 0;
}

LOOP_TEST(group_cycle, through_a_gather_is_refused_to_the_child_of_a_closing_opener)
{
	check_chain_broken(close_first(gather_helper), help_gather);
	CHECK_INT(child_result, -EDEADLK);
	return 0;
}

/* ---- through a group of the child's own ---- */

static int open_inner_group(void *arg)
{
	bide_group group;

	(void)arg;
	bide_group_open(&group);
	bide_group_spawn(&group, join_opener, NULL);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

LOOP_TEST(group_cycle, a_grandchild_that_joins_the_opener_is_refused_at_close)
{
	check_refused(close_last(open_inner_group));
	return 0;
}

LOOP_TEST(group_cycle, a_grandchild_that_joins_the_closing_opener_is_refused_at_once)
{
	check_refused(close_first(open_inner_group));
	return 0;
}

/* ---- what looks like a cycle and is none ---- */

/* The opener waits in the body, not for the group: its end may be joined all the same. */
static int outlive_the_opener(void *arg)
{
	helper_result = bide_join(arg);
	return 0;
}

static int open_close_and_go_on(void *arg)
{
	bide_group group;

	(void)arg;
	bide_group_open(&group);
	bide_group_spawn(&group, nothing, NULL);
	CHECK_INT(bide_group_close(&group), 0);
	CHECK_INT(bide_sleep(2 * U), 0);
	return 6;
}

LOOP_TEST(group_cycle, a_stranger_may_join_the_opener)
{
	opener = bide_spawn(open_close_and_go_on, NULL);
	helper = bide_spawn(outlive_the_opener, opener);
	CHECK_INT(bide_join(helper), 0);
	CHECK_INT(helper_result, 6);
	return 0;
}

/* A child cancelled while it joins the opener takes the opener down with it. */
static int open_and_sleep(void *arg)
{
	bide_group group;
	bide_task *child;

	(void)arg;
	bide_group_open(&group);
	child = bide_group_spawn(&group, join_opener, NULL);
	CHECK_INT(bide_sleep(1 * U), 0);
	bide_cancel(child);
	CHECK_INT(bide_sleep(1 * U), -ECANCELED);
	CHECK_INT(bide_cancel_requested(bide_self()), 1);
	return bide_group_close(&group);
}

LOOP_TEST(group_cycle, a_cancelled_child_that_joins_the_opener_ends)
{
	opener = bide_spawn(open_and_sleep, NULL);
	CHECK_INT(bide_sleep(5 * U), 0);
	CHECK_INT(child_result, -EDEADLK);
	CHECK(bide_done(opener));
	CHECK_INT(bide_join(opener), -ECANCELED);
	return 0;
}
