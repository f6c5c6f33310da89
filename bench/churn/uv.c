/* SPDX-License-Identifier: MIT */

/*
 * uv.c - so many timers of libuv, started anew time and again
 */
#include "churn.h"

#include <uv.h>

static void due(uv_timer_t *timer)
{
	(void)timer;
	bench_fail("a limit of hours has passed");
}

static void reset(uv_timer_t *timer)
{
	if (uv_timer_start(timer, due, (uint64_t)churn_delay() / 1000000, 0) < 0)
		bench_fail("uv_timer_start failed");
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("churn", CHURN_BATCH, argc, argv);
	size_t n = (size_t)bench.param;
	uv_timer_t *timers = calloc(n, sizeof *timers);

	if (timers == NULL)
		bench_fail("no memory");
	for (size_t i = 0; i < n; i++) {
		if (uv_timer_init(uv_default_loop(), &timers[i]) < 0)
			bench_fail("uv_timer_init failed");
		reset(&timers[i]);
	}
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--) {
			for (int i = 0; i < CHURN_BATCH; i++)
				reset(&timers[churn_random() % n]);
			uv_run(uv_default_loop(), UV_RUN_NOWAIT);
		}
	return 0;
}
