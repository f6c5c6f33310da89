/* SPDX-License-Identifier: MIT */

/* test_spawn_on.c - tasks spawned on the loops of other threads */
#include "spawn_test.h"

#include <signal.h>

/* ---- from a plain thread ---- */

static int note_place(void *arg)
{
	struct job *job = arg;

	job->thread = pthread_self();
	job->loop = bide_loop_current();
	return 0;
}

HOST_TEST(runs_the_task_on_the_thread_of_the_loop)
{
	struct job job;

	CHECK_INT(call_on(host, note_place, &job), 0);
	CHECK(job.loop == loop);
	CHECK(!pthread_equal(job.thread, pthread_self()));
}

HOST_TEST(gives_a_plain_thread_the_result)
{
	static const int results[] = { 0, 7, INT32_MAX, -EIO, -EINPROGRESS, INT32_MIN };

	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		CHECK_INT(call_on(host, return_arg, ARG(results[i])), results[i]);
		CHECK_INT(bide_join_for(spawn_on(loop, return_arg, ARG(results[i])), BIDE_FOREVER),
		          results[i]);
	}
}

HOST_TEST(tells_a_plain_thread_whether_it_is_done)
{
	struct job job;

	start_job(&job, sleep_for_ever, 9);
	CHECK(!bide_done(job.task));
	CHECK_INT(bide_result(job.task), -EINPROGRESS);
	CHECK_INT(bide_cancel(job.task), 1);
	while (!bide_done(job.task))
		sched_yield();
	CHECK_INT(bide_result(job.task), 9);
	CHECK(job.has_ended);
	CHECK_INT(bide_cancel(job.task), 0);
	CHECK_INT(bide_join(job.task), 9);
}

HOST_TEST(tells_a_plain_thread_the_name)
{
	bide_task *task = spawn_on(loop, return_arg, ARG(0));

	/* An address where there are no symbols. */
	CHECK(strcmp(bide_name(task), "return_arg") == 0 || bide_name(task)[0] == '0');
	CHECK_INT(bide_join(task), 0);
}

static void ignore_signal(int signo)
{
	(void)signo;
}

static void *disturb_and_cancel(void *arg)
{
	struct job *job = arg;

	for (int i = 0; i < 20; i++) {
		until_asleep(getpid());
		CHECK_INT(pthread_kill(job->thread, SIGUSR1), 0);
	}
	CHECK_INT(bide_cancel(job->task), 1);
	return NULL;
}

HOST_TEST(is_joined_by_a_plain_thread_whatever_signals_come)
{
	const struct sigaction action = { .sa_handler = ignore_signal };
	struct job job;
	pthread_t thread;

	CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
	start_job(&job, sleep_for_ever, 4);
	job.thread = pthread_self();
	thread = start_plain(disturb_and_cancel, &job);
	CHECK_INT(bide_join(job.task), 4);
	CHECK(job.has_ended);
	join_plain(thread);
}

HOST_TEST(is_cancelled_where_a_plain_thread_waits_no_longer)
{
	struct job job;

	start_job(&job, sleep_for_ever, -EIO);
	CHECK_INT(bide_join_for(job.task, MS), -ETIMEDOUT);
	CHECK_INT(job.slept, -ECANCELED);
	CHECK(job.has_ended);

	for (int i = 0; i < 2; i++) {
		start_job(&job, sleep_for_ever, 6);
		CHECK_INT(bide_join_for(job.task, i == 0 ? 0 : INT64_MIN), -ETIMEDOUT);
		CHECK_INT(job.slept, -ECANCELED);
	}
}

HOST_TEST(gives_the_result_of_a_task_that_has_ended_whatever_the_limit)
{
	static const bide_time limits[] = { INT64_MIN, -1, 0, 1, BIDE_FOREVER };

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		bide_task *task = spawn_on(loop, return_arg, ARG(-EIO));

		while (!bide_done(task))
			sched_yield();
		CHECK_INT(bide_join_for(task, limits[i]), -EIO);
	}
}

