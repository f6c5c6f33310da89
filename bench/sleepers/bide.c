/* SPDX-License-Identifier: MIT */

/*
 * bide.c - the memory of so many sleeping tasks, their CPU time, and the time beyond
 * their sleep
 */
#include "bench.h"

#include <bide.h>

static long awake_again;

static int sleeper(void *arg)
{
	const struct bench *bench = arg;
	int r = bide_sleep(bench->duration);

	awake_again++;
	return r;
}

static int parent(void *arg)
{
	struct bench *bench = arg;
	size_t n = (size_t)bench->param;
	double before = bench_memory(), bytes;
	int64_t started = bench_now(), cpu = bench_cpu(), asleep, over;
	bide_task **tasks = calloc(n, sizeof(*tasks));

	for (size_t i = 0; i < n; i++)
		if ((tasks[i] = bide_spawn(sleeper, bench)) == NULL)
			bench_fail("bide_spawn failed");
	(void)bide_yield();                     /* each runs until it sleeps */
	asleep = bench_now() - started;
	bytes = bench_memory() - before;
	if (awake_again != 0)
		bench_fail("the sleep is too short to count the sleepers");
	if (bide_gather(n, tasks, NULL) < 0)
		bench_fail("a sleeper failed");
	over = bench_now() - started - bench->duration;
	cpu = bench_cpu() - cpu;
	bench_print("sleepers", bench->param, bytes / (double)n);
	bench_print("sleepers-start", bench->param, (double)asleep / (double)n);
	bench_print("sleepers-over", bench->param, (double)over / (double)n);
	bench_print("sleepers-cpu", bench->param, (double)cpu / (double)n);
	free(tasks);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("sleepers", 1, argc, argv);

	return bide_run(parent, &bench) < 0;
}
