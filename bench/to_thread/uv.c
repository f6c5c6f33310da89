/* SPDX-License-Identifier: MIT */

/*
 * uv.c - a call that does nothing, on a thread of libuv's pool
 */
#include "bench.h"

#include <uv.h>

static uv_work_t work;
static int64_t left;

static void empty(uv_work_t *request)
{
	(void)request;
}

static void submit(void);

static void after(uv_work_t *request, int status)
{
	(void)request;
	if (status < 0)
		bench_fail("the call failed");
	submit();
}

static void submit(void)
{
	if (left-- != 0 && uv_queue_work(uv_default_loop(), &work, empty, after) < 0)
		bench_fail("uv_queue_work failed");
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("to_thread", 1, argc, argv);

	for (int64_t units; (units = bench_next(&bench)) != 0;) {
		left = units;
		submit();
		uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	}
	return 0;
}
