/* SPDX-License-Identifier: MIT */

/* test_watch.c - the latest value of something that changes */
#include "sync_test.h"

#include <bide.h>

/* A watch of an int, in each test's own process. */
static bide_watch *watch;

static void make_watch(int value)
{
	watch = bide_watch_new(sizeof value, &value);
	CHECK(watch != NULL);
}

static int set(int value)
{
	return bide_watch_set(watch, &value);
}

/* Waits for what is newer than version. */
static int follow(uint64_t *version)
{
	int value = -1;
	int r = bide_watch_wait(watch, version, &value);

	NOTE("%s: %s %d v%d", my_name(), ERR(r), value, (int)*version);
	return r;
}

static int follow_once(void *arg)
{
	uint64_t version = (uint64_t)INT(arg);

	return follow(&version);
}

static int follow_to_the_end(void *arg)
{
	uint64_t version = (uint64_t)INT(arg);
	int r;

	while ((r = follow(&version)) == 0)
		;
	return r;
}

static bide_task *spawn_follower(const char *name, int version)
{
	bide_task *task = spawn_named(name, follow_once, ARG(version));

	settle();
	return task;
}

TEST(watch, of_nothing_is_refused)
{
	errno = 0;
	CHECK(bide_watch_new(0, "x") == NULL);
	CHECK_INT(errno, EINVAL);
	bide_watch_free(NULL);
}

TEST(watch, too_large_for_any_memory_is_refused)
{
	errno = 0;
	CHECK(bide_watch_new(SIZE_MAX, "x") == NULL);
	CHECK_INT(errno, ENOMEM);
}

TEST(watch, has_its_first_value_as_version_1)
{
	int value = 0;

	make_watch(7);
	CHECK_INT(bide_watch_get(watch, &value), 1);
	CHECK_INT(value, 7);
	CHECK_INT(set(8), 0);
	CHECK_INT(bide_watch_get(watch, &value), 2);
	CHECK_INT(value, 8);
	/* The same value again is a new version all the same. */
	CHECK_INT(set(8), 0);
	CHECK_INT(bide_watch_get(watch, &value), 3);
	bide_watch_free(watch);
}

TEST(watch, is_not_waited_for_outside_of_a_loop)
{
	uint64_t version = 0;
	int value = 9;

	make_watch(7);
	CHECK_INT(bide_watch_wait(watch, &version, &value), -EPERM);
	CHECK_INT(version, 0);
	CHECK_INT(value, 9);
	bide_watch_shutdown(watch);
	CHECK_INT(bide_watch_wait(watch, &version, &value), -EPERM);
	bide_watch_free(watch);
}

static void check_size(size_t size)
{
	unsigned char *first = malloc(size), *second = malloc(size), *item = malloc(size + 1);
	bide_watch *sized;
	uint64_t version = 0;

	CHECK(first != NULL && second != NULL && item != NULL);
	memset(first, 0x11, size);
	memset(second, 0x22, size);
	memset(item, 0x33, size + 1);
	sized = bide_watch_new(size, first);
	CHECK(sized != NULL);
	CHECK_INT(bide_watch_wait(sized, &version, item), 0);
	CHECK(memcmp(item, first, size) == 0);
	CHECK_INT(bide_watch_set(sized, second), 0);
	memset(second, 0x44, size);
	CHECK_INT(bide_watch_get(sized, item), 2);
	CHECK(item[0] == 0x22 && item[size - 1] == 0x22 && item[size] == 0x33);
	bide_watch_free(sized);
	free(item);
	free(second);
	free(first);
}

LOOP_TEST(watch, copies_items_of_any_size)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 8, 9, 31, 4096, 100001 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		check_size(sizes[i]);
	return 0;
}

/* ---- waiting ---- */

LOOP_TEST(watch, has_the_first_value_at_once_for_who_has_seen_none)
{
	uint64_t version = 0;

	make_watch(7);
	WITHOUT_SUSPENSION({
		int value = 0;

		CHECK_INT(bide_watch_wait(watch, &version, &value), 0);
		CHECK_INT(version, 1);
		CHECK_INT(value, 7);
		CHECK_INT(set(8), 0);
		CHECK_INT(bide_watch_wait(watch, &version, NULL), 0);
		CHECK_INT(version, 2);
	});
	bide_watch_free(watch);
	return 0;
}

LOOP_TEST(watch, suspends_who_has_seen_its_value_until_there_is_another)
{
	bide_task *task;

	make_watch(7);
	task = spawn_follower("w", 1);
	CHECK_NOTES("");
	CHECK_INT(set(8), 0);
	CHECK_NOTES("");
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("w: 0 8 v2");
	bide_watch_free(watch);
	return 0;
}

