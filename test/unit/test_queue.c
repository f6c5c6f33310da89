/* SPDX-License-Identifier: MIT */

/* test_queue.c - what the cases of the semantics leave of queues between tasks */
#include "queue_test.h"

#include <string.h>

/* ---- items ---- */

#define SIZE_MAX_TESTED 5000
#define ROWS 7

static int compare_first_bytes(const void *a, const void *b)
{
	return *(const unsigned char *)a - *(const unsigned char *)b;
}

static bide_queue *new_of_kind(int kind, size_t item_size, size_t maxsize)
{
	bide_queue *queue;

	if (kind == 0)
		queue = bide_queue_new(item_size, maxsize);
	else if (kind == 1)
		queue = bide_queue_new_lifo(item_size, maxsize);
	else
		queue = bide_queue_new_priority(item_size, maxsize, compare_first_bytes);
	CHECK(queue != NULL);
	return queue;
}

/* Row n of the items, and a byte behind it that is none of it. */
static const unsigned char *fill_row(unsigned char *row, size_t size, int n)
{
	memset(row, 0xee, size + 1);
	for (size_t i = 0; i < size; i++)
		row[i] = (unsigned char)(n + (int)i * 31);
	return row;
}

static void check_row(bide_queue *queue, size_t size, int n)
{
	static unsigned char expected[SIZE_MAX_TESTED + 1];
	static unsigned char got[SIZE_MAX_TESTED + 1];

	memset(got, 0xee, sizeof got);
	CHECK_INT(bide_queue_get(queue, got), 0);
	if (memcmp(got, fill_row(expected, size, n), size + 1) != 0)
		test_fail(__FILE__, __LINE__, "item %d of %zu bytes came out changed", n, size);
}

static void check_sizes_of_kind(int kind)
{
	static const size_t sizes[] = { 1, 3, 4, 8, 16, 24, 100, SIZE_MAX_TESTED };
	static unsigned char row[SIZE_MAX_TESTED + 1];

	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		bide_queue *queue = new_of_kind(kind, sizes[s], 0);

		for (int n = ROWS - 1; n >= 0; n--)
			CHECK_INT(bide_queue_put(queue, fill_row(row, sizes[s], n)), 0);
		memset(row, 0, sizeof row);
		for (int n = 0; n < ROWS; n++)
			check_row(queue, sizes[s], kind == 0 ? ROWS - 1 - n : n);
		CHECK(bide_queue_empty(queue));
		bide_queue_free(queue);
	}
}

LOOP_TEST(queue, carries_items_of_every_size_unchanged_in_every_order)
{
	for (int kind = 0; kind < 3; kind++)
		check_sizes_of_kind(kind);
	return 0;
}

struct big {
	bide_queue *queue;
	unsigned char bytes[1001];
};

static int put_big(void *arg)
{
	struct big *big = arg;
	int r = bide_queue_put(big->queue, big->bytes);

	memset(big->bytes, 0, sizeof big->bytes);
	return r;
}

static int get_big(void *arg)
{
	struct big *big = arg;

	return bide_queue_get(big->queue, big->bytes);
}

/* Through a putter that waits, through a getter that waits, and past both. */
LOOP_TEST(queue, hands_items_over_unchanged_without_storing_them)
{
	static const size_t limits[] = { 1, BIDE_QUEUE_RENDEZVOUS };
	unsigned char row[1001];

	for (int i = 0; i < 2; i++) {
		bide_queue *queue = bide_queue_new(1000, limits[i]);
		struct big in = { .queue = queue };
		struct big out = { .queue = queue };
		bide_task *task;

		if (i == 0)
			CHECK_INT(bide_queue_put(queue, fill_row(row, 1000, 1)), 0);
		fill_row(in.bytes, 1000, 2);
		task = bide_spawn(put_big, &in);
		bide_yield();
		if (i == 0)
			check_row(queue, 1000, 1);
		check_row(queue, 1000, 2);
		CHECK_INT(bide_join(task), 0);

		fill_row(out.bytes, 1000, 0);
		task = bide_spawn(get_big, &out);
		bide_yield();
		CHECK_INT(bide_queue_put(queue, fill_row(row, 1000, 3)), 0);
		memset(row, 0, sizeof row);
		CHECK_INT(bide_join(task), 0);
		CHECK(memcmp(out.bytes, fill_row(row, 1000, 3), sizeof row) == 0);
		bide_queue_free(queue);
	}
	return 0;
}

