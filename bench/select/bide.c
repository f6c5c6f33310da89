/* SPDX-License-Identifier: MIT */

/*
 * bide.c - wait for an item in any of four queues, which one task feeds in turn
 */
#include "bench.h"

#include <bide.h>

enum {
	QUEUES = 4,
};

static bide_queue *queues[QUEUES];

static int producer(void *arg)
{
	(void)arg;
	for (int64_t item = 0; bide_queue_put(queues[item % QUEUES], &item) == 0; item++)
		(void)bide_yield();             /* one at a time is ready */
	return 0;                               /* the queues were shut down */
}

static int consumer(void *arg)
{
	struct bench *bench = arg;
	bide_case cases[QUEUES];
	bide_task *task;
	int64_t item;

	for (int i = 0; i < QUEUES; i++) {
		if ((queues[i] = bide_queue_new(sizeof(item), 1)) == NULL)
			bench_fail("bide_queue_new failed");
		cases[i] = (bide_case){ .queue = queues[i], .item = &item, .op = BIDE_GET };
	}
	if ((task = bide_spawn(producer, NULL)) == NULL)
		bench_fail("bide_spawn failed");
	for (int64_t units; (units = bench_next(bench)) != 0;)
		for (; units != 0; units--) {
			ssize_t i = bide_select(QUEUES, cases, BIDE_FOREVER);

			if (i < 0 || cases[i].result < 0 || item % QUEUES != i)
				bench_fail("bide_select failed");
		}
	for (int i = 0; i < QUEUES; i++)
		bide_queue_shutdown(queues[i], true);
	(void)bide_join(task);
	for (int i = 0; i < QUEUES; i++)
		bide_queue_free(queues[i]);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("select", 1, argc, argv);

	return bide_run(consumer, &bench) < 0;
}
