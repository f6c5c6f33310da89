/* SPDX-License-Identifier: MIT */

/*
 * bide-call.c - bide_timeout() around a function that gets an item that is there
 */
#include "bench.h"

#include <bide.h>

static bide_queue *queue;

static int get(void *item)
{
	return bide_queue_get(queue, item);
}

static int caller(void *arg)
{
	struct bench *bench = arg;
	int64_t item, sent = 0;

	queue = bide_queue_new(sizeof(int64_t), 1);
	if (queue == NULL)
		bench_fail("bide_queue_new failed");
	for (int64_t units; (units = bench_next(bench)) != 0;)
		for (; units != 0; units--)
			if (bide_queue_put(queue, &sent) < 0 ||
			    bide_timeout(BIDE_SECOND, get, &item) < 0 || item != sent++)
				bench_fail("not the item");
	bide_queue_free(queue);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("timeout-ready", 1, argc, argv);

	return bide_run(caller, &bench) < 0;
}
