/* SPDX-License-Identifier: MIT */

/*
 * bide.c - spawn so many tasks that block, cancel each, join each
 */
#include "bench.h"

#include <bide.h>
#include <errno.h>

static int blocked(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

static void one_round(bide_task **tasks, long n)
{
	for (long i = 0; i < n; i++)
		if ((tasks[i] = bide_spawn(blocked, NULL)) == NULL)
			bench_fail("bide_spawn failed");
	(void)bide_yield();                     /* each runs until it blocks */
	for (long i = 0; i < n; i++)
		bide_cancel(tasks[i]);
	for (long i = 0; i < n; i++)
		if (bide_join(tasks[i]) != -ECANCELED)
			bench_fail("not cancelled");
}

static int parent(void *arg)
{
	struct bench *bench = arg;
	bide_task **tasks = calloc((size_t)bench->param, sizeof(*tasks));

	for (int64_t units; (units = bench_next(bench)) != 0;)
		for (; units != 0; units--)
			one_round(tasks, bench->param);
	free(tasks);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("cancel", 1, argc, argv);

	bench.ops_per_unit = (double)bench.param;
	return bide_run(parent, &bench) < 0;
}
