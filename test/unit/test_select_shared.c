/* SPDX-License-Identifier: MIT */

/* test_select_shared.c - doing one of several things where other threads take part */
#include "shared_test.h"

/* ---- what is ready ---- */

/* Any thread can do this. */
static int choose_what_is_ready(void *arg)
{
	bide_queue *empty = new_shared(1);
	bide_queue *full = new_shared(1);
	struct choice choice;

	(void)arg;
	CHECK_INT(try_put(full, 5), 0);
	choice_init(&choice, BIDE_FOREVER);
	add_get(&choice, empty);
	add_put(&choice, full, 6);
	add_get(&choice, NULL);
	add_get(&choice, full);
	CHECK_INT(choose(&choice), 3);
	check_happened(&choice, 3, 0);
	CHECK_INT(choice.items[3], 5);

	CHECK_INT(try_put(full, 5), 0);
	choice_init(&choice, 0);
	add_put(&choice, full, 8);
	add_get(&choice, empty);
	add_put(&choice, empty, 7);
	CHECK_INT(choose(&choice), 2);
	check_happened(&choice, 2, 0);
	CHECK_INT(choose(&choice), 1);
	CHECK_INT(choice.items[1], 7);

	choice_init(&choice, 0);
	add_put(&choice, full, 8);
	add_get(&choice, empty);
	CHECK_INT(choose(&choice), -EAGAIN);
	check_happened(&choice, NO_CASE, 0);
	add(&choice, empty, 99, 1);
	CHECK_INT(choose(&choice), -EINVAL);

	bide_queue_shutdown(empty, false);
	choice_init(&choice, BIDE_FOREVER);
	add_put(&choice, full, 8);
	add_get(&choice, empty);
	CHECK_INT(choose(&choice), 1);
	check_happened(&choice, 1, -ESHUTDOWN);
	bide_queue_free(full);
	bide_queue_free(empty);
	return 0;
}

TEST(select_shared, needs_no_loop)
{
	CHECK_INT(choose_what_is_ready(NULL), 0);
}

LOOP_TEST(select_shared, is_for_tasks_too)
{
	return choose_what_is_ready(NULL);
}

/* ---- time ---- */

static int time_out(void *arg)
{
	bide_queue *queue = new_shared(1);
	bide_time limit = *(bide_time *)arg;
	struct choice choice;
	bide_time begin = bide_now();

	choice_init(&choice, limit);
	add_get(&choice, queue);
	add_get(&choice, NULL);
	CHECK_INT(choose(&choice), -ETIMEDOUT);
	check_happened(&choice, NO_CASE, 0);
	CHECK(bide_now() - begin >= limit);
	CHECK_INT(try_put(queue, 4), 0);
	CHECK_INT(choose(&choice), 0);
	CHECK_INT(choice.items[0], 4);
	bide_queue_free(queue);
	return 0;
}

TEST(select_shared, of_a_plain_thread_ends_when_its_time_is_over)
{
	bide_time limit = 2 * MS;

	CHECK_INT(time_out(&limit), 0);
}

LOOP_TEST(select_shared, of_a_task_ends_when_its_time_is_over)
{
	bide_time limit = 3 * U;

	CHECK_INT(time_out(&limit), 0);
	CHECK_INT(bide_now(), limit);
	return 0;
}

/* ---- one who waits ---- */

/* What a visitor is to choose from: it gets from one and puts into another. */
struct offer {
	bide_queue *from;       /* empty */
	bide_queue *to;         /* full */
	bide_queue *other;      /* empty; stands twice */
	struct choice choice;
	struct visitor visitor;
};

static void offer_begin(struct offer *offer, bide_thread *host)
{
	offer->from = new_shared(BIDE_QUEUE_RENDEZVOUS);
	offer->to = new_shared(1);
	offer->other = new_shared(0);
	CHECK_INT(try_put(offer->to, 0), 0);
	choice_init(&offer->choice, BIDE_FOREVER);
	add_get(&offer->choice, offer->from);
	add_put(&offer->choice, offer->to, 1);
	add_get(&offer->choice, NULL);
	add_get(&offer->choice, offer->other);
	add_get(&offer->choice, offer->other);
	visit_to_select(&offer->visitor, host, &offer->choice);
}

static void offer_free(struct offer *offer)
{
	bide_queue_free(offer->from);
	bide_queue_free(offer->to);
	bide_queue_free(offer->other);
}

