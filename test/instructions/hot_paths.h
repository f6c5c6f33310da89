/* SPDX-License-Identifier: MIT */

/*
 * hot_paths.h - a short piece of code whose instructions are counted
 *
 * A path is a function that does one operation n times, written as a program would
 * write it. It runs as the main task of a loop of its own, once with n and once with 2n;
 * the difference is what n operations take. So whatever a path does once, such as
 * making its queue, costs nothing here.
 *
 * Nothing in a path may depend on real time, on another thread or on a file system, or
 * it would take another number of instructions in each run or on each machine. Time is
 * virtual for that reason: how the real clock is read depends on the processor.
 */
#ifndef TEST_INSTRUCTIONS_HOT_PATHS_H
#define TEST_INSTRUCTIONS_HOT_PATHS_H

#include <bide.h>
#include <errno.h>
#include <stdlib.h>

struct hot_path {
	const char *name;               /* NULL: the end of a table */
	int (*fn)(long n);              /* negative: it did not do what it is for */
	long n;                         /* a multiple of what it does at a time */
};

/* One table in each file of paths. */
extern const struct hot_path task_paths[], sync_paths[], queue_paths[], io_paths[];

/* A path that fails counts something else; so it counts nothing. */
static inline void must(bool is_good)
{
	if (!is_good)
		abort();
}

/* Runs fn, which gets a pointer to n, in so many tasks at once. */
static inline int at_once(int tasks, bide_fn *fn, long n)
{
	bide_group group;

	bide_group_open(&group);
	for (int i = 0; i < tasks; i++)
		must(bide_group_spawn(&group, fn, &n) != NULL);
	return bide_group_close(&group);
}

#endif
