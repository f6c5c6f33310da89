/* SPDX-License-Identifier: MIT */

/*
 * queue_test.h - tests of queues of ints
 *
 * A call that may wait is made by a task of its own: start() and start_choice() let it
 * run until it waits or has returned.
 */
#ifndef TEST_SUPPORT_QUEUE_TEST_H
#define TEST_SUPPORT_QUEUE_TEST_H

#include "loop_test.h"

#include <bide.h>
#include <errno.h>

#define UNTOUCHED (-77)

static inline bide_queue *new_queue(size_t maxsize)
{
	bide_queue *queue = bide_queue_new(sizeof(int), maxsize);

	CHECK(queue != NULL);
	return queue;
}

static inline int put(bide_queue *queue, int value)
{
	return bide_queue_put(queue, &value);
}

static inline int try_put(bide_queue *queue, int value)
{
	return bide_queue_try_put(queue, &value);
}

/* Gets at once. Returns the value, or the error. */
static inline int try_get(bide_queue *queue)
{
	int value = UNTOUCHED;
	int r = bide_queue_try_get(queue, &value);

	CHECK(r == 0 || value == UNTOUCHED);
	return r == 0 ? value : r;
}

/* ---- calls in tasks ---- */

struct call {
	bide_queue *queue;
	int value;
	int next;               /* what the next cancellation point gave */
};

static inline int call_get(void *arg)
{
	struct call *call = arg;
	int r = bide_queue_get(call->queue, &call->value);

	call->next = bide_checkpoint();
	return r;
}

static inline int call_put(void *arg)
{
	struct call *call = arg;
	int r = bide_queue_put(call->queue, &call->value);

	call->next = bide_checkpoint();
	return r;
}

static inline int call_join(void *arg)
{
	struct call *call = arg;
	int r = bide_queue_join(call->queue);

	call->next = bide_checkpoint();
	return r;
}

static inline bide_task *start(bide_fn *fn, void *call)
{
	bide_task *task = bide_spawn(fn, call);

	CHECK(task != NULL);
	CHECK_INT(bide_yield(), 0);
	return task;
}

/* ---- selects ---- */

#define CHOICE_MAX 100

struct choice {
	size_t n;
	bide_time timeout;
	bide_case cases[CHOICE_MAX];
	int items[CHOICE_MAX];
	int next;               /* what the next cancellation point gave */
};

static inline void choice_init(struct choice *choice, bide_time timeout)
{
	choice->n = 0;
	choice->timeout = timeout;
	choice->next = UNTOUCHED;
}

static inline void add(struct choice *choice, bide_queue *queue, int op, int item)
{
	size_t i = choice->n++;

	CHECK(i < CHOICE_MAX);
	choice->items[i] = item;
	choice->cases[i] = (bide_case){
		.queue = queue,
		.item = &choice->items[i],
		.op = op,
		.result = UNTOUCHED,
	};
}

static inline void add_get(struct choice *choice, bide_queue *queue)
{
	add(choice, queue, BIDE_GET, UNTOUCHED);
}

static inline void add_put(struct choice *choice, bide_queue *queue, int item)
{
	add(choice, queue, BIDE_PUT, item);
}

static inline int choose(struct choice *choice)
{
	return (int)bide_select(choice->n, choice->cases, choice->timeout);
}

static inline int choose_in_task(void *arg)
{
	struct choice *choice = arg;
	int r = choose(choice);

	choice->next = bide_checkpoint();
	return r;
}

static inline bide_task *start_choice(struct choice *choice)
{
	return start(choose_in_task, choice);
}

#define NO_CASE SIZE_MAX

/* Whether case i happened, with that result, and the others are as they were. */
static inline void check_happened(const struct choice *choice, size_t i, int result)
{
	for (size_t k = 0; k < choice->n; k++) {
		const bide_case *one = &choice->cases[k];

		CHECK_INT(one->result, k == i ? result : UNTOUCHED);
		CHECK(one->item == &choice->items[k]);
		if (one->op == BIDE_GET && (k != i || result < 0))
			CHECK_INT(choice->items[k], UNTOUCHED);
	}
}

#endif
