/* SPDX-License-Identifier: MIT */

/* test_loop.c - options, clocks, loops that are kept between runs */
#include "loop_test.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MS BIDE_MILLISECOND

static const bide_options virtual_clock = { .flags = BIDE_VIRTUAL_CLOCK };

static int never(void *arg)
{
	(void)arg;
	test_fail(__FILE__, __LINE__, "a function that must not be called was called");
}

static int return_int(void *arg)
{
	return (int)(intptr_t)arg;
}

static void check_refused(const bide_options *options)
{
	CHECK_INT(bide_run_with(options, never, NULL), -EINVAL);
	errno = 0;
	CHECK(bide_loop_new(options) == NULL);
	CHECK_INT(errno, EINVAL);
}

TEST(options, that_have_no_meaning_are_refused)
{
	check_refused(&(bide_options){ .flags = 1u << 30 });
	check_refused(&(bide_options){ .backend = 99 });
	check_refused(&(bide_options){ .backend = -1 });
}

TEST(options, may_be_null)
{
	bide_loop *loop = bide_loop_new(NULL);

	CHECK_INT(bide_run_with(NULL, return_int, (void *)3), 3);
	CHECK(loop != NULL);
	CHECK_INT(bide_loop_run(loop, return_int, (void *)4), 4);
	CHECK_INT(bide_loop_close(loop), 0);
}

TEST(options, of_the_environment_choose_the_back_end)
{
	CHECK_INT(setenv("BIDE_BACKEND", "epoll", 1), 0);
	CHECK_INT(bide_run(return_int, (void *)3), 3);
}

static bide_time monotonic_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * BIDE_SECOND + now.tv_nsec;
}

TEST(now, is_the_monotonic_clock_outside_of_a_loop)
{
	bide_time before = monotonic_now();
	bide_time now = bide_now();

	CHECK(before <= now && now <= monotonic_now());
}

static int check_real_clock(void *arg)
{
	bide_time before = bide_now();

	(void)arg;
	bide_clock_advance(BIDE_HOUR);
	CHECK(bide_now() - before < BIDE_HOUR);
	CHECK_INT(bide_sleep(MS), 0);
	CHECK(bide_now() - before >= MS);
	return 0;
}

TEST(now, is_not_moved_on_a_real_clock)
{
	CHECK_INT(bide_run(check_real_clock, NULL), 0);
}

static char steps[64];

static int sleep_and_step(void *arg)
{
	int n = (int)(intptr_t)arg;
	char text[2] = { (char)('0' + n), '\0' };

	bide_sleep(n * MS);
	strncat(steps, text, sizeof steps - strlen(steps) - 1);
	return 0;
}

LOOP_TEST(clock_advance, acts_as_if_the_task_had_held_the_thread)
{
	for (intptr_t n = 3; n >= 1; n--)
		CHECK_INT(bide_go(sleep_and_step, (void *)n), 0);
	bide_yield();
	bide_clock_advance(10 * MS);
	CHECK_INT(bide_now(), 10 * MS);
	CHECK_STR(steps, "");
	CHECK_INT(bide_sleep(1), 0);
	CHECK_STR(steps, "123");
	return 0;
}

static int check_starts_at_zero(void *arg)
{
	(void)arg;
	CHECK_INT(bide_now(), 0);
	CHECK_INT(bide_sleep(BIDE_HOUR), 0);
	CHECK_INT(bide_now(), BIDE_HOUR);
	return 0;
}

TEST(virtual_clock, starts_at_zero_in_every_loop_and_goes_on_in_its_next_run)
{
	bide_loop *loop = bide_loop_new(&virtual_clock);

	CHECK_INT(bide_run_with(&virtual_clock, check_starts_at_zero, NULL), 0);
	CHECK_INT(bide_run_with(&virtual_clock, check_starts_at_zero, NULL), 0);
	CHECK(loop != NULL);
	CHECK_INT(bide_loop_run(loop, check_starts_at_zero, NULL), 0);
	CHECK_INT(bide_loop_run(loop, sleep_and_step, (void *)1), 0);
	CHECK_INT(bide_loop_close(loop), 0);
}

static bide_task *kept;
static int kept_result;

static int sleep_a_second(void *arg)
{
	(void)arg;
	kept_result = bide_sleep(BIDE_SECOND);
	return kept_result;
}

static int spawn_kept(void *arg)
{
	(void)arg;
	kept = bide_spawn(sleep_a_second, NULL);
	bide_yield();
	return 0;
}

static int join_kept(void *arg)
{
	(void)arg;
	return bide_join(kept);
}

TEST(loop, lets_the_next_run_join_what_the_last_one_has_spawned)
{
	bide_loop *loop = bide_loop_new(&virtual_clock);

	kept_result = 1;
	CHECK(loop != NULL);
	CHECK_INT(bide_loop_run(loop, spawn_kept, NULL), 0);
	CHECK_INT(kept_result, 1);
	CHECK_INT(bide_loop_run(loop, join_kept, NULL), 0);
	CHECK_INT(kept_result, 0);
	CHECK_INT(bide_loop_close(loop), 0);
}

