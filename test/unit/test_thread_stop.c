/* SPDX-License-Identifier: MIT */

/* test_thread_stop.c - threads with loops that are told to end, and may take some time for it */
#include "thread_test.h"

static int stop_life(void *arg)
{
	struct life life;
	bide_thread *thread = start_life(&life, INT(arg));
	int r = bide_thread_stop(thread, BIDE_MINUTE);

	CHECK(life.has_ended);
	return r;
}

TEST(stop_thread, cancels_main_and_waits_for_its_end)
{
	static const int results[] = { -ECANCELED, -EIO, 0, 7 };

	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		CHECK_INT(stop_life(ARG(results[i])), results[i]);
		CHECK_INT(bide_run(stop_life, ARG(results[i])), results[i]);
	}
}

TEST(stop_thread, of_one_that_may_not_have_begun_never_hangs)
{
	for (int i = 0; i < 300; i++)
		CHECK_INT(bide_thread_stop(start_host(), BIDE_FOREVER), -ECANCELED);
}

TEST(stop_thread, of_one_that_ends_at_once_gives_its_result_or_ecanceled)
{
	for (int i = 0; i < 500; i++) {
		bide_thread *thread = start_with(NULL, return_arg, ARG(3));
		int r = bide_thread_stop(thread, BIDE_FOREVER);

		CHECK(r == 3 || r == -ECANCELED);
	}
}

static sem_t has_returned;

static int return_and_tell(void *arg)
{
	sem_post(&has_returned);
	return INT(arg);
}

TEST(stop_thread, of_one_whose_main_has_ended_gives_its_result)
{
	CHECK_INT(sem_init(&has_returned, 0, 0), 0);
	for (int i = -3; i <= 3; i++) {
		bide_thread *thread = start_with(NULL, return_and_tell, ARG(i));

		MEET(&has_returned);
		until_closed(bide_thread_loop(thread));
		CHECK_INT(bide_thread_stop(thread, BIDE_MINUTE), i);
	}
}

static int stop_daemon(void *arg)
{
	static const bide_time graces[] = { INT64_MIN, -1, 0, 1, MS };

	for (size_t i = 0; i < sizeof graces / sizeof *graces; i++) {
		struct daemon daemon;
		bide_thread *thread = start_daemon(&daemon);
		bide_loop *loop = bide_loop_ref(bide_thread_loop(thread));

		CHECK_INT(bide_thread_stop(thread, graces[i]), -ETIMEDOUT);
		/* It has been left to itself, and goes on. */
		sem_post(&daemon.may_end);
		MEET(&daemon.has_ended);
		until_closed(loop);
		bide_loop_unref(loop);
	}
	(void)arg;
	return 0;
}

TEST(stop_thread, leaves_one_that_takes_longer_than_the_grace_to_itself)
{
	CHECK_INT(stop_daemon(NULL), 0);
	CHECK_INT(bide_run(stop_daemon, NULL), 0);
}

/* The thread ends only once another task of this loop has run. */
static int stop_beside_another(void *arg)
{
	struct daemon daemon;
	bide_thread *thread = start_daemon(&daemon);
	bide_task *other = bide_spawn(yield_and_release, &daemon.may_end);

	CHECK_INT(bide_thread_stop(thread, BIDE_FOREVER), 9);
	(void)arg;
	return bide_join(other);
}

TEST(stop_thread, suspends_only_the_task_that_calls_it)
{
	CHECK_INT(bide_run(stop_beside_another, NULL), 0);
}

static int stop_forever(void *arg)
{
	return bide_thread_stop(arg, BIDE_FOREVER);
}

static int stop_briefly(void *arg)
{
	return bide_thread_stop(arg, MS);
}

static bide_task *spawn_stopper(bide_fn *fn, bide_thread *thread)
{
	bide_task *task = bide_spawn(fn, thread);

	CHECK(task != NULL);
	CHECK_INT(bide_yield(), 0);
	CHECK(!bide_done(task));
	CHECK_INT(bide_cancel(task), 1);
	for (int i = 0; i < 5; i++)
		CHECK_INT(bide_yield(), 0);
	return task;
}

static int cancel_stoppers(void *arg)
{
	struct daemon daemon;
	bide_task *task = spawn_stopper(stop_forever, start_daemon(&daemon));

	(void)arg;
	CHECK(!bide_done(task));
	sem_post(&daemon.may_end);
	CHECK_INT(bide_join(task), 9);

	task = spawn_stopper(stop_briefly, start_daemon(&daemon));
	CHECK_INT(bide_join(task), -ETIMEDOUT);
	sem_post(&daemon.may_end);
	MEET(&daemon.has_ended);
	return 0;
}

TEST(stop_thread, takes_as_long_as_the_grace_also_where_the_caller_is_cancelled)
{
	CHECK_INT(bide_run(cancel_stoppers, NULL), 0);
}

static int stop_when_cancelled(void *arg)
{
	struct life life;
	bide_thread *thread = start_life(&life, INT(arg));

	CHECK_INT(bide_cancel(bide_self()), 1);
	CHECK_INT(bide_thread_stop(thread, BIDE_FOREVER), INT(arg));
	CHECK(life.has_ended);
	CHECK_INT(bide_uncancel(), 1);
	return 0;
}

TEST(stop_thread, by_a_caller_that_was_cancelled_before_ends_it_gracefully)
{
	CHECK_INT(bide_run(stop_when_cancelled, ARG(4)), 0);
	CHECK_INT(bide_run(stop_when_cancelled, ARG(-EIO)), 0);
}
