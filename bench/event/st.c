/* SPDX-License-Identifier: MIT */

/*
 * st.c - a broadcast wakes so many State Threads, which all wait for it again
 */
#include "bench.h"

#include <st.h>

static st_cond_t start, ready;
static long waiting, waiters;

static void *waiter(void *arg)
{
	for (;;) {
		if (++waiting == waiters)
			st_cond_signal(ready);
		if (st_cond_wait(start) < 0)
			bench_fail("st_cond_wait failed");
	}
	return arg;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("event", 1, argc, argv);

	bench.ops_per_unit = (double)bench.param;
	waiters = bench.param;
	st_set_eventsys(ST_EVENTSYS_ALT);
	if (st_init() < 0)
		bench_fail("st_init failed");
	start = st_cond_new();
	ready = st_cond_new();
	for (long i = 0; i < waiters; i++)
		if (st_thread_create(waiter, NULL, 0, 0) == NULL)
			bench_fail("st_thread_create failed");
	st_cond_wait(ready);
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--) {
			waiting = 0;
			st_cond_broadcast(start);
			st_cond_wait(ready);
		}
	return 0;
}