LOOP_TEST(watch, shows_only_the_newest_of_several_values_that_were_missed)
{
	uint64_t version = 1;

	make_watch(0);
	for (int i = 1; i <= 5; i++)
		CHECK_INT(set(10 * i), 0);
	CHECK_INT(follow(&version), 0);
	CHECK_INT(set(60), 0);
	CHECK_INT(follow(&version), 0);
	BIDE_TIMEOUT(1 * U)
		CHECK_INT(follow(&version), -ECANCELED);
	CHECK_NOTES("main: 0 50 v6 · main: 0 60 v7 · main: -ECANCELED -1 v7");
	bide_watch_free(watch);
	return 0;
}

LOOP_TEST(watch, hands_its_value_to_all_who_wait_in_order)
{
	bide_task *tasks[3];

	make_watch(7);
	tasks[0] = spawn_follower("a", 1);
	tasks[1] = spawn_follower("b", 1);
	tasks[2] = spawn_follower("c", 1);
	CHECK_INT(set(8), 0);
	CHECK_INT(bide_gather(3, tasks, NULL), 0);
	CHECK_NOTES("a: 0 8 v2 · b: 0 8 v2 · c: 0 8 v2");
	bide_watch_free(watch);
	return 0;
}

/* What is handed over does not change; the newer value comes with the next call. */
LOOP_TEST(watch, that_is_set_twice_before_the_waiter_runs_shows_both)
{
	bide_task *task;

	make_watch(7);
	task = spawn_named("w", follow_to_the_end, ARG(1));
	settle();
	CHECK_INT(set(8), 0);
	CHECK_INT(set(9), 0);
	CHECK_INT(set(10), 0);
	settle();
	CHECK_NOTES("w: 0 8 v2 · w: 0 10 v4");
	bide_watch_shutdown(watch);
	CHECK_INT(bide_join(task), -ESHUTDOWN);
	bide_watch_free(watch);
	return 0;
}

static int wait_for_version_only(void *arg)
{
	uint64_t version = 1;
	int r = bide_watch_wait(watch, &version, NULL);

	(void)arg;
	NOTE("%s v%d", ERR(r), (int)version);
	return r;
}

LOOP_TEST(watch, tells_the_version_to_who_wants_no_item)
{
	bide_task *task;

	make_watch(7);
	task = spawn_named("w", wait_for_version_only, NULL);
	settle();
	CHECK_INT(set(8), 0);
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("0 v2");
	bide_watch_free(watch);
	return 0;
}

static int set_five(void *arg)
{
	(void)arg;
	for (int i = 1; i <= 5; i++) {
		CHECK_INT(bide_sleep(1 * U), 0);
		CHECK_INT(set(i), 0);
	}
	bide_watch_shutdown(watch);
	return 0;
}

static int follow_slowly(void *arg)
{
	uint64_t version = 0;
	int r;

	(void)arg;
	while ((r = follow(&version)) == 0)
		CHECK_INT(bide_sleep(3 * U - U / 4), 0);
	return r;
}

LOOP_TEST(watch, loses_no_last_value_for_who_is_slow)
{
	bide_task *tasks[2];
	int results[2];

	make_watch(0);
	tasks[0] = spawn_named("setter", set_five, NULL);
	tasks[1] = spawn_named("slow", follow_slowly, NULL);
	CHECK_INT(bide_gather(2, tasks, results), 0);
	CHECK_STR(case_list(2, results), "[0, -ESHUTDOWN]");
	CHECK_NOTES("slow: 0 0 v1 · slow: 0 2 v3 · slow: 0 5 v6 · slow: -ESHUTDOWN -1 v6");
	bide_watch_free(watch);
	return 0;
}

/* ---- cancellation ---- */

LOOP_TEST(watch, leaves_version_and_item_of_a_cancelled_waiter_alone)
{
	bide_task *tasks[2];
	int results[2];

	make_watch(7);
	tasks[0] = spawn_follower("a", 1);
	tasks[1] = spawn_follower("b", 1);
	CHECK_INT(bide_cancel(tasks[0]), 1);
	CHECK_INT(set(8), 0);
	CHECK_INT(bide_cancel(tasks[1]), 1);
	CHECK_INT(bide_gather(2, tasks, results), 0);
	CHECK_NOTES("a: -ECANCELED -1 v1 · b: 0 8 v2");
	bide_watch_free(watch);
	return 0;
}

