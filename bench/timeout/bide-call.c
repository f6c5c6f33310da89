/* SPDX-License-Identifier: MIT */

/*
 * bide-call.c - bide_timeout() around a function that suspends once
 */
#include "bench.h"

#include <bide.h>

static int callee(void *arg)
{
	(void)arg;
	return bide_yield();
}

static int caller(void *arg)
{
	struct bench *bench = arg;

	for (int64_t units; (units = bench_next(bench)) != 0;)
		for (; units != 0; units--)
			if (bide_timeout(BIDE_SECOND, callee, NULL) != 0)
				bench_fail("bide_timeout failed");
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("timeout", 1, argc, argv);

	return bide_run(caller, &bench) < 0;
}
