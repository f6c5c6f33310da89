/* SPDX-License-Identifier: MIT */

/* test_gen.c - generators, outside of a loop and inside */
#include "loop_test.h"

#include <bide.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- outside of any loop ---- */

static int count_for_ever(void *arg)
{
	int i = INT(arg);

	while (bide_gen_yield(&i) == 0)
		i++;
	return 0;
}

/* Yields 1 … 3 and returns what it was given. */
static int count_to_three(void *arg)
{
	for (int i = 1; i <= 3; i++) {
		int r = bide_gen_yield(&i);

		if (r < 0)
			return r;
	}
	return INT(arg);
}

static void check_next(bide_gen *gen, int expected)
{
	int item = 0;

	CHECK_INT(bide_gen_next(gen, &item), 1);
	CHECK_INT(item, expected);
}

TEST(gen, may_go_on_for_ever)
{
	bide_gen *gen = bide_gen_new(sizeof(int), count_for_ever, ARG(0));

	for (int i = 0; i < 100000; i++)
		check_next(gen, i);
	bide_gen_free(gen);
}

static void check_end(int result, int expected)
{
	bide_gen *gen = bide_gen_new(sizeof(int), count_to_three, ARG(result));
	int item = 77;

	for (int i = 1; i <= 3; i++)
		check_next(gen, i);
	for (int i = 0; i < 3; i++)
		CHECK_INT(bide_gen_next(gen, &item), expected);
	CHECK_INT(item, 77);
	bide_gen_free(gen);
}

TEST(gen, says_again_and_again_how_it_ended)
{
	check_end(0, 0);
	check_end(5, 0);
	check_end(-EIO, -EIO);
	check_end(-ECANCELED, -ECANCELED);
}

static int yield_nothing(void *arg)
{
	return INT(arg);
}

TEST(gen, may_end_before_its_first_item)
{
	bide_gen *gen = bide_gen_new(sizeof(int), yield_nothing, ARG(-ENOENT));
	int item = 77;

	CHECK_INT(bide_gen_next(gen, &item), -ENOENT);
	CHECK_INT(bide_gen_next(gen, &item), -ENOENT);
	CHECK_INT(item, 77);
	bide_gen_free(gen);
}

TEST(gen, drops_an_item_that_nobody_wants)
{
	bide_gen *gen = bide_gen_new(sizeof(int), count_to_three, NULL);

	CHECK_INT(bide_gen_next(gen, NULL), 1);
	check_next(gen, 2);
	CHECK_INT(bide_gen_next(gen, NULL), 1);
	CHECK_INT(bide_gen_next(gen, NULL), 0);
	bide_gen_free(gen);
}

static int yield_patterns(void *arg)
{
	size_t bytes = (size_t)INT(arg);
	unsigned char *item = malloc(bytes);
	int r = 0;

	for (int i = 1; r == 0; i++) {
		memset(item, i, bytes);
		r = bide_gen_yield(item);
		/* What was handed out was copied: this one is ours again. */
		memset(item, 0xee, bytes);
	}
	free(item);
	return 0;
}

TEST(gen, copies_items_of_any_size)
{
	unsigned char item[4097], expected[4097];

	for (int bytes = 1; bytes <= 4096; bytes++) {
		bide_gen *gen = bide_gen_new((size_t)bytes, yield_patterns, ARG(bytes));

		for (int i = 1; i <= 3; i++) {
			memset(item, 0x55, sizeof item);
			memset(expected, 0x55, sizeof expected);
			memset(expected, i, (size_t)bytes);
			CHECK_INT(bide_gen_next(gen, item), 1);
			CHECK(memcmp(item, expected, sizeof item) == 0);
		}
		bide_gen_free(gen);
	}
}

static bool has_run;

static int note_run(void *arg)
{
	(void)arg;
	has_run = true;
	return 0;
}

TEST(gen, freed_before_it_started_never_runs)
{
	bide_gen_free(bide_gen_new(sizeof(int), note_run, NULL));
	CHECK(!has_run);
	bide_gen_free(NULL);
}

static int ended_with[3];

