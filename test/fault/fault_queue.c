/* SPDX-License-Identifier: MIT */

/*
 * fault_queue.c - memory runs out under queues and bide_select()
 *
 * A put that fails leaves the queue as it was: what came out of it is compared with
 * what went in.
 */
#include "fault.h"

static int compare_ints(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

enum kind {
	FIFO,
	LIFO,
	PRIORITY,
	KIND_COUNT,
};

static bide_queue *new_of_kind(enum kind kind, size_t maxsize)
{
	bide_queue *queue;

	errno = 0;
	if (kind == FIFO)
		queue = bide_queue_new(sizeof(int), maxsize);
	else if (kind == LIFO)
		queue = bide_queue_new_lifo(sizeof(int), maxsize);
	else
		queue = bide_queue_new_priority(sizeof(int), maxsize, compare_ints);
	CHECK(queue != NULL || errno == ENOMEM);
	return queue;
}

static int make_queues(void)
{
	int r = 0;

	for (enum kind kind = FIFO; kind < KIND_COUNT; kind++)
		for (size_t maxsize = 0; maxsize < 3; maxsize++) {
			size_t limit = maxsize == 2 ? BIDE_QUEUE_RENDEZVOUS : maxsize;
			bide_queue *queue = new_of_kind(kind, limit);

			if (queue == NULL)
				r = -ENOMEM;
			bide_queue_free(queue);
		}
	return r;
}
FAULT_SWEEP(queue, new_reports_that_memory_has_run_out, make_queues)

#define ITEM_COUNT 1000

/* Takes everything out: all the items but the one that was lost, or -1. */
static void check_all(bide_queue *queue, enum kind kind, int lost)
{
	int step = kind == LIFO ? -1 : 1;
	int next = kind == LIFO ? ITEM_COUNT - 1 : 0;
	int got;

	for (; next >= 0 && next < ITEM_COUNT; next += step) {
		if (next == lost)
			continue;
		CHECK_INT(bide_queue_try_get(queue, &got), 0);
		CHECK_INT(got, next);
	}
	CHECK_INT(bide_queue_try_get(queue, &got), -EAGAIN);
}

static int grow(enum kind kind, size_t maxsize)
{
	bide_queue *queue = new_of_kind(kind, maxsize);
	int lost = -1;

	if (queue == NULL)
		return -ENOMEM;
	for (int i = 0; i < ITEM_COUNT; i++) {
		size_t size = bide_queue_size(queue);
		int r = bide_queue_try_put(queue, &i);

		if (r == 0)
			continue;
		CHECK_INT(r, -ENOMEM);
		CHECK_INT(bide_queue_size(queue), size);
		CHECK_INT(lost, -1);
		lost = i;
	}
	check_all(queue, kind, lost);
	for (int i = 0; i < ITEM_COUNT - (lost >= 0); i++)
		CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	bide_queue_free(queue);
	return lost >= 0 ? -ENOMEM : 0;
}

static int grow_all(void)
{
	int r = 0;

	for (enum kind kind = FIFO; kind < KIND_COUNT; kind++) {
		int s = grow(kind, 0);
		int t = grow(kind, ITEM_COUNT);

		r = s < 0 ? s : t < 0 ? t : r;
	}
	return r;
}
FAULT_SWEEP(queue, a_put_that_finds_no_memory_loses_nothing, grow_all)

/* ---- in tasks ---- */

static int virtual_run(bide_fn *fn)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	return bide_run_with(&options, fn, NULL);
}

static int put_one(void *arg)
{
	int one = 1;

	return bide_queue_put(arg, &one);
}

/* What hands items over needs no memory, and so can't fail for the lack of it. */
static int serve_waiters(void *arg)
{
	bide_queue *queue = new_of_kind(FIFO, 1);
	bide_task *task;
	int zero = 0;
	int got = -1;
	int r;

	(void)arg;
	if (queue == NULL)
		return -ENOMEM;
	r = bide_queue_put(queue, &zero);
	if (r < 0) {
		CHECK_INT(r, -ENOMEM);
		bide_queue_free(queue);
		return r;
	}
	task = bide_spawn(put_one, queue);
	bide_yield();
	CHECK_INT(bide_queue_get(queue, &got), 0);
	CHECK_INT(got, 0);
	if (task != NULL)
		r = bide_join(task);
	CHECK(r == 0 || r == -ENOMEM);
	CHECK_INT(bide_queue_try_get(queue, &got), task != NULL && r == 0 ? 0 : -EAGAIN);
	bide_queue_free(queue);
	return task != NULL ? r : -ENOMEM;
}

