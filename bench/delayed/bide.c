/* SPDX-License-Identifier: MIT */

/*
 * bide.c - the memory of so many tasks that have not started yet
 */
#include "bench.h"

#include <bide.h>

static int never(void *arg)
{
	(void)arg;
	bench_fail("the delay is too short to count the tasks");
	return 0;
}

static int parent(void *arg)
{
	struct bench *bench = arg;
	const bide_task_options options = { .delay = BIDE_HOUR };
	double before = bench_memory();
	int64_t started = bench_now(), elapsed;

	for (long i = 0; i < bench->param; i++) {
		bide_task *task = bide_spawn_with(&options, never, NULL);

		if (task == NULL)
			bench_fail("bide_spawn_with failed");
		bide_detach(task);
	}
	(void)bide_yield();
	elapsed = bench_now() - started;
	bench_print("delayed", bench->param, (bench_memory() - before) / (double)bench->param);
	bench_print("delayed-start", bench->param, (double)elapsed / (double)bench->param);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("delayed", 1, argc, argv);

	return bide_run(parent, &bench) < 0;
}
