/* SPDX-License-Identifier: MIT */

/* test_select_wait.c - waiting on several queues at once, and who ends that wait */
#include "queue_test.h"

LOOP_TEST(select, leaves_every_other_queue_when_one_case_happens)
{
	bide_queue *queues[] = { new_queue(1), new_queue(1), new_queue(BIDE_QUEUE_RENDEZVOUS) };
	struct choice choice;
	bide_task *task;

	choice_init(&choice, BIDE_FOREVER);
	for (int i = 0; i < 3; i++)
		add_get(&choice, queues[i]);
	add_put(&choice, queues[2], 9);
	task = start_choice(&choice);
	CHECK_INT(try_put(queues[1], 5), 0);
	CHECK_INT(bide_queue_size(queues[1]), 0);
	CHECK_INT(try_put(queues[0], 6), 0);
	CHECK_INT(bide_queue_size(queues[0]), 1);
	CHECK_INT(try_put(queues[1], 7), 0);
	CHECK_INT(bide_queue_size(queues[1]), 1);
	CHECK_INT(try_put(queues[2], 8), -EAGAIN);
	CHECK_INT(try_get(queues[2]), -EAGAIN);
	CHECK_INT(bide_join(task), 1);
	check_happened(&choice, 1, 0);
	CHECK_INT(choice.items[1], 5);
	for (int i = 0; i < 3; i++)
		bide_queue_free(queues[i]);
	return 0;
}