static int clean_up_and_end(void *arg)
{
	int item = 1;

	(void)arg;
	while ((ended_with[0] = bide_gen_yield(&item)) == 0)
		item++;
	ended_with[1] = bide_gen_yield(&item);
	ended_with[2] = item;
	return 0;
}

TEST(gen, freed_in_the_middle_runs_to_its_end)
{
	bide_gen *gen = bide_gen_new(sizeof(int), clean_up_and_end, NULL);

	check_next(gen, 1);
	check_next(gen, 2);
	CHECK_INT(ended_with[2], 0);
	bide_gen_free(gen);
	CHECK_INT(ended_with[0], -ECANCELED);
	CHECK_INT(ended_with[1], -ECANCELED);
	CHECK_INT(ended_with[2], 2);
}

/* A sum of squares: one generator takes from another one. */
static int square(void *arg)
{
	bide_gen *numbers = arg;
	int item, r = 0;

	while (r == 0 && bide_gen_next(numbers, &item) == 1) {
		item *= item;
		r = bide_gen_yield(&item);
	}
	return 0;
}

TEST(gen, may_take_from_another_one)
{
	bide_gen *numbers = bide_gen_new(sizeof(int), count_for_ever, ARG(1));
	bide_gen *squares = bide_gen_new(sizeof(int), square, numbers);
	bide_gen *fourth = bide_gen_new(sizeof(int), square, squares);

	check_next(squares, 1);
	check_next(fourth, 16);
	check_next(numbers, 3);
	check_next(fourth, 256);
	check_next(squares, 25);
	bide_gen_free(fourth);
	bide_gen_free(squares);
	check_next(numbers, 6);
	bide_gen_free(numbers);
}

/* The nodes from..to-1 of a balanced tree, in order, by a generator for each subtree. */
struct span {
	int from;
	int to;
};

static int walk_tree(void *arg);

static int yield_subtree(int from, int to)
{
	struct span span = { from, to };
	bide_gen *subtree = bide_gen_new(sizeof(int), walk_tree, &span);
	int node, r = 0;

	while (r == 0 && bide_gen_next(subtree, &node) == 1)
		r = bide_gen_yield(&node);
	bide_gen_free(subtree);
	return r;
}

static int walk_tree(void *arg)
{
	struct span span = *(struct span *)arg;
	int middle = (span.from + span.to) / 2;
	int r;

	if (span.from >= span.to)
		return 0;
	r = yield_subtree(span.from, middle);
	if (r == 0)
		r = bide_gen_yield(&middle);
	if (r == 0)
		r = yield_subtree(middle + 1, span.to);
	return r;
}

TEST(gen, may_recurse_over_a_tree)
{
	struct span all = { 0, 1023 };
	bide_gen *walk = bide_gen_new(sizeof(int), walk_tree, &all);

	for (int i = 0; i < 1023; i++)
		check_next(walk, i);
	CHECK_INT(bide_gen_next(walk, NULL), 0);
	bide_gen_free(walk);
}

TEST(gen, freed_half_way_down_a_tree_takes_all_of_it_along)
{
	struct span all = { 0, 1023 };

	for (int steps = 0; steps <= 40; steps++) {
		bide_gen *walk = bide_gen_new(sizeof(int), walk_tree, &all);

		for (int i = 0; i < steps; i++)
			check_next(walk, i);
		bide_gen_free(walk);
	}
}

static bide_gen *myself;
static int inner_result;

static int next_myself(void *arg)
{
	int item = 3;

	(void)arg;
	inner_result = bide_gen_next(myself, NULL);
	return bide_gen_yield(&item);
}

TEST(gen, is_busy_inside_itself)
{
	myself = bide_gen_new(sizeof(int), next_myself, NULL);
	check_next(myself, 3);
	CHECK_INT(inner_result, -EBUSY);
	bide_gen_free(myself);
}

TEST(gen, yield_outside_of_one_is_refused)
{
	bide_gen *gen = bide_gen_new(sizeof(int), count_to_three, NULL);
	int item = 9;

	CHECK_INT(bide_gen_yield(&item), -EPERM);
	check_next(gen, 1);
	CHECK_INT(bide_gen_yield(&item), -EPERM);
	check_next(gen, 2);
	bide_gen_free(gen);
	CHECK_INT(bide_gen_yield(&item), -EPERM);
}

