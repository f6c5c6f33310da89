/* SPDX-License-Identifier: MIT */

/*
 * rate_limit.c - three requests at once, then one every 20 ms
 *
 * A token bucket: each request takes a permit of a semaphore, and a ticker puts one
 * back at each tick, of which the semaphore keeps three at most. Who waits for a
 * permit is served first come, first served.
 */
#include <bide.h>
#include <errno.h>
#include <stdio.h>

#define BURST 3
#define PERIOD (20 * BIDE_MILLISECOND)

static bide_sem permits;

static int refill(void *arg)
{
	bide_ticker ticker;
	ssize_t due;

	(void)arg;
	bide_ticker_start(&ticker, PERIOD);
	while ((due = bide_ticker_wait(&ticker)) > 0)
		while (due-- > 0 && bide_sem_release(&permits) == 0)
			; /* -EOVERFLOW: the bucket is full */
	return (int)due;
}

static int request(void *arg)
{
	const char *how = "at once";

	if (bide_sem_try(&permits) < 0) {
		int r = bide_sem_acquire(&permits);

		if (r < 0)
			return r;
		how = "after a wait";
	}
	printf("request %d, %s\n", *(int *)arg, how);
	return 0;
}

static int async_main(void *arg)
{
	bide_task *refiller = bide_spawn(refill, NULL);
	bide_group group;
	int r;

	(void)arg;
	if (refiller == NULL)
		return -ENOMEM;
	bide_sem_init(&permits, BURST, BURST);
	bide_group_open(&group);
	for (int i = 0; i < 10; i++)
		bide_group_spawn_copy(&group, request, &i, sizeof i);
	r = bide_group_close(&group);

	bide_cancel(refiller);
	bide_join(refiller); /* -ECANCELED, as it was asked */
	return r;
}

int main(void)
{
	return bide_run(async_main, NULL) < 0;
}
