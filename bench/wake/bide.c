/* SPDX-License-Identifier: MIT */

/*
 * bide.c - functions posted to and fro between two loops, each of which sleeps
 */
#include "bench.h"

#include <bide.h>

static bide_loop *here, *there;
static bide_event is_over;
static int64_t left;

static int sleeper(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

static int pong(void *arg);

static int ping(void *arg)
{
	if (left-- == 0) {
		bide_event_set(&is_over);
		return 0;
	}
	return bide_post(there, pong, arg);
}

static int pong(void *arg)
{
	return bide_post(here, ping, arg);
}

static int lead(void *arg)
{
	struct bench *bench = arg;
	bide_thread *thread = bide_thread_start(NULL, sleeper, NULL);

	if (thread == NULL)
		bench_fail("bide_thread_start failed");
	here = bide_loop_ref(bide_loop_current());      /* the other thread keeps it */
	there = bide_thread_loop(thread);
	for (int64_t units; (units = bench_next(bench)) != 0;) {
		left = units;
		if (ping(NULL) < 0 || bide_event_wait(&is_over) < 0)
			bench_fail("ping failed");
		bide_event_clear(&is_over);
	}
	(void)bide_thread_stop(thread, BIDE_SECOND);    /* it tells that it was cancelled */
	bide_loop_unref(here);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("wake", 1, argc, argv);

	return bide_run(lead, &bench) < 0;
}
