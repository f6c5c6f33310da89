/* SPDX-License-Identifier: MIT */

/*
 * bide.c - a plain thread posts functions into a loop that is busy
 */
#include "bench.h"

#include <bide.h>
#include <semaphore.h>

static int64_t count;                   /* the loop's, until it has posted done */
static sem_t done;

static int busy(void *arg)
{
	(void)arg;
	while (bide_yield() == 0)
		;
	return 0;
}

static int add(void *arg)
{
	(void)arg;
	count++;
	return 0;
}

static int add_last(void *arg)
{
	sem_post(&done);
	return add(arg);
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("post", 1, argc, argv);
	bide_thread *thread = bide_thread_start(NULL, busy, NULL);
	int64_t sum = 0;

	if (thread == NULL)
		bench_fail("bide_thread_start failed");
	sem_init(&done, 0, 0);
	for (int64_t units; (units = bench_next(&bench)) != 0; sum += units) {
		for (int64_t i = 1; i <= units; i++)
			if (bide_post(bide_thread_loop(thread), i < units ? add : add_last, NULL) <
			    0)
				bench_fail("bide_post failed");
		sem_wait(&done);
	}
	if (bide_thread_stop(thread, BIDE_SECOND) < 0 || count != sum)
		bench_fail("some did not run");
	return 0;
}
