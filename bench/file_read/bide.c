/* SPDX-License-Identifier: MIT */

/*
 * bide.c - reads of a file that is in memory
 */
#include "pages.h"

#include <bide.h>
#include <bide/file.h>

static int reader(void *arg)
{
	struct bench *bench = arg;
	int fd = pages_open();

	for (int64_t units; (units = bench_next(bench)) != 0;)
		for (; units != 0; units--)
			if (bide_pread(fd, page, PAGE, pages_offset()) != PAGE)
				bench_fail("bide_pread failed");
	return bide_close(fd);
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("file_read", 1, argc, argv);

	return bide_run(reader, &bench) < 0;
}
