/* SPDX-License-Identifier: MIT */

/*
 * hot_paths.c - runs paths under callgrind, which counts their instructions
 *
 *   hot_paths             prints the names of all paths
 *   hot_paths NAME...     runs these; callgrind writes two files for each, which say
 *                         "NAME n" and "NAME 2n" behind "Client Request:"
 *
 * All paths run in one process, as the start of valgrind takes longer than a path.
 */
#include "hot_paths.h"

#include <stdio.h>
#include <string.h>
#include <valgrind/callgrind.h>

static const struct hot_path *const tables[] = { task_paths, sync_paths, queue_paths, io_paths };

#define TABLES (sizeof(tables) / sizeof(*tables))

struct run {
	const struct hot_path *path;
	long n;
};

static int async_main(void *arg)
{
	const struct run *run = arg;

	return run->path->fn(run->n);
}

/* Writes what the path takes for n operations, in a file of callgrind's. */
static void count(const struct hot_path *path, long n)
{
	const bide_options options = { .backend = BIDE_BACKEND_EPOLL, .flags = BIDE_VIRTUAL_CLOCK };
	struct run run = { path, n };
	char what[80];

	(void)snprintf(what, sizeof(what), "%s %ld", path->name, n);
	CALLGRIND_ZERO_STATS;
	must(bide_run_with(&options, async_main, &run) >= 0);
	CALLGRIND_DUMP_STATS_AT(what);
}

static const struct hot_path *find(const char *name)
{
	for (size_t i = 0; i < TABLES; i++)
		for (const struct hot_path *path = tables[i]; path->name != NULL; path++)
			if (strcmp(path->name, name) == 0)
				return path;
	return NULL;
}

static void print_names(void)
{
	for (size_t i = 0; i < TABLES; i++)
		for (const struct hot_path *path = tables[i]; path->name != NULL; path++)
			(void)puts(path->name);
}

int main(int argc, char **argv)
{
	if (argc == 1)
		print_names();
	for (int i = 1; i < argc; i++) {
		const struct hot_path *path = find(argv[i]);

		if (path == NULL) {
			(void)fprintf(stderr, "hot_paths: there is no path %s\n", argv[i]);
			return 2;
		}
		/* The heap grows in the first run, which the next one repeats. */
		count(path, 2 * path->n);
		count(path, path->n);
		count(path, 2 * path->n);
	}
	return 0;
}
