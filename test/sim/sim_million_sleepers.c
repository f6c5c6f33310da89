/* SPDX-License-Identifier: MIT */

/*
 * sim_million_sleepers.c - a million tasks asleep at once, on the real clock
 *
 * Each has a stack of its own, and the kernel's default of 65,530 mappings a
 * process must do for all of them. Half sleep for ever and are cancelled, half
 * wake by themselves. BIDE_TEST_SMALL=1 makes do with 5,000 tasks, for
 * sanitizers and valgrind, which keep their own books on every stack.
 */
#include "test.h"

#include <bide.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SLEEPERS 1000000
#define SLEEPERS_SMALL 5000
#define BYTES_EACH 6000L        /* of memory: a page of stack, the task, the handle */

static int sleepers;
static int asleep_count;
static int woken_count;
static int cancelled_count;

static int sleep_a_while(void *arg)
{
	bide_time start = bide_now();
	bide_time rest = (bide_time)(intptr_t)arg;
	int r;

	asleep_count++;
	r = bide_sleep(rest);
	asleep_count--;
	if (r == 0) {
		CHECK(bide_now() >= start + rest);
		woken_count++;
	} else {
		CHECK_INT(r, -ECANCELED);
		cancelled_count++;
	}
	return r;
}

/* The even ones wake between 100 and 200 ms after they began, the odd ones never. */
static bide_time rest_of(int i)
{
	if (i % 2 != 0)
		return BIDE_FOREVER;
	return 100 * BIDE_MILLISECOND + i % 997 * (BIDE_MILLISECOND / 10);
}

static int run_sleepers(void *arg)
{
	bide_task **tasks = calloc((size_t)sleepers, sizeof *tasks);
	int failed_count = 0;

	(void)arg;
	CHECK(tasks != NULL);
	for (int i = 0; i < sleepers; i++) {
		tasks[i] = bide_spawn(sleep_a_while, (void *)(intptr_t)rest_of(i));
		CHECK(tasks[i] != NULL);
	}
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(asleep_count, sleepers);
	CHECK_INT(bide_tasks(NULL, 0), sleepers + 1);
	CHECK_INT(bide_wait(1, tasks, BIDE_ALL_DONE, BIDE_FOREVER), 1);
	for (int i = 1; i < sleepers; i += 2)
		CHECK_INT(bide_cancel(tasks[i]), 1);
	for (int i = 0; i < sleepers; i++)
		failed_count += bide_join(tasks[i]) < 0;
	free(tasks);

	CHECK_INT(failed_count, sleepers / 2);
	CHECK_INT(asleep_count, 0);
	CHECK_INT(bide_tasks(NULL, 0), 1);
	CHECK_INT(bide_loop_stats(NULL).timers, 0);
	return 0;
}

static bool is_memory_enough(void)
{
	long pages = sysconf(_SC_AVPHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);

	return pages < 0 || pages > SLEEPERS * BYTES_EACH / page_bytes;
}

TEST(sim_million_sleepers, wake_or_are_cancelled_and_all_end)
{
	const char *small = getenv("BIDE_TEST_SMALL");
	bide_options options = { .backend = BIDE_BACKEND_EPOLL };

	sleepers = SLEEPERS;
	if (small != NULL && small[0] != '\0' && small[0] != '0') {
		fprintf(stderr, "million_sleepers: BIDE_TEST_SMALL is set: %d tasks only\n",
		        SLEEPERS_SMALL);
		sleepers = SLEEPERS_SMALL;
	} else if (!is_memory_enough()) {
		fprintf(stderr, "million_sleepers: skipped, too little memory is free\n");
		return;
	}
	CHECK_INT(bide_run_with(&options, run_sleepers, NULL), 0);
	CHECK_INT(woken_count, (sleepers + 1) / 2);
	CHECK_INT(cancelled_count, sleepers / 2);
}