TEST(loop, cancels_what_is_left_when_it_is_closed)
{
	bide_loop *loop = bide_loop_new(&virtual_clock);

	CHECK(loop != NULL);
	CHECK_INT(bide_loop_run(loop, spawn_kept, NULL), 0);
	CHECK_INT(bide_loop_close(loop), 0);
	CHECK_INT(kept_result, -ECANCELED);
}

TEST(loop, takes_turns_with_another_one_on_the_same_thread)
{
	bide_loop *loops[2];

	for (int i = 0; i < 2; i++) {
		loops[i] = bide_loop_new(&virtual_clock);
		CHECK(loops[i] != NULL);
	}
	for (int i = 0; i < 10; i++)
		CHECK_INT(bide_loop_run(loops[i % 2], sleep_and_step, (void *)(intptr_t)i), 0);
	CHECK_STR(steps, "0123456789");
	for (int i = 0; i < 2; i++)
		CHECK_INT(bide_loop_close(loops[i]), 0);
}

static int sleep_a_while(void *arg)
{
	(void)arg;
	return bide_sleep(MS);
}

static int sleep_and_count(void *arg)
{
	for (int i = 1; i <= 50; i++) {
		CHECK_INT(bide_join(bide_spawn(sleep_a_while, NULL)), 0);
		CHECK_INT(bide_now(), i * MS);
	}
	*(int *)arg += 1;
	return 5;
}

static void *run_in_a_thread(void *arg)
{
	int count = 0;

	(void)arg;
	for (int i = 0; i < 20; i++)
		CHECK_INT(bide_run_with(&virtual_clock, sleep_and_count, &count), 5);
	CHECK_INT(count, 20);
	return NULL;
}

TEST(loop, runs_on_several_threads_at_once)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, run_in_a_thread, NULL), 0);
	for (int i = 0; i < 4; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
}

TEST(loop, that_was_closed_may_be_pointed_to_by_whoever_holds_a_reference)
{
	bide_loop *loop = bide_loop_new(NULL);

	CHECK(loop != NULL);
	CHECK(bide_loop_ref(loop) == loop);
	CHECK(bide_loop_ref(loop) == loop);
	CHECK_INT(bide_loop_close(loop), 0);
	bide_loop_unref(loop);
	bide_loop_unref(loop);
}

/* A thread that has kept a reference cannot know that the loop was closed meanwhile. */
TEST(loop, that_was_closed_may_be_told_to_stop_by_whoever_holds_a_reference)
{
	bide_loop *loop = bide_loop_new(NULL);

	CHECK(loop != NULL);
	CHECK(bide_loop_ref(loop) == loop);
	CHECK_INT(bide_loop_close(loop), 0);
	bide_loop_stop(loop);
	bide_loop_stop(loop);
	bide_loop_unref(loop);
}

TEST(loop, may_be_referred_to_and_used_on)
{
	bide_loop *loop = bide_loop_new(NULL);

	CHECK(loop != NULL);
	bide_loop_unref(bide_loop_ref(loop));
	CHECK_INT(bide_loop_run(loop, return_int, (void *)5), 5);
	CHECK_INT(bide_loop_close(loop), 0);
}

static int close_it(void *arg)
{
	CHECK_INT(bide_loop_close(arg), -EBUSY);
	CHECK_INT(bide_loop_step(arg), -EBUSY);
	CHECK_INT(bide_loop_run_forever(arg), -EBUSY);
	CHECK_INT(bide_sleep(MS), 0);
	return 3;
}

TEST(loop, is_busy_while_it_runs)
{
	bide_loop *loop = bide_loop_new(&virtual_clock);
	bide_loop *other = bide_loop_new(&virtual_clock);

	CHECK(loop != NULL && other != NULL);
	CHECK_INT(bide_loop_run(loop, close_it, loop), 3);
	CHECK_INT(bide_loop_run(loop, close_it, other), 3);
	CHECK_INT(bide_loop_close(loop), 0);
	CHECK_INT(bide_loop_close(other), 0);
}

/* A group of one task at most, whose only task wants to spawn into it. */
static int spawn_into_the_full_group(void *arg)
{
	return bide_group_spawn(arg, never, NULL) == NULL ? 0 : 1;
}

static int wait_for_each_other(void *arg)
{
	bide_group group;

	(void)arg;
	bide_set_name(bide_self(), "opener");
	bide_group_open(&group);
	bide_group_limit(&group, 1);
	bide_group_spawn(&group, spawn_into_the_full_group, &group);
	return bide_group_close(&group);
}

static void run_into_a_deadlock(void)
{
	CHECK_INT(bide_run_with(&virtual_clock, wait_for_each_other, NULL), -EDEADLK);
}

TEST(run, prints_the_tasks_and_gives_edeadlk_where_all_wait_for_each_other)
{
	char text[8192];

	CHECK_INT(test_child(run_into_a_deadlock, text, sizeof text), 0);
	CHECK(strstr(text, "opener") != NULL);
}
