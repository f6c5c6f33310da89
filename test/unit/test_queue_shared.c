/* SPDX-License-Identifier: MIT */

/* test_queue_shared.c - shared queues: what loops and plain threads see of one another */
#include "shared_test.h"

/* Does something with a plain thread, and with a task of a loop elsewhere. */
#define EACH_KIND(host)                                                                            \
	for (bide_thread *all_[] = { NULL, start_host() }, **kind_ = all_, *host = NULL;           \
	     kind_ < all_ + 2 && (host = *kind_, true); end_kind(*kind_++))

static void end_kind(bide_thread *host)
{
	if (host != NULL)
		end_host(host);
}

/* ---- a queue like any other ---- */

TEST(queue_shared, refuses_items_of_no_size_and_more_than_memory)
{
	errno = 0;
	CHECK(bide_queue_new_shared(0, 1) == NULL);
	CHECK_INT(errno, EINVAL);
	errno = 0;
	CHECK(bide_queue_new_shared(SIZE_MAX - 7, 2) == NULL);
	CHECK_INT(errno, ENOMEM);
}

/* Neither of them has to wait, so any thread can do all of it. */
static int use_alone(void *arg)
{
	bide_queue *queue = new_shared(3);

	(void)arg;
	CHECK_INT(bide_queue_join(queue), 0);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	CHECK_INT(try_get(queue), -EAGAIN);
	for (int i = 0; i < 3; i++) {
		CHECK_INT((int)bide_queue_size(queue), i);
		CHECK(!bide_queue_full(queue));
		CHECK_INT(i == 1 ? try_put(queue, i) : put(queue, i), 0);
		CHECK(!bide_queue_empty(queue));
	}
	CHECK(bide_queue_full(queue));
	CHECK_INT(try_put(queue, 3), -EAGAIN);
	CHECK_INT(get(queue), 0);
	CHECK_INT(try_get(queue), 1);
	CHECK_INT(bide_queue_get(queue, NULL), 0);
	CHECK(bide_queue_empty(queue));
	for (int i = 0; i < 3; i++)
		CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	CHECK_INT(bide_queue_join(queue), 0);
	CHECK_INT(put(queue, 4), 0);
	bide_queue_shutdown(queue, false);
	CHECK_INT(put(queue, 5), -ESHUTDOWN);
	CHECK_INT(try_put(queue, 5), -ESHUTDOWN);
	CHECK_INT(get(queue), 4);
	CHECK_INT(get(queue), -ESHUTDOWN);
	CHECK_INT(try_get(queue), -ESHUTDOWN);
	bide_queue_shutdown(queue, true);
	bide_queue_free(queue);
	return 0;
}

TEST(queue_shared, needs_no_loop)
{
	CHECK_INT(use_alone(NULL), 0);
}

LOOP_TEST(queue_shared, is_for_tasks_too)
{
	return use_alone(NULL);
}

TEST(queue_shared, of_no_limit_grows)
{
	bide_queue *queue = new_shared(0);

	for (int i = 0; i < 10000; i++)
		CHECK_INT(put(queue, i), 0);
	CHECK(!bide_queue_full(queue));
	for (int i = 0; i < 5000; i++)
		CHECK_INT(get(queue), i);
	bide_queue_free(queue);
}

struct large {
	char bytes[5000];
};

static void *put_large(void *arg)
{
	struct large large;

	memset(&large, 0x5a, sizeof large);
	for (int i = 0; i < 3; i++)
		CHECK_INT(bide_queue_put(arg, &large), 0);
	return NULL;
}

static void check_large(size_t maxsize)
{
	bide_queue *queue = bide_queue_new_shared(sizeof(struct large), maxsize);
	pthread_t thread = start_plain(put_large, queue);
	struct large got;

	for (int i = 0; i < 3; i++) {
		memset(&got, 0, sizeof got);
		CHECK_INT(bide_queue_get(queue, &got), 0);
		for (size_t k = 0; k < sizeof got; k++)
			CHECK_INT(got.bytes[k], 0x5a);
	}
	join_plain(thread);
	bide_queue_free(queue);
}

TEST(queue_shared, copies_items_of_any_size)
{
	bide_queue *queue = bide_queue_new_shared(1, 2);
	char byte = 'b';

	CHECK_INT(bide_queue_put(queue, "a"), 0);
	CHECK_INT(bide_queue_put(queue, &byte), 0);
	CHECK_INT(bide_queue_get(queue, &byte), 0);
	CHECK_INT(byte, 'a');
	bide_queue_free(queue);
	check_large(0);
	check_large(1);
	check_large(BIDE_QUEUE_RENDEZVOUS);
}

/* ---- one who waits ---- */

