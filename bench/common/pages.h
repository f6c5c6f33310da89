/* SPDX-License-Identifier: MIT */

/*
 * pages.h - the file that the programs of file_read read, a page at a time
 *
 * run.py has written it, and starts them in its folder. The offsets are those of a
 * generator that each language has in one line, so all read the same.
 */
#ifndef PAGES_H
#define PAGES_H

#include "bench.h"

#include <fcntl.h>

#define PAGE 4096
#define PAGES_BITS 14                   /* of a page's number: 64 MiB */

static char page[PAGE];

static inline off_t pages_offset(void)
{
	static uint64_t state;

	state = state * 6364136223846793005 + 1442695040888963407;
	return (off_t)(state >> (64 - PAGES_BITS)) * PAGE;
}

/* Opens the file, and brings it into memory where it is not. */
static inline int pages_open(void)
{
	int fd = open("pages", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		bench_fail("there is no file to read");
	for (off_t i = 0; i < (off_t)1 << PAGES_BITS; i++)
		if (pread(fd, page, PAGE, i * PAGE) != PAGE)
			bench_fail("the file is too short");
	return fd;
}

#endif
