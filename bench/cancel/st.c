/* SPDX-License-Identifier: MIT */

/*
 * st.c - create so many State Threads that block, interrupt each, join each
 */
#include "bench.h"

#include <st.h>

static st_cond_t never;

static void *blocked(void *arg)
{
	return st_cond_wait(never) < 0 ? arg : NULL;
}

static void one_round(st_thread_t *threads, long n)
{
	void *result;

	for (long i = 0; i < n; i++)
		if ((threads[i] = st_thread_create(blocked, threads, 1, 0)) == NULL)
			bench_fail("st_thread_create failed");
	st_usleep(0);                           /* each runs until it blocks */
	for (long i = 0; i < n; i++)
		st_thread_interrupt(threads[i]);
	for (long i = 0; i < n; i++)
		if (st_thread_join(threads[i], &result) < 0 || result == NULL)
			bench_fail("not interrupted");
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("cancel", 1, argc, argv);
	st_thread_t *threads = calloc((size_t)bench.param, sizeof(*threads));

	bench.ops_per_unit = (double)bench.param;
	st_set_eventsys(ST_EVENTSYS_ALT);
	if (threads == NULL || st_init() < 0)
		bench_fail("st_init failed");
	never = st_cond_new();
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			one_round(threads, bench.param);
	return 0;
}
