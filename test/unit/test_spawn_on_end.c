/* SPDX-License-Identifier: MIT */

/* test_spawn_on_end.c - joiners on other threads that come second or are cancelled */
#include "spawn_test.h"

/* ---- two that join ---- */

static struct job contested;
static sem_t was_refused;
static atomic_int refused_count;

static int contest(void *arg)
{
	int r = bide_join(contested.task);

	(void)arg;
	if (r == -EINVAL) {
		refused_count++;
		sem_post(&was_refused);
	}
	return r;
}

static void *contest_plainly(void *arg)
{
	*(int *)arg = contest(NULL);
	return NULL;
}

/* Whichever of the two comes second is refused, while the other one waits on. */
static void check_contest(bide_thread *rival)
{
	int plain_result, r;
	pthread_t thread;
	bide_task *task;

	refused_count = 0;
	CHECK_INT(sem_init(&was_refused, 0, 0), 0);
	start_job(&contested, sleep_for_ever, 8);
	thread = start_plain(contest_plainly, &plain_result);
	task = spawn_on(bide_thread_loop(rival), contest, NULL);
	MEET(&was_refused);
	CHECK(!bide_done(contested.task));
	CHECK_INT(bide_cancel(contested.task), 1);
	join_plain(thread);
	r = bide_join(task);
	CHECK_INT(refused_count, 1);
	CHECK((r == -EINVAL && plain_result == 8) || (r == 8 && plain_result == -EINVAL));
}

HOST_TEST(is_refused_to_a_second_joiner)
{
	for (int i = 0; i < 10; i++) {
		check_contest(second);
		check_contest(host);
	}
}

/* ---- joiners that are cancelled ---- */

static sem_t was_joined;
static bool had_ended;

static int join_and_tell(void *arg)
{
	struct job *job = arg;
	int r;

	sem_post(&was_joined);
	r = bide_join(job->task);
	had_ended = job->has_ended;
	return r;
}

static int join_when_cancelled(void *arg)
{
	CHECK_INT(bide_cancel(bide_self()), 1);
	return join_and_tell(arg);
}

/* A joiner on the loop joins the job and is cancelled. Returns its result. */
static int cancel_joiner(bide_loop *where, bide_fn *joiner_fn, int result)
{
	bide_task *joiner;
	struct job job;

	CHECK_INT(sem_init(&was_joined, 0, 0), 0);
	had_ended = false;
	start_job(&job, sleep_and_clean_up, result);
	joiner = spawn_on(where, joiner_fn, &job);
	MEET(&was_joined);
	(void)bide_cancel(joiner);
	/* What came first has been done by then: a hasty joiner would have returned. */
	if (where != loop) {
		CHECK_INT(call_on(second, return_arg, ARG(0)), 0);
		CHECK(!bide_done(joiner));
	}
	sem_post(&job.may_end);
	result = bide_join(joiner);
	CHECK_INT(job.slept, -ECANCELED);
	CHECK(had_ended);
	return result;
}

HOST_TEST(is_cancelled_and_waited_for_by_a_joiner_that_is_cancelled)
{
	bide_loop *far = bide_thread_loop(second);

	for (int i = 0; i < 10; i++) {
		CHECK_INT(cancel_joiner(far, join_and_tell, -EIO), -ECANCELED);
		CHECK_INT(cancel_joiner(far, join_and_tell, 5), 5);
		CHECK_INT(cancel_joiner(loop, join_and_tell, -EIO), -ECANCELED);
		CHECK_INT(cancel_joiner(loop, join_and_tell, 5), 5);
	}
}

HOST_TEST(is_cancelled_and_waited_for_by_a_joiner_that_was_cancelled_before)
{
	bide_loop *far = bide_thread_loop(second);

	CHECK_INT(cancel_joiner(far, join_when_cancelled, -EIO), -ECANCELED);
	CHECK_INT(cancel_joiner(far, join_when_cancelled, 5), 5);
}

static int join_in_time(void *arg)
{
	struct job *job = arg;
	bide_scope scope;
	int r;

	bide_scope_enter(&scope, MS);
	r = bide_join(job->task);
	CHECK_INT(bide_scope_leave(&scope), r < 0 ? -ETIMEDOUT : 0);
	CHECK(job->has_ended);
	CHECK_INT(bide_checkpoint(), 0);
	return r;
}

static int join_for_a_while(void *arg)
{
	struct job *job = arg;

	return bide_join_for(job->task, MS);
}

HOST_TEST(is_cut_short_by_a_deadline_of_its_joiner)
{
	struct job job;

	for (int i = 0; i < 3; i++) {
		start_job(&job, sleep_for_ever, -EIO);
		CHECK_INT(call_on(second, join_in_time, &job), -ECANCELED);
		start_job(&job, sleep_for_ever, 5);
		CHECK_INT(call_on(second, join_in_time, &job), 5);
		start_job(&job, sleep_for_ever, -EIO);
		CHECK_INT(call_on(second, join_for_a_while, &job), -ETIMEDOUT);
		start_job(&job, sleep_for_ever, 5);
		CHECK_INT(call_on(second, join_for_a_while, &job), 5);
	}
}

static int join_itself(void *arg)
{
	struct job *job = arg;

	sem_post(&job->has_begun);
	MEET(&job->may_end);
	CHECK_INT(bide_join(job->task), -EDEADLK);
	CHECK_INT(bide_join_for(job->task, 0), -EDEADLK);
	sem_post(&job->has_begun);
	return 3;
}

