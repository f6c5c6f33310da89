/* SPDX-License-Identifier: MIT */

/*
 * uv.c - reads of a file that is in memory, each on a thread of libuv's pool
 */
#include "pages.h"

#include <uv.h>

static uv_fs_t request;
static uv_buf_t buf;
static int fd;
static int64_t left;

static void submit(void);

static void after(uv_fs_t *done)
{
	if (done->result != PAGE)
		bench_fail("the read failed");
	uv_fs_req_cleanup(done);
	submit();
}

static void submit(void)
{
	if (left-- != 0 &&
	    uv_fs_read(uv_default_loop(), &request, fd, &buf, 1, pages_offset(), after) < 0)
		bench_fail("uv_fs_read failed");
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("file_read", 1, argc, argv);

	fd = pages_open();
	buf = uv_buf_init(page, PAGE);
	for (int64_t units; (units = bench_next(&bench)) != 0;) {
		left = units;
		submit();
		uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	}
	return 0;
}
