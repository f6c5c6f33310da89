/* SPDX-License-Identifier: MIT */

/*
 * backend.h - a server of bide is measured on the back end that was asked for, or not at all
 *
 * bide takes epoll where io_uring is refused or was not built in.
 */
#ifndef BACKEND_H
#define BACKEND_H

#include "bench.h"

#include <bide.h>

/* Ends the program where the running loop has another back end than BIDE_BACKEND names. */
static inline void backend_check(void)
{
	const char *wanted = getenv("BIDE_BACKEND"), *found = bide_loop_stats(NULL).backend;

	if (wanted != NULL && strcmp(wanted, "uring") == 0 && strcmp(found, "io_uring") != 0)
		bench_fail("io_uring cannot be had");
}

#endif
