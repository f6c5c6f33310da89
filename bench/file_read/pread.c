/* SPDX-License-Identifier: MIT */

/*
 * pread.c - reads of a file that is in memory: the system call and nothing else
 */
#include "pages.h"

#include <unistd.h>

int main(int argc, char **argv)
{
	struct bench bench = bench_init("file_read", 1, argc, argv);
	int fd = pages_open();

	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			if (pread(fd, page, PAGE, pages_offset()) != PAGE)
				bench_fail("pread failed");
	return 0;
}