/* Nothing is left of it in any of the queues, and none of them has changed but that one. */
static void offer_end(struct offer *offer, int happened, int result)
{
	CHECK_INT(visitor_end(&offer->visitor), happened);
	check_happened(&offer->choice, happened < 0 ? NO_CASE : (size_t)happened, result);
	CHECK_INT(try_put(offer->from, 9), result == -ESHUTDOWN ? -ESHUTDOWN : -EAGAIN);
	CHECK_INT(try_get(offer->to), happened == 1 ? 1 : 0);
	CHECK_INT(try_get(offer->to), -EAGAIN);
	CHECK_INT(try_get(offer->other), -EAGAIN);
	offer_free(offer);
}

static void check_offers(bide_thread *host)
{
	struct offer offer;

	/* A thread that only seems to wait would find the put ready, too. */
	offer_begin(&offer, host);
	CHECK_INT(put(offer.from, 5), 0);
	offer_end(&offer, 0, 0);
	CHECK_INT(offer.choice.items[0], 5);

	offer_begin(&offer, host);
	CHECK_INT(get(offer.to), 0);
	offer_end(&offer, 1, 0);

	offer_begin(&offer, host);
	bide_queue_shutdown(offer.from, false);
	offer_end(&offer, 0, -ESHUTDOWN);
}

TEST(select_shared, of_a_plain_thread_waits_until_one_case_can_be_done)
{
	check_offers(NULL);
}

TEST(select_shared, of_a_task_waits_until_one_case_can_be_done)
{
	bide_thread *host = start_host();
	struct offer offer;
	int r;

	check_offers(host);
	offer_begin(&offer, host);
	CHECK_INT(put(offer.other, 5), 0);
	r = bide_join(offer.visitor.task);
	CHECK(r == 3 || r == 4);
	check_happened(&offer.choice, (size_t)r, 0);
	CHECK_INT(offer.choice.items[r], 5);
	offer_free(&offer);
	end_host(host);
}

TEST(select_shared, is_left_by_who_is_cancelled)
{
	bide_thread *host = start_host();
	struct offer offer;

	offer_begin(&offer, host);
	CHECK_INT(bide_cancel(offer.visitor.task), 1);
	offer_end(&offer, -ECANCELED, 0);
	end_host(host);
}

