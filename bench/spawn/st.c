/* SPDX-License-Identifier: MIT */

/*
 * st.c - create one thread of State Threads and join it
 */
#include "bench.h"

#include <st.h>

static void *child(void *arg)
{
	return arg;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("spawn", 1, argc, argv);

	st_set_eventsys(ST_EVENTSYS_ALT);
	if (st_init() < 0)
		bench_fail("st_init failed");
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--) {
			st_thread_t thread = st_thread_create(child, NULL, 1, 0);

			if (thread == NULL || st_thread_join(thread, NULL) < 0)
				bench_fail("create and join failed");
		}
	return 0;
}
