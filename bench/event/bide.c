/* SPDX-License-Identifier: MIT */

/*
 * bide.c - an event wakes so many tasks, which all wait for it again
 */
#include "bench.h"

#include <bide.h>

static bide_event start, ready;
static long waiting, waiters;
static bool is_over;

static int waiter(void *arg)
{
	(void)arg;
	while (!is_over) {
		if (++waiting == waiters)
			bide_event_set(&ready);
		if (bide_event_wait(&start) < 0)
			bench_fail("bide_event_wait failed");
	}
	return 0;
}

/* Wakes all; suspends until all wait again. */
static void one_round(void)
{
	waiting = 0;
	bide_event_set(&start);
	bide_event_clear(&start);
	if (bide_event_wait(&ready) < 0)
		bench_fail("bide_event_wait failed");
	bide_event_clear(&ready);
}

static int lead(void *arg)
{
	struct bench *bench = arg;

	waiters = bench->param;
	for (long i = 0; i < waiters; i++)
		if (bide_go(waiter, NULL) < 0)
			bench_fail("bide_go failed");
	if (bide_event_wait(&ready) < 0)
		bench_fail("bide_event_wait failed");
	bide_event_clear(&ready);
	for (int64_t units; (units = bench_next(bench)) != 0;)
		for (; units != 0; units--)
			one_round();
	is_over = true;
	bide_event_set(&start);
	return bide_yield();
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("event", 1, argc, argv);

	bench.ops_per_unit = (double)bench.param;
	return bide_run(lead, &bench) < 0;
}
