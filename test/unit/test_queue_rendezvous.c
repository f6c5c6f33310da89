/* SPDX-License-Identifier: MIT */

/* test_queue_rendezvous.c - queues that hold nothing: a put and a get meet */
#include "queue_test.h"

static bide_queue *new_rendezvous(void)
{
	return new_queue(BIDE_QUEUE_RENDEZVOUS);
}

static void check_holds_nothing(const bide_queue *queue)
{
	CHECK_INT(bide_queue_size(queue), 0);
	CHECK(bide_queue_empty(queue));
	CHECK(bide_queue_full(queue));
}

LOOP_TEST(rendezvous, put_suspends_until_its_item_is_taken)
{
	bide_queue *queue = new_rendezvous();
	struct call call = { queue, 7, UNTOUCHED };
	bide_task *putter = start(call_put, &call);
	int value = UNTOUCHED;

	CHECK_INT(bide_sleep(U), 0);
	CHECK(!bide_done(putter));
	check_holds_nothing(queue);
	CHECK_INT(bide_queue_get(queue, &value), 0);
	CHECK_INT(value, 7);
	check_holds_nothing(queue);
	CHECK_INT(bide_join(putter), 0);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(rendezvous, put_to_a_getter_that_waits_need_not_suspend)
{
	bide_queue *queue = new_rendezvous();
	struct call call = { queue, UNTOUCHED, UNTOUCHED };
	bide_task *getter = start(call_get, &call);
	uint64_t switches = bide_loop_stats(NULL).switches;
	int value = 7;

	check_holds_nothing(queue);
	CHECK_INT(bide_queue_put(queue, &value), 0);
	CHECK_INT(bide_loop_stats(NULL).switches, switches);
	check_holds_nothing(queue);
	CHECK_INT(bide_join(getter), 0);
	CHECK_INT(call.value, 7);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(rendezvous, try_put_needs_a_getter_that_waits)
{
	bide_queue *queue = new_rendezvous();
	struct call first = { queue, UNTOUCHED, UNTOUCHED };
	struct call second = { queue, UNTOUCHED, UNTOUCHED };
	bide_task *getters[2];

	CHECK_INT(try_put(queue, 1), -EAGAIN);
	getters[0] = start(call_get, &first);
	getters[1] = start(call_get, &second);
	CHECK_INT(try_put(queue, 2), 0);
	CHECK_INT(try_put(queue, 3), 0);
	CHECK_INT(try_put(queue, 4), -EAGAIN);
	CHECK_INT(bide_gather(2, getters, NULL), 0);
	CHECK_INT(first.value, 2);
	CHECK_INT(second.value, 3);
	CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(rendezvous, try_get_needs_a_putter_that_waits)
{
	bide_queue *queue = new_rendezvous();
	struct call first = { queue, 1, UNTOUCHED };
	struct call second = { queue, 2, UNTOUCHED };
	bide_task *putters[2];

	CHECK_INT(try_get(queue), -EAGAIN);
	putters[0] = start(call_put, &first);
	putters[1] = start(call_put, &second);
	CHECK_INT(try_get(queue), 1);
	CHECK_INT(try_get(queue), 2);
	CHECK_INT(try_get(queue), -EAGAIN);
	CHECK_INT(bide_gather(2, putters, NULL), 0);
	bide_queue_free(queue);
	return 0;
}

static int compare_ints(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Putters are served first come, first served, of whatever order the queue is. */
LOOP_TEST(rendezvous, has_no_other_order_than_that_of_asking)
{
	bide_queue *queues[] = {
		bide_queue_new_lifo(sizeof(int), BIDE_QUEUE_RENDEZVOUS),
		bide_queue_new_priority(sizeof(int), BIDE_QUEUE_RENDEZVOUS, compare_ints),
	};

	for (int i = 0; i < 2; i++) {
		struct call first = { queues[i], i == 0 ? 1 : 2, UNTOUCHED };
		struct call second = { queues[i], i == 0 ? 2 : 1, UNTOUCHED };
		bide_task *putters[2];

		putters[0] = start(call_put, &first);
		putters[1] = start(call_put, &second);
		check_holds_nothing(queues[i]);
		CHECK_INT(try_get(queues[i]), first.value);
		CHECK_INT(try_get(queues[i]), second.value);
		CHECK_INT(bide_gather(2, putters, NULL), 0);
		bide_queue_free(queues[i]);
	}
	return 0;
}

LOOP_TEST(rendezvous, a_cancelled_putter_takes_its_item_back)
{
	bide_queue *queue = new_rendezvous();
	struct call first = { queue, 1, UNTOUCHED };
	struct call second = { queue, 2, UNTOUCHED };
	bide_task *putters[2];

	putters[0] = start(call_put, &first);
	putters[1] = start(call_put, &second);
	bide_cancel(putters[0]);
	CHECK_INT(try_get(queue), 2);
	CHECK_INT(try_get(queue), -EAGAIN);
	CHECK_INT(bide_join(putters[0]), -ECANCELED);
	CHECK_INT(bide_join(putters[1]), 0);
	CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(rendezvous, a_cancelled_getter_leaves_the_item_to_the_next)
{
	bide_queue *queue = new_rendezvous();
	struct call first = { queue, UNTOUCHED, UNTOUCHED };
	struct call second = { queue, UNTOUCHED, UNTOUCHED };
	bide_task *getters[2];

	getters[0] = start(call_get, &first);
	getters[1] = start(call_get, &second);
	bide_cancel(getters[0]);
	CHECK_INT(try_put(queue, 5), 0);
	CHECK_INT(try_put(queue, 6), -EAGAIN);
	CHECK_INT(bide_join(getters[0]), -ECANCELED);
	CHECK_INT(first.value, UNTOUCHED);
	CHECK_INT(bide_join(getters[1]), 0);
	CHECK_INT(second.value, 5);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(rendezvous, whoever_met_is_done_though_cancelled_after)
{
	bide_queue *queue = new_rendezvous();
	struct call out = { queue, UNTOUCHED, UNTOUCHED };
	struct call in = { queue, 2, UNTOUCHED };
	bide_task *task = start(call_get, &out);

	CHECK_INT(try_put(queue, 1), 0);
	bide_cancel(task);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(out.value, 1);
	CHECK_INT(out.next, -ECANCELED);

	task = start(call_put, &in);
	CHECK_INT(try_get(queue), 2);
	bide_cancel(task);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(in.next, -ECANCELED);
	bide_queue_free(queue);
	return 0;
}

static int put_within_a_u(void *arg)
{
	return bide_timeout(U, call_put, arg);
}

LOOP_TEST(rendezvous, a_put_that_runs_out_of_time_moves_nothing)
{
	bide_queue *queue = new_rendezvous();
	struct call in = { queue, 1, UNTOUCHED };
	bide_task *task = start(put_within_a_u, &in);

	CHECK_INT(bide_sleep(2 * U), 0);
	CHECK_INT(try_get(queue), -EAGAIN);
	CHECK_INT(bide_join(task), -ETIMEDOUT);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(rendezvous, a_shutdown_sends_putters_away_with_their_items)
{
	for (int immediate = 0; immediate < 2; immediate++) {
		bide_queue *queue = new_rendezvous();
		struct call in = { queue, 1, UNTOUCHED };
		bide_task *putter = start(call_put, &in);

		bide_queue_shutdown(queue, immediate != 0);
		CHECK_INT(try_get(queue), -ESHUTDOWN);
		CHECK_INT(try_put(queue, 2), -ESHUTDOWN);
		CHECK_INT(bide_join(putter), -ESHUTDOWN);
		CHECK_INT(bide_queue_join(queue), 0);
		check_holds_nothing(queue);
		bide_queue_free(queue);
	}
	return 0;
}

LOOP_TEST(rendezvous, a_shutdown_sends_getters_away_empty_handed)
{
	bide_queue *queue = new_rendezvous();
	struct call out = { queue, UNTOUCHED, UNTOUCHED };
	bide_task *getter = start(call_get, &out);

	bide_queue_shutdown(queue, false);
	CHECK_INT(try_put(queue, 2), -ESHUTDOWN);
	CHECK_INT(bide_join(getter), -ESHUTDOWN);
	CHECK_INT(out.value, UNTOUCHED);
	bide_queue_free(queue);
	return 0;
}

struct relay {
	bide_queue *queue;
	int sum;
};

static int put_hundred(void *arg)
{
	struct relay *relay = arg;

	for (int i = 1; i <= 100; i++)
		CHECK_INT(bide_queue_put(relay->queue, &i), 0);
	return 0;
}

static int get_hundred(void *arg)
{
	struct relay *relay = arg;
	int value;

	for (int i = 1; i <= 100; i++) {
		CHECK_INT(bide_queue_get(relay->queue, &value), 0);
		relay->sum += value;
	}
	return 0;
}

LOOP_TEST(rendezvous, many_putters_and_getters_meet_until_all_are_through)
{
	struct relay relay = { new_rendezvous(), 0 };
	bide_task *tasks[20];

	for (int i = 0; i < 20; i++)
		tasks[i] = bide_spawn(i % 2 == 0 ? put_hundred : get_hundred, &relay);
	CHECK_INT(bide_gather(20, tasks, NULL), 0);
	CHECK_INT(relay.sum, 10 * 5050);
	bide_queue_free(relay.queue);
	return 0;
}
