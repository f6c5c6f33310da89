/* SPDX-License-Identifier: MIT */

/*
 * bare.c - a plain thread puts functions into a list that another one polls
 *
 * A post is one exchange. Left out: the memory of a post, which is one of a few used
 * again and again; more than one who posts, where order is to be told; a loop that
 * sleeps and has to be woken; and all else that a loop has to look at.
 */
#include "bench.h"

#include <pthread.h>
#include <stdatomic.h>

#define POSTS 4096                      /* beyond so many the poster waits */

struct post {
	_Atomic(struct post *) next;
	void (*fn)(void);
};

static struct post posts[POSTS], stub;
static _Atomic(struct post *) newest = &stub;
static int64_t count;                   /* the loop's */
static _Alignas(64) atomic_llong taken; /* what the loop tells of it, now and then */
static _Alignas(64) atomic_llong done;

static void add(void)
{
	count++;
}

static void add_last(void)
{
	count++;
	atomic_store_explicit(&done, count, memory_order_release);
}

static void *loop(void *arg)
{
	struct post *at = &stub, *next;

	for (;;) {
		next = atomic_load_explicit(&at->next, memory_order_acquire);
		if (next == NULL)
			continue;
		at = next;
		at->fn();
		if (count % (POSTS / 4) == 0)
			atomic_store_explicit(&taken, count, memory_order_release);
	}
	return arg;
}

static void post(struct post *one, void (*fn)(void))
{
	struct post *before;

	one->fn = fn;
	atomic_store_explicit(&one->next, NULL, memory_order_relaxed);
	before = atomic_exchange_explicit(&newest, one, memory_order_acq_rel);
	atomic_store_explicit(&before->next, one, memory_order_release);
}

/* The loop stands on the last one that it took, so a quarter of all are never free. */
static struct post *post_free(int64_t number)
{
	if (number % (POSTS / 4) == 0)
		while (number - atomic_load_explicit(&taken, memory_order_acquire) > POSTS / 2)
			;
	return &posts[number % POSTS];
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("post", 1, argc, argv);
	pthread_t thread;
	int64_t sum = 0;

	if (pthread_create(&thread, NULL, loop, NULL) != 0)
		bench_fail("pthread_create failed");
	for (int64_t units; (units = bench_next(&bench)) != 0;) {
		for (int64_t i = 1; i <= units; i++, sum++)
			post(post_free(sum), i < units ? add : add_last);
		while (atomic_load_explicit(&done, memory_order_acquire) != sum)
			;
	}
	return 0;
}
