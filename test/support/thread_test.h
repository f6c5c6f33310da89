/* SPDX-License-Identifier: MIT */

/*
 * thread_test.h - tests with real threads
 *
 * The block of a TEST runs on a plain thread. A host is a thread with a loop whose
 * main task stays until it is cancelled. Threads wait for each other by semaphores
 * (MEET(): what was announced has happened), never by time.
 */
#ifndef TEST_SUPPORT_THREAD_TEST_H
#define TEST_SUPPORT_THREAD_TEST_H

#include "test.h"

#include <bide.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MS BIDE_MILLISECOND

/* A number as an argument, and back. */
#define ARG(n) ((void *)(intptr_t)(n))
#define INT(arg) ((int)(intptr_t)(arg))

/* ---- plain threads ---- */

static inline void meet(sem_t *sem)
{
	while (sem_wait(sem) != 0)
		CHECK_INT(errno, EINTR);
}

/* Blocks this thread until the semaphore was posted, also inside of a task. */
#define MEET(sem) meet(sem)

static inline pthread_t start_plain(void *(*fn)(void *), void *arg)
{
	pthread_t thread;

	CHECK_INT(pthread_create(&thread, NULL, fn, arg), 0);
	return thread;
}

static inline void join_plain(pthread_t thread)
{
	CHECK_INT(pthread_join(thread, NULL), 0);
}

static inline pid_t thread_id(void)
{
	return (pid_t)syscall(SYS_gettid);
}

/*
 * Returns once the thread of this process sleeps in the kernel; at once where that
 * cannot be told.
 */
static inline void until_asleep(pid_t id)
{
	char path[64], text[256];

	snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)id);
	for (;;) {
		FILE *file = fopen(path, "re");
		size_t n = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
		const char *end;

		if (file != NULL)
			fclose(file);
		text[n] = '\0';
		end = strrchr(text, ')');
		if (end == NULL || strncmp(end, ") S", 3) == 0)
			return;
		sched_yield();
	}
}

static inline int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	CHECK(dir != NULL);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

/* ---- hosts ---- */

static inline int stay(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

static inline bide_thread *start_with(const bide_options *options, bide_fn *fn, void *arg)
{
	bide_thread *thread = bide_thread_start(options, fn, arg);

	CHECK(thread != NULL);
	CHECK(bide_thread_loop(thread) != NULL);
	return thread;
}

static inline bide_thread *start_host(void)
{
	return start_with(NULL, stay, NULL);
}

static inline void end_host(bide_thread *host)
{
	CHECK_INT(bide_thread_stop(host, BIDE_FOREVER), -ECANCELED);
}

static inline bide_task *spawn_on(bide_loop *loop, bide_fn *fn, void *arg)
{
	bide_task *task = bide_spawn_on(loop, fn, arg);

	CHECK(task != NULL);
	return task;
}

/* Runs fn(arg) on the host's loop, waits for its end, and returns its result. */
static inline int call_on(bide_thread *host, bide_fn *fn, void *arg)
{
	return bide_join(spawn_on(bide_thread_loop(host), fn, arg));
}

/* ---- a loop whose thread is held ---- */

struct hold {
	sem_t is_held;          /* posted once the thread is held */
	sem_t go_on;            /* lets the thread go on */
};

static inline int hold_thread(void *arg)
{
	struct hold *hold = arg;

	sem_post(&hold->is_held);
	MEET(&hold->go_on);
	return 0;
}

static inline void hold_init(struct hold *hold)
{
	CHECK_INT(sem_init(&hold->is_held, 0, 0), 0);
	CHECK_INT(sem_init(&hold->go_on, 0, 0), 0);
}

/* When it returns the loop's thread does nothing until hold_end(). */
static inline void hold_begin(struct hold *hold, bide_loop *loop)
{
	hold_init(hold);
	CHECK_INT(bide_post(loop, hold_thread, hold), 0);
	MEET(&hold->is_held);
}

static inline void hold_end(struct hold *hold)
{
	sem_post(&hold->go_on);
}

/* ---- tasks ---- */

static inline int return_arg(void *arg)
{
	return INT(arg);
}

static inline int never(void *arg)
{
	(void)arg;
	test_fail(__FILE__, __LINE__, "a function that must not be called was called");
}

static inline int post_semaphore(void *arg)
{
	CHECK_INT(sem_post(arg), 0);
	return 0;
}

/* Lets every task of this loop go on until each has ended or waits for something. */
static inline void settle(void)
{
	CHECK_INT(bide_sleep(BIDE_NANOSECOND), 0);
}

/* ---- threads that take their time to end ---- */

/* Blocks until the thread's loop has closed, the thread itself may still be there. */
static inline void until_closed(bide_loop *loop)
{
	while (bide_post(loop, return_arg, ARG(0)) == 0)
		sched_yield();
}

static inline int yield_and_release(void *arg)
{
	for (int i = 0; i < 10; i++)
		CHECK_INT(bide_yield(), 0);
	sem_post(arg);
	return 0;
}

static inline int clean_up(void *arg)
{
	for (int i = 0; i < 10; i++)
		CHECK_INT(bide_yield(), 0);
	*(bool *)arg = true;
	return 0;
}

/* A main task that stays until it is cancelled, and what becomes of it then. */
struct life {
	sem_t has_begun;
	bool has_ended;
	int result;
};

static inline int live(void *arg)
{
	struct life *life = arg;

	sem_post(&life->has_begun);
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	CHECK_INT(bide_shield(clean_up, &life->has_ended), 0);
	return life->result;
}

static inline bide_thread *start_life(struct life *life, int result)
{
	bide_thread *thread;

	*life = (struct life){ .result = result };
	CHECK_INT(sem_init(&life->has_begun, 0, 0), 0);
	thread = start_with(NULL, live, life);
	MEET(&life->has_begun);
	return thread;
}

/* A main task that ends when it is told to, and in no other way. */
struct daemon {
	sem_t has_begun;
	sem_t may_end;
	sem_t has_ended;
};

static inline int await_end(void *arg)
{
	MEET(arg);
	return 0;
}

static inline int haunt(void *arg)
{
	struct daemon *daemon = arg;

	sem_post(&daemon->has_begun);
	CHECK_INT(bide_shield(await_end, &daemon->may_end), 0);
	sem_post(&daemon->has_ended);
	return 9;
}

static inline bide_thread *start_daemon(struct daemon *daemon)
{
	bide_thread *thread;

	CHECK_INT(sem_init(&daemon->has_begun, 0, 0), 0);
	CHECK_INT(sem_init(&daemon->may_end, 0, 0), 0);
	CHECK_INT(sem_init(&daemon->has_ended, 0, 0), 0);
	thread = start_with(NULL, haunt, daemon);
	MEET(&daemon->has_begun);
	return thread;
}

#endif