HOST_TEST(does_not_let_a_task_join_itself)
{
	struct job job;

	start_job(&job, join_itself, 0);
	sem_post(&job.may_end);
	MEET(&job.has_begun);
	CHECK_INT(bide_join(job.task), 3);
}

/* ---- loops that close ---- */

static void start_mortal(void)
{
	const bide_options options = { .flags = BIDE_DEBUG, .slow_task = BIDE_HOUR };

	host = start_with(&options, stay, NULL);
	loop = bide_thread_loop(host);
}

TEST(spawn_on, keeps_a_handle_whose_loop_was_closed)
{
	bide_task *ended, *detached;
	struct job job;

	start_mortal();
	start_job(&job, sleep_for_ever, 5);
	ended = spawn_on(loop, return_arg, ARG(-EIO));
	detached = spawn_on(loop, return_arg, ARG(0));
	while (!bide_done(ended) || !bide_done(detached))
		sched_yield();
	end_host(host);

	CHECK(bide_done(job.task));
	CHECK_INT(job.slept, -ECANCELED);
	CHECK_INT(bide_result(job.task), 5);
	CHECK(strcmp(bide_name(job.task), "sleep_for_ever") == 0 || bide_name(job.task)[0] == '0');
	CHECK_INT(bide_cancel(job.task), 0);
	CHECK_INT(bide_join(job.task), 5);
	CHECK_INT(bide_join_for(ended, 0), -EIO);
	bide_detach(detached);
}

static int join_late(void *arg)
{
	struct job *job = arg;

	return bide_join(job->task);
}

TEST(spawn_on, lets_a_task_join_one_whose_loop_was_closed)
{
	bide_thread *survivor = start_host();
	struct job job;

	start_mortal();
	start_job(&job, sleep_for_ever, 5);
	end_host(host);
	CHECK_INT(call_on(survivor, join_late, &job), 5);
	end_host(survivor);
}

static int join_told(void *arg)
{
	struct job *job = arg;

	sem_post(&job->may_end);
	return bide_join(job->task);
}

TEST(spawn_on, wakes_a_joiner_when_the_loop_closes)
{
	bide_thread *survivor = start_host();

	for (int i = 0; i < 50; i++) {
		bide_task *joiner;
		struct job job;

		start_mortal();
		start_job(&job, sleep_for_ever, -EIO);
		joiner = spawn_on(bide_thread_loop(survivor), join_told, &job);
		MEET(&job.may_end);
		end_host(host);
		CHECK_INT(bide_join(joiner), -EIO);
	}
	end_host(survivor);
}

TEST(spawn_on, gives_ecanceled_where_the_loop_closes_before_the_task_begins)
{
	static struct hold hold;
	bide_task *tasks[20];

	hold_init(&hold);
	host = start_with(NULL, hold_thread, &hold);
	MEET(&hold.is_held);
	for (int i = 0; i < 20; i++)
		tasks[i] = spawn_on(bide_thread_loop(host), never, NULL);
	hold_end(&hold);
	CHECK_INT(bide_join(tasks[0]), -ECANCELED);
	bide_detach(tasks[1]);
	CHECK_INT(bide_thread_join(host), 0);
	for (int i = 2; i < 20; i++)
		CHECK_INT(bide_join(tasks[i]), -ECANCELED);

	loop = bide_loop_new(NULL);
	CHECK(loop != NULL);
	tasks[0] = spawn_on(loop, never, NULL);
	CHECK(!bide_done(tasks[0]));
	CHECK_INT(bide_loop_close(loop), 0);
	CHECK_INT(bide_join(tasks[0]), -ECANCELED);
}

static int ask_when_closing(void *arg)
{
	errno = 0;
	CHECK(bide_spawn_on(bide_thread_loop(host), never, NULL) == NULL);
	CHECK_INT(errno, ESHUTDOWN);
	(void)arg;
	return 0;
}

static int clean_up_late(void *arg)
{
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	return bide_shield(hold_thread, arg);
}

static int go_and_return(void *arg)
{
	CHECK_INT(bide_go(clean_up_late, arg), 0);
	return bide_yield();
}

TEST(spawn_on, is_refused_while_the_loop_closes)
{
	static struct hold hold;
	bide_thread *survivor = start_host();

	hold_init(&hold);
	host = start_with(NULL, go_and_return, &hold);
	MEET(&hold.is_held);
	CHECK_INT(ask_when_closing(NULL), 0);
	CHECK_INT(call_on(survivor, ask_when_closing, NULL), 0);
	hold_end(&hold);
	CHECK_INT(bide_thread_join(host), 0);
	end_host(survivor);
}

static void *join_for_main(void *arg)
{
	CHECK_INT(bide_join(arg), 4);
	bide_loop_stop(loop);
	return NULL;
}

TEST(spawn_on, before_a_run_is_kept_for_it)
{
	loop = bide_loop_new(NULL);
	CHECK(loop != NULL);
	for (int i = 0; i < 3; i++) {
		bide_task *task = spawn_on(loop, return_arg, ARG(4));
		pthread_t thread;

		CHECK_INT(bide_result(task), -EINPROGRESS);
		thread = start_plain(join_for_main, task);
		CHECK_INT(bide_loop_run_forever(loop), 0);
		join_plain(thread);
	}
	CHECK_INT(bide_loop_close(loop), 0);
}
