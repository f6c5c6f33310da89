/* SPDX-License-Identifier: MIT */

/*
 * recursive.c - each task spawns two more; the first one too deep ends it all
 *
 * Tasks run first come, first served, so the tree grows breadth first: all
 * 1 + 2 + … + 32 = 63 tasks of depth 0 to 5 have started before the first one of
 * depth 6. That one cancels every task but itself: the 63 sleepers, the 63 others
 * of its own depth, which never start, and main.
 */
#include <bide.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>

static int spawned, started, cancelled, survivors;

static void cancel_all_others(void)
{
	bide_task *all[256];
	size_t n = bide_tasks(all, 256);

	for (size_t i = 0; i < n; i++)
		if (all[i] != bide_self())
			bide_cancel(all[i]);
}

static int rec(void *arg)
{
	intptr_t depth = (intptr_t)arg;
	int r;

	started++;
	if (depth > 5) {
		cancel_all_others();
		survivors++;
		return 0;
	}
	for (int k = 0; k < 2; k++, spawned++)
		bide_go(rec, (void *)(depth + 1));
	r = bide_sleep(BIDE_FOREVER);
	if (r == -ECANCELED)
		cancelled++;
	return r;
}

static int async_main(void *arg)
{
	(void)arg;
	bide_go(rec, NULL);
	spawned++;
	return bide_sleep(BIDE_FOREVER);
}

int main(void)
{
	int r = bide_run(async_main, NULL);

	printf("started %d\n", started);
	printf("cancelled in their sleep %d\n", cancelled);
	printf("never started %d\n", spawned - started);
	printf("survivors %d\n", survivors);
	puts(r == -ECANCELED ? "main cancelled too" : "main ended normally");
	return 0;
}
