/* SPDX-License-Identifier: MIT */

/*
 * ticker.c - something to do every 200 ms, however long it takes
 *
 * A loop around bide_sleep(200 ms) would drift: its period is 200 ms and the work.
 * A ticker keeps to its grid. Where the work took too long, the next wait tells
 * how many ticks are due and does not suspend.
 */
#include <bide.h>
#include <stdio.h>

static int async_main(void *arg)
{
	static const int work_ms[] = { 50, 150, 500, 50 };
	bide_time start = bide_now();
	bide_ticker ticker;

	(void)arg;
	bide_ticker_start(&ticker, 200 * BIDE_MILLISECOND);
	for (int i = 0; i < 4; i++) {
		ssize_t due = bide_ticker_wait(&ticker);
		int r;

		if (due < 0)
			return (int)due;
		printf("at %.1f s: %zd due, %3d ms of work\n",
		       (double)(bide_now() - start) / BIDE_SECOND, due, work_ms[i]);
		r = bide_sleep(work_ms[i] * BIDE_MILLISECOND);
		if (r < 0)
			return r;
	}
	return 0;
}

int main(void)
{
	return bide_run(async_main, NULL) < 0;
}
