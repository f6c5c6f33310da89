/* SPDX-License-Identifier: MIT */

/*
 * storm.h - many tasks in random states, cancelled at random, all of it from one seed
 *
 * storm_run() spawns tasks that sleep, join, gather, open groups, shield, set
 * time limits and spawn further ones, cancels some of them again and again and in
 * the end all of them until none is left. It checks
 *   - that every call returns only what it may return;
 *   - that a call that waits for tasks returns when they have ended, not before:
 *     a task's argument lies on the stack of the one that waits for it;
 *   - that what was begun has ended, and no timer is left.
 * It returns a digest of everything that happened: the same seed gives the same.
 */
#ifndef TEST_SUPPORT_STORM_H
#define TEST_SUPPORT_STORM_H

#include "case.h"

#include <bide.h>
#include <errno.h>
#include <stdlib.h>

#define STORM_CHILDREN 4
#define STORM_PASSES_MAX 100000

struct storm {
	uint64_t seed;
	int root_count;
	int task_max;           /* how many may be spawned in all */
	int step_count;         /* how many times some are cancelled */

	uint64_t random;
	uint64_t digest;
	int spawned_count;
	int running_count;      /* functions that have begun and not ended */
	int deferred_count;     /* deferred functions that have yet to run */
	int most_alive;
};

static struct storm storm;

/* What a task is given; it stays until the task has ended. */
struct storm_part {
	int depth;              /* how many levels it may add */
	bool is_running;
};

/* Where a move is made. */
struct storm_stage {
	int depth;
	bool is_shielded;       /* what waits for ever here can't be helped */
};

static int storm_play(const struct storm_stage *stage);

static unsigned storm_pick(unsigned n)
{
	storm.random ^= storm.random >> 12;
	storm.random ^= storm.random << 25;
	storm.random ^= storm.random >> 27;
	return (unsigned)((storm.random * 0x2545f4914f6cdd1dull) >> 33) % n;
}

static int storm_note(int r)
{
	storm.digest = (storm.digest ^ (uint64_t)(unsigned)r) * 0x100000001b3ull;
	storm.digest = (storm.digest ^ (uint64_t)case_now()) * 0x100000001b3ull;
	return r;
}

/* A call that suspends gives 0 or says that it was cut short. */
static int storm_note_wait(int r)
{
	CHECK(r == 0 || r == -ECANCELED);
	return storm_note(r);
}

/* A call that waits for a task's end gives any result, but no refusal. */
static int storm_note_end(int r)
{
	CHECK(r != -EINVAL && r != -EDEADLK && r != -EPERM && r != -EBUSY);
	return storm_note(r);
}

static void storm_run_deferred(void *arg)
{
	(void)arg;
	CHECK_INT(bide_sleep(storm_pick(2) * U), 0);
	storm.deferred_count--;
}

static int storm_act(void *arg)
{
	struct storm_part *part = arg;
	struct storm_stage stage = { .depth = part->depth };
	int r;

	part->is_running = true;
	storm.running_count++;
	if (storm_pick(8) == 0 && bide_defer(storm_run_deferred, NULL) == 0)
		storm.deferred_count++;
	r = storm_play(&stage);
	storm.running_count--;
	part->is_running = false;
	return r;
}

static int storm_act_started(void *arg)
{
	if (storm_pick(2) == 0) {
		storm_note_wait(bide_sleep(storm_pick(3) * U));
		storm_note_wait(bide_started(NULL));
	}
	return storm_act(arg);
}

static bide_task_options storm_options(void)
{
	bide_task_options options = { 0 };

	if (storm_pick(4) == 0)
		options.delay = storm_pick(5) * U;
	else if (storm_pick(4) == 0)
		options.flags = BIDE_EAGER;
	return options;
}

static bide_task *storm_spawn(struct storm_part *part, int depth)
{
	bide_task_options options = storm_options();
	bide_task *task;

	*part = (struct storm_part){ .depth = depth };
	storm.spawned_count++;
	task = bide_spawn_with(&options, storm_act, part);
	CHECK(task != NULL);
	return task;
}

static bool storm_may_spawn(const struct storm_stage *stage)
{
	return stage->depth > 0 && storm.spawned_count + STORM_CHILDREN < storm.task_max;
}

/* ---- the moves ---- */

