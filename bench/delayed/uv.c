/* SPDX-License-Identifier: MIT */

/*
 * uv.c - the memory of so many functions that timers of libuv are to call
 *
 * Each timer is allocated on its own: its owner has to keep it until it is closed, and
 * whoever starts one now and then has no array for them.
 */
#include "bench.h"

#include <uv.h>

static void never(uv_timer_t *timer)
{
	(void)timer;
	bench_fail("the delay is too short to count the functions");
}

static void call_later(uint64_t ms)
{
	uv_timer_t *timer = malloc(sizeof *timer);

	if (timer == NULL)
		bench_fail("no memory");
	if (uv_timer_init(uv_default_loop(), timer) < 0)
		bench_fail("uv_timer_init failed");
	if (uv_timer_start(timer, never, ms, 0) < 0)
		bench_fail("uv_timer_start failed");
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("delayed", 1, argc, argv);
	double n = (double)bench.param;
	double before = bench_memory();
	int64_t started = bench_now(), elapsed;

	for (long i = 0; i < bench.param; i++)
		call_later(3600000);
	uv_run(uv_default_loop(), UV_RUN_NOWAIT);
	elapsed = bench_now() - started;
	bench_print("delayed", bench.param, (bench_memory() - before) / n);
	bench_print("delayed-start", bench.param, (double)elapsed / n);
	return 0;
}
