/* SPDX-License-Identifier: MIT */

/*
 * st.c - a turn, a thread, a time limit and a wake-up, while so many other State Threads
 * sleep
 *
 * The turn is handed over by condition variables, as in yield/st-cond.c: st_usleep(0)
 * would ask the kernel for events. The limit is that of a wait, as in timeout/st.c, the
 * queue the one of queue/st.c for one item.
 */
#include "bench.h"

#include <st.h>

#define HOUR 3600000000
#define SECOND 1000000

static st_cond_t turns[2];
static char **arguments;
static st_utime_t limit = ST_UTIME_NO_TIMEOUT;

static void *sleeper(void *arg)
{
	st_usleep((st_utime_t)HOUR);
	return arg;
}

static void turn(int mine)
{
	st_cond_signal(turns[1 - mine]);
	if (st_cond_timedwait(turns[mine], limit) < 0)
		bench_fail("timed out");
}

static void *partner(void *arg)
{
	for (;;)
		turn(1);
	return arg;
}

static void take_turns(const char *series)
{
	struct bench bench = bench_init(series, 2, 4, arguments);

	turn(0);                                /* from here on both have the limit */
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			turn(0);
}

static void *child(void *arg)
{
	return arg;
}

static void growth_spawn(void)
{
	struct bench bench = bench_init("growth-spawn", 1, 4, arguments);

	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--) {
			st_thread_t thread = st_thread_create(child, NULL, 1, 0);

			if (thread == NULL || st_thread_join(thread, NULL) < 0)
				bench_fail("create and join failed");
		}
}

static int64_t slot;
static bool is_full;
static st_cond_t not_full, not_empty;

static void *producer(void *arg)
{
	for (int64_t item = 0;; item++) {
		while (is_full)
			st_cond_wait(not_full);
		slot = item;
		is_full = true;
		st_cond_signal(not_empty);
	}
	return arg;
}

static int64_t get(void)
{
	while (!is_full)
		st_cond_wait(not_empty);
	is_full = false;
	st_cond_signal(not_full);
	return slot;
}

static void growth_wake(void)
{
	struct bench bench = bench_init("growth-wake", 1, 4, arguments);
	int64_t expected = 0;

	if (st_thread_create(producer, NULL, 0, 0) == NULL)
		bench_fail("st_thread_create failed");
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			if (get() != expected++)
				bench_fail("not the next item");
}

static void spawn_sleepers(long n)
{
	for (long i = 0; i < n; i++)
		if (st_thread_create(sleeper, NULL, 0, 0) == NULL)
			bench_fail("st_thread_create failed");
	st_usleep(0);                           /* each runs until it sleeps */
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("growth", 1, argc, argv);

	arguments = argv;
	st_set_eventsys(ST_EVENTSYS_ALT);
	if (st_init() < 0)
		bench_fail("st_init failed");
	turns[0] = st_cond_new();
	turns[1] = st_cond_new();
	not_full = st_cond_new();
	not_empty = st_cond_new();
	spawn_sleepers(bench.param);
	if (st_thread_create(partner, NULL, 0, 0) == NULL)
		bench_fail("st_thread_create failed");
	take_turns("growth-switch");
	growth_spawn();
	limit = SECOND;
	take_turns("growth-timer");
	growth_wake();
	return 0;
}