static int follow_when_cancelled(void *arg)
{
	CHECK_INT(bide_cancel(bide_self()), 1);
	return follow_once(arg);
}

LOOP_TEST(watch, shows_nothing_to_a_cancelled_task)
{
	make_watch(7);
	CHECK_INT(bide_join(spawn_named("w", follow_when_cancelled, ARG(0))), -ECANCELED);
	CHECK_NOTES("w: -ECANCELED -1 v0");
	bide_watch_shutdown(watch);
	CHECK_INT(bide_join(spawn_named("w", follow_when_cancelled, ARG(1))), -ECANCELED);
	bide_watch_free(watch);
	return 0;
}

/* ---- shutdown ---- */

LOOP_TEST(watch, that_is_shut_down_sends_its_waiters_off)
{
	bide_task *tasks[2];
	int results[2];

	make_watch(7);
	tasks[0] = spawn_follower("a", 1);
	tasks[1] = spawn_follower("b", 1);
	bide_watch_shutdown(watch);
	bide_watch_shutdown(watch);
	CHECK_NOTES("");
	CHECK_INT(bide_cancel(tasks[1]), 1);
	CHECK_INT(bide_gather(2, tasks, results), 0);
	CHECK_NOTES("a: -ESHUTDOWN -1 v1 · b: -ESHUTDOWN -1 v1");
	bide_watch_free(watch);
	return 0;
}

LOOP_TEST(watch, that_is_shut_down_keeps_its_last_value_and_takes_no_other)
{
	uint64_t version = 1;
	int value = 0;

	make_watch(7);
	CHECK_INT(set(8), 0);
	bide_watch_shutdown(watch);
	CHECK_INT(set(9), -ESHUTDOWN);
	CHECK_INT(bide_watch_get(watch, &value), 2);
	CHECK_INT(value, 8);
	CHECK_INT(follow(&version), 0);
	CHECK_NOTES("main: 0 8 v2");
	WITHOUT_SUSPENSION({
		CHECK_INT(bide_watch_wait(watch, &version, &value), -ESHUTDOWN);
		CHECK_INT(bide_watch_wait(watch, &version, &value), -ESHUTDOWN);
	});
	CHECK_INT(version, 2);
	CHECK_INT(value, 8);
	bide_watch_free(watch);
	return 0;
}

LOOP_TEST(watch, that_is_set_and_shut_down_at_once_has_shown_its_last_value)
{
	bide_task *task;

	make_watch(7);
	task = spawn_named("w", follow_to_the_end, ARG(1));
	settle();
	CHECK_INT(set(8), 0);
	bide_watch_shutdown(watch);
	CHECK_INT(bide_join(task), -ESHUTDOWN);
	CHECK_NOTES("w: 0 8 v2 · w: -ESHUTDOWN -1 v2");
	bide_watch_free(watch);
	return 0;
}

/* ---- freeing ---- */

LOOP_TEST(watch, is_not_needed_any_more_for_those_who_were_woken)
{
	bide_task *tasks[3];
	int results[3];

	make_watch(7);
	for (int i = 0; i < 3; i++)
		tasks[i] = spawn_follower("w", 1);
	CHECK_INT(bide_cancel(tasks[0]), 1);
	CHECK_INT(set(8), 0);
	bide_watch_free(watch);
	CHECK_INT(bide_cancel(tasks[1]), 1);
	CHECK_INT(bide_gather(3, tasks, results), 0);
	CHECK_NOTES("w: -ECANCELED -1 v1 · w: 0 8 v2 · w: 0 8 v2");
	return 0;
}

LOOP_TEST(watch, may_be_freed_as_soon_as_it_was_shut_down)
{
	bide_task *tasks[2];
	int results[2];

	make_watch(7);
	tasks[0] = spawn_follower("a", 1);
	tasks[1] = spawn_follower("b", 1);
	bide_watch_shutdown(watch);
	bide_watch_free(watch);
	CHECK_INT(bide_gather(2, tasks, results), 0);
	CHECK_NOTES("a: -ESHUTDOWN -1 v1 · b: -ESHUTDOWN -1 v1");
	return 0;
}

static int free_under_a_waiter(void *arg)
{
	bide_task *task;

	(void)arg;
	make_watch(7);
	task = spawn_follower("w", 1);
	bide_watch_free(watch);
	return bide_join(task);
}

TEST(watch, that_is_freed_under_its_waiters_aborts)
{
	CHECK_CONTAINS(check_aborts(free_under_a_waiter), "watch");
}
