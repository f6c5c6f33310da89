/* SPDX-License-Identifier: MIT */

/* test_select.c - doing one of several things: which, how soon, and whether at all */
#include "queue_test.h"

#include <string.h>

/* ---- what is ready ---- */

LOOP_TEST(select, does_the_one_case_that_is_ready_without_suspending)
{
	bide_queue *empty = new_queue(1);
	bide_queue *full = new_queue(1);
	uint64_t switches = bide_loop_stats(NULL).switches;
	struct choice choice;

	CHECK_INT(try_put(full, 5), 0);
	choice_init(&choice, BIDE_FOREVER);
	add_get(&choice, empty);
	add_put(&choice, full, 6);
	add_get(&choice, full);
	CHECK_INT(choose(&choice), 2);
	check_happened(&choice, 2, 0);
	CHECK_INT(choice.items[2], 5);

	CHECK_INT(try_put(full, 5), 0);
	choice_init(&choice, 0);
	add_put(&choice, empty, 7);
	add_get(&choice, empty);
	add_put(&choice, full, 8);
	CHECK_INT(choose(&choice), 0);
	check_happened(&choice, 0, 0);
	CHECK_INT(bide_loop_stats(NULL).switches, switches);
	CHECK_INT(try_get(empty), 7);
	CHECK_INT(try_get(full), 5);
	bide_queue_free(full);
	bide_queue_free(empty);
	return 0;
}

