/* SPDX-License-Identifier: MIT */

/*
 * lock.c - three workers, one lock, a second each
 *
 * Between two calls that suspend a task has the thread to itself and needs no lock.
 * Here each worker sleeps with what is to be its own, so there is one. Those who
 * wait for it get it in the order in which they asked.
 */
#include <bide.h>
#include <stdio.h>

static bide_lock lock;

static int worker(void *arg)
{
	int i = *(int *)arg, r;

	printf("worker %d waits\n", i);
	r = bide_lock_acquire(&lock);
	if (r < 0)
		return r;
	printf("worker %d acquired\n", i);
	r = bide_sleep(BIDE_SECOND);
	printf("worker %d released\n", i);
	bide_lock_release(&lock);
	return r;
}

static int async_main(void *arg)
{
	bide_group g;

	(void)arg;
	bide_group_open(&g);
	for (int i = 0; i < 3; i++)
		bide_group_spawn_copy(&g, worker, &i, sizeof i);
	return bide_group_close(&g);
}

int main(void)
{
	return bide_run(async_main, NULL) < 0;
}