LOOP_TEST(select, stands_in_line_in_order_of_asking)
{
	bide_queue *queue = new_queue(0);
	bide_queue *other = new_queue(0);
	struct call first = { queue, UNTOUCHED, UNTOUCHED };
	struct call last = { queue, UNTOUCHED, UNTOUCHED };
	struct choice choice;
	bide_task *tasks[3];

	choice_init(&choice, BIDE_FOREVER);
	add_get(&choice, other);
	add_get(&choice, queue);
	add_get(&choice, queue);
	tasks[0] = start(call_get, &first);
	tasks[1] = start_choice(&choice);
	tasks[2] = start(call_get, &last);
	for (int i = 1; i <= 4; i++)
		CHECK_INT(try_put(queue, i), 0);
	for (int i = 0; i < 3; i++)
		CHECK(bide_join(tasks[i]) >= 0);
	CHECK_INT(first.value, 1);
	CHECK_INT(choice.items[1] + choice.items[2], 2 + UNTOUCHED);
	CHECK_INT(last.value, 3);
	CHECK_INT(try_get(queue), 4);
	bide_queue_free(other);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(select, waits_with_a_hundred_cases)
{
	bide_queue *queues[CHOICE_MAX];
	struct choice choice;

	for (int i = 0; i < CHOICE_MAX; i++)
		queues[i] = new_queue(1);
	for (int i = 0; i < CHOICE_MAX; i += 7) {
		bide_task *task;

		choice_init(&choice, BIDE_FOREVER);
		for (int k = 0; k < CHOICE_MAX; k++)
			add_get(&choice, queues[k]);
		task = start_choice(&choice);
		CHECK_INT(try_put(queues[i], i), 0);
		CHECK_INT(bide_join(task), i);
		check_happened(&choice, (size_t)i, 0);
		CHECK_INT(choice.items[i], i);
	}
	for (int i = 0; i < CHOICE_MAX; i++) {
		CHECK_INT(try_put(queues[i], i), 0);
		CHECK_INT(bide_queue_size(queues[i]), 1);
		bide_queue_free(queues[i]);
	}
	return 0;
}

/* Eight cases fit where it stands, nine do not. */
LOOP_TEST(select, leaves_its_queues_on_a_timeout_whatever_the_number_of_cases)
{
	bide_queue *queue = new_queue(BIDE_QUEUE_RENDEZVOUS);
	struct choice choice;

	for (int n = 7; n <= 10; n++) {
		choice_init(&choice, U);
		for (int i = 0; i < n; i++)
			add(&choice, queue, i % 2 == 0 ? BIDE_GET : BIDE_PUT, UNTOUCHED);
		CHECK_INT(choose(&choice), -ETIMEDOUT);
		check_happened(&choice, NO_CASE, 0);
		CHECK_INT(try_put(queue, 1), -EAGAIN);
		CHECK_INT(try_get(queue), -EAGAIN);
	}
	bide_queue_free(queue);
	return 0;
}

/* ---- the same queue in several cases ---- */

LOOP_TEST(select, never_meets_itself)
{
	bide_queue *queue = new_queue(BIDE_QUEUE_RENDEZVOUS);
	struct choice choice;
	bide_task *task;
	int i;

	choice_init(&choice, U);
	add_put(&choice, queue, 1);
	add_get(&choice, queue);
	add_put(&choice, queue, 2);
	CHECK_INT(choose(&choice), -ETIMEDOUT);
	choice.timeout = 0;
	CHECK_INT(choose(&choice), -EAGAIN);
	check_happened(&choice, NO_CASE, 0);

	choice.timeout = BIDE_FOREVER;
	task = start_choice(&choice);
	CHECK_INT(try_put(queue, 5), 0);
	CHECK_INT(try_get(queue), -EAGAIN);
	CHECK_INT(bide_join(task), 1);
	check_happened(&choice, 1, 0);
	CHECK_INT(choice.items[1], 5);

	choice_init(&choice, BIDE_FOREVER);
	add_put(&choice, queue, 1);
	add_get(&choice, queue);
	add_put(&choice, queue, 2);
	task = start_choice(&choice);
	i = try_get(queue) == 1 ? 0 : 2;
	CHECK_INT(try_put(queue, 6), -EAGAIN);
	CHECK_INT(bide_join(task), i);
	check_happened(&choice, (size_t)i, 0);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(select, puts_the_item_of_the_case_whose_index_it_returns)
{
	bide_queue *queue = new_queue(1);

	for (int from = 0; from < 12; from++) {
		struct choice choice;
		bide_task *task;
		int i;

		CHECK_INT(try_put(queue, 99), 0);
		choice_init(&choice, BIDE_FOREVER);
		for (int k = 0; k < 12; k++)
			add_put(&choice, queue, (from + k) % 12);
		task = start_choice(&choice);
		CHECK_INT(try_get(queue), 99);
		CHECK_INT(bide_queue_size(queue), 1);
		i = bide_join(task);
		CHECK(i >= 0 && i < 12);
		check_happened(&choice, (size_t)i, 0);
		CHECK_INT(try_get(queue), (from + i) % 12);
	}
	bide_queue_free(queue);
	return 0;
}

/* ---- selects that meet ---- */

LOOP_TEST(select, meets_another_select_on_a_rendezvous_queue)
{
	bide_queue *queue = new_queue(BIDE_QUEUE_RENDEZVOUS);
	bide_queue *other = new_queue(BIDE_QUEUE_RENDEZVOUS);

	for (int round = 0; round < 100; round++) {
		struct choice first, second;
		bide_task *task;
		int i, k;

		choice_init(&first, BIDE_FOREVER);
		choice_init(&second, BIDE_FOREVER);
		add_get(&first, other);
		add_get(&first, queue);
		add_put(&first, queue, 100 + round);
		add_put(&second, queue, 200 + round);
		add_get(&second, queue);
		add_put(&second, NULL, 300 + round);
		task = start_choice(&first);
		k = choose(&second);
		i = bide_join(task);
		CHECK((i == 1 && k == 0) || (i == 2 && k == 1));
		check_happened(&first, (size_t)i, 0);
		check_happened(&second, (size_t)k, 0);
		CHECK_INT(i == 1 ? first.items[1] : second.items[1],
		          100 * i + (i == 1 ? 100 : -100) + round);
	}
	CHECK_INT(try_get(queue), -EAGAIN);
	CHECK_INT(try_put(queue, 1), -EAGAIN);
	bide_queue_free(other);
	bide_queue_free(queue);
	return 0;
}

/* Both wait on two queues; a third one, that meets either, leaves the other waiting. */
LOOP_TEST(select, meets_the_one_that_has_waited_longest)
{
	bide_queue *queue = new_queue(BIDE_QUEUE_RENDEZVOUS);
	struct choice getters[2], putter;
	bide_task *tasks[2];

	for (int i = 0; i < 2; i++) {
		choice_init(&getters[i], BIDE_FOREVER);
		add_get(&getters[i], queue);
		tasks[i] = start_choice(&getters[i]);
	}
	for (int i = 0; i < 2; i++) {
		choice_init(&putter, 0);
		add_put(&putter, queue, i);
		CHECK_INT(choose(&putter), 0);
		CHECK_INT(bide_join(tasks[i]), 0);
		CHECK_INT(getters[i].items[0], i);
	}
	choice_init(&putter, 0);
	add_put(&putter, queue, 2);
	CHECK_INT(choose(&putter), -EAGAIN);
	bide_queue_free(queue);
	return 0;
}

struct ring {
	bide_queue *in;
	bide_queue *out;
	int got;
	int given;
};

#define RING_ITEMS 50

/* Takes from one neighbour and gives to the other, whichever can be done first. */
static int pass_on(void *arg)
{
	struct ring *ring = arg;

	while (ring->got < RING_ITEMS || ring->given < RING_ITEMS) {
		int item = UNTOUCHED;
		bide_case cases[] = {
			{ ring->got < RING_ITEMS ? ring->in : NULL, &item, BIDE_GET, 0 },
			{ ring->given < RING_ITEMS ? ring->out : NULL, &ring->given, BIDE_PUT, 0 },
		};
		ssize_t i = bide_select(2, cases, BIDE_FOREVER);

		CHECK(i >= 0);
		CHECK_INT(cases[i].result, 0);
		if (i == 0)
			CHECK_INT(item, ring->got++);
		else
			ring->given++;
	}
	return 0;
}

/* Each would wait for ever for its neighbour to come first. */
LOOP_TEST(select, keeps_a_ring_of_rendezvous_queues_going)
{
	struct ring rings[5] = { { .got = 0 } };
	bide_queue *queues[5];
	bide_task *tasks[5];

	for (int i = 0; i < 5; i++)
		queues[i] = new_queue(BIDE_QUEUE_RENDEZVOUS);
	for (int i = 0; i < 5; i++) {
		rings[i] = (struct ring){ queues[i], queues[(i + 1) % 5], 0, 0 };
		tasks[i] = bide_spawn(pass_on, &rings[i]);
	}
	CHECK_INT(bide_gather(5, tasks, NULL), 0);
	for (int i = 0; i < 5; i++)
		bide_queue_free(queues[i]);
	return 0;
}

/* ---- shutdown ---- */

LOOP_TEST(select, ends_with_eshutdown_in_the_case_of_the_queue_that_was_shut_down)
{
	bide_queue *queues[] = { new_queue(1), new_queue(BIDE_QUEUE_RENDEZVOUS), new_queue(1) };

	for (int i = 2; i >= 1; i--) {
		struct choice choice;
		bide_task *task;

		choice_init(&choice, BIDE_FOREVER);
		add_get(&choice, queues[0]);
		add_put(&choice, queues[1], 1);
		add_get(&choice, i == 2 ? queues[2] : NULL);
		task = start_choice(&choice);
		bide_queue_shutdown(queues[i], false);
		CHECK_INT(bide_join(task), i);
		check_happened(&choice, (size_t)i, -ESHUTDOWN);

		choice_init(&choice, 0);
		add_get(&choice, queues[0]);
		add_put(&choice, queues[i], 1);
		CHECK_INT(choose(&choice), 1);
		check_happened(&choice, 1, -ESHUTDOWN);
	}
	CHECK_INT(try_put(queues[0], 1), 0);
	CHECK_INT(bide_queue_size(queues[0]), 1);
	for (int i = 0; i < 3; i++)
		bide_queue_free(queues[i]);
	return 0;
}

LOOP_TEST(select, gets_what_a_shutdown_has_left)
{
	bide_queue *queue = new_queue(2);
	struct choice choice;

	CHECK_INT(try_put(queue, 1), 0);
	bide_queue_shutdown(queue, false);
	choice_init(&choice, BIDE_FOREVER);
	add_get(&choice, queue);
	CHECK_INT(choose(&choice), 0);
	check_happened(&choice, 0, 0);
	CHECK_INT(choice.items[0], 1);
	choice_init(&choice, BIDE_FOREVER);
	add_get(&choice, queue);
	CHECK_INT(choose(&choice), 0);
	check_happened(&choice, 0, -ESHUTDOWN);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(select, is_left_alone_by_a_shutdown_after_it_was_served)
{
	bide_queue *queue = new_queue(1);
	struct choice choice;
	bide_task *task;

	choice_init(&choice, BIDE_FOREVER);
	add_get(&choice, queue);
	add_get(&choice, queue);
	task = start_choice(&choice);
	CHECK_INT(try_put(queue, 4), 0);
	bide_queue_shutdown(queue, true);
	CHECK(bide_join(task) >= 0);
	CHECK_INT(choice.items[0] + choice.items[1], 4 + UNTOUCHED);
	CHECK_INT(choice.cases[0].result + choice.cases[1].result, 0 + UNTOUCHED);
	bide_queue_free(queue);
	return 0;
}

/* ---- limits ---- */

LOOP_TEST(select, ends_with_ecanceled_where_a_scope_around_it_runs_out)
{
	bide_queue *queue = new_queue(1);
	struct choice choice;

	choice_init(&choice, 3 * U);
	add_get(&choice, queue);
	CHECK_INT(bide_timeout(U, choose_in_task, &choice), -ETIMEDOUT);
	CHECK_INT(bide_now(), U);
	check_happened(&choice, NO_CASE, 0);
	CHECK_INT(bide_timeout(9 * U, choose_in_task, &choice), -ETIMEDOUT);
	CHECK_INT(bide_now(), 4 * U);
	CHECK_INT(choice.next, 0);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(select, that_has_run_out_of_time_is_not_served_any_more)
{
	bide_queue *queue = new_queue(1);
	struct choice choice;
	bide_task *task;

	choice_init(&choice, U);
	add_get(&choice, queue);
	task = start_choice(&choice);
	CHECK_INT(bide_sleep(U), 0);
	CHECK_INT(try_put(queue, 1), 0);
	CHECK_INT(bide_queue_size(queue), 1);
	CHECK_INT(bide_join(task), -ETIMEDOUT);
	check_happened(&choice, NO_CASE, 0);
	bide_queue_free(queue);
	return 0;
}
