/* SPDX-License-Identifier: MIT */

/*
 * st.c - create so many threads of State Threads and join them
 */
#include "bench.h"

#include <st.h>

static void *child(void *arg)
{
	return arg;
}

static void gather(st_thread_t *threads, long n)
{
	for (long i = 0; i < n; i++)
		threads[i] = st_thread_create(child, NULL, 1, 0);
	for (long i = 0; i < n; i++)
		if (st_thread_join(threads[i], NULL) < 0)
			bench_fail("st_thread_join failed");
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("gather", 1, argc, argv);
	st_thread_t *threads = calloc((size_t)bench.param, sizeof(*threads));

	bench.ops_per_unit = (double)bench.param;
	st_set_eventsys(ST_EVENTSYS_ALT);
	if (threads == NULL || st_init() < 0)
		bench_fail("st_init failed");
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			gather(threads, bench.param);
	return 0;
}
