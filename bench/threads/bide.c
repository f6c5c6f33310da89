/* SPDX-License-Identifier: MIT */

/*
 * bide.c - spawn one task and join it, on so many loops at once
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
	const int64_t *units = arg;

	for (int64_t i = 0; i < *units; i++) {
		bide_task *task = bide_spawn(child, NULL);

		if (task == NULL || bide_join(task) != 1)
			bench_fail("spawn and join failed");
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("threads", 1, argc, argv);

	bench.ops_per_unit = (double)bench.param;
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		if (bide_run_threads((unsigned)bench.param, parent, &units) < 0)
			bench_fail("bide_run_threads failed");
	return 0;
}
