/* SPDX-License-Identifier: MIT */

/*
 * st.c - so many State Threads take turns with one mutex and yield while they hold it
 */
#include "bench.h"

#include <st.h>

static st_mutex_t mutex;
static int64_t count;
static bool is_contended;

static void *worker(void *arg)
{
	const int64_t *units = arg;

	for (int64_t i = 0; i < *units; i++) {
		if (st_mutex_lock(mutex) < 0)
			bench_fail("st_mutex_lock failed");
		count++;
		if (is_contended)
			st_usleep(0);
		st_mutex_unlock(mutex);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("lock", 1, argc, argv);
	st_thread_t *threads = calloc((size_t)bench.param, sizeof(*threads));

	bench.ops_per_unit = (double)bench.param;
	is_contended = bench.param > 1;
	st_set_eventsys(ST_EVENTSYS_ALT);
	if (threads == NULL || st_init() < 0)
		bench_fail("st_init failed");
	mutex = st_mutex_new();
	for (int64_t units; (units = bench_next(&bench)) != 0;) {
		count = 0;
		for (long i = 0; i < bench.param; i++)
			if ((threads[i] = st_thread_create(worker, &units, 1, 0)) == NULL)
				bench_fail("st_thread_create failed");
		for (long i = 0; i < bench.param; i++)
			if (st_thread_join(threads[i], NULL) < 0)
				bench_fail("st_thread_join failed");
		if (count != bench.param * units)
			bench_fail("a thread failed");
	}
	return 0;
}