static int storm_sleep(const struct storm_stage *stage)
{
	(void)stage;
	return storm_note_wait(bide_sleep(storm_pick(20) * U));
}

static int storm_sleep_for_ever(const struct storm_stage *stage)
{
	if (stage->is_shielded)
		return storm_sleep(stage);
	return storm_note_wait(bide_sleep(BIDE_FOREVER));
}

static int storm_yield(const struct storm_stage *stage)
{
	(void)stage;
	for (unsigned n = storm_pick(5); n > 0; n--)
		storm_note_wait(bide_yield());
	return 0;
}

static int storm_join(const struct storm_stage *stage)
{
	struct storm_part part;
	bide_task *task;
	int r;

	if (!storm_may_spawn(stage))
		return storm_sleep(stage);
	task = storm_spawn(&part, stage->depth - 1);
	if (storm_pick(2) == 0)
		r = bide_join(task);
	else
		r = bide_join_for(task, storm_pick(10) * U);
	CHECK(!part.is_running);
	return storm_note_end(r);
}

static int storm_gather(const struct storm_stage *stage)
{
	struct storm_part parts[STORM_CHILDREN];
	bide_task *tasks[STORM_CHILDREN];
	int results[STORM_CHILDREN];
	unsigned n = 1 + storm_pick(STORM_CHILDREN);
	int r;

	if (!storm_may_spawn(stage))
		return storm_sleep(stage);
	for (unsigned i = 0; i < n; i++)
		tasks[i] = storm_spawn(&parts[i], stage->depth - 1);
	if (storm_pick(2) == 0) {
		bide_time limit = storm_pick(3) == 0 ? BIDE_FOREVER : storm_pick(10) * U;

		r = (int)bide_wait(n, tasks, (int)storm_pick(3), limit);
		CHECK(r == -ECANCELED || (r >= 0 && r <= (int)n));
		storm_note(r);
	}
	r = storm_note_wait(bide_gather(n, tasks, results));
	for (unsigned i = 0; i < n; i++) {
		CHECK(!parts[i].is_running);
		storm_note_end(results[i]);
	}
	return r;
}

/* Fills the group; false where it is going down. */
static bool storm_fill(bide_group *group, struct storm_part *parts, int depth)
{
	for (unsigned i = 0; i <= storm_pick(STORM_CHILDREN); i++) {
		bide_task_options options = storm_options();

		parts[i].depth = depth;
		errno = 0;
		if (bide_group_spawn_with(group, &options, storm_act, &parts[i]) == NULL) {
			CHECK_INT(errno, ECANCELED);
			return false;
		}
		storm.spawned_count++;
	}
	return true;
}

static void storm_use(bide_group *group, struct storm_part *last, unsigned flags)
{
	switch (storm_pick(5)) {
	case 0:
		bide_group_cancel(group);
		break;
	case 1:
		storm_note_wait(bide_sleep(storm_pick(10) * U));
		break;
	case 2:
		while (!(flags & BIDE_REAP) && bide_group_next(group) != NULL)
			storm_note(1);
		break;
	case 3:
		storm.spawned_count++;
		storm_note_end(bide_group_start(group, storm_act_started, last, NULL));
		break;
	default:
		break;
	}
}

static int storm_group(const struct storm_stage *stage)
{
	struct storm_part parts[STORM_CHILDREN + 1] = { 0 };
	unsigned flags = storm_pick(4);         /* BIDE_KEEP_GOING and BIDE_REAP */
	bide_group group;
	int r;

	if (!storm_may_spawn(stage))
		return storm_sleep(stage);
	bide_group_open_with(&group, flags);
	if (storm_pick(2) == 0)
		bide_group_limit(&group, 1 + storm_pick(3));
	if (storm_fill(&group, parts, stage->depth - 1))
		storm_use(&group, &parts[STORM_CHILDREN], flags);
	r = bide_group_close(&group);
	for (int i = 0; i <= STORM_CHILDREN; i++)
		CHECK(!parts[i].is_running);
	return storm_note_end(r);
}

static int storm_play_inside(void *arg)
{
	return storm_play(arg);
}

static int storm_shield(const struct storm_stage *stage)
{
	struct storm_stage inside = { stage->depth - 1, true };

	if (stage->depth <= 0)
		return storm_sleep(stage);
	return storm_note(bide_shield(storm_play_inside, &inside));
}

