/* SPDX-License-Identifier: MIT */

/*
 * bide.c - one yield among so many tasks
 */
#include "bench.h"

#include <bide.h>

static bool is_over;

static int worker(void *arg)
{
	(void)arg;
	while (!is_over)
		(void)bide_yield();             /* is_over says when to end */
	return 0;
}

static int lead(void *arg)
{
	struct bench *bench = arg;

	for (long i = 1; i < bench->param; i++)
		if (bide_go(worker, NULL) < 0)
			bench_fail("bide_go failed");
	for (int64_t units; (units = bench_next(bench)) != 0;)
		for (; units != 0; units--)
			if (bide_yield() < 0)
				bench_fail("bide_yield failed");
	is_over = true;
	return bide_yield();
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("yield", 1, argc, argv);

	bench.ops_per_unit = (double)bench.param;
	return bide_run(lead, &bench) < 0;
}
