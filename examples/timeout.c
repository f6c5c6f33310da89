/* SPDX-License-Identifier: MIT */

/*
 * timeout.c - a time limit that is kept, and two that are not
 *
 * A limit is a scope around code, not an argument of each call. Once it is over,
 * every call inside that would suspend returns -ECANCELED; outside, the limit
 * tells that it was the cause.
 */
#include <bide.h>
#include <errno.h>
#include <stdio.h>

static int work(void *arg)
{
	const bide_time *duration = arg;
	int r = bide_sleep(*duration);

	if (r < 0) {
		puts("  work: cut short");
		return r;
	}
	puts("  work: done");
	return 42;
}

static int async_main(void *arg)
{
	bide_time quick = 200 * BIDE_MILLISECOND;
	bide_time slow = 10 * BIDE_SECOND;
	int r;

	(void)arg;
	puts("200 ms of work within 1 s");
	r = bide_timeout(BIDE_SECOND, work, &quick);
	printf("  result: %d\n", r);

	puts("10 s of work within 500 ms");
	r = bide_timeout(500 * BIDE_MILLISECOND, work, &slow);
	printf("  result: %s\n", r == -ETIMEDOUT ? "-ETIMEDOUT" : "?");

	puts("a block that has 250 ms");
	BIDE_TIMEOUT(250 * BIDE_MILLISECOND) {
		while (bide_sleep(100 * BIDE_MILLISECOND) == 0)
			puts("  100 ms later");
	}
	printf("  timed out: %s\n", bide_timed_out() ? "yes" : "no");
	return 0;
}

int main(void)
{
	return bide_run(async_main, NULL) < 0;
}
