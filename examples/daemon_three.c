/* SPDX-License-Identifier: MIT */

/*
 * daemon_three.c - three tasks tick each second while main does other work
 *
 * The main thread computes and knows nothing of loops; the three tasks share the
 * other thread. That one is a daemon: it dies with the program, like daemon.c's.
 */
#include <bide.h>
#include <stdio.h>

static int tick(void *arg)
{
	bide_ticker ticker;
	ssize_t r;
	int i = 0;

	bide_ticker_start(&ticker, BIDE_SECOND);
	do {
		printf("tick %s %d\n", (const char *)arg, i++);
		fflush(stdout);
		r = bide_ticker_wait(&ticker);
	} while (r >= 0);
	return (int)r;
}

/* Three tasks in a group: the thread's main task waits for them, for ever. */
static int tick_all(void *arg)
{
	bide_group group;

	(void)arg;
	bide_group_open(&group);
	bide_group_spawn(&group, tick, "a");
	bide_group_spawn(&group, tick, "b");
	bide_group_spawn(&group, tick, "c");
	return bide_group_close(&group);
}

/* Where no loop runs, bide_now() is the clock of the system. */
static unsigned long compute_until(bide_time when)
{
	unsigned long n = 27, steps = 0;

	for (; bide_now() < when; steps++)
		n = n % 2 == 0 ? n / 2 : 3 * n + 1;
	return steps;
}

int main(void)
{
	bide_time start = bide_now();
	bide_thread *thread = bide_thread_start(NULL, tick_all, NULL);

	if (thread == NULL)
		return 1;
	bide_thread_detach(thread);
	for (int i = 0; i < 3; i++) {
		unsigned long steps = compute_until(start + i * BIDE_SECOND + BIDE_SECOND / 2);

		printf("main has computed: %s\n", steps > 1000 ? "much" : "little");
		fflush(stdout);
	}
	return 0;
}