TEST(queue_shared, that_is_empty_holds_a_getter_until_something_is_put)
{
	EACH_KIND(host)
	{
		for (int i = 0; i < 3; i++) {
			bide_queue *queue = new_shared(i == 2 ? BIDE_QUEUE_RENDEZVOUS : (size_t)i);
			struct visitor getter;

			visit_to_get(&getter, host, queue);
			CHECK_INT(i == 0 ? put(queue, 5) : try_put(queue, 5), 0);
			CHECK_INT(visitor_end(&getter), 0);
			CHECK_INT(getter.value, 5);
			CHECK(bide_queue_empty(queue));
			bide_queue_free(queue);
		}
	}
}

TEST(queue_shared, that_is_full_holds_a_putter_until_something_is_got)
{
	EACH_KIND(host)
	{
		bide_queue *queue = new_shared(2);
		struct visitor putter;

		CHECK_INT(put(queue, 1), 0);
		CHECK_INT(put(queue, 2), 0);
		visit_to_put(&putter, host, queue, 3);
		CHECK_INT(get(queue), 1);
		CHECK_INT(visitor_end(&putter), 0);
		CHECK(bide_queue_full(queue));
		CHECK_INT(get(queue), 2);
		CHECK_INT(get(queue), 3);
		bide_queue_free(queue);
	}
}

TEST(queue_shared, of_rendezvous_holds_a_putter_until_its_item_is_taken)
{
	EACH_KIND(host)
	{
		bide_queue *queue = new_shared(BIDE_QUEUE_RENDEZVOUS);
		struct visitor putter;

		for (int i = 0; i < 2; i++) {
			visit_to_put(&putter, host, queue, 7 + i);
			CHECK(bide_queue_empty(queue) && bide_queue_full(queue));
			/* A thread that is not known to sleep yet may not have come so far. */
			CHECK_INT(get(queue), 7 + i);
			CHECK_INT(visitor_end(&putter), 0);
			CHECK_INT(try_get(queue), -EAGAIN);
		}
		bide_queue_free(queue);
	}
}

TEST(queue_shared, holds_who_joins_until_all_is_done)
{
	EACH_KIND(host)
	{
		bide_queue *queue = new_shared(0);
		struct visitor joiner;

		CHECK_INT(put(queue, 1), 0);
		CHECK_INT(put(queue, 2), 0);
		visit_to_join(&joiner, host, queue);
		CHECK_INT(get(queue), 1);
		CHECK_INT(bide_queue_task_done(queue), 0);
		CHECK_INT(get(queue), 2);
		if (host != NULL)
			CHECK(!bide_done(joiner.task));
		CHECK_INT(bide_queue_task_done(queue), 0);
		CHECK_INT(visitor_end(&joiner), 0);
		bide_queue_free(queue);
	}
}

/* A loop goes on while one of its tasks waits. */
static int count_rounds(void *arg)
{
	bide_queue *queue = arg;
	bide_task *task;
	struct visitor getter;

	visitor_init(&getter, visit_get, queue);
	task = bide_spawn(visitor_act, &getter);
	for (int i = 0; i < 100; i++)
		CHECK_INT(bide_yield(), 0);
	CHECK(!bide_done(task));
	CHECK_INT(try_put(queue, 1), 0);
	CHECK(!bide_done(task));
	return bide_join(task);
}

TEST(queue_shared, suspends_a_task_and_no_other)
{
	bide_queue *queue = new_shared(1);

	CHECK_INT(bide_run(count_rounds, queue), 0);
	bide_queue_free(queue);
}

/* ---- first come, first served ---- */

#define LINE 6

/* Getters of two loops and plain threads, in turn. */
TEST(queue_shared, serves_getters_in_the_order_in_which_they_came)
{
	bide_queue *queue = new_shared(0);
	bide_thread *hosts[3] = { start_host(), start_host(), NULL };
	struct visitor getters[LINE];

	for (int i = 0; i < LINE; i++)
		visit_to_get(&getters[i], hosts[i % 3], queue);
	for (int i = 0; i < LINE; i++)
		CHECK_INT(try_put(queue, i), 0);
	for (int i = 0; i < LINE; i++) {
		CHECK_INT(visitor_end(&getters[i]), 0);
		if (getenv("BIDE_TEST_SLOW") == NULL)
			CHECK_INT(getters[i].value, i);
	}
	end_host(hosts[0]);
	end_host(hosts[1]);
	bide_queue_free(queue);
}

