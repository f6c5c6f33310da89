/* SPDX-License-Identifier: MIT */

/* test_inspect.c - what a loop tells about its tasks */
#include "loop_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int sleep_a_second(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_SECOND);
}

static bide_task *spawn_named(const char *name, bide_fn *fn, void *arg)
{
	return bide_spawn_with(&(bide_task_options){ .name = name }, fn, arg);
}

/* What bide_dump() writes, to be freed. */
static char *dump(void)
{
	static char *text;
	static size_t size;
	FILE *out = open_memstream(&text, &size);

	CHECK(out != NULL);
	bide_dump(out);
	CHECK_INT(fclose(out), 0);
	return text;
}

/* The line in which the name stands, cut out of the text. */
static char *cut_line(const char *text, const char *name)
{
	static char line[512];
	const char *found = strstr(text, name);
	const char *begin = found;

	if (found == NULL)
		test_fail(__FILE__, __LINE__, "\"%s\" is not in: %s", name, text);
	while (begin > text && begin[-1] != '\n')
		begin--;
	snprintf(line, sizeof line, "%.*s", (int)strcspn(begin, "\n"), begin);
	return line;
}

LOOP_TEST(tasks, stores_the_live_tasks_in_order_of_spawning_the_caller_included)
{
	bide_task *a = bide_spawn(sleep_a_second, NULL);
	bide_task *b = bide_spawn_with(&(bide_task_options){ .delay = BIDE_SECOND }, sleep_a_second,
	                               NULL);
	bide_task *c = bide_spawn(sleep_a_second, NULL);
	bide_task *found[8] = { 0 };

	CHECK_INT(bide_tasks(found, 8), 4);
	CHECK(found[0] == bide_self());
	CHECK(found[1] == a && found[2] == b && found[3] == c);
	CHECK(found[4] == NULL);
	CHECK_INT(bide_join(a), 0);

	CHECK_INT(bide_tasks(found, 8), 2);
	CHECK(found[0] == bide_self() && found[1] == b);
	CHECK_INT(bide_join(c), 0);
	CHECK_INT(bide_join(b), 0);
	return 0;
}

LOOP_TEST(tasks, stores_no_more_than_there_is_room_for)
{
	bide_task *a = bide_spawn(sleep_a_second, NULL);
	bide_task *found[3] = { 0 };

	bide_detach(bide_spawn(sleep_a_second, NULL));
	CHECK_INT(bide_tasks(found, 2), 3);
	CHECK(found[0] == bide_self() && found[1] == a && found[2] == NULL);
	CHECK_INT(bide_tasks(NULL, 0), 3);
	CHECK_INT(bide_join(a), 0);
	return 0;
}

TEST(tasks, are_none_outside_of_a_loop)
{
	CHECK_INT(bide_tasks(NULL, 0), 0);
}

LOOP_TEST(stats, count_tasks_and_timers)
{
	bide_task *tasks[10];
	bide_stats before = bide_loop_stats(NULL), now;

	CHECK_INT(before.live, 1);
	CHECK_INT(before.spawned, 1);
	CHECK_INT(before.timers, 0);
	for (int i = 0; i < 10; i++)
		tasks[i] = bide_spawn(sleep_a_second, NULL);
	now = bide_loop_stats(bide_loop_current());
	CHECK_INT(now.live, 11);
	CHECK_INT(now.spawned, 11);
	CHECK_INT(now.timers, 0);

	bide_yield();
	now = bide_loop_stats(NULL);
	CHECK_INT(now.timers, 10);
	CHECK_INT(now.live, 11);
	CHECK(now.rounds > before.rounds);
	CHECK(now.switches >= before.switches + 10);

	CHECK_INT(bide_gather(10, tasks, NULL), 0);
	now = bide_loop_stats(NULL);
	CHECK_INT(now.timers, 0);
	CHECK_INT(now.live, 1);
	CHECK_INT(now.spawned, 11);
	return 0;
}

static int yield_100_times(void *arg)
{
	(void)arg;
	for (int i = 0; i < 100; i++)
		bide_yield();
	return 0;
}

LOOP_TEST(stats, count_rounds_and_switches)
{
	bide_stats before = bide_loop_stats(NULL), now;
	bide_task *task = bide_spawn(yield_100_times, NULL);

	CHECK_INT(yield_100_times(NULL), 0);
	now = bide_loop_stats(NULL);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(now.rounds - before.rounds, 100);
	CHECK_INT(now.switches - before.switches, 200);
	return 0;
}

static int read_byte(void *arg)
{
	char byte;

	return (int)bide_read(*(int *)arg, &byte, 1);
}

LOOP_TEST(stats, count_operations)
{
	bide_stats before, now;
	bide_task *task;
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	before = bide_loop_stats(NULL);
	task = bide_spawn(read_byte, &fds[0]);
	bide_yield();
	now = bide_loop_stats(NULL);
	CHECK(now.operations > before.operations);
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(bide_join(task), 1);
	CHECK_INT(bide_close(fds[0]), 0);
	CHECK_INT(bide_close(fds[1]), 0);
	return 0;
}

