/* SPDX-License-Identifier: MIT */

/*
 * st.c - one yield among so many threads: st_usleep(0), as State Threads has no other
 */
#include "bench.h"

#include <st.h>

static bool is_over;

static void *worker(void *arg)
{
	(void)arg;
	while (!is_over)
		st_usleep(0);
	return NULL;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("yield", 1, argc, argv);

	bench.ops_per_unit = (double)bench.param;
	st_set_eventsys(ST_EVENTSYS_ALT);
	if (st_init() < 0)
		bench_fail("st_init failed");
	for (long i = 1; i < bench.param; i++)
		if (st_thread_create(worker, NULL, 0, 0) == NULL)
			bench_fail("st_thread_create failed");
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			st_usleep(0);
	is_over = true;
	st_usleep(0);
	return 0;
}
