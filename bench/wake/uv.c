/* SPDX-License-Identifier: MIT */

/*
 * uv.c - two loops of libuv, each of which sleeps, wake each other
 */
#include "bench.h"

#include <uv.h>

static uv_loop_t loops[2];
static uv_async_t ping_async, pong_async;
static int64_t left;

static void ping(uv_async_t *async)
{
	if (left-- == 0)
		uv_stop(async->loop);
	else
		uv_async_send(&pong_async);
}

static void pong(uv_async_t *async)
{
	(void)async;
	uv_async_send(&ping_async);
}

static void run_loop(void *loop)
{
	uv_run(loop, UV_RUN_DEFAULT);
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("wake", 1, argc, argv);
	uv_thread_t thread;

	if (uv_loop_init(&loops[0]) < 0 || uv_loop_init(&loops[1]) < 0 ||
	    uv_async_init(&loops[0], &ping_async, ping) < 0 ||
	    uv_async_init(&loops[1], &pong_async, pong) < 0 ||
	    uv_thread_create(&thread, run_loop, &loops[1]) < 0)
		bench_fail("no loop");
	for (int64_t units; (units = bench_next(&bench)) != 0;) {
		left = units;
		ping(&ping_async);
		run_loop(&loops[0]);
	}
	return 0;
}