static int try_to_sleep(void *arg)
{
	int r = bide_sleep(1 * U);

	(void)arg;
	CHECK(bide_self() == NULL);
	bide_gen_yield(&r);
	return 0;
}

TEST(gen, without_a_loop_has_nothing_to_sleep_on)
{
	bide_gen *gen = bide_gen_new(sizeof(int), try_to_sleep, NULL);

	check_next(gen, -EPERM);
	bide_gen_free(gen);
}

#define MANY test_many(10000)

TEST(gen, ten_thousand_at_once)
{
	bide_gen **gens = calloc(MANY, sizeof *gens);

	for (int i = 0; i < MANY; i++) {
		gens[i] = bide_gen_new(sizeof(int), count_for_ever, ARG(i));
		CHECK(gens[i] != NULL);
	}
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < MANY; i++)
			check_next(gens[i], i + round);
	for (int i = 0; i < MANY; i++)
		bide_gen_free(gens[(i * 7) % MANY]);
	free(gens);
}

TEST(gen, ten_thousand_in_turn)
{
	for (int i = 0; i < MANY; i++) {
		bide_gen *gen = bide_gen_new(sizeof(int), count_for_ever, ARG(i));

		check_next(gen, i);
		bide_gen_free(gen);
	}
}

/* ---- inside of tasks ---- */

/* Yields 1, 2, 3 …, one a u. */
static int count_by_the_clock(void *arg)
{
	int r = 0;

	(void)arg;
	for (int i = 1; r == 0; i++) {
		r = bide_sleep(1 * U);
		if (r == 0)
			r = bide_gen_yield(&i);
	}
	return r;
}

static int ticks;

static int tick(void *arg)
{
	for (int i = 0; i < INT(arg); i++) {
		CHECK_INT(bide_sleep(U / 2), 0);
		ticks++;
	}
	return 0;
}

LOOP_TEST(gen, that_sleeps_lets_the_other_tasks_run)
{
	bide_gen *gen = bide_gen_new(sizeof(int), count_by_the_clock, NULL);
	bide_task *ticker = bide_spawn(tick, ARG(9));

	for (int i = 1; i <= 5; i++) {
		check_next(gen, i);
		CHECK_INT(case_now(), i);
	}
	CHECK_INT(ticks, 9);
	CHECK_INT(bide_join(ticker), 0);
	bide_gen_free(gen);
	return 0;
}

static bide_task *seen_task;

static int note_task(void *arg)
{
	(void)arg;
	do
		seen_task = bide_self();
	while (bide_gen_yield(&(int){ 1 }) == 0);
	return 0;
}

static int take_and_compare(void *arg)
{
	check_next(arg, 1);
	CHECK(seen_task == bide_self());
	return 0;
}

/* It runs in whichever task takes from it. */
LOOP_TEST(gen, may_be_handed_from_task_to_task)
{
	bide_gen *gen = bide_gen_new(sizeof(int), note_task, NULL);

	CHECK_INT(take_and_compare(gen), 0);
	CHECK_INT(bide_join(bide_spawn(take_and_compare, gen)), 0);
	CHECK_INT(bide_join(bide_spawn(take_and_compare, gen)), 0);
	CHECK_INT(take_and_compare(gen), 0);
	bide_gen_free(gen);
	return 0;
}

static int take_and_yield(void *arg)
{
	int item = 9;

	CHECK_INT(bide_gen_next(arg, &item), -EBUSY);
	CHECK_INT(item, 9);
	CHECK_INT(bide_gen_yield(&item), -EPERM);
	CHECK_INT(bide_sleep(2 * U), 0);
	check_next(arg, 2);
	return 0;
}

LOOP_TEST(gen, that_sleeps_is_busy_for_the_other_tasks)
{
	bide_gen *gen = bide_gen_new(sizeof(int), count_by_the_clock, NULL);
	bide_task *other = bide_spawn(take_and_yield, gen);

	check_next(gen, 1);
	CHECK_INT(case_now(), 1);
	CHECK_INT(bide_join(other), 0);
	CHECK_INT(case_now(), 3);
	check_next(gen, 3);
	bide_gen_free(gen);
	return 0;
}

