/* SPDX-License-Identifier: MIT */

/*
 * sim_queue.c - random programs over queues of every kind, against a model of them
 *
 * BIDE_TEST_SEED=n replays one program and prints what it does; BIDE_TEST_LONG=1
 * runs ten thousand.
 */
#include "queue_storm.h"

static actor_move *const moves[] = {
	do_put,   do_put,     do_put,      do_put,       do_get,   do_get,          do_get,
	do_get,   do_try_put, do_try_get,  do_task_done, do_join,  do_task_done,    do_yield,
	do_sleep, do_sleep,   do_shutdown, do_cancel,    do_scope, do_scope_cancel, do_timeout,
};

static void run_queues(uint64_t first)
{
	sim.name = "sim_queue";
	sim.moves = moves;
	sim.move_count = sizeof moves / sizeof *moves;
	run_programs(first);
}

TEST(sim_queue, follows_the_model_in_order_of_arrival)
{
	run_queues(1000);
}

/* Odd seeds shuffle the ready tasks. */
TEST(sim_queue, follows_the_model_in_random_order)
{
	run_queues(1001);
}
