/* SPDX-License-Identifier: MIT */

/*
 * uv.c - a plain thread brings functions to a busy loop of libuv
 *
 * uv_async_send() carries nothing, and several calls may count as one. So what is to
 * be run stands in a list under a mutex, and an idle handle keeps the loop busy.
 */
#include "bench.h"

#include <uv.h>

struct post {
	struct post *next;
	void (*fn)(void);
};

static uv_loop_t loop;
static uv_async_t async;
static uv_mutex_t mutex;
static uv_sem_t done;
static struct post *first, **end = &first;      /* under the mutex */
static int64_t count;                           /* the loop's, until it has posted done */

static void add(void)
{
	count++;
}

static void add_last(void)
{
	count++;
	uv_sem_post(&done);
}

static void stop(void)
{
	uv_stop(&loop);
}

static void post(void (*fn)(void))
{
	struct post *one = malloc(sizeof(*one));

	if (one == NULL)
		bench_fail("no memory");
	*one = (struct post){ .fn = fn };
	uv_mutex_lock(&mutex);
	*end = one;
	end = &one->next;
	uv_mutex_unlock(&mutex);
	uv_async_send(&async);
}

static void run_posts(uv_async_t *handle)
{
	struct post *one, *next;

	(void)handle;
	uv_mutex_lock(&mutex);
	one = first;
	first = NULL;
	end = &first;
	uv_mutex_unlock(&mutex);
	for (; one != NULL; one = next) {
		next = one->next;
		one->fn();
		free(one);
	}
}

static void idle(uv_idle_t *handle)
{
	(void)handle;
}

static void run_loop(void *arg)
{
	(void)arg;
	uv_run(&loop, UV_RUN_DEFAULT);
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("post", 1, argc, argv);
	uv_idle_t busy;
	uv_thread_t thread;
	int64_t sum = 0;

	if (uv_loop_init(&loop) < 0 || uv_async_init(&loop, &async, run_posts) < 0 ||
	    uv_idle_init(&loop, &busy) < 0 || uv_idle_start(&busy, idle) < 0 ||
	    uv_mutex_init(&mutex) < 0 || uv_sem_init(&done, 0) < 0 ||
	    uv_thread_create(&thread, run_loop, NULL) < 0)
		bench_fail("no loop");
	for (int64_t units; (units = bench_next(&bench)) != 0; sum += units) {
		for (int64_t i = 1; i <= units; i++)
			post(i < units ? add : add_last);
		uv_sem_wait(&done);
	}
	post(stop);
	uv_thread_join(&thread);
	if (count != sum)
		bench_fail("some did not run");
	return 0;
}
