/* SPDX-License-Identifier: MIT */

/* test_shuffle.c - ready tasks in an order that a seed gives */
#include "test.h"

#include <bide.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TASK_COUNT 8
#define ROUND_COUNT 4
#define ORDER_BYTES (TASK_COUNT * ROUND_COUNT)

static char order[ORDER_BYTES + 1];
static size_t order_bytes;

static int note_and_yield(void *arg)
{
	for (int i = 0; i < ROUND_COUNT; i++) {
		CHECK(order_bytes < ORDER_BYTES);
		order[order_bytes++] = (char)('a' + (int)(intptr_t)arg);
		CHECK_INT(bide_yield(), 0);
	}
	return 0;
}

static int spawn_all(void *arg)
{
	bide_task *tasks[TASK_COUNT];

	(void)arg;
	for (intptr_t i = 0; i < TASK_COUNT; i++)
		tasks[i] = bide_spawn(note_and_yield, (void *)i);
	return bide_gather(TASK_COUNT, tasks, NULL);
}

static void run_with(const bide_options *options)
{
	memset(order, 0, sizeof order);
	order_bytes = 0;
	CHECK_INT(bide_run_with(options, spawn_all, NULL), 0);
	CHECK_INT(order_bytes, ORDER_BYTES);
}

static void run_with_seed(uint64_t seed)
{
	const bide_options options = { .flags = BIDE_SHUFFLE | BIDE_VIRTUAL_CLOCK, .seed = seed };

	run_with(&options);
}

TEST(shuffle, runs_every_ready_task_once_a_round)
{
	run_with_seed(1);
	for (int round = 0; round < ROUND_COUNT; round++)
		for (int i = 0; i < TASK_COUNT; i++)
			CHECK(memchr(order + round * TASK_COUNT, 'a' + i, TASK_COUNT) != NULL);
}

TEST(shuffle, gives_the_same_order_for_the_same_seed)
{
	char first[sizeof order];

	for (uint64_t seed = 0; seed < 20; seed++) {
		run_with_seed(seed);
		memcpy(first, order, sizeof order);
		run_with_seed(seed);
		CHECK_STR(order, first);
	}
}

TEST(shuffle, gives_another_order_for_another_seed)
{
	char seen[20][sizeof order];

	for (int seed = 0; seed < 20; seed++) {
		run_with_seed((uint64_t)seed);
		memcpy(seen[seed], order, sizeof order);
		for (int i = 0; i < seed; i++)
			CHECK(strcmp(order, seen[i]) != 0);
	}
}

TEST(shuffle, gives_another_order_in_every_round)
{
	run_with_seed(7);
	CHECK(memcmp(order, order + TASK_COUNT, TASK_COUNT) != 0 ||
	      memcmp(order, order + 2 * TASK_COUNT, TASK_COUNT) != 0);
}

TEST(shuffle, is_set_by_the_environment_too)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };
	char expected[sizeof order];

	run_with_seed(5);
	memcpy(expected, order, sizeof order);
	CHECK_INT(setenv("BIDE_SHUFFLE", "5", 1), 0);
	run_with(&options);
	CHECK_STR(order, expected);
	CHECK_INT(setenv("BIDE_SHUFFLE", "6", 1), 0);
	run_with(&options);
	CHECK(strcmp(order, expected) != 0);
}

TEST(shuffle, is_off_by_default)
{
	run_with(&(bide_options){ .flags = BIDE_VIRTUAL_CLOCK });
	CHECK_STR(order, "abcdefghabcdefghabcdefghabcdefgh");
}
