/* SPDX-License-Identifier: MIT */

/*
 * bide.c - a BIDE_TIMEOUT block around a call that suspends once
 */
#include "bench.h"

#include <bide.h>

static int caller(void *arg)
{
	struct bench *bench = arg;
	int r = 0;

	for (int64_t units; (units = bench_next(bench)) != 0;)
		for (; units != 0; units--) {
			BIDE_TIMEOUT(BIDE_SECOND)
				r |= bide_yield();
			if (r < 0 || bide_timed_out())
				bench_fail("bide_yield failed");
		}
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("timeout", 1, argc, argv);

	return bide_run(caller, &bench) < 0;
}
