/* SPDX-License-Identifier: MIT */

/*
 * recursive_gather.c - as recursive.c, but every task gathers the two it spawned
 *
 * The cancellation of a parent cancels the tasks that it gathers, so it reaches
 * even the canceller. But that one does not suspend any more, and a task's result
 * is what its function returned: its 7 stands. Nobody is left behind: every
 * parent waits until both of its tasks have ended.
 */
#include <bide.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>

static int spawned, started, survivors;

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
	bide_task *t[2];
	int results[2], r;

	started++;
	if (depth > 5) {
		cancel_all_others();
		return 7;
	}
	for (int k = 0; k < 2; k++, spawned++)
		t[k] = bide_spawn(rec, (void *)(depth + 1));
	r = bide_gather(2, t, results);
	for (int k = 0; k < 2; k++)
		survivors += results[k] == 7;
	return r;
}

static int async_main(void *arg)
{
	(void)arg;
	spawned++;
	return bide_join(bide_spawn(rec, NULL));
}

int main(void)
{
	int r = bide_run(async_main, NULL);

	printf("started %d\n", started);
	printf("never started %d\n", spawned - started);
	printf("survivors %d\n", survivors);
	puts(r == -ECANCELED ? "main cancelled too" : "main ended normally");
	return 0;
}
