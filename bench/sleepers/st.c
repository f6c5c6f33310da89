/* SPDX-License-Identifier: MIT */

/*
 * st.c - the memory of so many sleeping State Threads, their CPU time, and the time
 * beyond their sleep
 */
#include "bench.h"

#include <st.h>

static long awake_again;

static void *sleeper(void *arg)
{
	const struct bench *bench = arg;

	st_usleep((st_utime_t)bench->duration / 1000);
	awake_again++;
	return NULL;
}

static void run(struct bench *bench)
{
	size_t n = (size_t)bench->param;
	double before = bench_memory(), bytes;
	int64_t started = bench_now(), cpu = bench_cpu(), asleep, over;
	st_thread_t *threads = calloc(n, sizeof(*threads));

	for (size_t i = 0; i < n; i++)
		if ((threads[i] = st_thread_create(sleeper, bench, 1, 0)) == NULL)
			bench_fail("st_thread_create failed");
	st_usleep(0);                           /* each runs until it sleeps */
	asleep = bench_now() - started;
	bytes = bench_memory() - before;
	if (awake_again != 0)
		bench_fail("the sleep is too short to count the sleepers");
	for (size_t i = 0; i < n; i++)
		if (st_thread_join(threads[i], NULL) < 0)
			bench_fail("st_thread_join failed");
	over = bench_now() - started - bench->duration;
	cpu = bench_cpu() - cpu;
	bench_print("sleepers", bench->param, bytes / (double)n);
	bench_print("sleepers-start", bench->param, (double)asleep / (double)n);
	bench_print("sleepers-over", bench->param, (double)over / (double)n);
	bench_print("sleepers-cpu", bench->param, (double)cpu / (double)n);
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("sleepers", 1, argc, argv);

	st_set_eventsys(ST_EVENTSYS_ALT);
	if (st_init() < 0)
		bench_fail("st_init failed");
	run(&bench);
	return 0;
}
