/* SPDX-License-Identifier: MIT */

/*
 * call_test.h - tests of calls on the threads of a pool
 *
 * CALL_TEST(unit, sentence, options of the loop …) { … } is a test whose block is the
 * main task of a loop. A held call stays on its thread until it is let go, so that a
 * test knows which calls have begun and which have not. When the loop is closed its
 * threads have ended, apart from those that a test expects to end later.
 */
#ifndef TEST_SUPPORT_CALL_TEST_H
#define TEST_SUPPORT_CALL_TEST_H

#include "thread_test.h"

#define CALL_TEST(unit, sentence, ...)                                                             \
	static int block_##unit##_##sentence(void *arg);                                           \
	TEST(unit, sentence)                                                                       \
	{                                                                                          \
		const bide_options options = { .name = #unit, __VA_ARGS__ };                       \
                                                                                                   \
		CHECK_INT(bide_run_with(&options, block_##unit##_##sentence, NULL), 0);            \
		CHECK(atomic_load(&pool_threads) <= later_threads);                                \
	}                                                                                          \
	static int block_##unit##_##sentence(void *arg __attribute__((unused)))

/* ---- threads of pools that live ---- */

static atomic_int pool_threads;
static int later_threads __attribute__((unused)); /* which a close leaves to themselves */
static pthread_key_t pool_key;
static pthread_once_t pool_once = PTHREAD_ONCE_INIT;

static inline void forget_thread(void *arg)
{
	(void)arg;
	atomic_fetch_sub(&pool_threads, 1);
}

static inline void make_pool_key(void)
{
	CHECK_INT(pthread_key_create(&pool_key, forget_thread), 0);
}

/*
 * Counts the thread that makes this call as one that lives, until it ends; so it is
 * told that it has ended before pthread_join() returns.
 */
static inline void count_thread(void)
{
	CHECK_INT(pthread_once(&pool_once, make_pool_key), 0);
	if (pthread_getspecific(pool_key) != NULL)
		return;
	CHECK_INT(pthread_setspecific(pool_key, &pool_threads), 0);
	atomic_fetch_add(&pool_threads, 1);
}

/* ---- held calls ---- */

struct call {
	sem_t has_begun;
	sem_t go_on;
	int result;             /* what it is to return */
	int turn;               /* the how manieth it was to begin, from 1; 0: it has not */
	pid_t thread;           /* where it ran */
	int next;               /* what the caller's next cancellation point gave */
	bool has_returned;      /* to the caller */
};

static atomic_int turns;

static inline void call_init(struct call *call, int result)
{
	*call = (struct call){ .result = result };
	CHECK_INT(sem_init(&call->has_begun, 0, 0), 0);
	CHECK_INT(sem_init(&call->go_on, 0, 0), 0);
}

/* What runs on the pool. */
static inline int act_held(void *arg)
{
	struct call *call = arg;

	count_thread();
	call->thread = thread_id();
	call->turn = atomic_fetch_add(&turns, 1) + 1;
	sem_post(&call->has_begun);
	MEET(&call->go_on);
	return call->result;
}

/* The same, which nobody holds. */
static inline int act(void *arg)
{
	struct call *call = arg;

	count_thread();
	call->thread = thread_id();
	call->turn = atomic_fetch_add(&turns, 1) + 1;
	return call->result;
}

static inline int make_call(void *arg)
{
	struct call *call = arg;
	int r = bide_to_thread(act_held, call);

	call->has_returned = true;
	call->next = bide_checkpoint();
	return r;
}

static inline int make_call_to_abandon(void *arg)
{
	struct call *call = arg;
	int r = bide_to_thread_abandon(act_held, call);

	call->has_returned = true;
	call->next = bide_checkpoint();
	return r;
}

/* Spawns a task that makes the call; when it returns the call waits for a thread. */
static inline bide_task *spawn_queued(struct call *call, int result)
{
	bide_task *task;

	call_init(call, result);
	task = bide_spawn(make_call, call);
	CHECK(task != NULL);
	CHECK_INT(bide_yield(), 0);
	return task;
}

/* The same; when it returns the call has begun. */
static inline bide_task *spawn_held(struct call *call, int result)
{
	bide_task *task = spawn_queued(call, result);

	MEET(&call->has_begun);
	return task;
}

static inline void let_go(struct call *call)
{
	sem_post(&call->go_on);
}

#endif
