/* SPDX-License-Identifier: MIT */

/* test_report.c - what the library prints, always to stderr, and when it does not */
#include "test.h"

#include <bide.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MS BIDE_MILLISECOND

static char text[16384];

/* Runs main in a child and leaves what that printed in `text`. */
static const bide_options *child_options;
static bide_fn *child_main;

static void run_child_main(void)
{
	(void)bide_run_with(child_options, child_main, NULL);
}

static void run_in_child(const bide_options *options, bide_fn *fn)
{
	child_options = options;
	child_main = fn;
	CHECK_INT(test_child(run_child_main, text, sizeof text), 0);
}

static int fail(void *arg)
{
	(void)arg;
	return -EIO;
}

static bide_task *spawn_named(const char *name, bide_fn *fn)
{
	return bide_spawn_with(&(bide_task_options){ .name = name }, fn, NULL);
}

static int detach_failing(void *arg)
{
	(void)arg;
	bide_detach(spawn_named("faulty", fail));
	bide_yield();
	return 0;
}

TEST(on_error, prints_the_failure_of_a_detached_task_by_default)
{
	run_in_child(NULL, detach_failing);
	CHECK(strstr(text, "faulty") != NULL);
}

static int sleep_for_ever(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

static int join_and_cancel(void *arg)
{
	bide_task *task = spawn_named("cancelled", sleep_for_ever);

	(void)arg;
	(void)bide_join(spawn_named("joined", fail));
	bide_yield();
	bide_cancel(task);
	bide_detach(task);
	bide_detach(spawn_named("left over", sleep_for_ever));
	bide_yield();
	return -EIO;
}

TEST(on_error, is_silent_about_what_was_joined_and_what_was_cancelled)
{
	run_in_child(NULL, join_and_cancel);
	CHECK_STR(text, "");
}

static int error_count;

static void count_error(bide_task *task, int result, void *ctx)
{
	CHECK_STR(bide_name(task), "faulty");
	CHECK_INT(result, -EIO);
	CHECK(ctx == &error_count);
	error_count++;
}

TEST(on_error, gets_the_task_its_result_and_the_context)
{
	const bide_options options = { .on_error = count_error, .ctx = &error_count };

	CHECK_INT(bide_run_with(&options, detach_failing, NULL), 0);
	CHECK_INT(error_count, 1);
}

static int fail_when_cancelled(void *arg)
{
	(void)bide_sleep(BIDE_FOREVER);
	return fail(arg);
}

static int leave_failing_over(void *arg)
{
	(void)arg;
	bide_detach(spawn_named("faulty", fail_when_cancelled));
	bide_yield();
	return 0;
}

TEST(on_error, is_told_of_failures_during_the_shutdown)
{
	const bide_options options = { .on_error = count_error, .ctx = &error_count };

	CHECK_INT(bide_run_with(&options, leave_failing_over, NULL), 0);
	CHECK_INT(error_count, 1);
}

static bide_time monotonic_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * BIDE_SECOND + now.tv_nsec;
}

static int busy_for;

static int hold_the_thread(void *arg)
{
	bide_time until = monotonic_now() + busy_for * MS;

	(void)arg;
	while (monotonic_now() < until)
		;
	return 0;
}

static int join_hog(void *arg)
{
	(void)arg;
	return bide_join(spawn_named("the hog", hold_the_thread));
}

TEST(slow_task, is_reported_with_its_name)
{
	const bide_options options = { .slow_task = MS };

	busy_for = 5;
	run_in_child(&options, join_hog);
	CHECK(strstr(text, "the hog") != NULL);
}

TEST(slow_task, is_one_of_100_milliseconds_under_debug)
{
	const bide_options options = { .flags = BIDE_DEBUG };

	busy_for = 120;
	run_in_child(&options, join_hog);
	CHECK(strstr(text, "the hog") != NULL);
	CHECK_INT(setenv("BIDE_DEBUG", "1", 1), 0);
	run_in_child(NULL, join_hog);
	CHECK(strstr(text, "the hog") != NULL);
}

TEST(slow_task, is_not_reported_otherwise)
{
	busy_for = 120;
	run_in_child(NULL, join_hog);
	CHECK_STR(text, "");
}

static int advance_the_clock(void *arg)
{
	(void)arg;
	bide_clock_advance(BIDE_SECOND);
	return 0;
}

static int join_virtual_hog(void *arg)
{
	(void)arg;
	return bide_join(spawn_named("the hog", advance_the_clock));
}

TEST(slow_task, is_measured_on_the_clock_of_the_loop)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK, .slow_task = 100 * MS };

	run_in_child(&options, join_virtual_hog);
	CHECK(strstr(text, "the hog") != NULL);
}

static int forget_a_handle(void *arg)
{
	(void)arg;
	(void)spawn_named("forgotten", sleep_for_ever);
	bide_yield();
	return 0;
}

TEST(handle, that_was_never_given_back_is_reported_under_debug_only)
{
	const bide_options options = { .flags = BIDE_DEBUG };

	run_in_child(&options, forget_a_handle);
	CHECK(text[0] != '\0');
	run_in_child(NULL, forget_a_handle);
	CHECK_STR(text, "");
}
