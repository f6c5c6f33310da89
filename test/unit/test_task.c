/* SPDX-License-Identifier: MIT */

/* test_task.c - spawning: arguments that are copied, delays, drops, names */
#include "loop_test.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY_BYTES_MAX 100000

static _Alignas(max_align_t) unsigned char pattern[COPY_BYTES_MAX];
static const void *copy_seen;
static size_t copy_bytes;

static void fill_pattern(void)
{
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = (unsigned char)(i * 7 + i / 251);
}

/* Yields in between: the copy must stay while other tasks come and go. */
static int check_copy(void *arg)
{
	copy_seen = arg;
	CHECK_INT((uintptr_t)arg % _Alignof(max_align_t), 0);
	CHECK_INT(memcmp(arg, pattern, copy_bytes), 0);
	bide_yield();
	CHECK_INT(memcmp(arg, pattern, copy_bytes), 0);
	memset(arg, 0xee, copy_bytes);
	return 1;
}

LOOP_TEST(spawn_copy, gives_an_aligned_copy_of_any_size)
{
	static const size_t sizes[] = {
		1,    2,    3,    7,    8,     9,     15,
		16,   17,   31,   32,   33,    63,    64,
		65,   95,   96,   127,  128,   129,   255,
		1000, 4095, 4096, 4097, 65535, 65536, COPY_BYTES_MAX,
	};

	fill_pattern();
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		copy_bytes = sizes[i];
		CHECK_INT(bide_join(bide_spawn_copy(check_copy, pattern, copy_bytes)), 1);
		CHECK(copy_seen != pattern);
	}
	return 0;
}

LOOP_TEST(go_copy, gives_an_aligned_copy)
{
	fill_pattern();
	copy_bytes = 300;
	CHECK_INT(bide_go_copy(check_copy, pattern, copy_bytes), 0);
	bide_yield();
	CHECK(copy_seen != NULL && copy_seen != pattern);
	bide_yield();
	return 0;
}

static int read_int(void *arg)
{
	return *(int *)arg;
}

LOOP_TEST(spawn_copy, copies_when_it_is_called)
{
	bide_task *tasks[3];
	int results[3];

	for (int i = 0; i < 3; i++)
		tasks[i] = bide_spawn_copy(read_int, &i, sizeof i);
	CHECK_INT(bide_gather(3, tasks, results), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(results[i], i);
	return 0;
}

LOOP_TEST(spawn_with, copies_for_a_delayed_task_when_it_is_called)
{
	const bide_task_options options = { .delay = BIDE_SECOND, .copy = sizeof(int) };
	int value = 5;
	bide_task *task = bide_spawn_with(&options, read_int, &value);

	value = 6;
	CHECK_INT(bide_join(task), 5);
	CHECK_INT(bide_now(), BIDE_SECOND);
	return 0;
}

LOOP_TEST(spawn_with, takes_null_for_the_default_options)
{
	int value = 3;

	CHECK_INT(bide_join(bide_spawn_with(NULL, read_int, &value)), 3);
	return 0;
}

LOOP_TEST(spawn_with, refuses_unknown_flags)
{
	const bide_task_options options = { .flags = 1u << 30 };

	errno = 0;
	CHECK(bide_spawn_with(&options, read_int, NULL) == NULL);
	CHECK_INT(errno, EINVAL);
	return 0;
}

/* A frame of 800 KiB, all of it written, in a stack of 1 MiB. */
static int use_big_stack(void *arg)
{
	volatile char frame[800 * 1024];

	(void)arg;
	for (size_t i = 0; i < sizeof frame; i += 512)
		frame[i] = 1;
	bide_yield();
	return frame[512];
}

LOOP_TEST(spawn_with, gives_the_stack_that_is_asked_for)
{
	const bide_task_options options = { .stack_size = 1024 * 1024 };

	CHECK_INT(bide_join(bide_spawn_with(&options, use_big_stack, NULL)), 1);
	return 0;
}

static int dropped_count;
static const void *dropped_arg;

static void drop(void *arg)
{
	CHECK(bide_self() == NULL);
	dropped_arg = arg;
	dropped_count++;
}

static int never(void *arg)
{
	(void)arg;
	test_fail(__FILE__, __LINE__, "a task that must not start has started");
}

static int sleep_a_second(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_SECOND);
}