HOST_TEST(never_runs_what_was_cancelled_before_it_began)
{
	static struct hold hold;
	bide_task *tasks[3];

	hold_begin(&hold, loop);
	for (int i = 0; i < 3; i++) {
		tasks[i] = spawn_on(loop, never, NULL);
		CHECK_INT(bide_cancel(tasks[i]), 1);
	}
	bide_detach(tasks[2]);
	hold_end(&hold);
	CHECK_INT(bide_join(tasks[0]), -ECANCELED);
	CHECK_INT(bide_join_for(tasks[1], BIDE_FOREVER), -ECANCELED);
}

HOST_TEST(lets_a_detached_task_go_on)
{
	static struct hold hold;
	struct job job;

	start_job(&job, sleep_and_clean_up, 0);
	CHECK_INT(bide_cancel(job.task), 1);
	bide_detach(job.task);
	sem_post(&job.may_end);
	hold_begin(&hold, loop);
	hold_end(&hold);
	CHECK(job.has_ended);
}

static atomic_int reported_count;

static void count_report(bide_task *task, int result, void *ctx)
{
	CHECK(strcmp(bide_name(task), "return_arg") == 0 || bide_name(task)[0] == '0');
	CHECK_INT(result, -EIO);
	CHECK(ctx == &reported_count);
	reported_count++;
}

/* Detached before it begins, and after it has ended. */
TEST(spawn_on, reports_the_failure_of_a_detached_task_to_on_error_of_its_loop)
{
	const bide_options options = { .on_error = count_report, .ctx = &reported_count };
	bide_thread *thread = start_with(&options, stay, NULL);
	static struct hold hold;
	bide_task *task;

	hold_begin(&hold, bide_thread_loop(thread));
	bide_detach(spawn_on(bide_thread_loop(thread), return_arg, ARG(-EIO)));
	hold_end(&hold);
	CHECK_INT(call_on(thread, return_arg, ARG(0)), 0);
	CHECK_INT(reported_count, 1);

	task = spawn_on(bide_thread_loop(thread), return_arg, ARG(-EIO));
	while (!bide_done(task))
		sched_yield();
	bide_detach(task);
	bide_detach(spawn_on(bide_thread_loop(thread), return_arg, ARG(3)));
	CHECK_INT(call_on(thread, return_arg, ARG(-EIO)), -EIO);
	end_host(thread);
	CHECK_INT(reported_count, 2);
}

/* ---- from tasks ---- */

static int join_a_new_one(void *arg)
{
	CHECK_INT(bide_join(spawn_on(loop, return_arg, arg)), INT(arg));
	CHECK_INT(bide_join_for(spawn_on(loop, return_arg, arg), BIDE_FOREVER), INT(arg));
	bide_detach(spawn_on(loop, return_arg, ARG(0)));
	return 0;
}

HOST_TEST(gives_a_task_of_any_loop_the_result)
{
	for (int i = -2; i <= 2; i++) {
		CHECK_INT(call_on(second, join_a_new_one, ARG(i)), 0);
		CHECK_INT(call_on(host, join_a_new_one, ARG(i)), 0);
	}
}

/* The task that is joined goes on only when another one of the joiner's loop has run. */
static int join_beside_another(void *arg)
{
	struct job *job = arg;
	bide_task *other = bide_spawn(yield_and_release, &job->may_end);

	CHECK_INT(bide_join(spawn_on(loop, hold_back, job)), 0);
	return bide_join(other);
}

HOST_TEST(suspends_only_the_task_that_joins)
{
	struct job job;

	job_init(&job, 0);
	CHECK_INT(call_on(second, join_beside_another, &job), 0);
}

static int use_from_a_task(void *arg)
{
	struct job *job = arg;

	CHECK(!bide_done(job->task));
	CHECK_INT(bide_result(job->task), -EINPROGRESS);
	CHECK(bide_name(job->task) != NULL);
	CHECK_INT(bide_cancel(job->task), 1);
	CHECK_INT(bide_join(job->task), 2);
	CHECK(job->has_ended);
	return 0;
}

