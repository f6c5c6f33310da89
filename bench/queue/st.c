/* SPDX-License-Identifier: MIT */

/*
 * st.c - hand items from one State Thread to another by a ring that holds so many
 *
 * State Threads has no queue; this is what its users write. It needs no mutex, as
 * threads switch only where they wait.
 */
#include "bench.h"

#include <st.h>

struct queue {
	int64_t *items;
	long size, count, first;
	st_cond_t not_full, not_empty;
};

static void put(struct queue *queue, int64_t item)
{
	long place;

	while (queue->count == queue->size)
		st_cond_wait(queue->not_full);
	place = queue->first + queue->count;
	queue->items[place < queue->size ? place : place - queue->size] = item;
	queue->count++;
	st_cond_signal(queue->not_empty);
}

static int64_t get(struct queue *queue)
{
	int64_t item;

	while (queue->count == 0)
		st_cond_wait(queue->not_empty);
	item = queue->items[queue->first];
	queue->first = queue->first + 1 < queue->size ? queue->first + 1 : 0;
	queue->count--;
	st_cond_signal(queue->not_full);
	return item;
}

static void *producer(void *arg)
{
	for (int64_t item = 0;; item++)
		put(arg, item);
	return NULL;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("queue", 1, argc, argv);
	struct queue queue = { .size = bench.param };
	int64_t expected = 0;

	st_set_eventsys(ST_EVENTSYS_ALT);
	if (st_init() < 0)
		bench_fail("st_init failed");
	queue.items = calloc((size_t)queue.size, sizeof(*queue.items));
	queue.not_full = st_cond_new();
	queue.not_empty = st_cond_new();
	if (queue.items == NULL || st_thread_create(producer, &queue, 0, 0) == NULL)
		bench_fail("st_thread_create failed");
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			if (get(&queue) != expected++)
				bench_fail("not the next item");
	return 0;
}