LOOP_TEST(drop, takes_the_argument_of_a_task_that_was_cancelled_before_it_started)
{
	int value;
	bide_task *task = bide_spawn_with(&(bide_task_options){ .drop = drop }, never, &value);

	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK_INT(dropped_count, 1);
	CHECK(dropped_arg == &value);
	return 0;
}

LOOP_TEST(drop, gets_the_copy_where_there_is_one)
{
	const bide_task_options options = { .drop = drop, .copy = sizeof(int) };
	int value = 4;
	bide_task *task = bide_spawn_with(&options, never, &value);

	bide_cancel(task);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK_INT(dropped_count, 1);
	CHECK(dropped_arg != NULL && dropped_arg != &value);
	return 0;
}

LOOP_TEST(drop, is_not_called_where_the_task_has_started)
{
	bide_task *task;

	task = bide_spawn_with(&(bide_task_options){ .drop = drop }, sleep_a_second, NULL);
	bide_yield();
	bide_cancel(task);
	CHECK_INT(bide_join(task), -ECANCELED);
	task = bide_spawn_with(&(bide_task_options){ .drop = drop }, sleep_a_second, NULL);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(dropped_count, 0);
	return 0;
}

static int spawn_as_last_act(void *arg)
{
	bide_detach(bide_spawn_with(&(bide_task_options){ .drop = drop }, never, arg));
	bide_detach(bide_spawn_with(&(bide_task_options){ .drop = drop, .delay = BIDE_SECOND },
	                            never, arg));
	return 0;
}

TEST(drop, is_called_by_the_shutdown)
{
	CHECK_INT(bide_run(spawn_as_last_act, &dropped_count), 0);
	CHECK_INT(dropped_count, 2);
	CHECK(dropped_arg == &dropped_count);
}

LOOP_TEST(delay, counts_as_a_live_task_that_has_not_ended)
{
	const bide_task_options options = { .delay = BIDE_SECOND };
	bide_task *task = bide_spawn_with(&options, sleep_a_second, NULL);

	CHECK_INT(bide_tasks(NULL, 0), 2);
	bide_yield();
	CHECK(!bide_done(task));
	CHECK_INT(bide_result(task), -EINPROGRESS);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(bide_now(), 2 * BIDE_SECOND);
	CHECK_INT(bide_tasks(NULL, 0), 1);
	return 0;
}

LOOP_TEST(delay, of_a_detached_task_is_kept)
{
	const bide_task_options options = { .delay = BIDE_SECOND };

	copy_bytes = 0;
	copy_seen = NULL;
	bide_detach(bide_spawn_with(&options, check_copy, pattern));
	bide_sleep(BIDE_SECOND - 1);
	CHECK(copy_seen == NULL);
	bide_sleep(2);
	CHECK(copy_seen == pattern);
	return 0;
}

static int named_coroutine(void *arg)
{
	(void)arg;
	return 0;
}

/*
 * Without libelf, and in a stripped program, a static function has no symbol: then
 * the name is its address.
 */
LOOP_TEST(name, is_the_symbol_of_the_function_by_default)
{
	bide_task *task = bide_spawn(named_coroutine, NULL);
	const char *name = bide_name(task);

	CHECK(name != NULL);
	if (strncmp(name, "0x", 2) == 0)
		CHECK_INT(strtoumax(name, NULL, 16), (uintptr_t)named_coroutine);
	else
		CHECK_STR(name, "named_coroutine");
#ifdef BIDE_HAVE_LIBELF
	CHECK_STR(name, "named_coroutine");
#endif
	CHECK_INT(bide_join(task), 0);
	return 0;
}

LOOP_TEST(name, may_be_long_and_may_be_changed_at_any_time)
{
	char name[1001];
	bide_task *task = bide_spawn(named_coroutine, NULL);

	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	CHECK_INT(bide_set_name(task, name), 0);
	CHECK_STR(bide_name(task), name);
	CHECK(bide_name(task) != name);
	bide_yield();
	CHECK(bide_done(task));
	CHECK_STR(bide_name(task), name);
	CHECK_INT(bide_set_name(task, "short"), 0);
	CHECK_STR(bide_name(task), "short");
	CHECK_INT(bide_join(task), 0);
	return 0;
}

LOOP_TEST(name, of_the_running_task_may_be_set)
{
	CHECK_INT(bide_set_name(bide_self(), "me"), 0);
	CHECK_STR(bide_name(bide_self()), "me");
	return 0;
}

