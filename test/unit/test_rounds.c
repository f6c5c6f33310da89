/* SPDX-License-Identifier: MIT */

/*
 * test_rounds.c - when timers get their turn among tasks that keep each other ready
 *
 * In real time, as virtual time stands still while a task computes.
 */
#include "loop_test.h"

#include <bide.h>

#define SLOW (50 * BIDE_MICROSECOND)    /* a step after which a look is due */
#define TURNS_MAX 1000

static bool is_awake;

static int sleep_shortly(void *arg)
{
	int r = bide_sleep(1);

	(void)arg;
	is_awake = true;
	return r;
}

static int do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

/* Two steps, and neither of them yields. */
static int spawn_and_join(void)
{
	return bide_join(bide_spawn(do_nothing, NULL));
}

/* How often the running task computes for long, and then waits so, until a short sleep ends. */
static int slow_turns_of_a_sleep(int (*wait)(void))
{
	int turns = 0;

	is_awake = false;
	CHECK_INT(bide_go(sleep_shortly, NULL), 0);
	while (!is_awake && turns < TURNS_MAX) {
		bide_time until = bide_now() + SLOW;

		while (bide_now() < until)
			;
		CHECK_INT(wait(), 0);
		turns++;
	}
	return turns;
}

static void be_quick(int (*wait)(void), int turns)
{
	for (int i = 0; i < turns; i++)
		CHECK_INT(wait(), 0);
}

/* The sleeper goes to sleep, a look wakes it, it runs: a turn each, if there is a look in each. */
static int yield_slowly(void *arg)
{
	(void)arg;
	be_quick(bide_yield, 10000);
	CHECK(slow_turns_of_a_sleep(bide_yield) <= 4);
	return 0;
}

TEST(timers, get_their_turn_at_each_slow_yield)
{
	CHECK_INT(bide_run(yield_slowly, NULL), 0);
}

static int join_slowly(void *arg)
{
	(void)arg;
	be_quick(spawn_and_join, 10000);
	/* Nobody knows yet that steps have become slow: eight may go by. */
	CHECK(slow_turns_of_a_sleep(spawn_and_join) <= 8);
	CHECK(slow_turns_of_a_sleep(spawn_and_join) <= 4);
	return 0;
}

TEST(timers, get_their_turn_among_tasks_that_become_slow)
{
	CHECK_INT(bide_run(join_slowly, NULL), 0);
}

#define HERD 11

static int compute(void *arg)
{
	bide_time until = bide_now() + SLOW;

	(void)arg;
	while (bide_now() < until)
		;
	return 0;
}

/* Sleeps until the same look as the others of the herd, and then computes. */
static int wake_and_compute(void *arg)
{
	(void)bide_sleep_until(*(const bide_time *)arg);
	return compute(NULL);
}

/*
 * Goal: the steps of a round that follows a look count, too.
 * Method: a look wakes a herd, whose steps are slow; the last of them spawns and joins
 * slow tasks while a short sleep is over: that begins in its first turn and ends before
 * its third. How many quick steps were to go by meanwhile depends on how many there were
 * before, so all of these numbers are tried.
 */
static int follow_a_herd(void *arg)
{
	(void)arg;
	for (int more = 0; more < 8; more++) {
		bide_time when = bide_now() + 10 * BIDE_MILLISECOND;

		for (int i = 0; i < HERD; i++)
			CHECK_INT(bide_go(wake_and_compute, &when), 0);
		be_quick(spawn_and_join, 100 + more);
		if (bide_now() >= when)
			continue;               /* on a busy machine: no look waits for them */
		CHECK_INT(bide_sleep_until(when), 0);
		CHECK(slow_turns_of_a_sleep(spawn_and_join) <= 2);
	}
	return 0;
}

TEST(timers, get_their_turn_behind_a_round_of_many_slow_tasks)
{
	CHECK_INT(bide_run(follow_a_herd, NULL), 0);
}
