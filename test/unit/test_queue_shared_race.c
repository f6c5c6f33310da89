/* SPDX-License-Identifier: MIT */

/*
 * test_queue_shared_race.c - who puts, who gets, and who is cancelled at the same time
 *
 * Nothing that a test looks at depends on who is first: each item must come out once,
 * and what one of them put in the order in which it did.
 */
#include "shared_test.h"

/* ---- many who put and get ---- */

#define PRODUCERS 4
#define CONSUMERS 4
#define ITEMS test_many(2000)           /* of each producer */

struct market {
	bide_queue *queue;
	atomic_int got_count;
	bool uses_try;          /* where that needs no waiting */
};

struct trader {
	struct market *market;
	int number;
	int last[PRODUCERS];    /* the newest item of each producer that this one got */
};

static int produce(void *arg)
{
	struct trader *trader = arg;
	bide_queue *queue = trader->market->queue;

	for (int i = 0; i < ITEMS; i++) {
		int item = i * PRODUCERS + trader->number;

		if (trader->market->uses_try && bide_queue_try_put(queue, &item) == 0)
			continue;
		CHECK_INT(bide_queue_put(queue, &item), 0);
	}
	return 0;
}

static int consume(void *arg)
{
	struct trader *trader = arg;
	struct market *market = trader->market;
	int item, r;

	for (int i = 0; i < PRODUCERS; i++)
		trader->last[i] = -1;
	for (;;) {
		r = market->uses_try ? bide_queue_try_get(market->queue, &item) : -EAGAIN;
		if (r == -EAGAIN)
			r = bide_queue_get(market->queue, &item);
		if (r < 0)
			return r;
		CHECK(item / PRODUCERS > trader->last[item % PRODUCERS]);
		trader->last[item % PRODUCERS] = item / PRODUCERS;
		atomic_fetch_add(&market->got_count, 1);
		CHECK_INT(bide_queue_task_done(market->queue), 0);
	}
}

static void *produce_plainly(void *arg)
{
	produce(arg);
	return NULL;
}

static void *consume_plainly(void *arg)
{
	CHECK_INT(consume(arg), -ESHUTDOWN);
	return NULL;
}

/* Half of either kind are plain threads, the others tasks of two loops. */
static void trade(size_t maxsize, bool uses_try)
{
	struct market market = { .queue = new_shared(maxsize), .uses_try = uses_try };
	struct trader producers[PRODUCERS], consumers[CONSUMERS];
	bide_thread *hosts[2] = { start_host(), start_host() };
	bide_task *tasks[2][2];
	pthread_t threads[2][2];

	for (int i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct trader){ .market = &market, .number = i };
		consumers[i] = producers[i];
	}
	for (int i = 0; i < 2; i++) {
		bide_loop *loop = bide_thread_loop(hosts[i]);

		tasks[0][i] = spawn_on(loop, produce, &producers[i]);
		tasks[1][i] = spawn_on(loop, consume, &consumers[i]);
		threads[0][i] = start_plain(produce_plainly, &producers[2 + i]);
		threads[1][i] = start_plain(consume_plainly, &consumers[2 + i]);
	}
	for (int i = 0; i < 2; i++) {
		CHECK_INT(bide_join(tasks[0][i]), 0);
		join_plain(threads[0][i]);
	}
	CHECK_INT(bide_queue_join(market.queue), 0);
	CHECK_INT(atomic_load(&market.got_count), ITEMS * PRODUCERS);
	bide_queue_shutdown(market.queue, false);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(bide_join(tasks[1][i]), -ESHUTDOWN);
		join_plain(threads[1][i]);
		end_host(hosts[i]);
	}
	CHECK_INT(bide_queue_task_done(market.queue), -EINVAL);
	bide_queue_free(market.queue);
}

TEST(queue_shared_race, gives_each_item_once_and_in_order_without_a_limit)
{
	trade(0, false);
}

TEST(queue_shared_race, gives_each_item_once_and_in_order_with_a_limit_of_1)
{
	trade(1, false);
}

TEST(queue_shared_race, gives_each_item_once_and_in_order_with_a_limit_of_3)
{
	trade(3, false);
	trade(3, true);
}

TEST(queue_shared_race, gives_each_item_once_and_in_order_at_a_rendezvous)
{
	trade(BIDE_QUEUE_RENDEZVOUS, false);
	trade(BIDE_QUEUE_RENDEZVOUS, true);
}

/* ---- against cancellation ---- */

#define ROUNDS test_many(2000)

static void put_round(void *arg, int round)
{
	CHECK_INT(put(arg, round), 0);
}

/* Either the getter has the item, or the queue has it still. */
static void cancel_getter(bide_thread *host, struct partner *putter, bide_queue *queue, int round)
{
	struct visitor getter;
	int r;

	visitor_init(&getter, visit_get, queue);
	visitor_start(&getter, host);
	if (round % 2)
		MEET(&getter.is_here);
	partner_go(putter, round);
	bide_cancel(getter.task);
	r = visitor_end(&getter);
	CHECK(r == 0 || r == -ECANCELED);
	CHECK_INT(getter.value, r == 0 ? round : UNTOUCHED);
	if (r < 0)
		CHECK_INT(get(queue), round);
	partner_wait(putter);
	CHECK_INT(try_get(queue), -EAGAIN);
}

