/* SPDX-License-Identifier: MIT */

/*
 * bide.c - so many tasks take turns with one lock and yield while they hold it
 */
#include "bench.h"

#include <bide.h>

static bide_lock lock;
static int64_t count;
static bool is_contended;

static int worker(void *arg)
{
	const int64_t *units = arg;

	for (int64_t i = 0; i < *units; i++) {
		if (bide_lock_acquire(&lock) < 0)
			bench_fail("bide_lock_acquire failed");
		count++;
		if (is_contended && bide_yield() < 0)
			bench_fail("bide_yield failed");
		bide_lock_release(&lock);
	}
	return 0;
}

static int parent(void *arg)
{
	struct bench *bench = arg;
	size_t n = (size_t)bench->param;
	bide_task **tasks = calloc(n, sizeof(*tasks));

	is_contended = n > 1;
	for (int64_t units; (units = bench_next(bench)) != 0;) {
		count = 0;
		for (size_t i = 0; i < n; i++)
			tasks[i] = bide_spawn(worker, &units);
		if (bide_gather(n, tasks, NULL) < 0 || count != bench->param * units)
			bench_fail("a task failed");
	}
	free(tasks);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("lock", 1, argc, argv);

	bench.ops_per_unit = (double)bench.param;
	return bide_run(parent, &bench) < 0;
}