TEST(queue_shared, serves_putters_in_the_order_in_which_they_came)
{
	for (int k = 0; k < 2; k++) {
		bide_queue *queue = new_shared(k == 0 ? 1 : BIDE_QUEUE_RENDEZVOUS);
		bide_thread *hosts[2] = { start_host(), start_host() };
		struct visitor putters[LINE];

		if (k == 0)
			CHECK_INT(put(queue, -1), 0);
		for (int i = 0; i < LINE; i++)
			visit_to_put(&putters[i], hosts[i % 2], queue, i);
		for (int i = k - 1; i < LINE; i++)
			CHECK_INT(get(queue), i);
		for (int i = 0; i < LINE; i++)
			CHECK_INT(visitor_end(&putters[i]), 0);
		end_host(hosts[0]);
		end_host(hosts[1]);
		bide_queue_free(queue);
	}
}

/* The item is the getter's that waits, though it has not run yet. */
static int put_and_try_to_overtake(void *arg)
{
	struct visitor getter;
	bide_task *task;

	visitor_init(&getter, visit_get, arg);
	task = start(visitor_act, &getter);
	CHECK_INT(try_put(arg, 1), 0);
	CHECK_INT(try_get(arg), -EAGAIN);
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(getter.value, 1);
	CHECK_INT(getter.next, -ECANCELED);
	return 0;
}

TEST(queue_shared, gives_an_item_to_who_waits_and_does_not_take_it_back)
{
	bide_queue *queue = new_shared(1);

	CHECK_INT(bide_run(put_and_try_to_overtake, queue), 0);
	bide_queue_free(queue);
}

/* ---- cancellation ---- */

TEST(queue_shared, is_left_by_who_is_cancelled)
{
	bide_queue *queue = new_shared(1);
	bide_thread *host = start_host();
	struct visitor getters[3], putters[3], joiner;

	for (int i = 0; i < 3; i++)
		visit_to_get(&getters[i], host, queue);
	CHECK_INT(bide_cancel(getters[1].task), 1);
	CHECK_INT(visitor_end(&getters[1]), -ECANCELED);
	CHECK_INT(getters[1].value, UNTOUCHED);
	for (int i = 0; i < 2; i++)
		CHECK_INT(put(queue, i), 0);
	CHECK_INT(visitor_end(&getters[0]), 0);
	CHECK_INT(visitor_end(&getters[2]), 0);
	CHECK_INT(getters[2].value, 1);

	CHECK_INT(put(queue, 5), 0);
	for (int i = 0; i < 3; i++)
		visit_to_put(&putters[i], host, queue, 6 + i);
	visit_to_join(&joiner, host, queue);
	CHECK_INT(bide_cancel(joiner.task), 1);
	CHECK_INT(visitor_end(&joiner), -ECANCELED);
	CHECK_INT(bide_cancel(putters[0].task), 1);
	CHECK_INT(visitor_end(&putters[0]), -ECANCELED);
	CHECK_INT(get(queue), 5);
	CHECK_INT(get(queue), 7);
	CHECK_INT(get(queue), 8);
	CHECK_INT(visitor_end(&putters[1]), 0);
	CHECK_INT(visitor_end(&putters[2]), 0);
	end_host(host);
	bide_queue_free(queue);
}

static int get_in_time(void *arg)
{
	return get(arg);
}

static int put_in_time(void *arg)
{
	return put(arg, 9);
}

LOOP_TEST(queue_shared, is_left_by_whose_time_is_over)
{
	bide_queue *queue = new_shared(1);

	CHECK_INT(bide_timeout(2 * U, get_in_time, queue), -ETIMEDOUT);
	CHECK_INT(case_now(), 2);
	CHECK_INT(put(queue, 1), 0);
	CHECK_INT(bide_timeout(2 * U, put_in_time, queue), -ETIMEDOUT);
	CHECK_INT(case_now(), 4);
	CHECK_INT(bide_timeout(2 * U, get_in_time, queue), 1);
	CHECK_INT(try_get(queue), -EAGAIN);
	bide_queue_free(queue);
	return 0;
}

static int cancel_and_use(void *arg)
{
	CHECK_INT(bide_cancel(bide_self()), 1);
	CHECK_INT(get(arg), -ECANCELED);
	CHECK_INT(put(arg, 2), -ECANCELED);
	CHECK_INT(bide_queue_join(arg), -ECANCELED);
	CHECK_INT(try_get(arg), 1);
	CHECK_INT(try_put(arg, 2), 0);
	return 0;
}

LOOP_TEST(queue_shared, is_not_touched_by_a_call_of_a_cancelled_task_that_may_suspend)
{
	bide_queue *queue = new_shared(2);

	CHECK_INT(put(queue, 1), 0);
	CHECK_INT(bide_join(bide_spawn(cancel_and_use, queue)), 0);
	CHECK_INT(get(queue), 2);
	bide_queue_free(queue);
	return 0;
}
