/* SPDX-License-Identifier: MIT */

/* test_barrier.c - a point that tasks reach together */
#include "sync_test.h"

#include <bide.h>
#include <limits.h>

/* One barrier, fresh in each test's own process. */
static bide_barrier barrier;

static int arrive(void *arg)
{
	int r = bide_barrier_wait(&barrier);

	(void)arg;
	NOTE("%s %s", my_name(), ERR(r));
	return r;
}

static bide_task *spawn_arrival(const char *name)
{
	bide_task *task = spawn_named(name, arrive, NULL);

	settle();
	return task;
}

LOOP_TEST(barrier, for_one_never_suspends)
{
	bide_barrier_init(&barrier, 1);
	WITHOUT_SUSPENSION({
		for (int i = 0; i < 3; i++)
			CHECK_INT(bide_barrier_wait(&barrier), 0);
	});
	return 0;
}

/* Within a time limit, so that a mistake is not a test that hangs. */
static int wait_briefly(void)
{
	int r = 0;

	BIDE_TIMEOUT(1 * U)
		r = bide_barrier_wait(&barrier);
	return r;
}

LOOP_TEST(barrier, for_none_or_too_many_is_as_if_never_initialised)
{
	CHECK_INT(wait_briefly(), -EINVAL);
	bide_barrier_init(&barrier, 0);
	CHECK_INT(wait_briefly(), -EINVAL);
	bide_barrier_init(&barrier, (size_t)INT_MAX + 1);
	CHECK_INT(wait_briefly(), -EINVAL);
	bide_barrier_init(&barrier, SIZE_MAX);
	CHECK_INT(wait_briefly(), -EINVAL);
	bide_barrier_reset(&barrier);
	CHECK_INT(wait_briefly(), -EINVAL);

	bide_barrier_init(&barrier, INT_MAX);
	CHECK_INT(wait_briefly(), -ECANCELED);
	bide_barrier_init(&barrier, 1);
	CHECK_INT(wait_briefly(), 0);
	return 0;
}

TEST(barrier, is_not_waited_at_outside_of_a_loop)
{
	bide_barrier_init(&barrier, 2);
	CHECK_INT(bide_barrier_wait(&barrier), -EPERM);
	bide_barrier_abort(&barrier);
	bide_barrier_reset(&barrier);
	bide_barrier_init(&barrier, 1);
	CHECK_INT(bide_barrier_wait(&barrier), -EPERM);
}

LOOP_TEST(barrier, gives_places_in_the_order_of_arrival_and_the_last_one_does_not_suspend)
{
	bide_task *tasks[3];
	int results[3];

	bide_barrier_init(&barrier, 4);
	tasks[0] = spawn_arrival("a");
	tasks[1] = spawn_arrival("b");
	tasks[2] = spawn_arrival("c");
	CHECK_INT(bide_barrier_wait(&barrier), 3);
	CHECK_NOTES("");
	CHECK_INT(bide_gather(3, tasks, results), 0);
	CHECK_NOTES("a 0 · b 1 · c 2");
	return 0;
}

static int arrive_again_and_again(void *arg)
{
	int *sums = arg;

	for (int round = 0; round < 100; round++) {
		int place = bide_barrier_wait(&barrier);

		CHECK(place >= 0 && place < 5);
		CHECK((sums[round] & 1 << place) == 0);
		sums[round] |= 1 << place;
		/* Who has come for this round has gone from the one before. */
		CHECK(round == 0 || sums[round - 1] == 0x1f);
	}
	return 0;
}

LOOP_TEST(barrier, gives_each_place_once_in_each_of_many_rounds)
{
	bide_task *tasks[5];
	int sums[100] = { 0 };

	bide_barrier_init(&barrier, 5);
	for (int i = 0; i < 5; i++)
		tasks[i] = bide_spawn(arrive_again_and_again, sums);
	CHECK_INT(bide_gather(5, tasks, NULL), 0);
	for (int i = 0; i < 100; i++)
		CHECK_INT(sums[i], 0x1f);
	return 0;
}

/* ---- cancellation ---- */

LOOP_TEST(barrier, gives_the_places_of_those_who_left_to_the_others)
{
	bide_task *tasks[5];
	int results[5];

	bide_barrier_init(&barrier, 3);
	tasks[0] = spawn_arrival("a");
	tasks[1] = spawn_arrival("b");
	CHECK_INT(bide_cancel(tasks[0]), 1);
	settle();
	CHECK_NOTES("a -ECANCELED");
	tasks[2] = spawn_arrival("c");
	CHECK_INT(bide_cancel(tasks[2]), 1);
	tasks[3] = spawn_arrival("d");
	CHECK_NOTES("c -ECANCELED");
	tasks[4] = spawn_arrival("e");
	CHECK_INT(bide_gather(5, tasks, results), 0);
	CHECK_STR(case_list(5, results), "[-ECANCELED, 0, -ECANCELED, 1, 2]");
	return 0;
}

LOOP_TEST(barrier, counts_no_waiter_that_was_cancelled_and_has_not_run_yet)
{
	bide_task *task;

	bide_barrier_init(&barrier, 2);
	task = spawn_arrival("a");
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(wait_briefly(), -ECANCELED);
	CHECK_INT(bide_join(task), -ECANCELED);
	return 0;
}

LOOP_TEST(barrier, keeps_the_place_of_one_that_is_cancelled_after_the_last_has_come)
{
	bide_task *task;

	bide_barrier_init(&barrier, 2);
	task = spawn_arrival("a");
	CHECK_INT(bide_barrier_wait(&barrier), 1);
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("a 0");
	return 0;
}

