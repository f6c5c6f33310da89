/* SPDX-License-Identifier: MIT */

/*
 * bide.c - spawn so many tasks and gather them
 */
#include "bench.h"

#include <bide.h>

static int child(void *arg)
{
	(void)arg;
	return 1;
}

static int parent(void *arg)
{
	struct bench *bench = arg;
	size_t n = (size_t)bench->param;
	bide_task **tasks = calloc(n, sizeof(*tasks));

	for (int64_t units; (units = bench_next(bench)) != 0;)
		for (; units != 0; units--) {
			for (size_t i = 0; i < n; i++)
				tasks[i] = bide_spawn(child, NULL);
			if (bide_gather(n, tasks, NULL) < 0)
				bench_fail("bide_gather failed");
		}
	free(tasks);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("gather", 1, argc, argv);

	bench.ops_per_unit = (double)bench.param;
	return bide_run(parent, &bench) < 0;
}