LOOP_TEST(select, with_a_timeout_of_0_or_less_gives_eagain_and_never_suspends)
{
	bide_queue *queue = new_queue(1);
	uint64_t switches = bide_loop_stats(NULL).switches;
	struct choice choice;

	for (int i = 0; i < 3; i++) {
		choice_init(&choice, i == 0 ? 0 : i == 1 ? -1 : INT64_MIN);
		add_get(&choice, queue);
		add_get(&choice, NULL);
		CHECK_INT(choose(&choice), -EAGAIN);
		check_happened(&choice, NO_CASE, 0);
		CHECK_INT(bide_select(0, NULL, choice.timeout), -EAGAIN);
	}
	CHECK_INT(bide_loop_stats(NULL).switches, switches);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(select, drops_the_item_of_a_get_to_null)
{
	bide_queue *queue = new_queue(1);
	bide_case one = { queue, NULL, BIDE_GET, UNTOUCHED };

	CHECK_INT(try_put(queue, 1), 0);
	CHECK_INT(bide_select(1, &one, BIDE_FOREVER), 0);
	CHECK_INT(one.result, 0);
	CHECK(bide_queue_empty(queue));
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(select, refuses_an_op_that_it_does_not_know_and_does_nothing)
{
	bide_queue *queue = new_queue(2);
	struct choice choice;

	for (int op = -1; op < 5; op++) {
		if (op == BIDE_GET || op == BIDE_PUT)
			continue;
		for (bide_time timeout = 0; timeout < 2; timeout++) {
			choice_init(&choice, timeout);
			add_put(&choice, queue, 1);
			add(&choice, queue, op, UNTOUCHED);
			add_put(&choice, queue, 2);
			CHECK_INT(choose(&choice), -EINVAL);
			check_happened(&choice, NO_CASE, 0);
		}
	}
	CHECK(bide_queue_empty(queue));
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(select, ignores_a_case_without_a_queue_whatever_its_op)
{
	bide_case cases[] = { { .op = 0 }, { .op = 99 } };

	CHECK_INT(bide_select(2, cases, 0), -EAGAIN);
	CHECK_INT(bide_select(2, cases, BIDE_SECOND), -ETIMEDOUT);
	return 0;
}

LOOP_TEST(select, counts_what_it_puts_for_join)
{
	bide_queue *queue = new_queue(1);
	struct choice choice;
	bide_task *task;

	choice_init(&choice, BIDE_FOREVER);
	add_put(&choice, queue, 1);
	CHECK_INT(choose(&choice), 0);
	task = start_choice(&choice);
	CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	CHECK_INT(try_get(queue), 1);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	bide_queue_free(queue);
	return 0;
}

/* ---- which of several ---- */

#define ROUNDS 6000

/* That many successes in so many tries of a probability of 1 in n: within five sigma. */
static void check_share(int hits, int tries, int n)
{
	double expected = (double)tries / n;
	double difference = hits - expected;

	if (difference * difference > 25 * expected)
		test_fail(__FILE__, __LINE__, "%d hits are not about %.0f", hits, expected);
}

/* The cases that are ready stand close together: a scan from a random start shows. */
LOOP_TEST(select, takes_each_of_several_ready_cases_equally_often)
{
	bide_queue *ready = new_queue(0);
	bide_queue *idle = new_queue(BIDE_QUEUE_RENDEZVOUS);
	int hits[10] = { 0 };
	struct choice choice;

	choice_init(&choice, BIDE_FOREVER);
	for (int i = 0; i < 10; i++)
		add_put(&choice, i == 0 || i == 1 || i == 7 ? ready : i == 5 ? NULL : idle, i);
	for (int round = 0; round < ROUNDS; round++) {
		int i = choose(&choice);

		CHECK(i == 0 || i == 1 || i == 7);
		CHECK_INT(try_get(ready), i);
		hits[i]++;
	}
	check_share(hits[0], ROUNDS, 3);
	check_share(hits[1], ROUNDS, 3);
	check_share(hits[7], ROUNDS, 3);
	bide_queue_free(idle);
	bide_queue_free(ready);
	return 0;
}

LOOP_TEST(select, is_fair_between_gets_puts_and_shut_queues)
{
	bide_queue *half = new_queue(2);
	bide_queue *shut = new_queue(1);
	int hits[4] = { 0 };
	struct choice choice;

	bide_queue_shutdown(shut, false);
	for (int round = 0; round < ROUNDS; round++) {
		if (bide_queue_empty(half))
			CHECK_INT(try_put(half, round), 0);
		choice_init(&choice, 0);
		add_get(&choice, half);
		add_put(&choice, half, round);
		add_get(&choice, shut);
		add_put(&choice, shut, round);
		hits[choose(&choice)]++;
		if (bide_queue_full(half))
			CHECK(try_get(half) >= 0);
	}
	for (int i = 0; i < 4; i++)
		check_share(hits[i], ROUNDS, 4);
	bide_queue_free(shut);
	bide_queue_free(half);
	return 0;
}

#define DRAWS 40

static char drawn[DRAWS + 1];

static int draw(void *arg)
{
	bide_queue *queue = new_queue(0);
	struct choice choice;

	(void)arg;
	choice_init(&choice, BIDE_FOREVER);
	for (int i = 0; i < 4; i++)
		add_put(&choice, queue, i);
	for (int i = 0; i < DRAWS; i++)
		drawn[i] = (char)('a' + choose(&choice));
	bide_queue_free(queue);
	return 0;
}

TEST(select, chooses_the_same_for_the_same_seed_and_other_things_for_another)
{
	char first[DRAWS + 1], again[DRAWS + 1];

	for (uint64_t seed = 1; seed <= 2; seed++) {
		const bide_options options = {
			.flags = BIDE_VIRTUAL_CLOCK | BIDE_SHUFFLE,
			.seed = seed,
		};

		CHECK_INT(bide_run_with(&options, draw, NULL), 0);
		strcpy(again, drawn);
		CHECK_INT(bide_run_with(&options, draw, NULL), 0);
		CHECK_STR(again, drawn);
		if (seed == 1)
			strcpy(first, drawn);
	}
	CHECK(strcmp(first, drawn) != 0);
}

/* ---- time and cancellation ---- */

/* The round has lasted for 1 u when the call is made. */
LOOP_TEST(select, counts_the_timeout_from_the_call)
{
	bide_queue *queue = new_queue(1);
	struct choice choice;

	choice_init(&choice, 2 * U);
	add_get(&choice, queue);
	bide_clock_advance(U);
	CHECK_INT(choose(&choice), -ETIMEDOUT);
	CHECK_INT(bide_now(), 3 * U);
	check_happened(&choice, NO_CASE, 0);
	CHECK_INT(try_put(queue, 1), 0);
	CHECK_INT(bide_queue_size(queue), 1);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(select, of_nothing_sleeps_until_the_timeout)
{
	struct choice choice;
	bide_task *task;

	CHECK_INT(bide_select(0, NULL, 2 * U), -ETIMEDOUT);
	CHECK_INT(bide_now(), 2 * U);
	choice_init(&choice, U);
	add_get(&choice, NULL);
	add_put(&choice, NULL, 1);
	CHECK_INT(choose(&choice), -ETIMEDOUT);
	CHECK_INT(bide_now(), 3 * U);
	check_happened(&choice, NO_CASE, 0);

	choice_init(&choice, BIDE_FOREVER);
	task = start_choice(&choice);
	CHECK_INT(bide_sleep(BIDE_HOUR), 0);
	CHECK(!bide_done(task));
	bide_cancel(task);
	CHECK_INT(bide_join(task), -ECANCELED);
	return 0;
}

LOOP_TEST(select, waits_for_timeouts_that_end_after_all_time)
{
	bide_queue *queue = new_queue(1);
	struct choice choice;
	bide_task *task;

	CHECK_INT(bide_sleep(U), 0);
	choice_init(&choice, BIDE_FOREVER - 1);
	add_get(&choice, queue);
	task = start_choice(&choice);
	CHECK_INT(bide_sleep(BIDE_HOUR), 0);
	CHECK(!bide_done(task));
	CHECK_INT(try_put(queue, 1), 0);
	CHECK_INT(bide_join(task), 0);
	bide_queue_free(queue);
	return 0;
}

static int choose_cancelled(void *arg)
{
	struct choice *choice = arg;

	bide_cancel(bide_self());
	CHECK_INT(choose(choice), -ECANCELED);
	check_happened(choice, NO_CASE, 0);
	choice->timeout = 0;
	CHECK_INT(choose(choice), 0);
	check_happened(choice, 0, 0);
	CHECK_INT(choose(choice), -EAGAIN);
	return 5;
}

LOOP_TEST(select, looks_for_a_cancellation_first_unless_the_timeout_is_0)
{
	bide_queue *queue = new_queue(1);
	struct choice choice;

	choice_init(&choice, U);
	add_put(&choice, queue, 1);
	CHECK_INT(bide_join(bide_spawn(choose_cancelled, &choice)), 5);
	CHECK_INT(try_get(queue), 1);
	CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(select, keeps_what_was_done_before_a_cancellation)
{
	bide_queue *get = new_queue(1);
	bide_queue *put = new_queue(BIDE_QUEUE_RENDEZVOUS);
	struct choice choice;
	bide_task *task;

	choice_init(&choice, BIDE_FOREVER);
	add_get(&choice, get);
	add_put(&choice, put, 2);
	task = start_choice(&choice);
	CHECK_INT(try_put(get, 1), 0);
	bide_cancel(task);
	CHECK_INT(bide_join(task), 0);
	check_happened(&choice, 0, 0);
	CHECK_INT(choice.items[0], 1);
	CHECK_INT(choice.next, -ECANCELED);
	CHECK_INT(try_get(put), -EAGAIN);
	bide_queue_free(put);
	bide_queue_free(get);
	return 0;
}

LOOP_TEST(select, leaves_every_queue_when_it_is_cancelled)
{
	bide_queue *get = new_queue(1);
	bide_queue *put = new_queue(BIDE_QUEUE_RENDEZVOUS);
	struct choice choice;
	bide_task *task;

	choice_init(&choice, BIDE_FOREVER);
	add_get(&choice, get);
	add_put(&choice, put, 2);
	task = start_choice(&choice);
	bide_cancel(task);
	CHECK_INT(try_put(get, 1), 0);
	CHECK_INT(bide_queue_size(get), 1);
	CHECK_INT(try_get(put), -EAGAIN);
	CHECK_INT(bide_join(task), -ECANCELED);
	check_happened(&choice, NO_CASE, 0);
	bide_queue_free(put);
	bide_queue_free(get);
	return 0;
}
