/* SPDX-License-Identifier: MIT */

/*
 * bide.c - a BIDE_TIMEOUT block around the get of an item that is there
 */
#include "bench.h"

#include <bide.h>

static int caller(void *arg)
{
	struct bench *bench = arg;
	bide_queue *queue = bide_queue_new(sizeof(int64_t), 1);
	int64_t item, sent = 0;
	int r;

	if (queue == NULL)
		bench_fail("bide_queue_new failed");
	for (int64_t units; (units = bench_next(bench)) != 0;)
		for (; units != 0; units--) {
			r = bide_queue_put(queue, &sent);
			BIDE_TIMEOUT(BIDE_SECOND)
				r |= bide_queue_get(queue, &item);
			if (r < 0 || item != sent++)
				bench_fail("not the item");
		}
	bide_queue_free(queue);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("timeout-ready", 1, argc, argv);

	return bide_run(caller, &bench) < 0;
}
