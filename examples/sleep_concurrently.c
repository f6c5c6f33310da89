/* SPDX-License-Identifier: MIT */

/*
 * sleep_concurrently.c - ten tasks sleep one second each, in one second
 *
 * bide_sleep() suspends only the task that calls it; the thread goes on with the
 * others. sleep_blocking.c is the same program with the thread's own sleep().
 */
#include <bide.h>
#include <stdio.h>

static int f(void *arg)
{
	int r = bide_sleep(BIDE_SECOND);

	if (r < 0)
		return r;
	printf("%d\n", *(int *)arg);
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
