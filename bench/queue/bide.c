/* SPDX-License-Identifier: MIT */

/*
 * bide.c - hand items from one task to another by a queue that holds so many
 */
#include "bench.h"

#include <bide.h>

static int producer(void *arg)
{
	bide_queue *queue = arg;

	for (int64_t item = 0; bide_queue_put(queue, &item) == 0; item++)
		;
	return 0;                               /* the queue was shut down */
}

static int consumer(void *arg)
{
	struct bench *bench = arg;
	bide_queue *queue = bide_queue_new(sizeof(int64_t), (size_t)bench->param);
	bide_task *task = queue != NULL ? bide_spawn(producer, queue) : NULL;
	int64_t item, expected = 0;

	if (task == NULL)
		bench_fail("no queue or no task");
	for (int64_t units; (units = bench_next(bench)) != 0;)
		for (; units != 0; units--)
			if (bide_queue_get(queue, &item) < 0 || item != expected++)
				bench_fail("not the next item");
	bide_queue_shutdown(queue, true);
	(void)bide_join(task);
	bide_queue_free(queue);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("queue", 1, argc, argv);

	return bide_run(consumer, &bench) < 0;
}