static int arrive_when_cancelled(void *arg)
{
	CHECK_INT(bide_cancel(bide_self()), 1);
	return arrive(arg);
}

LOOP_TEST(barrier, is_not_completed_by_a_cancelled_task)
{
	bide_task *task;

	bide_barrier_init(&barrier, 2);
	task = spawn_arrival("a");
	CHECK_INT(bide_join(spawn_named("b", arrive_when_cancelled, NULL)), -ECANCELED);
	settle();
	CHECK_NOTES("b -ECANCELED");
	CHECK_INT(bide_barrier_wait(&barrier), 1);
	CHECK_INT(bide_join(task), 0);
	return 0;
}

LOOP_TEST(barrier, is_left_by_who_runs_out_of_time)
{
	bide_task *task;

	bide_barrier_init(&barrier, 2);
	BIDE_TIMEOUT(1 * U)
		CHECK_INT(bide_barrier_wait(&barrier), -ECANCELED);
	CHECK(bide_timed_out());
	task = spawn_arrival("a");
	CHECK_NOTES("");
	CHECK_INT(bide_barrier_wait(&barrier), 1);
	CHECK_INT(bide_join(task), 0);
	return 0;
}

/* ---- abort and reset ---- */

LOOP_TEST(barrier, that_is_reset_sends_its_waiters_off_and_begins_a_new_round)
{
	bide_task *tasks[5];
	int results[5];

	bide_barrier_init(&barrier, 3);
	tasks[0] = spawn_arrival("a");
	tasks[1] = spawn_arrival("b");
	bide_barrier_reset(&barrier);
	tasks[2] = spawn_arrival("c");
	CHECK_NOTES("a -EPIPE · b -EPIPE");
	tasks[3] = spawn_arrival("d");
	CHECK_NOTES("");
	tasks[4] = spawn_arrival("e");
	CHECK_INT(bide_gather(5, tasks, results), 0);
	CHECK_STR(case_list(5, results), "[-EPIPE, -EPIPE, 0, 1, 2]");
	return 0;
}

LOOP_TEST(barrier, that_is_aborted_sends_off_who_waits_and_who_comes_until_it_is_reset)
{
	bide_task *tasks[2];
	int results[2];

	bide_barrier_init(&barrier, 3);
	tasks[0] = spawn_arrival("a");
	tasks[1] = spawn_arrival("b");
	bide_barrier_abort(&barrier);
	bide_barrier_abort(&barrier);
	CHECK_INT(bide_barrier_wait(&barrier), -EPIPE);
	CHECK_NOTES("");
	CHECK_INT(bide_gather(2, tasks, results), 0);
	CHECK_STR(case_list(2, results), "[-EPIPE, -EPIPE]");
	CHECK_INT(bide_barrier_wait(&barrier), -EPIPE);
	bide_barrier_reset(&barrier);
	CHECK_INT(wait_briefly(), -ECANCELED);
	return 0;
}

LOOP_TEST(barrier, that_is_aborted_and_reset_at_once_sends_off_those_who_waited)
{
	bide_task *tasks[2];
	int results[2];

	bide_barrier_init(&barrier, 2);
	tasks[0] = spawn_arrival("a");
	bide_barrier_abort(&barrier);
	bide_barrier_reset(&barrier);
	CHECK_INT(bide_cancel(tasks[0]), 1);
	tasks[1] = spawn_arrival("b");
	CHECK_NOTES("a -EPIPE");
	CHECK_INT(bide_barrier_wait(&barrier), 1);
	CHECK_INT(bide_gather(2, tasks, results), 0);
	CHECK_STR(case_list(2, results), "[-EPIPE, 0]");
	return 0;
}

/* The round was complete before, though nobody of it has run yet. */
LOOP_TEST(barrier, that_is_aborted_or_reset_does_not_undo_a_complete_round)
{
	bide_task *task;

	bide_barrier_init(&barrier, 2);
	task = spawn_arrival("a");
	CHECK_INT(bide_barrier_wait(&barrier), 1);
	bide_barrier_abort(&barrier);
	CHECK_INT(bide_join(task), 0);
	bide_barrier_reset(&barrier);
	task = spawn_arrival("b");
	CHECK_INT(bide_barrier_wait(&barrier), 1);
	bide_barrier_reset(&barrier);
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("a 0 · b 0");
	return 0;
}

LOOP_TEST(barrier, that_is_initialised_again_is_a_new_one)
{
	bide_barrier_init(&barrier, 2);
	bide_barrier_abort(&barrier);
	bide_barrier_init(&barrier, 1);
	CHECK_INT(bide_barrier_wait(&barrier), 0);
	return 0;
}

static int arrive_before_the_abort(void *arg)
{
	int r;

	do {
		r = bide_barrier_wait(&barrier);
		++*(int *)arg;
	} while (r >= 0);
	return r;
}

/* Whoever was freed arrives at once for the next round, which the abort ends. */
LOOP_TEST(barrier, is_aborted_in_the_midst_of_its_rounds)
{
	bide_task *tasks[4];
	int results[4];
	int count = 0;

	bide_barrier_init(&barrier, 4);
	for (int i = 0; i < 4; i++)
		tasks[i] = bide_spawn(arrive_before_the_abort, &count);
	for (int i = 0; i < 10; i++)
		CHECK_INT(bide_yield(), 0);
	bide_barrier_abort(&barrier);
	CHECK_INT(bide_gather(4, tasks, results), 0);
	CHECK_STR(case_list(4, results), "[-EPIPE, -EPIPE, -EPIPE, -EPIPE]");
	CHECK_INT(count % 4, 0);
	CHECK(count > 8);
	return 0;
}