static int serve_sweep(void)
{
	return virtual_run(serve_waiters);
}
FAULT_SWEEP(queue, serves_who_waits_without_memory, serve_sweep)

#define CASE_COUNT 20
#define NOT_SET 77

struct crowd {
	bide_queue *queues[CASE_COUNT];
	bide_case cases[CASE_COUNT];
	int items[CASE_COUNT];
};

static void init_cases(struct crowd *crowd)
{
	for (int i = 0; i < CASE_COUNT; i++) {
		crowd->items[i] = -1;
		crowd->cases[i] = (bide_case){
			.queue = crowd->queues[i],
			.item = &crowd->items[i],
			.op = BIDE_GET,
			.result = NOT_SET,
		};
	}
}

static int put_to_last(void *arg)
{
	struct crowd *crowd = arg;
	int item = 5;
	int r = bide_queue_put(crowd->queues[CASE_COUNT - 1], &item);

	/* The one fault of the sweep is over. */
	return r == -ENOMEM ? bide_queue_put(crowd->queues[CASE_COUNT - 1], &item) : r;
}

/* Where memory for the wait was missing nothing has changed: another try gets the item. */
static int select_from(struct crowd *crowd)
{
	bide_task *task = bide_spawn(put_to_last, crowd);
	ssize_t i;
	int r = 0;

	if (task == NULL)
		return -ENOMEM;
	init_cases(crowd);
	i = bide_select(CASE_COUNT, crowd->cases, BIDE_SECOND);
	if (i == -ENOMEM) {
		for (int k = 0; k < CASE_COUNT; k++)
			CHECK(crowd->cases[k].result == NOT_SET && crowd->items[k] == -1);
		r = -ENOMEM;
		i = bide_select(CASE_COUNT, crowd->cases, BIDE_SECOND);
	}
	if (bide_join(task) < 0) {
		CHECK_INT(i, -ETIMEDOUT);
		return -ENOMEM;
	}
	CHECK_INT(i, CASE_COUNT - 1);
	CHECK_INT(crowd->cases[i].result, 0);
	CHECK_INT(crowd->items[i], 5);
	return r;
}

static int select_from_many(void *arg)
{
	struct crowd crowd = { .queues = { NULL } };
	int count = 0;
	int r = -ENOMEM;

	(void)arg;
	while (count < CASE_COUNT && (crowd.queues[count] = new_of_kind(FIFO, 1)) != NULL)
		count++;
	if (count == CASE_COUNT)
		r = select_from(&crowd);
	for (int i = 0; i < count; i++)
		bide_queue_free(crowd.queues[i]);
	return r;
}

static int select_sweep(void)
{
	return virtual_run(select_from_many);
}
FAULT_SWEEP(select, that_finds_no_memory_to_wait_leaves_its_queues, select_sweep)

/* A put that finds no memory is a case that has happened, with that result. */
static int grow_by_select(void *arg)
{
	bide_queue *queue = new_of_kind(FIFO, 0);
	int lost = -1;

	(void)arg;
	if (queue == NULL)
		return -ENOMEM;
	for (int i = 0; i < ITEM_COUNT; i++) {
		bide_case cases[] = {
			{ NULL, &i, BIDE_PUT, NOT_SET },
			{ queue, &i, BIDE_PUT, NOT_SET },
		};

		CHECK_INT(bide_select(2, cases, BIDE_FOREVER), 1);
		CHECK_INT(cases[0].result, NOT_SET);
		if (cases[1].result == 0)
			continue;
		CHECK_INT(cases[1].result, -ENOMEM);
		CHECK_INT(lost, -1);
		lost = i;
	}
	check_all(queue, FIFO, lost);
	bide_queue_free(queue);
	return lost >= 0 ? -ENOMEM : 0;
}

static int grow_by_select_sweep(void)
{
	return virtual_run(grow_by_select);
}
FAULT_SWEEP(select, tells_of_a_put_that_found_no_memory, grow_by_select_sweep)
