/* SPDX-License-Identifier: MIT */

/* test_post_close.c - functions posted into a loop that closes, or has been closed */
#include "thread_test.h"

static atomic_int begun_count;
static atomic_int cancelled_count;

static int note_cancelled(void *arg)
{
	(void)arg;
	begun_count++;
	if (bide_checkpoint() == -ECANCELED && bide_sleep(BIDE_FOREVER) == -ECANCELED)
		cancelled_count++;
	return 0;
}

static int post_to_itself_and_return(void *arg)
{
	for (int i = 0; i < INT(arg); i++)
		CHECK_INT(bide_post(bide_loop_current(), note_cancelled, NULL), 0);
	return 3;
}

TEST(post, runs_what_was_accepted_before_the_close_cancelled)
{
	int count = test_many(5000);

	CHECK_INT(bide_run(post_to_itself_and_return, ARG(count)), 3);
	CHECK_INT(begun_count, count);
	CHECK_INT(cancelled_count, count);
}

TEST(post, runs_what_was_accepted_by_a_loop_that_never_runs)
{
	bide_loop *loop = bide_loop_new(NULL);

	CHECK(loop != NULL);
	for (int i = 0; i < 100; i++)
		CHECK_INT(bide_post(loop, note_cancelled, NULL), 0);
	CHECK_INT(bide_loop_close(loop), 0);
	CHECK_INT(begun_count, 100);
	CHECK_INT(cancelled_count, 100);
}

/* The main task ends in the same step in which the thread is let go. */
TEST(post, runs_what_another_thread_posted_while_main_ended)
{
	static struct hold hold;
	bide_thread *thread;

	hold_init(&hold);
	thread = start_with(NULL, hold_thread, &hold);
	MEET(&hold.is_held);
	for (int i = 0; i < 100; i++)
		CHECK_INT(bide_post(bide_thread_loop(thread), note_cancelled, NULL), 0);
	hold_end(&hold);
	CHECK_INT(bide_thread_join(thread), 0);
	CHECK_INT(begun_count, 100);
	CHECK_INT(cancelled_count, 100);
}

static int go_on_all_the_same(void *arg)
{
	CHECK_INT(bide_uncancel(), 1);
	for (int i = 0; i < 10; i++)
		CHECK_INT(bide_yield(), 0);
	*(bool *)arg = true;
	return 0;
}

static int post_and_return(void *arg)
{
	return bide_post(bide_loop_current(), go_on_all_the_same, arg);
}

TEST(post, lets_the_close_wait_for_what_was_accepted)
{
	bool has_ended = false;

	CHECK_INT(bide_run(post_and_return, &has_ended), 0);
	CHECK(has_ended);
}

static int hold_shielded(void *arg)
{
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	CHECK_INT(bide_post(bide_loop_current(), never, NULL), -ESHUTDOWN);
	return bide_shield(hold_thread, arg);
}

static int go_and_return(void *arg)
{
	CHECK_INT(bide_go(hold_shielded, arg), 0);
	return bide_yield();
}

static int post_in_vain(void *arg)
{
	CHECK_INT(bide_post(arg, never, NULL), -ESHUTDOWN);
	return 0;
}

TEST(post, is_refused_to_every_thread_while_the_loop_closes)
{
	static struct hold hold;
	bide_thread *host = start_host();
	bide_thread *closing;

	hold_init(&hold);
	closing = start_with(NULL, go_and_return, &hold);
	MEET(&hold.is_held);
	CHECK_INT(bide_post(bide_thread_loop(closing), never, NULL), -ESHUTDOWN);
	CHECK_INT(call_on(host, post_in_vain, bide_thread_loop(closing)), 0);
	hold_end(&hold);
	CHECK_INT(bide_thread_join(closing), 0);
	end_host(host);
}

TEST(post, is_refused_by_a_closed_loop_to_whoever_holds_a_reference)
{
	bide_thread *host = start_host();
	bide_loop *loops[2];

	loops[0] = bide_loop_ref(bide_thread_loop(host));
	loops[1] = bide_loop_ref(bide_loop_new(NULL));
	end_host(host);
	CHECK_INT(bide_loop_close(loops[1]), 0);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(bide_post(loops[i], never, NULL), -ESHUTDOWN);
		CHECK_INT(bide_post(loops[i], never, NULL), -ESHUTDOWN);
		errno = 0;
		CHECK(bide_spawn_on(loops[i], never, NULL) == NULL);
		CHECK_INT(errno, ESHUTDOWN);
		bide_loop_unref(loops[i]);
	}
}

/* The loop may still be in its thread's hands when the reference is given back. */
TEST(post, leaves_the_last_reference_to_any_thread)
{
	for (int i = 0; i < 300; i++) {
		bide_thread *thread = start_with(NULL, return_arg, ARG(0));
		bide_loop *loop = bide_loop_ref(bide_thread_loop(thread));

		bide_thread_detach(thread);
		while (bide_post(loop, return_arg, ARG(0)) == 0)
			sched_yield();
		bide_loop_unref(loop);
	}
}
