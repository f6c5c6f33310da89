/* SPDX-License-Identifier: MIT */

/*
 * sim_nested_groups.c - a hundred thousand tasks in groups ten deep, of which one leaf fails
 *
 * Each task opens a group and spawns its share of those to come, the tenth level
 * sleeps. One leaf, picked at random, fails at a random time: its group goes
 * down, the task that opened that returns the failure to the group above, and so
 * on to the top. Shielded clean-ups make some leaves slow to end.
 *
 * BIDE_TEST_SEED=n replays a seed; BIDE_TEST_LONG=1 tries many; BIDE_TEST_SMALL=1
 * makes do with fewer tasks.
 */
#include "loop_test.h"

#include <bide.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LEVELS 10
#define SEEDS 3
#define SEEDS_LONG 40

struct nest {
	uint64_t random;
	int task_max;
	int begun_count;
	int ended_count;
	int leaf_count;
	int failing_leaf;       /* the number of the one that fails, in order of beginning */
	int failed_count;
	bide_time failing_time;
};

static struct nest nest;

static unsigned pick(unsigned n)
{
	nest.random ^= nest.random >> 12;
	nest.random ^= nest.random << 25;
	nest.random ^= nest.random >> 27;
	return (unsigned)((nest.random * 0x2545f4914f6cdd1dull) >> 33) % n;
}

/* What a task is to do: so many tasks below it, so many levels. */
struct share {
	int task_count;
	int levels;
};

static int clean_up(void *arg)
{
	(void)arg;
	CHECK_INT(bide_sleep((1 + pick(3)) * U), 0);
	return 0;
}

static int run_leaf(void)
{
	int number = nest.leaf_count++;
	int r;

	if (number == nest.failing_leaf) {
		CHECK_INT(bide_sleep(nest.failing_time), 0);
		nest.failed_count++;
		return -EIO;
	}
	r = bide_sleep(BIDE_FOREVER);
	CHECK_INT(r, -ECANCELED);
	if (pick(100) == 0)
		CHECK_INT(bide_shield(clean_up, NULL), 0);
	return r;
}

static int run_share(void *arg);

/* Two to four tasks share what is to be spawned; the last level takes one task for each. */
static void spawn_shares(bide_group *group, const struct share *share)
{
	int left = share->task_count;
	int parts = share->levels == 1 ? left : 2 + (int)pick(3);

	if (parts > left)
		parts = left;
	for (; parts > 0; parts--) {
		int size = left / parts;
		struct share part = { size - 1, share->levels - 1 };

		CHECK(bide_group_spawn_copy(group, run_share, &part, sizeof part) != NULL);
		left -= size;
	}
}

static int run_inner(const struct share *share)
{
	bide_group group;
	int r;

	bide_group_open(&group);
	spawn_shares(&group, share);
	r = bide_group_close(&group);
	CHECK(r == -EIO || r == -ECANCELED);
	if (r == -EIO)
		CHECK_INT(bide_cancel_requested(bide_self()), 0);
	return r;
}

static int run_share(void *arg)
{
	struct share share = *(struct share *)arg;
	int r;

	nest.begun_count++;
	r = share.levels == 0 || share.task_count == 0 ? run_leaf() : run_inner(&share);
	nest.ended_count++;
	return r;
}

static int run_nest(void *arg)
{
	struct share all = { nest.task_max, LEVELS };
	bide_group group;

	(void)arg;
	bide_group_open(&group);
	spawn_shares(&group, &all);
	CHECK_INT(bide_group_close(&group), -EIO);
	CHECK_INT(nest.failed_count, 1);
	CHECK_INT(nest.begun_count, nest.task_max);
	CHECK_INT(nest.ended_count, nest.task_max);
	CHECK_INT(bide_sleep(0), 0);
	CHECK_INT(bide_tasks(NULL, 0), 1);
	CHECK_INT(bide_loop_stats(NULL).timers, 0);
	return 0;
}

static bool is_set(const char *name)
{
	const char *text = getenv(name);

	return text != NULL && text[0] != '\0' && text[0] != '0';
}

static void run_seed(uint64_t seed)
{
	bide_options options = {
		.flags = BIDE_VIRTUAL_CLOCK | (seed % 2 ? BIDE_SHUFFLE : 0),
		.seed = seed,
	};

	nest = (struct nest){
		.random = seed * 0x9e3779b97f4a7c15ull + 1,
		.task_max = is_set("BIDE_TEST_SMALL") ? 5000 : 100000,
	};
	nest.failing_leaf = (int)pick((unsigned)nest.task_max / 3);
	nest.failing_time = (1 + pick(100)) * U;
	fprintf(stderr, "nested_groups: BIDE_TEST_SEED=%ju\n", (uintmax_t)seed);
	CHECK_INT(bide_run_with(&options, run_nest, NULL), 0);
	fprintf(stderr, "nested_groups: %d tasks, %d of them leaves; number %d failed\n",
	        nest.begun_count, nest.leaf_count, nest.failing_leaf);
}

TEST(sim_nested_groups, hand_a_random_leaf_s_failure_to_the_top)
{
	const char *text = getenv("BIDE_TEST_SEED");
	uint64_t count = is_set("BIDE_TEST_LONG") ? SEEDS_LONG : SEEDS;

	if (text != NULL) {
		run_seed(strtoull(text, NULL, 0));
		return;
	}
	for (uint64_t seed = 1; seed <= count; seed++)
		run_seed(seed);
}
