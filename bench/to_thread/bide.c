/* SPDX-License-Identifier: MIT */

/*
 * bide.c - a call that does nothing, on a thread of the pool
 */
#include "bench.h"

#include <bide.h>

static int empty(void *arg)
{
	(void)arg;
	return 1;
}

static int caller(void *arg)
{
	struct bench *bench = arg;

	for (int64_t units; (units = bench_next(bench)) != 0;)
		for (; units != 0; units--)
			if (bide_to_thread(empty, NULL) != 1)
				bench_fail("bide_to_thread failed");
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("to_thread", 1, argc, argv);

	return bide_run(caller, &bench) < 0;
}
