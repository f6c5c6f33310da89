/* SPDX-License-Identifier: MIT */

/*
 * st.c - a wait with a time limit that another thread ends
 *
 * State Threads has no time limit around a call: the calls take one as an
 * argument. Two threads signal each other, so each wait suspends once.
 */
#include "bench.h"

#include <st.h>

#define SECOND 1000000

static st_cond_t turns[2];

static void *partner(void *arg)
{
	for (;;) {
		if (st_cond_timedwait(turns[1], SECOND) < 0)
			bench_fail("timed out");
		st_cond_signal(turns[0]);
	}
	return arg;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("timeout", 2, argc, argv);

	st_set_eventsys(ST_EVENTSYS_ALT);
	if (st_init() < 0)
		bench_fail("st_init failed");
	turns[0] = st_cond_new();
	turns[1] = st_cond_new();
	if (st_thread_create(partner, NULL, 0, 0) == NULL)
		bench_fail("st_thread_create failed");
	st_usleep(0);                           /* lets it wait for its turn */
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--) {
			st_cond_signal(turns[1]);
			if (st_cond_timedwait(turns[0], SECOND) < 0)
				bench_fail("timed out");
		}
	return 0;
}
