/* SPDX-License-Identifier: MIT */

/*
 * daemon.c - a loop on a thread of its own, which dies with the program
 *
 * A thread that was detached is nobody's to wait for. When main returns it stops
 * where it is: nothing is cancelled, and no deferred function runs. daemon_stop.c
 * ends it properly.
 */
#include <bide.h>
#include <stdio.h>
#include <time.h>

static int idle(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

static void over(void *arg)
{
	printf("%s over\n", (const char *)arg); /* never printed */
}

static int tick(void *arg)
{
	int r = 0;

	bide_defer(over, arg);
	for (int i = 0; r == 0; i++) {
		printf("tick %s %d\n", (const char *)arg, i);
		fflush(stdout);
		r = bide_sleep(BIDE_SECOND);
	}
	return r;
}

int main(void)
{
	bide_thread *t = bide_thread_start(NULL, idle, NULL);
	bide_loop *l = bide_thread_loop(t);

	bide_thread_detach(t); /* l lasts for as long as idle() does: for ever */
	bide_post(l, tick, "a");
	bide_post(l, tick, "b");
	nanosleep(&(struct timespec){ 2, 500000000 }, NULL);
	puts("main thread ends");
	return 0;
}