static int return_int(void *arg)
{
	return (int)(intptr_t)arg;
}

LOOP_TEST(result, is_what_the_function_returned_whatever_that_is)
{
	static const int results[] = { 0, 1, -1, INT32_MAX, INT32_MIN, -EINPROGRESS, -ETIMEDOUT };

	for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
		bide_task *task = bide_spawn(return_int, (void *)(intptr_t)results[i]);

		bide_yield();
		CHECK(bide_done(task));
		CHECK_INT(bide_result(task), results[i]);
		CHECK_INT(bide_join(task), results[i]);
	}
	return 0;
}

static int swallow_cancellation(void *arg)
{
	(void)arg;
	bide_sleep(BIDE_FOREVER);
	return 8;
}

LOOP_TEST(result, stands_also_after_a_cancellation)
{
	bide_task *task = bide_spawn(swallow_cancellation, NULL);

	bide_yield();
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), 8);
	return 0;
}

LOOP_TEST(join, refuses_the_handle_of_a_group)
{
	bide_group group;
	bide_task *task;

	bide_group_open(&group);
	task = bide_group_spawn(&group, sleep_a_second, NULL);
	CHECK_INT(bide_join(task), -EINVAL);
	CHECK_INT(bide_join_for(task, BIDE_SECOND), -EINVAL);
	CHECK_INT(bide_group_close(&group), 0);
	return 0;
}

static bide_task *chain[3];
static int chain_result;

static int join_chain(void *arg)
{
	int next = ((int)(intptr_t)arg + 1) % 3;

	chain_result = bide_join(chain[next]);
	return next == 0 ? 5 : chain_result;
}

/* The third task closes the cycle; refused, it ends, and the others after it. */
LOOP_TEST(join, refuses_a_cycle_through_others)
{
	for (int i = 0; i < 3; i++)
		chain[i] = bide_spawn(join_chain, (void *)(intptr_t)i);
	bide_yield();
	CHECK_INT(chain_result, -EDEADLK);
	CHECK_INT(bide_join(chain[0]), 5);
	CHECK_INT(chain_result, 5);
	return 0;
}

LOOP_TEST(go, runs_many_tasks_at_once)
{
	const int count = 5000;

	for (int i = 0; i < count; i++)
		CHECK_INT(bide_go(sleep_a_second, NULL), 0);
	bide_yield();
	CHECK_INT(bide_tasks(NULL, 0), count + 1);
	bide_sleep(BIDE_SECOND + 1);
	bide_yield();
	CHECK_INT(bide_tasks(NULL, 0), 1);
	return 0;
}

static int check_eager_self(void *arg)
{
	CHECK_STR(bide_name(bide_self()), "eager");
	CHECK(bide_self() != arg);
	CHECK_INT(bide_tasks(NULL, 0), 2);
	return bide_sleep(BIDE_SECOND);
}

LOOP_TEST(eager, task_has_its_own_name_and_counts_as_live)
{
	const bide_task_options options = { .name = "eager", .flags = BIDE_EAGER };
	bide_task *task = bide_spawn_with(&options, check_eager_self, bide_self());

	CHECK(!bide_done(task));
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(bide_now(), BIDE_SECOND);
	return 0;
}

static int spawn_eager_again(void *arg)
{
	const bide_task_options options = { .flags = BIDE_EAGER };
	int depth = (int)(intptr_t)arg;
	bide_task *task;

	if (depth == 0)
		return bide_sleep(BIDE_SECOND);
	task = bide_spawn_with(&options, spawn_eager_again, (void *)(intptr_t)(depth - 1));
	CHECK(!bide_done(task));
	return bide_join(task) + 1;
}

LOOP_TEST(eager, tasks_may_spawn_eager_tasks)
{
	CHECK_INT(spawn_eager_again((void *)20), 20);
	CHECK_INT(bide_now(), BIDE_SECOND);
	return 0;
}

LOOP_TEST(eager, task_of_a_cancelled_spawner_is_not_cancelled)
{
	const bide_task_options options = { .flags = BIDE_EAGER };
	bide_task *task;

	bide_cancel(bide_self());
	task = bide_spawn_with(&options, sleep_a_second, NULL);
	CHECK(!bide_done(task));
	CHECK_INT(bide_uncancel(), 1);
	CHECK_INT(bide_join(task), 0);
	return 0;
}