static void check_getters(size_t maxsize)
{
	bide_queue *queue = new_shared(maxsize);
	bide_thread *host = start_host();
	struct partner putter;

	partner_begin(&putter, put_round, queue);
	for (int round = 0; round < ROUNDS; round++)
		cancel_getter(host, &putter, queue, round);
	partner_end(&putter);
	end_host(host);
	bide_queue_free(queue);
}

TEST(queue_shared_race, loses_no_item_where_the_getter_is_cancelled)
{
	check_getters(1);
}

TEST(queue_shared_race, loses_no_item_where_the_getter_is_cancelled_at_a_rendezvous)
{
	check_getters(BIDE_QUEUE_RENDEZVOUS);
}

static int got[2];

static void get_round(void *arg, int round)
{
	got[round % 2] = get(arg);
}

/*
 * The queue holds an item, which the partner gets; the putter has put its own, or has
 * not. At a rendezvous it has done so just where the partner got it.
 */
static void cancel_putter(bide_thread *host, struct partner *getter, bide_queue *queue, int round)
{
	bool is_rendezvous = !bide_queue_full(queue) || bide_queue_empty(queue);
	struct visitor putter;
	int r;

	visitor_init(&putter, visit_put, queue);
	putter.value = round;
	visitor_start(&putter, host);
	if (round % 3)
		MEET(&putter.is_here);
	partner_go(getter, round);
	bide_cancel(putter.task);
	r = visitor_end(&putter);
	CHECK(r == 0 || r == -ECANCELED);
	if (is_rendezvous && r < 0)
		CHECK_INT(put(queue, round), 0);
	partner_wait(getter);
	if (is_rendezvous) {
		CHECK_INT(got[round % 2], round);
		CHECK_INT(try_get(queue), -EAGAIN);
		return;
	}
	CHECK_INT(got[round % 2], -1);
	CHECK_INT(try_get(queue), r == 0 ? round : -EAGAIN);
	CHECK_INT(put(queue, -1), 0);
}

static void check_putters(size_t maxsize)
{
	bide_queue *queue = new_shared(maxsize);
	bide_thread *host = start_host();
	struct partner getter;

	if (maxsize == 1)
		CHECK_INT(put(queue, -1), 0);
	partner_begin(&getter, get_round, queue);
	for (int round = 0; round < ROUNDS; round++)
		cancel_putter(host, &getter, queue, round);
	partner_end(&getter);
	end_host(host);
	bide_queue_free(queue);
}

TEST(queue_shared_race, puts_once_or_not_at_all_where_the_putter_is_cancelled)
{
	check_putters(1);
}

TEST(queue_shared_race, puts_once_or_not_at_all_where_the_putter_is_cancelled_at_a_rendezvous)
{
	check_putters(BIDE_QUEUE_RENDEZVOUS);
}

static void done_round(void *arg, int round)
{
	(void)round;
	CHECK_INT(bide_queue_task_done(arg), 0);
}

TEST(queue_shared_race, ends_a_join_once_where_it_is_cancelled)
{
	bide_queue *queue = new_shared(1);
	bide_thread *host = start_host();
	struct partner worker;

	partner_begin(&worker, done_round, queue);
	for (int round = 0; round < ROUNDS; round++) {
		struct visitor joiner;
		int r;

		CHECK_INT(put(queue, round), 0);
		CHECK_INT(get(queue), round);
		visitor_init(&joiner, visit_join, queue);
		visitor_start(&joiner, host);
		partner_go(&worker, round);
		bide_cancel(joiner.task);
		r = visitor_end(&joiner);
		CHECK(r == 0 || r == -ECANCELED);
		CHECK_INT(bide_queue_join(queue), 0);
		partner_wait(&worker);
	}
	partner_end(&worker);
	end_host(host);
	bide_queue_free(queue);
}

/* ---- against a shutdown ---- */

static void shut_down(void *arg, int round)
{
	bide_queue **queue = arg;

	bide_queue_shutdown(*queue, round % 2);
}

/* What the putter put was got, or is there still, or was dropped. */
static void shut_down_under(bide_thread *host, struct partner *closer, bide_queue **queue,
                            int round)
{
	struct visitor putter, getter;
	int put_result, got_result;

	*queue = new_shared(round % 3 == 0 ? BIDE_QUEUE_RENDEZVOUS : 1);
	visitor_init(&putter, visit_put, *queue);
	putter.value = 7;
	visitor_init(&getter, visit_get, *queue);
	visitor_start(&getter, host);
	visitor_start(&putter, host);
	partner_go(closer, round);
	put_result = visitor_end(&putter);
	got_result = visitor_end(&getter);
	partner_wait(closer);
	CHECK(put_result == 0 || put_result == -ESHUTDOWN);
	CHECK(got_result == 0 || got_result == -ESHUTDOWN);
	CHECK(got_result < 0 || (put_result == 0 && getter.value == 7));
	/* The getter came first: whatever was put after is its own. */
	CHECK_INT(got_result, put_result);
	CHECK_INT(get(*queue), -ESHUTDOWN);
	bide_queue_free(*queue);
}

TEST(queue_shared_race, tells_both_sides_the_same_where_it_is_shut_down)
{
	static bide_queue *queue;
	bide_thread *host = start_host();
	struct partner closer;

	partner_begin(&closer, shut_down, &queue);
	for (int round = 0; round < ROUNDS; round++)
		shut_down_under(host, &closer, &queue, round);
	partner_end(&closer);
	end_host(host);
}
