/* SPDX-License-Identifier: MIT */

/*
 * clock.c - what one read of the monotonic clock costs on this machine
 */
#include "bench.h"

int main(int argc, char **argv)
{
	struct bench bench = bench_init("floor", 1, argc, argv);
	volatile int64_t sink;

	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			sink = bench_now();
	(void)sink;
	return 0;
}
