/* SPDX-License-Identifier: MIT */

/*
 * paths_queue.c - an item from one task to another
 */
#include "hot_paths.h"

enum {
	CASES = 4,
};

static bide_queue *queue;

static int put_items(void *arg)
{
	const long *n = arg;

	for (long i = 0; i < *n; i++)
		must(bide_queue_put(queue, &i) == 0);
	return 0;
}

static int by_queue(size_t maxsize, long n)
{
	bide_task *putter;
	long item;

	must((queue = bide_queue_new(sizeof(item), maxsize)) != NULL);
	putter = bide_spawn(put_items, &n);
	for (long i = 0; i < n; i++)
		must(bide_queue_get(queue, &item) == 0 && item == i);
	must(bide_join(putter) == 0);
	bide_queue_free(queue);
	return 0;
}

static int queue_1(long n)
{
	return by_queue(1, n);
}

static int queue_100(long n)
{
	return by_queue(100, n);
}

static int rendezvous(long n)
{
	return by_queue(BIDE_QUEUE_RENDEZVOUS, n);
}

static int queue_shared(long n)
{
	long item;

	must((queue = bide_queue_new_shared(sizeof(item), 1)) != NULL);
	for (long i = 0; i < n; i++) {
		must(bide_queue_put(queue, &i) == 0);
		must(bide_queue_get(queue, &item) == 0 && item == i);
	}
	bide_queue_free(queue);
	return 0;
}

/* ---- waiting on several ---- */

static bide_queue *queues[CASES];

static int put_in_turn(void *arg)
{
	const long *n = arg;

	for (long i = 0; i < *n; i++) {
		must(bide_queue_put(queues[i % CASES], &i) == 0);
		must(bide_yield() == 0);
	}
	return 0;
}

/* One of the queues gets an item while the task waits. */
static int select_4(long n)
{
	bide_case cases[CASES];
	bide_task *putter;
	long item;

	for (int i = 0; i < CASES; i++) {
		must((queues[i] = bide_queue_new(sizeof(item), 1)) != NULL);
		cases[i] = (bide_case){ .queue = queues[i], .item = &item, .op = BIDE_GET };
	}
	putter = bide_spawn(put_in_turn, &n);
	for (long i = 0; i < n; i++)
		must(bide_select(CASES, cases, BIDE_FOREVER) == i % CASES && item == i);
	must(bide_join(putter) == 0);
	for (int i = 0; i < CASES; i++)
		bide_queue_free(queues[i]);
	return 0;
}

/* ---- one to all ---- */

static bide_watch *watch;

static int set_watch(void *arg)
{
	const long *n = arg;

	for (long i = 1; i <= *n; i++) {
		must(bide_watch_set(watch, &i) == 0);
		must(bide_yield() == 0);
	}
	return 0;
}

static int watch_wait(long n)
{
	bide_task *setter;
	uint64_t version;
	long item = 0;

	must((watch = bide_watch_new(sizeof(item), &item)) != NULL);
	version = bide_watch_get(watch, &item);
	setter = bide_spawn(set_watch, &n);
	for (long i = 1; i <= n; i++)
		must(bide_watch_wait(watch, &version, &item) == 0 && item == i);
	must(bide_join(setter) == 0);
	bide_watch_free(watch);
	return 0;
}

static bide_broadcast *broadcast;

static int put_broadcast(void *arg)
{
	const long *n = arg;

	for (long i = 0; i < *n; i++) {
		must(bide_broadcast_put(broadcast, &i) == 0);
		must(bide_yield() == 0);
	}
	return 0;
}

static int broadcast_get(long n)
{
	bide_task *putter;
	uint64_t cursor;
	long item;

	must((broadcast = bide_broadcast_new(sizeof(item), 10)) != NULL);
	cursor = bide_broadcast_subscribe(broadcast);
	putter = bide_spawn(put_broadcast, &n);
	for (long i = 0; i < n; i++)
		must(bide_broadcast_get(broadcast, &cursor, &item) == 0 && item == i);
	must(bide_join(putter) == 0);
	bide_broadcast_free(broadcast);
	return 0;
}

const struct hot_path queue_paths[] = {
	{ "queue_1", queue_1, 1000 },
	{ "queue_100", queue_100, 10000 },
	{ "rendezvous", rendezvous, 1000 },
	{ "queue_shared", queue_shared, 1000 },
	{ "select_4", select_4, 1000 },
	{ "watch_wait", watch_wait, 1000 },
	{ "broadcast_get", broadcast_get, 1000 },
	{ 0 },
};