/* It has got its item: a cancellation that comes later does not take that back. */
static int serve_and_cancel(void *arg)
{
	bide_queue *queue = new_shared(1);
	struct choice choice;
	bide_task *task;

	(void)arg;
	choice_init(&choice, BIDE_FOREVER);
	add_get(&choice, queue);
	add_get(&choice, queue);
	task = start_choice(&choice);
	CHECK_INT(try_put(queue, 3), 0);
	CHECK_INT(bide_queue_size(queue), 0);
	CHECK_INT(bide_cancel(task), 1);
	CHECK(bide_join(task) >= 0);
	CHECK_INT(choice.items[0] + choice.items[1], 3 + UNTOUCHED);
	CHECK_INT(choice.next, -ECANCELED);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(select_shared, that_was_served_is_not_taken_back)
{
	return serve_and_cancel(NULL);
}

#define MANY 40         /* cases; more than need no memory */

TEST(select_shared, waits_with_many_cases)
{
	bide_thread *hosts[2] = { NULL, start_host() };

	for (int k = 0; k < 2; k++) {
		bide_queue *queues[MANY];
		struct choice choice;
		struct visitor visitor;

		choice_init(&choice, BIDE_FOREVER);
		for (int i = 0; i < MANY; i++) {
			queues[i] = new_shared(1);
			add_get(&choice, queues[i]);
		}
		visit_to_select(&visitor, hosts[k], &choice);
		CHECK_INT(put(queues[29], 29), 0);
		CHECK_INT(visitor_end(&visitor), 29);
		check_happened(&choice, 29, 0);
		for (int i = 0; i < MANY; i++)
			bide_queue_free(queues[i]);
	}
	end_host(hosts[1]);
}

/* Those who asked for the same thing are served in the order in which they came. */
TEST(select_shared, stands_in_line_with_those_who_get)
{
	bide_thread *host = start_host();
	bide_queue *queue = new_shared(1);
	struct visitor getter, last_getter, chooser;
	struct choice choice;

	choice_init(&choice, BIDE_FOREVER);
	add_get(&choice, queue);
	visit_to_get(&getter, host, queue);
	visit_to_select(&chooser, host, &choice);
	visit_to_get(&last_getter, host, queue);
	for (int i = 0; i < 3; i++)
		CHECK_INT(put(queue, i), 0);
	CHECK_INT(visitor_end(&getter), 0);
	CHECK_INT(visitor_end(&chooser), 0);
	CHECK_INT(visitor_end(&last_getter), 0);
	CHECK_INT(getter.value, 0);
	CHECK_INT(choice.items[0], 1);
	CHECK_INT(last_getter.value, 2);
	bide_queue_free(queue);
	end_host(host);
}

/* ---- shared queues and the loop's own ---- */

struct mixed {
	bide_queue *shared;
	bide_queue *own;
	struct choice choice;
};

static void mixed_begin(struct mixed *mixed, bide_time timeout)
{
	mixed->shared = new_shared(1);
	mixed->own = new_queue(1);
	choice_init(&mixed->choice, timeout);
	add_get(&mixed->choice, mixed->own);
	add_get(&mixed->choice, mixed->shared);
}

static void mixed_end(struct mixed *mixed)
{
	CHECK_INT(try_get(mixed->own), -EAGAIN);
	CHECK_INT(try_get(mixed->shared), -EAGAIN);
	bide_queue_free(mixed->own);
	bide_queue_free(mixed->shared);
}

static void *put_eight(void *arg)
{
	CHECK_INT(put(arg, 8), 0);
	return NULL;
}

LOOP_TEST(select_shared, waits_for_its_loops_own_queues_as_well)
{
	struct mixed mixed;
	bide_task *task;

	mixed_begin(&mixed, BIDE_FOREVER);
	task = start_choice(&mixed.choice);
	CHECK_INT(try_put(mixed.own, 7), 0);
	/* It is decided, so what comes now is not for it. */
	CHECK_INT(try_put(mixed.shared, 6), 0);
	CHECK_INT(bide_join(task), 0);
	check_happened(&mixed.choice, 0, 0);
	CHECK_INT(mixed.choice.items[0], 7);
	CHECK_INT(try_get(mixed.shared), 6);
	mixed_end(&mixed);

	mixed_begin(&mixed, BIDE_FOREVER);
	task = start_choice(&mixed.choice);
	join_plain(start_plain(put_eight, mixed.shared));
	CHECK_INT(try_put(mixed.own, 7), 0);
	CHECK_INT(bide_join(task), 1);
	check_happened(&mixed.choice, 1, 0);
	CHECK_INT(mixed.choice.items[1], 8);
	CHECK_INT(try_get(mixed.own), 7);
	mixed_end(&mixed);

	mixed_begin(&mixed, 2 * U);
	CHECK_INT(choose(&mixed.choice), -ETIMEDOUT);
	CHECK_INT(case_now(), 2);
	mixed_end(&mixed);
	return 0;
}

/* A plain thread can look at any queue, but only wait in shared ones. */
TEST(select_shared, of_a_plain_thread_does_not_wait_in_a_loops_own_queue)
{
	struct mixed mixed;

	mixed_begin(&mixed, BIDE_FOREVER);
	CHECK_INT(choose(&mixed.choice), -EPERM);
	check_happened(&mixed.choice, NO_CASE, 0);
	CHECK_INT(try_put(mixed.own, 7), 0);
	CHECK_INT(choose(&mixed.choice), -EPERM);
	mixed.choice.timeout = 0;
	CHECK_INT(choose(&mixed.choice), 0);
	CHECK_INT(mixed.choice.items[0], 7);
	mixed_end(&mixed);
}

static int put_into_one(void *arg)
{
	struct choice *choice = arg;

	return choose(choice);
}

/* Two tasks of one loop that choose, in queues that are shared and that are not. */
LOOP_TEST(select_shared, meets_another_select_of_its_own_loop)
{
	for (int i = 0; i < 20; i++) {
		struct mixed mixed;
		struct choice other;
		bide_task *tasks[2];
		int results[2];

		mixed_begin(&mixed, BIDE_FOREVER);
		choice_init(&other, BIDE_FOREVER);
		add_put(&other, mixed.shared, 3);
		add_put(&other, mixed.own, 4);
		tasks[i % 2] = bide_spawn(put_into_one, &mixed.choice);
		tasks[1 - i % 2] = bide_spawn(put_into_one, &other);
		CHECK_INT(bide_gather(2, tasks, results), 0);
		CHECK_INT(results[i % 2] + results[1 - i % 2], 1);
		CHECK_INT(mixed.choice.items[results[i % 2]], 3 + results[1 - i % 2]);
		mixed_end(&mixed);
	}
	return 0;
}
