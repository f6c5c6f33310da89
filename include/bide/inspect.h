/* SPDX-License-Identifier: MIT */

/*
 * bide/inspect.h - what the tasks of a loop are doing
 */
#ifndef BIDE_INSPECT_H
#define BIDE_INSPECT_H

#include <bide/base.h>
#include <stdio.h>

BIDE_BEGIN_DECLS

/*
 * Prints the tasks of the running loop as a tree: each one's name, its state,
 * what it waits for and for how long. A task stands below the one that waits for
 * its end. Outside of a loop it prints that there is none.
 */
BIDE_API void bide_dump(FILE *out);

/*
 * Stores at most n of the running loop's live tasks, in order of spawning, the
 * caller included. Returns how many live; 0 outside of a loop. The handles are
 * borrowed until the caller suspends.
 */
BIDE_API size_t bide_tasks(bide_task *tasks[], size_t n);

typedef struct bide_stats {
	uint64_t rounds;                /* rounds run since the loop began */
	uint64_t switches;              /* times a task got the thread */
	uint64_t spawned;               /* tasks */
	uint64_t live;                  /* tasks, now */
	uint64_t timers;                /* armed, now */
	uint64_t operations;            /* I/O operations that were submitted */
	uint64_t posts;                 /* functions posted to the loop */
	bide_time idle;                 /* time that the loop waited with nothing to run */
	const char *backend;            /* "epoll", "io_uring", "poll" or "sim"; static */
} bide_stats;

/* Returns the loop's counters and its back end; NULL stands for the running loop. */
BIDE_API bide_stats bide_loop_stats(bide_loop *loop);

BIDE_END_DECLS

#endif
