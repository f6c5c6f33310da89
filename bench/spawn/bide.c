/* SPDX-License-Identifier: MIT */

/*
 * bide.c - spawn one task and join it
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

	for (int64_t units; (units = bench_next(bench)) != 0;)
		for (; units != 0; units--) {
			bide_task *task = bide_spawn(child, NULL);

			if (task == NULL || bide_join(task) != 1)
				bench_fail("spawn and join failed");
		}
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("spawn", 1, argc, argv);

	return bide_run(parent, &bench) < 0;
}