HOST_TEST(takes_every_call_from_a_task_of_another_loop_and_of_its_own)
{
	struct job job;

	start_job(&job, sleep_for_ever, 2);
	CHECK_INT(call_on(second, use_from_a_task, &job), 0);
	start_job(&job, sleep_for_ever, 2);
	CHECK_INT(call_on(host, use_from_a_task, &job), 0);
}

static int gather_own(void *arg)
{
	bide_task *tasks[2];

	(void)arg;
	for (int i = 0; i < 2; i++)
		tasks[i] = spawn_on(bide_loop_current(), return_arg, ARG(i));
	CHECK_INT(bide_wait(2, tasks, BIDE_ALL_DONE, BIDE_FOREVER), 2);
	return bide_gather(2, tasks, NULL);
}

HOST_TEST(is_an_ordinary_spawn_on_the_thread_of_the_loop)
{
	CHECK_INT(call_on(host, gather_own, NULL), 0);
}

static int gather_in_vain(void *arg)
{
	struct job *job = arg;
	bide_task *tasks[] = { bide_spawn(return_arg, ARG(1)), job->task };
	int results[2] = { 77, 77 };

	CHECK_INT(bide_gather(2, tasks, results), -EINVAL);
	CHECK_INT(bide_gather(2, tasks, NULL), -EINVAL);
	CHECK_INT(bide_gather(1, &job->task, results), -EINVAL);
	for (int until = 0; until < 3; until++)
		CHECK_INT(bide_wait(2, tasks, until, BIDE_FOREVER), -EINVAL);
	CHECK_INT(results[0], 77);

	/* Nothing was given back, and nobody was cancelled. */
	CHECK_INT(bide_join(tasks[0]), 1);
	CHECK(!bide_done(job->task));
	return 0;
}

HOST_TEST(is_refused_by_gather_and_by_wait)
{
	struct job job;

	start_job(&job, sleep_for_ever, 0);
	CHECK_INT(call_on(second, gather_in_vain, &job), 0);
	CHECK_INT(bide_cancel(job.task), 1);
	CHECK_INT(bide_join(job.task), 0);
}

/* ---- many ---- */

static atomic_int begun_count;
static atomic_int ended_count;

static int live_briefly(void *arg)
{
	int r;

	begun_count++;
	for (int i = 0; i < INT(arg) % 5; i++)
		(void)bide_yield();
	r = bide_sleep(INT(arg) % 3 * BIDE_MICROSECOND);
	ended_count++;
	return r;
}

#define BATCH 50

static int spawn_many(void *arg)
{
	for (int n = 0; n < INT(arg); n += BATCH) {
		bide_task *tasks[BATCH];

		for (int i = 0; i < BATCH; i++)
			tasks[i] = spawn_on(loop, live_briefly, ARG(i));
		for (int i = 0; i < BATCH; i++) {
			bool is_cancelled = i % 4 == 0;
			int r;

			if (is_cancelled)
				(void)bide_cancel(tasks[i]);
			if (i % 4 == 1) {
				bide_detach(tasks[i]);
				continue;
			}
			r = i % 2 ? bide_join(tasks[i]) : bide_join_for(tasks[i], BIDE_SECOND * 60);
			CHECK(r == 0 || (is_cancelled && r == -ECANCELED));
		}
	}
	return 0;
}

static void *spawn_many_plainly(void *arg)
{
	CHECK_INT(spawn_many(arg), 0);
	return NULL;
}

HOST_TEST(takes_many_tasks_from_all_threads_at_once)
{
	int count = test_many(2000);
	bide_task *own = spawn_on(loop, spawn_many, ARG(count));
	bide_task *other = spawn_on(bide_thread_loop(second), spawn_many, ARG(count));
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		threads[i] = start_plain(spawn_many_plainly, ARG(count));
	for (int i = 0; i < 2; i++)
		join_plain(threads[i]);
	CHECK_INT(bide_join(own), 0);
	CHECK_INT(bide_join(other), 0);
	while (ended_count < begun_count)
		sched_yield();
	CHECK(begun_count > 0);
}