TEST(stats, of_a_loop_that_does_not_run)
{
	bide_loop *loop = bide_loop_new(&(bide_options){ .flags = BIDE_VIRTUAL_CLOCK });
	bide_stats stats;

	CHECK(loop != NULL);
	stats = bide_loop_stats(loop);
	CHECK_INT(stats.spawned, 0);
	CHECK_INT(bide_loop_run(loop, sleep_a_second, NULL), 0);
	stats = bide_loop_stats(loop);
	CHECK_INT(stats.spawned, 1);
	CHECK_INT(stats.live, 0);
	CHECK_INT(stats.timers, 0);
	CHECK_INT(bide_loop_close(loop), 0);
}

static int sleep_an_hour(void *arg)
{
	(void)arg;
	CHECK_INT(bide_sleep(BIDE_HOUR), 0);
	CHECK_INT(bide_loop_stats(NULL).idle, BIDE_HOUR);
	return 0;
}

TEST(stats, tell_how_long_the_loop_was_idle)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	CHECK_INT(bide_run_with(&options, sleep_an_hour, NULL), 0);
}

LOOP_TEST(dump, names_every_task_with_its_state)
{
	bide_task *sleeper = spawn_named("sleeper", sleep_a_second, NULL);
	bide_task *delayed, *ready;
	char *text;

	delayed = bide_spawn_with(&(bide_task_options){ .name = "late", .delay = BIDE_SECOND },
	                          sleep_a_second, NULL);
	bide_yield();
	ready = spawn_named("fresh", sleep_a_second, NULL);
	bide_set_name(bide_self(), "boss");
	text = dump();
	CHECK(strstr(cut_line(text, "boss"), "running") != NULL);
	CHECK(strstr(cut_line(text, "sleeper"), "sleep") != NULL);
	cut_line(text, "late");
	cut_line(text, "fresh");
	free(text);
	CHECK_INT(bide_join(sleeper), 0);
	CHECK_INT(bide_join(delayed), 0);
	CHECK_INT(bide_join(ready), 0);
	return 0;
}

static int join_leaf(void *arg)
{
	return bide_join(spawn_named(arg, sleep_a_second, NULL));
}

static int indentation(const char *line, const char *name)
{
	return (int)(strstr(line, name) - line);
}

LOOP_TEST(dump, puts_a_task_below_the_one_that_waits_for_its_end)
{
	bide_task *first = spawn_named("first", join_leaf, "twig");
	bide_task *second = spawn_named("second", join_leaf, "leaf");
	char *text;
	int first_column, second_column;

	bide_yield();
	bide_yield();
	text = dump();
	first_column = indentation(cut_line(text, "first"), "first");
	CHECK(indentation(cut_line(text, "twig"), "twig") > first_column);
	second_column = indentation(cut_line(text, "second"), "second");
	CHECK(indentation(cut_line(text, "leaf"), "leaf") > second_column);
	CHECK(strstr(text, "first") < strstr(text, "twig"));
	CHECK(strstr(text, "twig") < strstr(text, "second"));
	CHECK(strstr(text, "second") < strstr(text, "leaf"));
	free(text);
	CHECK_INT(bide_join(first), 0);
	CHECK_INT(bide_join(second), 0);
	return 0;
}

static int sleep_for_ever(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

static int join_for_ever(void *arg)
{
	return bide_join(spawn_named(arg, sleep_for_ever, NULL));
}

/* A cancelled joiner is ready and yet still waits for its task, which has begun. */
LOOP_TEST(dump, shows_a_task_also_while_the_one_that_joins_it_is_ready)
{
	bide_task *joiner = spawn_named("joiner", join_for_ever, "leaf");
	char *text;

	bide_yield();
	bide_yield();
	CHECK_INT(bide_cancel(joiner), 1);
	text = dump();
	CHECK(strstr(text, "joiner") != NULL);
	CHECK(strstr(text, "leaf") != NULL);
	free(text);
	CHECK_INT(bide_join(joiner), -ECANCELED);
	return 0;
}

static int check_loop_name(void *arg)
{
	char *text = dump();

	(void)arg;
	CHECK(strstr(text, "engine") != NULL);
	free(text);
	return 0;
}

TEST(dump, tells_the_name_of_the_loop_which_is_copied)
{
	char name[] = "engine";
	const bide_options options = { .name = name };
	bide_loop *loop = bide_loop_new(&options);

	CHECK(loop != NULL);
	name[0] = 'X';
	CHECK_INT(bide_loop_run(loop, check_loop_name, NULL), 0);
	CHECK_INT(bide_loop_close(loop), 0);
}

TEST(dump, tells_that_there_is_no_loop)
{
	char *text = dump();

	CHECK(strlen(text) > 0);
	free(text);
}
