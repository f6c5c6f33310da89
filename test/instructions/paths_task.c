/* SPDX-License-Identifier: MIT */

/*
 * paths_task.c - tasks: their switches, births and ends, sleep and time limits
 */
#include "hot_paths.h"

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int yield_once(void *arg)
{
	(void)arg;
	return bide_yield();
}

static int sleep_long(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_HOUR);
}

/* ---- switches ---- */

static int numbers(void *arg)
{
	(void)arg;
	for (long i = 0; bide_gen_yield(&i) >= 0; i++)
		continue;
	return 0;
}

static int generator(long n)
{
	bide_gen *gen = bide_gen_new(sizeof(long), numbers, NULL);
	long number;

	must(gen != NULL);
	for (long i = 0; i < n; i++)
		must(bide_gen_next(gen, &number) == 1);
	bide_gen_free(gen);
	return 0;
}

static int yield_often(void *arg)
{
	const long *n = arg;

	for (long i = 0; i < *n; i++)
		must(bide_yield() == 0);
	return 0;
}

static int yield_2(long n)
{
	return at_once(2, yield_often, n / 2);
}

static int yield_100(long n)
{
	return at_once(100, yield_often, n / 100);
}

/* ---- births and ends ---- */

static int spawn_join(long n)
{
	for (long i = 0; i < n; i++)
		must(bide_join(bide_spawn(nothing, NULL)) == 0);
	return 0;
}

static int spawn_copy_join(long n)
{
	char args[64] = "";

	for (long i = 0; i < n; i++)
		must(bide_join(bide_spawn_copy(nothing, args, sizeof(args))) == 0);
	return 0;
}

static int gather_1000(long n)
{
	bide_task *tasks[1000];

	for (long done = 0; done < n; done += 1000) {
		for (int i = 0; i < 1000; i++)
			must((tasks[i] = bide_spawn(nothing, NULL)) != NULL);
		must(bide_gather(1000, tasks, NULL) == 0);
	}
	return 0;
}

static int group_10(long n)
{
	bide_group group;

	for (long done = 0; done < n; done += 10) {
		bide_group_open(&group);
		for (int i = 0; i < 10; i++)
			must(bide_group_spawn(&group, nothing, NULL) != NULL);
		must(bide_group_close(&group) == 0);
	}
	return 0;
}

static int go_10(long n)
{
	for (long done = 0; done < n; done += 10) {
		for (int i = 0; i < 10; i++)
			must(bide_go(nothing, NULL) == 0);
		must(bide_yield() == 0);
	}
	return 0;
}

static int post(long n)
{
	bide_loop *loop = bide_loop_current();

	for (long i = 0; i < n; i++) {
		must(bide_post(loop, nothing, NULL) == 0);
		must(bide_yield() == 0);
	}
	return 0;
}

static int cancel_join(long n)
{
	for (long i = 0; i < n; i++) {
		bide_task *task = bide_spawn(sleep_long, NULL);

		must(bide_yield() == 0);
		must(bide_cancel(task) == 1);
		must(bide_join(task) == -ECANCELED);
	}
	return 0;
}

/* ---- sleep and time limits ---- */

static int sleep_often(void *arg)
{
	const long *n = arg;

	for (long i = 0; i < *n; i++)
		must(bide_sleep(BIDE_MILLISECOND) == 0);
	return 0;
}

static int sleep_alone(long n)
{
	return sleep_often(&n);
}

static int sleep_100(long n)
{
	return at_once(100, sleep_often, n / 100);
}

static int timeout_block_ready(long n)
{
	for (long i = 0; i < n; i++)
		BIDE_TIMEOUT(BIDE_SECOND)
			must(nothing(NULL) == 0);
	return 0;
}

static int timeout_block_yield(long n)
{
	for (long i = 0; i < n; i++)
		BIDE_TIMEOUT(BIDE_SECOND)
			must(bide_yield() == 0);
	return 0;
}

static int timeout_call_ready(long n)
{
	for (long i = 0; i < n; i++)
		must(bide_timeout(BIDE_SECOND, nothing, NULL) == 0);
	return 0;
}

static int timeout_call_yield(long n)
{
	for (long i = 0; i < n; i++)
		must(bide_timeout(BIDE_SECOND, yield_once, NULL) == 0);
	return 0;
}

static int timeout_expires(long n)
{
	for (long i = 0; i < n; i++)
		must(bide_timeout(BIDE_MILLISECOND, sleep_long, NULL) == -ETIMEDOUT);
	return 0;
}

/* ---- what belongs to a task ---- */

static int local_get(long n)
{
	static bide_local key;

	must(bide_local_set(&key, &key) == 0);
	for (long i = 0; i < n; i++)
		must(bide_local_get(&key) == &key);
	return 0;
}

const struct hot_path task_paths[] = {
	{ "generator", generator, 1000 },
	{ "yield_2", yield_2, 1000 },
	{ "yield_100", yield_100, 10000 },
	{ "spawn_join", spawn_join, 1000 },
	{ "spawn_copy_join", spawn_copy_join, 1000 },
	{ "gather_1000", gather_1000, 2000 },
	{ "group_10", group_10, 1000 },
	{ "go_10", go_10, 1000 },
	{ "post", post, 1000 },
	{ "cancel_join", cancel_join, 1000 },
	{ "sleep_alone", sleep_alone, 1000 },
	{ "sleep_100", sleep_100, 10000 },
	{ "timeout_block_ready", timeout_block_ready, 1000 },
	{ "timeout_block_yield", timeout_block_yield, 1000 },
	{ "timeout_call_ready", timeout_call_ready, 1000 },
	{ "timeout_call_yield", timeout_call_yield, 1000 },
	{ "timeout_expires", timeout_expires, 1000 },
	{ "local_get", local_get, 1000 },
	{ 0 },
};
