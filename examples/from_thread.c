/* SPDX-License-Identifier: MIT */

/*
 * from_thread.c - a plain thread computes, and tasks wait for what it finds
 *
 * Each part comes through a shared queue, in which a thread blocks where a task
 * would suspend; the end result is a future. The loop goes on all the time, as the
 * task that counts milliseconds shows.
 */
#include <bide.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

static bide_queue *parts; /* holds two: the thread does not run ahead */
static bide_future total;
static int milliseconds;

static int primes_between(int from, int to)
{
	int count = 0;

	for (int n = from; n < to; n++) {
		int d = 2;

		while (d * d <= n && n % d != 0)
			d++;
		count += n > 1 && d * d > n;
	}
	return count;
}

static void *compute(void *arg)
{
	int primes, sum = 0, r = 0;

	for (int from = 0; from < 1000000 && r == 0; from += 200000) {
		primes = primes_between(from, from + 200000);
		sum += primes;
		r = bide_queue_put(parts, &primes); /* -ESHUTDOWN: nobody wants it any more */
	}
	bide_queue_shutdown(parts, false);
	bide_future_set(&total, r < 0 ? r : sum, NULL);
	return arg;
}

static int count_milliseconds(void *arg)
{
	(void)arg;
	while (bide_sleep(BIDE_MILLISECOND) == 0)
		milliseconds++;
	return -ECANCELED;
}

static int async_main(void *arg)
{
	int primes, r;

	(void)arg;
	bide_go(count_milliseconds, NULL);
	while ((r = bide_queue_get(parts, &primes)) == 0)
		printf("200000 numbers more: %d primes\n", primes);
	bide_queue_shutdown(parts, true); /* also where this task was cancelled */
	return r == -ESHUTDOWN ? bide_future_wait(&total, NULL) : r;
}

int main(void)
{
	pthread_t thread;
	int r;

	parts = bide_queue_new_shared(sizeof(int), 2);
	if (parts == NULL || pthread_create(&thread, NULL, compute, NULL) != 0)
		return 1;
	r = bide_run(async_main, NULL);
	pthread_join(thread, NULL);
	bide_queue_free(parts);
	printf("%d primes; the loop went on: %s\n", r, milliseconds > 5 ? "yes" : "no");
	return r < 0;
}
