/* SPDX-License-Identifier: MIT */

/*
 * spawn_test.h - tests of tasks that were spawned on the loop of another thread
 */
#ifndef TEST_SUPPORT_SPAWN_TEST_H
#define TEST_SUPPORT_SPAWN_TEST_H

#include "thread_test.h"

static bide_thread *host;       /* of the tasks */
static bide_thread *second;     /* where others join them */
static bide_loop *loop;         /* the host's */

static inline void begin(void)
{
	/* Nothing of all this is misuse. */
	const bide_options options = { .flags = BIDE_DEBUG, .slow_task = BIDE_HOUR };

	host = start_with(&options, stay, NULL);
	second = start_with(&options, stay, NULL);
	loop = bide_thread_loop(host);
}

static inline void end(void)
{
	end_host(second);
	end_host(host);
}

/* A TEST with two hosts. */
#define HOST_TEST(sentence)                                                                        \
	static void host_##sentence(void);                                                         \
	TEST(spawn_on, sentence)                                                                   \
	{                                                                                          \
		begin();                                                                           \
		host_##sentence();                                                                 \
		end();                                                                             \
	}                                                                                          \
	static void host_##sentence(void)

/* What a task and the test tell each other. The handle stays valid until the test has joined. */
struct job {
	sem_t has_begun;
	sem_t may_end;
	bide_task *task;
	int result;             /* what the function is to return */
	int slept;              /* what its sleep returned */
	bool has_ended;
	pthread_t thread;
	bide_loop *loop;
};

static inline void job_init(struct job *job, int result)
{
	*job = (struct job){ .result = result, .slept = 1 };
	CHECK_INT(sem_init(&job->has_begun, 0, 0), 0);
	CHECK_INT(sem_init(&job->may_end, 0, 0), 0);
}

/* Sleeps until it is cancelled. */
static inline int sleep_for_ever(void *arg)
{
	struct job *job = arg;

	sem_post(&job->has_begun);
	job->slept = bide_sleep(BIDE_FOREVER);
	job->has_ended = true;
	return job->result;
}

static inline int hold_back(void *arg)
{
	struct job *job = arg;

	/* The thread is held, too: nobody can be cheated by a fast clean-up. */
	MEET(&job->may_end);
	return 0;
}

/* The same, and cleans up until it may end. */
static inline int sleep_and_clean_up(void *arg)
{
	struct job *job = arg;

	sem_post(&job->has_begun);
	job->slept = bide_sleep(BIDE_FOREVER);
	CHECK_INT(bide_shield(hold_back, job), 0);
	job->has_ended = true;
	return job->result;
}

static inline void start_job(struct job *job, bide_fn *fn, int result)
{
	job_init(job, result);
	job->task = spawn_on(loop, fn, job);
	MEET(&job->has_begun);
}

#endif
