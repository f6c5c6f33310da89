/* SPDX-License-Identifier: MIT */

/*
 * sleep_blocking.c - ten tasks sleep one second each, in ten seconds
 *
 * What not to do. sleep() belongs to the operating system, which knows threads
 * but no tasks: it stops the thread, and all ten tasks with it. Each one sleeps
 * its whole second before the next gets its turn. Compare sleep_concurrently.c.
 */
#include <bide.h>
#include <stdio.h>
#include <unistd.h>

static int f(void *arg)
{
	int i = *(int *)arg;

	printf("begin %d\n", i);
	sleep(1); /* blocks the thread: nobody else runs */
	printf("end %d\n", i);
	return 0;
}

static int async_main(void *arg)
{
	bide_task *t[10];

	(void)arg;
	for (int i = 0; i < 10; i++)
		t[i] = bide_spawn_copy(f, &i, sizeof i);
	return bide_gather(10, t, NULL);
}

int main(void)
{
	int r = bide_run(async_main, NULL);

	puts("hello");
	return r < 0;
}
