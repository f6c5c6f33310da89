/* SPDX-License-Identifier: MIT */

/*
 * daemon_stop.c - a loop on a thread of its own, ended gracefully
 *
 * The same as daemon.c, but the thread is stopped: its main task is cancelled, then
 * every task left, each cleans up, and the program waits for that, though no longer
 * than the grace it gives. What was posted before is run: nothing is lost.
 */
#include <bide.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

struct ticks {
	const char *name;
	int count;
	int saved;
};

static int idle(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

static void save(void *arg)
{
	struct ticks *ticks = arg;

	bide_sleep(100 * BIDE_MILLISECOND); /* deferred functions are shielded, and may suspend */
	ticks->saved = ticks->count;
	printf("%s over\n", ticks->name);
}

static int tick(void *arg)
{
	struct ticks *ticks = arg;
	int r = 0;

	bide_defer(save, ticks);
	while (r == 0) {
		printf("tick %s %d\n", ticks->name, ticks->count++);
		fflush(stdout);
		r = bide_sleep(BIDE_SECOND);
	}
	return r;
}

static int say(void *arg)
{
	puts(arg);
	return 0;
}

int main(void)
{
	struct ticks a = { .name = "a" }, b = { .name = "b" };
	bide_thread *thread = bide_thread_start(NULL, idle, NULL);
	int r;

	if (thread == NULL)
		return 1;
	bide_post(bide_thread_loop(thread), tick, &a);
	bide_post(bide_thread_loop(thread), tick, &b);
	nanosleep(&(struct timespec){ 2, 500000000 }, NULL);

	bide_post(bide_thread_loop(thread), say, "posted last");
	r = bide_thread_stop(thread, BIDE_SECOND);
	if (r == -ETIMEDOUT)
		return 1; /* it still uses a and b */
	printf("the thread has ended: %s\n", bide_strerror(r));
	printf("saved %d of %d ticks\n", a.saved + b.saved, a.count + b.count);
	return 0;
}