LOOP_TEST(gen, in_a_task_does_not_let_it_yield_outside)
{
	bide_gen *gen = bide_gen_new(sizeof(int), count_by_the_clock, NULL);
	int item = 9;

	CHECK_INT(bide_gen_yield(&item), -EPERM);
	check_next(gen, 1);
	CHECK_INT(bide_gen_yield(&item), -EPERM);
	bide_gen_free(gen);
	return 0;
}

static int yield_elsewhere(void *arg)
{
	int item = 9;

	(void)arg;
	return bide_gen_yield(&item);
}

static int spawn_a_yielder(void *arg)
{
	int r = bide_join(bide_spawn(yield_elsewhere, NULL));

	(void)arg;
	bide_gen_yield(&r);
	return 0;
}

/* A task spawned inside of a generator is not inside of it. */
LOOP_TEST(gen, is_not_where_the_tasks_run_that_it_spawns)
{
	bide_gen *gen = bide_gen_new(sizeof(int), spawn_a_yielder, NULL);

	check_next(gen, -EPERM);
	bide_gen_free(gen);
	return 0;
}

LOOP_TEST(gen, within_a_time_limit_is_cut_short_by_it)
{
	bide_gen *gen = bide_gen_new(sizeof(int), count_by_the_clock, NULL);
	bide_scope scope;

	bide_scope_enter(&scope, 2 * U + U / 2);
	check_next(gen, 1);
	check_next(gen, 2);
	CHECK_INT(bide_gen_next(gen, NULL), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);
	CHECK_INT(bide_gen_next(gen, NULL), -ECANCELED);
	bide_gen_free(gen);
	return 0;
}

LOOP_TEST(gen, that_never_suspends_is_no_cancellation_point)
{
	bide_gen *gen = bide_gen_new(sizeof(int), count_to_three, NULL);

	bide_cancel(bide_self());
	for (int i = 1; i <= 3; i++)
		check_next(gen, i);
	CHECK_INT(bide_gen_next(gen, NULL), 0);
	bide_gen_free(gen);
	CHECK_INT(bide_uncancel(), 1);
	return 0;
}

static int sleep_at_the_end(void *arg)
{
	int item = 1;

	(void)arg;
	CHECK_INT(bide_gen_yield(&item), -ECANCELED);
	CHECK_INT(bide_sleep(2 * U), 0);
	has_run = true;
	return 0;
}

LOOP_TEST(gen, that_is_freed_may_suspend_on_its_way_out)
{
	bide_gen *gen = bide_gen_new(sizeof(int), sleep_at_the_end, NULL);

	check_next(gen, 1);
	bide_gen_free(gen);
	CHECK(has_run);
	CHECK_INT(case_now(), 2);
	return 0;
}

static int take_three(void *arg)
{
	for (int i = 1; i <= 3; i++)
		check_next(arg, i);
	return 0;
}

/* A thousand tasks, each with a generator of its own that sleeps. */
LOOP_TEST(gen, a_thousand_that_sleep_side_by_side)
{
	bide_task *tasks[1000];
	bide_gen *gens[1000];

	for (int i = 0; i < 1000; i++) {
		gens[i] = bide_gen_new(sizeof(int), count_by_the_clock, NULL);
		tasks[i] = bide_spawn(take_three, gens[i]);
	}
	CHECK_INT(bide_gather(1000, tasks, NULL), 0);
	CHECK_INT(case_now(), 3);
	for (int i = 0; i < 1000; i++)
		bide_gen_free(gens[i]);
	return 0;
}

static int take_one(void *arg)
{
	check_next(arg, 2);
	return 0;
}

/* Begun before the loop, used in it, ended after it. */
TEST(gen, outlives_a_loop)
{
	bide_gen *gen = bide_gen_new(sizeof(int), count_to_three, NULL);

	check_next(gen, 1);
	CHECK_INT(bide_run(take_one, gen), 0);
	check_next(gen, 3);
	CHECK_INT(bide_gen_next(gen, NULL), 0);
	bide_gen_free(gen);
}
