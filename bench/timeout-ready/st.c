/* SPDX-License-Identifier: MIT */

/*
 * st.c - the get, with a time limit, of an item that is there
 *
 * As in queue/st.c this is the queue that users of State Threads write; a limit is an
 * argument of the wait, which an item that is there makes needless.
 */
#include "bench.h"

#include <st.h>

#define SECOND 1000000

static int64_t slot;
static bool is_full;
static st_cond_t not_full, not_empty;

static void put(int64_t item)
{
	while (is_full)
		st_cond_wait(not_full);
	slot = item;
	is_full = true;
	st_cond_signal(not_empty);
}

static int get(int64_t *item, st_utime_t limit)
{
	while (!is_full)
		if (st_cond_timedwait(not_empty, limit) < 0)
			return -1;
	*item = slot;
	is_full = false;
	st_cond_signal(not_full);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("timeout-ready", 1, argc, argv);
	int64_t item, sent = 0;

	st_set_eventsys(ST_EVENTSYS_ALT);
	if (st_init() < 0)
		bench_fail("st_init failed");
	not_full = st_cond_new();
	not_empty = st_cond_new();
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--) {
			put(sent);
			if (get(&item, SECOND) < 0 || item != sent++)
				bench_fail("not the item");
		}
	return 0;
}
