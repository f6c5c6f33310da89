/* SPDX-License-Identifier: MIT */

/*
 * bare.c - the memory of so many stacks, each of which has been touched once
 *
 * Each lies in as much address space as a stack of bide's; a page and its part of the
 * page tables is the least that it can hold. Left out: guards, tasks, timers, and all
 * that is said about time.
 */
#include "bare.h"

int main(int argc, char **argv)
{
	struct bench bench = bench_init("sleepers", 1, argc, argv);
	size_t n = (size_t)bench.param;
	double before = bench_memory();
	char *slots = bare_slots(n);

	for (size_t i = 1; i <= n; i++)
		slots[i * BARE_SLOT - 1] = 1;
	bench_print("sleepers", bench.param, (bench_memory() - before) / (double)n);
	return 0;
}
