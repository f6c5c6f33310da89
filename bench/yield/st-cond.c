/* SPDX-License-Identifier: MIT */

/*
 * st-cond.c - a turn handed around a ring of State Threads by condition variables
 *
 * st_usleep(0) asks the kernel for events once a round. Where two threads hand
 * over to each other, users take a condition variable instead, which does not.
 */
#include "bench.h"

#include <st.h>

struct seat {
	st_cond_t turn;
	struct seat *next;
};

static bool is_over;

static void *worker(void *arg)
{
	struct seat *seat = arg;

	while (!is_over) {
		st_cond_wait(seat->turn);
		st_cond_signal(seat->next->turn);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("yield", 1, argc, argv);
	struct seat *seats = calloc((size_t)bench.param, sizeof(*seats));

	bench.ops_per_unit = (double)bench.param;
	st_set_eventsys(ST_EVENTSYS_ALT);
	if (seats == NULL || st_init() < 0)
		bench_fail("st_init failed");
	for (long i = 0; i < bench.param; i++) {
		seats[i].turn = st_cond_new();
		seats[i].next = &seats[(i + 1) % bench.param];
		if (i > 0 && st_thread_create(worker, &seats[i], 0, 0) == NULL)
			bench_fail("st_thread_create failed");
	}
	st_usleep(0);                           /* lets each wait for its turn */
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--) {
			st_cond_signal(seats[0].next->turn);
			st_cond_wait(seats[0].turn);
		}
	return 0;
}