static int misaligned_count;

static int compare_words(const void *a, const void *b)
{
	const uint64_t *one = a, *two = b;

	misaligned_count += (uintptr_t)a % 16 != 0 || (uintptr_t)b % 16 != 0;
	return *one < *two ? -1 : *one > *two;
}

LOOP_TEST(queue, shows_cmp_items_that_are_aligned_for_their_size)
{
	bide_queue *queue = bide_queue_new_priority(16, 0, compare_words);
	_Alignas(16) uint64_t item[2] = { 0, 0 };

	misaligned_count = 0;
	for (item[0] = 100; item[0] > 0; item[0]--)
		CHECK_INT(bide_queue_put(queue, item), 0);
	for (uint64_t i = 1; i <= 100; i++) {
		CHECK_INT(bide_queue_get(queue, item), 0);
		CHECK_INT(item[0], i);
	}
	CHECK_INT(misaligned_count, 0);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(queue, get_to_null_takes_the_item_and_drops_it)
{
	bide_queue *queue = new_queue(1);
	struct call second = { queue, 2, UNTOUCHED };
	bide_task *task;

	CHECK_INT(put(queue, 1), 0);
	task = start(call_put, &second);
	CHECK_INT(bide_queue_get(queue, NULL), 0);
	CHECK_INT(bide_queue_size(queue), 1);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(bide_queue_try_get(queue, NULL), 0);
	CHECK_INT(bide_queue_try_get(queue, NULL), -EAGAIN);
	bide_queue_free(queue);
	return 0;
}

static int get_to_null(void *queue)
{
	return bide_queue_get(queue, NULL);
}

LOOP_TEST(queue, a_getter_that_waits_may_drop_its_item_too)
{
	bide_queue *queue = new_queue(BIDE_QUEUE_RENDEZVOUS);
	bide_task *task = bide_spawn(get_to_null, queue);

	bide_yield();
	CHECK_INT(try_put(queue, 1), 0);
	CHECK_INT(bide_join(task), 0);
	bide_queue_free(queue);
	return 0;
}

/* ---- storage ---- */

/* Three in, one out, so that the ends of the storage wander while it grows. */
LOOP_TEST(queue, grows_to_a_hundred_thousand_items_in_order)
{
	const int count = 100000;
	bide_queue *queue = new_queue(0);
	int next_out = 0;
	int next_in = 0;

	while (next_in - next_out < count) {
		for (int i = 0; i < 3; i++)
			CHECK_INT(put(queue, next_in++), 0);
		CHECK_INT(try_get(queue), next_out++);
		CHECK(!bide_queue_full(queue));
	}
	CHECK_INT(bide_queue_size(queue), next_in - next_out);
	while (next_out < next_in)
		CHECK_INT(try_get(queue), next_out++);
	CHECK_INT(try_get(queue), -EAGAIN);
	CHECK(bide_queue_empty(queue));
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(queue, a_lifo_grows_to_a_hundred_thousand_items_in_order)
{
	const int count = 100000;
	bide_queue *queue = bide_queue_new_lifo(sizeof(int), 0);

	for (int i = 0; i < count; i++)
		CHECK_INT(put(queue, i), 0);
	CHECK_INT(bide_queue_size(queue), count);
	for (int i = count - 1; i >= 0; i--)
		CHECK_INT(try_get(queue), i);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(queue, a_bounded_one_wraps_around_at_every_fill)
{
	for (int maxsize = 1; maxsize <= 9; maxsize++) {
		bide_queue *queue = new_queue((size_t)maxsize);
		int next_in = 0;
		int next_out = 0;

		for (int step = 0; step < 500; step++) {
			int fill = step * 7 % (maxsize + 1);

			while (next_in - next_out < fill)
				CHECK_INT(try_put(queue, next_in++), 0);
			CHECK_INT(bide_queue_full(queue), next_in - next_out == maxsize);
			while (next_in - next_out > fill)
				CHECK_INT(try_get(queue), next_out++);
			CHECK_INT(bide_queue_size(queue), fill);
		}
		bide_queue_free(queue);
	}
	return 0;
}

struct ranked {
	int rank;
	int number;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *one = a, *two = b;

	return one->rank - two->rank;
}

#define RANKED_COUNT 10000

LOOP_TEST(queue, a_priority_queue_is_stable_among_equals)
{
	bide_queue *queue = bide_queue_new_priority(sizeof(struct ranked), 0, compare_ranked);
	struct ranked item = { 0, 0 };
	struct ranked last = { -1, 0 };
	uint32_t random = 1;

	for (item.number = 0; item.number < RANKED_COUNT; item.number++) {
		random = random * 1664525u + 1013904223u;
		item.rank = (int)(random >> 16) % 50;
		CHECK_INT(bide_queue_put(queue, &item), 0);
	}
	for (int i = 0; i < RANKED_COUNT; i++) {
		CHECK_INT(bide_queue_get(queue, &item), 0);
		CHECK(item.rank > last.rank ||
		      (item.rank == last.rank && item.number > last.number));
		last = item;
	}
	CHECK(bide_queue_empty(queue));
	bide_queue_free(queue);
	return 0;
}

/* The order among equals outlives gets in between. */
LOOP_TEST(queue, a_priority_queue_of_equals_is_a_fifo)
{
	bide_queue *queue = bide_queue_new_priority(sizeof(struct ranked), 0, compare_ranked);
	struct ranked item = { 7, 0 };
	struct ranked got;
	int next_out = 0;

	for (item.number = 0; item.number < 3000; item.number++) {
		CHECK_INT(bide_queue_put(queue, &item), 0);
		if (item.number % 3 == 2)
			continue;
		CHECK_INT(bide_queue_get(queue, &got), 0);
		CHECK_INT(got.number, next_out++);
	}
	while (bide_queue_try_get(queue, &got) == 0)
		CHECK_INT(got.number, next_out++);
	CHECK_INT(next_out, 3000);
	bide_queue_free(queue);
	return 0;
}

/* ---- join ---- */

LOOP_TEST(queue, an_item_may_be_told_done_before_it_is_got)
{
	bide_queue *queue = new_queue(0);

	CHECK_INT(put(queue, 1), 0);
	CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(bide_queue_join(queue), 0);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	CHECK_INT(try_get(queue), 1);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(queue, what_is_dropped_but_was_told_done_already_counts_once)
{
	bide_queue *queue = new_queue(0);

	CHECK_INT(put(queue, 1), 0);
	CHECK_INT(put(queue, 2), 0);
	CHECK_INT(bide_queue_task_done(queue), 0);
	bide_queue_shutdown(queue, true);
	CHECK_INT(bide_queue_join(queue), 0);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(queue, join_goes_on_when_the_last_items_are_dropped_at_once)
{
	bide_queue *queue = new_queue(0);
	struct call call = { queue, 0, UNTOUCHED };
	bide_task *task;

	for (int i = 0; i < 5; i++)
		CHECK_INT(put(queue, i), 0);
	task = start(call_join, &call);
	bide_queue_shutdown(queue, true);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(queue, join_goes_on_although_more_was_put_since)
{
	bide_queue *queue = new_queue(0);
	struct call call = { queue, 0, UNTOUCHED };
	bide_task *task;

	CHECK_INT(put(queue, 1), 0);
	task = start(call_join, &call);
	CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(put(queue, 2), 0);
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(call.next, -ECANCELED);
	task = start(call_join, &call);
	CHECK(!bide_done(task));
	CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(bide_join(task), 0);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(queue, a_cancelled_join_leaves_the_count_alone)
{
	bide_queue *queue = new_queue(0);
	struct call call = { queue, 0, UNTOUCHED };
	bide_task *task;

	CHECK_INT(put(queue, 1), 0);
	task = start(call_join, &call);
	bide_cancel(task);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	bide_queue_free(queue);
	return 0;
}

/* A put that failed owes nothing; one whose item was handed over counts. */
LOOP_TEST(queue, join_counts_what_went_in_and_nothing_else)
{
	bide_queue *queue = new_queue(BIDE_QUEUE_RENDEZVOUS);
	struct call out = { queue, 0, UNTOUCHED };
	struct call in = { queue, 5, UNTOUCHED };
	bide_task *task;

	CHECK_INT(try_put(queue, 1), -EAGAIN);
	task = start(call_put, &in);
	CHECK_INT(bide_queue_join(queue), 0);
	bide_cancel(task);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);

	task = start(call_get, &out);
	CHECK_INT(put(queue, 1), 0);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	bide_queue_free(queue);
	return 0;
}

/* ---- shutdown ---- */

LOOP_TEST(queue, a_shutdown_leaves_those_alone_who_were_served)
{
	bide_queue *queue = new_queue(1);
	struct call out = { queue, 0, UNTOUCHED };
	struct call in = { queue, 3, UNTOUCHED };
	bide_task *getter = start(call_get, &out);
	bide_task *putter;

	CHECK_INT(put(queue, 1), 0);
	CHECK_INT(put(queue, 2), 0);
	putter = start(call_put, &in);
	CHECK_INT(try_get(queue), 2);
	bide_queue_shutdown(queue, true);
	CHECK_INT(bide_join(getter), 0);
	CHECK_INT(out.value, 1);
	CHECK_INT(bide_join(putter), 0);
	CHECK_INT(try_get(queue), -ESHUTDOWN);
	bide_queue_free(queue);
	return 0;
}

LOOP_TEST(queue, shutdown_may_be_repeated_and_is_for_good)
{
	bide_queue *queue = new_queue(2);
	int value = UNTOUCHED;

	CHECK_INT(put(queue, 1), 0);
	bide_queue_shutdown(queue, false);
	bide_queue_shutdown(queue, false);
	CHECK_INT(bide_queue_size(queue), 1);
	CHECK_INT(put(queue, 2), -ESHUTDOWN);
	CHECK_INT(try_get(queue), 1);
	bide_queue_shutdown(queue, true);
	bide_queue_shutdown(queue, false);
	CHECK_INT(bide_queue_get(queue, &value), -ESHUTDOWN);
	CHECK_INT(bide_queue_get(queue, NULL), -ESHUTDOWN);
	CHECK_INT(value, UNTOUCHED);
	CHECK_INT(try_put(queue, 2), -ESHUTDOWN);
	CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(bide_queue_join(queue), 0);
	bide_queue_free(queue);
	return 0;
}

/* Every call looks for a cancellation first, and does nothing then. */
static int call_all_cancelled(void *arg)
{
	struct call *call = arg;
	int value = UNTOUCHED;

	bide_cancel(bide_self());
	CHECK_INT(bide_queue_get(call->queue, &value), -ECANCELED);
	CHECK_INT(bide_queue_put(call->queue, &value), -ECANCELED);
	CHECK_INT(bide_queue_join(call->queue), -ECANCELED);
	CHECK_INT(value, UNTOUCHED);
	CHECK_INT(bide_queue_size(call->queue), 1);
	bide_queue_shutdown(call->queue, false);
	CHECK_INT(bide_queue_put(call->queue, &value), -ECANCELED);
	CHECK_INT(try_get(call->queue), 1);
	CHECK_INT(bide_queue_get(call->queue, &value), -ECANCELED);
	CHECK_INT(bide_queue_task_done(call->queue), 0);
	return 5;
}

LOOP_TEST(queue, a_cancelled_caller_hears_of_that_before_anything_else)
{
	bide_queue *queue = new_queue(2);
	struct call call = { queue, 0, 0 };

	CHECK_INT(put(queue, 1), 0);
	CHECK_INT(bide_join(bide_spawn(call_all_cancelled, &call)), 5);
	bide_queue_free(queue);
	return 0;
}
