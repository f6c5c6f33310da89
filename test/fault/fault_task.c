/* SPDX-License-Identifier: MIT */

/*
 * fault_task.c - memory and stacks run out under loops, tasks and groups
 */
#include "fault.h"

#include <string.h>

static int return_zero(void *arg)
{
	(void)arg;
	return 0;
}

static int make_and_close(void)
{
	const bide_options options = { .name = "swept", .backend = BIDE_BACKEND_EPOLL };
	bide_loop *loop = bide_loop_new(&options);

	return loop != NULL ? bide_loop_close(loop) : -errno;
}
FAULT_SWEEP(loop, new_reports_every_failure_and_leaks_nothing, make_and_close)

static int run_nothing(void)
{
	return bide_run(return_zero, NULL);
}
FAULT_SWEEP(run, reports_every_failure_and_leaks_nothing, run_nothing)

static int virtual_run(bide_fn *fn)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	return bide_run_with(&options, fn, NULL);
}

static int nap(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_SECOND);
}

/* What cannot be spawned is left out; the rest runs, is joined and given back. */
static int spawn_in_all_ways(void *arg)
{
	static const char bytes[1000];
	const bide_task_options named = { .name = "named", .copy = sizeof bytes };
	const bide_task_options later = { .delay = BIDE_SECOND };
	const bide_task_options eager = { .flags = BIDE_EAGER, .stack_size = 1 << 20 };
	bide_task *tasks[40];
	int r = 0;

	(void)arg;
	for (size_t i = 0; i < 40; i++) {
		switch (i % 5) {
		case 0:
			tasks[i] = bide_spawn(nap, NULL);
			break;
		case 1:
			tasks[i] = bide_spawn_copy(nap, bytes, sizeof bytes);
			break;
		case 2:
			tasks[i] = bide_spawn_with(&named, nap, (void *)bytes);
			break;
		case 3:
			tasks[i] = bide_spawn_with(&later, nap, NULL);
			break;
		default:
			tasks[i] = bide_spawn_with(&eager, nap, NULL);
			break;
		}
		if (tasks[i] == NULL) {
			CHECK_INT(errno, ENOMEM);
			r = -ENOMEM;
		}
	}
	for (size_t i = 0; i < 40; i++) {
		int result = tasks[i] != NULL ? bide_join(tasks[i]) : 0;

		if (result < 0) {
			CHECK_INT(result, -ENOMEM);
			r = result;
		}
	}
	return r;
}

static int spawn_sweep(void)
{
	return virtual_run(spawn_in_all_ways);
}
FAULT_SWEEP(spawn, fails_alone_where_memory_or_a_stack_runs_out, spawn_sweep)

static int detached_count;

static int count_detached(void *arg)
{
	(void)arg;
	detached_count++;
	return 0;
}

static int go_in_both_ways(void *arg)
{
	char bytes[100] = "";
	int r = bide_go(count_detached, arg);
	int s = bide_go_copy(count_detached, bytes, sizeof bytes);

	detached_count = 0;
	bide_yield();
	CHECK(detached_count <= (r == 0) + (s == 0));
	return r < 0 ? r : s;
}

static int go_sweep(void)
{
	return virtual_run(go_in_both_ways);
}
FAULT_SWEEP(go, reports_that_memory_has_run_out, go_sweep)

static void add_one(void *arg)
{
	++*(int *)arg;
}

static int keep_things(void *arg)
{
	static bide_local keys[10];
	static int deferred_count;
	int kept = 0;
	int failed = 0;

	(void)arg;
	for (int i = 0; i < 10; i++) {
		int r = bide_local_set(&keys[i], &keys[i]);

		CHECK(bide_local_get(&keys[i]) == (r == 0 ? &keys[i] : NULL));
		failed = r < 0 ? r : failed;
	}
	for (int i = 0; i < 3; i++) {
		int r = bide_defer(add_one, &deferred_count);

		kept += r == 0;
		failed = r < 0 ? r : failed;
	}
	if (bide_set_name(bide_self(), "renamed") < 0)
		failed = -ENOMEM;
	else
		CHECK_STR(bide_name(bide_self()), "renamed");
	CHECK(kept > 0 || failed < 0);
	return failed;
}

static int keep_sweep(void)
{
	return virtual_run(keep_things);
}
FAULT_SWEEP(task, keeps_its_values_where_memory_runs_out, keep_sweep)

static int start_then_nap(void *arg)
{
	bide_started(arg);
	return nap(NULL);
}

static int use_group(void *arg)
{
	bide_group group;
	void *value = NULL;
	int spawned = 0;
	int given = 0;
	int r, s;

	(void)arg;
	bide_group_open_with(&group, BIDE_KEEP_GOING);
	bide_group_limit(&group, 3);
	for (int i = 0; i < 10; i++)
		spawned += bide_group_spawn(&group, nap, NULL) != NULL;
	r = bide_group_start(&group, start_then_nap, &group, &value);
	CHECK(r < 0 || value == &group);
	while (bide_group_next(&group) != NULL)
		given++;
	CHECK_INT(errno, 0);
	CHECK(given >= spawned);
	s = bide_group_close(&group);
	if (s == 0 && spawned < 10)
		s = -ENOMEM;
	return r < 0 ? r : s;
}

static int group_sweep(void)
{
	return virtual_run(use_group);
}
FAULT_SWEEP(group, goes_on_with_the_tasks_it_has, group_sweep)

static int watch_many(void *arg)
{
	bide_task *tasks[50];
	int results[50];
	size_t n = 0;
	ssize_t ended;

	(void)arg;
	while (n < 50 && (tasks[n] = bide_spawn(nap, NULL)) != NULL)
		n++;
	ended = bide_wait(n, tasks, BIDE_ALL_DONE, 2 * BIDE_SECOND);
	CHECK(ended == (ssize_t)n || ended == -ENOMEM);
	CHECK_INT(bide_gather(n, tasks, results), 0);
	return n < 50 ? -ENOMEM : ended < 0 ? (int)ended : 0;
}

static int wait_sweep(void)
{
	return virtual_run(watch_many);
}
FAULT_SWEEP(wait, leaves_the_tasks_alone_where_memory_runs_out, wait_sweep)

static int yield_ten(void *arg)
{
	for (int i = 0; i < 10; i++)
		if (bide_gen_yield(&i) < 0)
			return -ECANCELED;
	(void)arg;
	return 0;
}

static int gen_scenario(void)
{
	bide_gen *gens[3];
	int made = 0;
	int item = -1;

	while (made < 3 && (gens[made] = bide_gen_new(sizeof(int), yield_ten, NULL)) != NULL)
		made++;
	for (int i = 0; i < made; i++)
		CHECK(bide_gen_next(gens[i], &item) == 1 && item == 0);
	for (int i = 0; i < made; i++)
		bide_gen_free(gens[i]);
	return made == 3 ? 0 : -ENOMEM;
}

/* The pool of stacks is the process's: only its first use meets every fault. */
TEST(gen, new_reports_that_memory_has_run_out)
{
	bide__fault_arm(1);
	CHECK_INT(gen_scenario(), -ENOMEM);
	bide__fault_arm(0);
	for (long nth = 1; nth <= 8; nth++) {
		bide__fault_arm(nth);
		CHECK(gen_scenario() <= 0);
		bide__fault_arm(0);
	}
	CHECK_INT(gen_scenario(), 0);
}
