/* SPDX-License-Identifier: MIT */

/*
 * sim_cancel_storm.c - ten thousand tasks in random states, cancelled at random
 *
 * Each seed is printed before it is run. BIDE_TEST_SEED=n replays one of them;
 * BIDE_TEST_LONG=1 tries many more; BIDE_TEST_SMALL=1 makes do with fewer tasks.
 */
#include "storm.h"

#include <bide.h>
#include <stdio.h>
#include <stdlib.h>

#define SEEDS 6
#define SEEDS_LONG 200

static bool is_set(const char *name)
{
	const char *text = getenv(name);

	return text != NULL && text[0] != '\0' && text[0] != '0';
}

static void run_seed(uint64_t seed)
{
	int tasks = is_set("BIDE_TEST_SMALL") ? 2000 : 10000;

	fprintf(stderr, "cancel_storm: BIDE_TEST_SEED=%ju\n", (uintmax_t)seed);
	storm_run(seed, tasks / 4, tasks, 200);
	fprintf(stderr, "cancel_storm: %d tasks, at most %d at once, digest %016jx\n",
	        storm.spawned_count, storm.most_alive, (uintmax_t)storm.digest);
}

static void run_seeds(uint64_t first)
{
	const char *text = getenv("BIDE_TEST_SEED");
	uint64_t count = is_set("BIDE_TEST_LONG") ? SEEDS_LONG : SEEDS;

	if (text != NULL) {
		run_seed(strtoull(text, NULL, 0));
		return;
	}
	for (uint64_t i = 0; i < count / 2; i++)
		run_seed(first + 2 * i);
}

TEST(sim_cancel_storm, in_order_of_arrival)
{
	run_seeds(1000);
}

/* Odd seeds shuffle the ready tasks. */
TEST(sim_cancel_storm, in_random_order)
{
	run_seeds(1001);
}
