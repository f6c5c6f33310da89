/* SPDX-License-Identifier: MIT */

/*
 * fault_thread.c - memory, threads and descriptors run out under loops on threads
 *
 * Which of several threads meets the fault depends on the system; what is checked
 * here must hold whichever it is.
 */
#include "fault.h"

#include <stdatomic.h>

/* ENOSPC is what epoll_ctl(2) gives where a user watches too many descriptors. */
static bool is_shortage(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -EAGAIN || r == -ENOSPC;
}

static int return_zero(void *arg)
{
	(void)arg;
	return 0;
}

static int stay(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

/* ---- threads ---- */

static int start_and_join(void)
{
	const bide_options options = { .name = "swept", .backend = BIDE_BACKEND_EPOLL };
	bide_thread *thread = bide_thread_start(&options, return_zero, NULL);
	int r = thread != NULL ? bide_thread_join(thread) : -errno;

	CHECK(r == 0 || is_shortage(r));
	return r;
}
FAULT_SWEEP(thread_start, reports_every_failure_and_leaks_nothing, start_and_join)

static int start_and_join_in_a_task(void *arg)
{
	(void)arg;
	return start_and_join();
}

static int task_start_and_join(void)
{
	return bide_run(start_and_join_in_a_task, NULL);
}
FAULT_SWEEP(thread_start, in_a_task_reports_every_failure, task_start_and_join)

static int stop_anyhow(void *arg)
{
	bide_thread *thread = bide_thread_start(NULL, stay, NULL);
	int r = thread != NULL ? bide_thread_stop(thread, BIDE_FOREVER) : -errno;

	(void)arg;
	CHECK(r == -ECANCELED || is_shortage(r));
	return r == -ECANCELED ? 0 : r;
}

static int start_and_stop(void)
{
	return stop_anyhow(NULL);
}
FAULT_SWEEP(thread_stop, ends_the_thread_without_memory, start_and_stop)

static int task_start_and_stop(void)
{
	return bide_run(stop_anyhow, NULL);
}
FAULT_SWEEP(thread_stop, in_a_task_ends_the_thread_without_memory, task_start_and_stop)

/* ---- several threads ---- */

static int crew_of_three(void)
{
	return bide_run_threads(3, return_zero, NULL);
}
FAULT_SWEEP(run_threads, reports_every_failure_and_leaks_nothing, crew_of_three)

static int crew_in_a_task(void *arg)
{
	(void)arg;
	return crew_of_three();
}

static int task_crew(void)
{
	return bide_run(crew_in_a_task, NULL);
}
FAULT_SWEEP(run_threads, in_a_task_reports_every_failure, task_crew)

static atomic_int begun_count;

/* The third one ends them all: where one can't be started nobody else would. */
static int end_all(void *arg)
{
	(void)arg;
	if (++begun_count == 3)
		return -EIO;
	return bide_sleep(BIDE_FOREVER);
}

static int crew_that_stays(void)
{
	const bide_options options = { .flags = BIDE_PIN };
	int r;

	begun_count = 0;
	r = bide_run_threads_with(&options, 3, end_all, NULL);
	CHECK(r == -EIO || is_shortage(r));
	return r == -EIO ? 0 : r;
}
FAULT_SWEEP(run_threads, cancels_those_that_were_started, crew_that_stays)

/* ---- functions and tasks from other threads ---- */

#define POST_COUNT 20

static int ran_count;

static int count_run(void *arg)
{
	(void)arg;
	ran_count++;
	return 0;
}

static void ignore_error(bide_task *task, int result, void *ctx)
{
	(void)task;
	(void)ctx;
	/* A task for which there was no stack. */
	CHECK_INT(result, -ENOMEM);
	ran_count++;
}

/* What was accepted runs, or fails as a task does. */
static int post_some(void)
{
	const bide_options options = { .on_error = ignore_error };
	bide_loop *loop = bide_loop_new(&options);
	int failure = 0;
	int accepted_count = 0;

	if (loop == NULL)
		return -errno;
	ran_count = 0;
	for (int i = 0; i < POST_COUNT; i++) {
		int r = bide_post(loop, count_run, NULL);

		CHECK(r == 0 || r == -ENOMEM);
		failure = r < 0 ? r : failure;
		accepted_count += r == 0;
	}
	bide_loop_stop(loop);
	CHECK_INT(bide_loop_run_forever(loop), 0);
	CHECK_INT(bide_loop_close(loop), 0);
	CHECK_INT(ran_count, accepted_count);
	return failure;
}
FAULT_SWEEP(post, reports_that_memory_has_run_out, post_some)

/* Returns the first failure; every handle that was had is given back. */
static int spawn_some_on(void *arg)
{
	bide_task *tasks[POST_COUNT];
	int failure = 0;

	for (int i = 0; i < POST_COUNT; i++) {
		tasks[i] = bide_spawn_on(arg, i % 4 == 0 ? stay : return_zero, NULL);
		if (tasks[i] == NULL)
			failure = -errno;
	}
	for (int i = 0; i < POST_COUNT; i++) {
		int r = 0;

		if (tasks[i] == NULL)
			continue;
		if (i % 4 == 0)
			CHECK(bide_cancel(tasks[i]) >= 0);
		if (i % 4 == 3)
			bide_detach(tasks[i]);
		else
			r = bide_join(tasks[i]);
		failure = r < 0 && i % 4 != 0 ? r : failure;
	}
	/* Where the other loop's main task could not begin, that loop closes. */
	CHECK(failure == 0 || failure == -ESHUTDOWN || failure == -ECANCELED ||
	      is_shortage(failure));
	return failure;
}

static int use_a_host(void *arg)
{
	const bide_options options = { .on_error = ignore_error };
	bide_thread *host = bide_thread_start(&options, stay, NULL);
	int r, s;

	(void)arg;
	if (host == NULL)
		return -errno;
	r = spawn_some_on(bide_thread_loop(host));
	s = bide_thread_stop(host, BIDE_FOREVER);
	CHECK(s == -ECANCELED || is_shortage(s));
	return s == -ECANCELED ? r : s;
}

static int spawn_plainly(void)
{
	return use_a_host(NULL);
}
FAULT_SWEEP(spawn_on, reports_that_memory_has_run_out, spawn_plainly)

static int spawn_in_a_task(void)
{
	return bide_run(use_a_host, NULL);
}
FAULT_SWEEP(spawn_on, in_a_task_reports_that_memory_has_run_out, spawn_in_a_task)