static int storm_timeout(const struct storm_stage *stage)
{
	struct storm_stage inside = { stage->depth - 1, stage->is_shielded };
	int r = 0;

	if (stage->depth <= 0)
		return storm_sleep(stage);
	if (storm_pick(2) == 0)
		return storm_note(bide_timeout(storm_pick(10) * U, storm_play_inside, &inside));
	BIDE_TIMEOUT(storm_pick(10) * U) {
		r = storm_play(&inside);
		if (storm_pick(2) == 0)
			return storm_note(r);
	}
	return storm_note(r);
}

static int storm_play(const struct storm_stage *stage)
{
	static int (*const moves[])(const struct storm_stage *stage) = {
		storm_sleep,  storm_sleep_for_ever, storm_yield,  storm_join,
		storm_gather, storm_group,          storm_shield, storm_timeout,
	};
	int r = 0;

	/* One in eight goes on after an error, as code that forgets to look does. */
	for (unsigned n = 1 + storm_pick(3); n > 0; n--) {
		r = moves[storm_pick(sizeof moves / sizeof *moves)](stage);
		if (r < 0 && storm_pick(8) != 0)
			break;
	}
	if (storm_pick(10) == 0)
		storm_note(bide_uncancel());
	return storm_pick(16) == 0 ? -EIO : r;
}

/* ---- the storm ---- */

/* Cancels one task in n. */
static void storm_strike(bide_task **tasks, unsigned n)
{
	size_t room = (size_t)storm.task_max + 1;
	size_t count = bide_tasks(tasks, room);

	if ((int)count > storm.most_alive)
		storm.most_alive = (int)count;
	count = count < room ? count : room;
	for (size_t i = 0; i < count; i++)
		if (tasks[i] != bide_self() && storm_pick(n) == 0)
			storm_note(bide_cancel(tasks[i]));
}

static void storm_rage(bide_task **roots, bide_task **tasks)
{
	for (int step = 0; step < storm.step_count; step++) {
		int i = (int)storm_pick((unsigned)storm.root_count);

		CHECK_INT(bide_sleep(storm_pick(3) * U), 0);
		storm_strike(tasks, 2 + storm_pick(200));
		if (roots[i] != NULL && storm_pick(2) == 0) {
			bide_detach(roots[i]);
			roots[i] = NULL;
		}
	}
	for (int pass = 0; bide_tasks(NULL, 0) > 1; pass++) {
		CHECK(pass < STORM_PASSES_MAX);
		storm_strike(tasks, 1);
		CHECK_INT(bide_sleep(1 * U), 0);
	}
}

static int storm_main(void *arg)
{
	bide_task **tasks = calloc((size_t)storm.task_max + 1, sizeof *tasks);
	bide_task **roots = calloc((size_t)storm.root_count, sizeof *roots);
	struct storm_part *parts = calloc((size_t)storm.root_count, sizeof *parts);

	(void)arg;
	for (int i = 0; i < storm.root_count; i++)
		roots[i] = storm_spawn(&parts[i], 4);
	storm_rage(roots, tasks);
	for (int i = 0; i < storm.root_count; i++)
		if (roots[i] != NULL)
			storm_note_end(bide_join(roots[i]));

	CHECK_INT(storm.running_count, 0);
	CHECK_INT(storm.deferred_count, 0);
	CHECK_INT(bide_tasks(NULL, 0), 1);
	CHECK_INT(bide_loop_stats(NULL).timers, 0);
	free(parts);
	free(roots);
	free(tasks);
	return 0;
}

static void storm_ignore_error(bide_task *task, int result, void *ctx)
{
	(void)task;
	(void)ctx;
	storm_note(result);
}

/* Returns the digest. With an odd seed ready tasks run in random order. */
static uint64_t storm_run(uint64_t seed, int root_count, int task_max, int step_count)
{
	bide_options options = {
		.flags = BIDE_VIRTUAL_CLOCK | (seed % 2 ? BIDE_SHUFFLE : 0),
		.seed = seed,
		.on_error = storm_ignore_error,
	};

	storm = (struct storm){
		.seed = seed,
		.root_count = root_count,
		.task_max = task_max,
		.step_count = step_count,
		.random = seed * 0x9e3779b97f4a7c15ull + 1,
	};
	CHECK_INT(bide_run_with(&options, storm_main, NULL), 0);
	return storm.digest;
}

#endif
