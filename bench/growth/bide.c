/* SPDX-License-Identifier: MIT */

/*
 * bide.c - a yield, a spawn, a time limit and a wake-up, while so many other tasks sleep
 */
#include "bench.h"

#include <bide.h>

static char **arguments;
static bool is_over;

static int sleeper(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_HOUR);
}

static int partner(void *arg)
{
	(void)arg;
	while (!is_over)
		(void)bide_yield();             /* is_over says when to end */
	return 0;
}

static void growth_switch(void)
{
	struct bench bench = bench_init("growth-switch", 2, 4, arguments);

	if (bide_go(partner, NULL) < 0)
		bench_fail("bide_go failed");
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			if (bide_yield() < 0)
				bench_fail("bide_yield failed");
	is_over = true;
	(void)bide_yield();                     /* lets the partner end */
}

static int child(void *arg)
{
	(void)arg;
	return 1;
}

static void growth_spawn(void)
{
	struct bench bench = bench_init("growth-spawn", 1, 4, arguments);

	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--) {
			bide_task *task = bide_spawn(child, NULL);

			if (task == NULL || bide_join(task) != 1)
				bench_fail("spawn and join failed");
		}
}

static void growth_timer(void)
{
	struct bench bench = bench_init("growth-timer", 1, 4, arguments);
	int r = 0;

	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--) {
			BIDE_TIMEOUT(BIDE_SECOND)
				r |= bide_yield();
			if (r < 0 || bide_timed_out())
				bench_fail("bide_yield failed");
		}
}

static int producer(void *arg)
{
	for (int64_t item = 0; bide_queue_put(arg, &item) == 0; item++)
		;
	return 0;                               /* the queue was shut down */
}

static void growth_wake(void)
{
	struct bench bench = bench_init("growth-wake", 1, 4, arguments);
	bide_queue *queue = bide_queue_new(sizeof(int64_t), 1);
	bide_task *task = queue != NULL ? bide_spawn(producer, queue) : NULL;
	int64_t item, expected = 0;

	if (task == NULL)
		bench_fail("no queue or no task");
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			if (bide_queue_get(queue, &item) < 0 || item != expected++)
				bench_fail("not the next item");
	bide_queue_shutdown(queue, true);
	(void)bide_join(task);
	bide_queue_free(queue);
}

static int lead(void *arg)
{
	long n = atol(arguments[1]);

	(void)arg;
	for (long i = 0; i < n; i++)
		if (bide_go(sleeper, NULL) < 0)
			bench_fail("bide_go failed");
	(void)bide_yield();                     /* each runs until it sleeps */
	growth_switch();
	growth_spawn();
	growth_timer();
	growth_wake();
	return 0;
}

int main(int argc, char **argv)
{
	(void)bench_init("growth", 1, argc, argv);
	arguments = argv;
	return bide_run(lead, NULL) < 0;
}
