/* SPDX-License-Identifier: MIT */

/*
 * loop_test.h - a test whose block is the main task of a loop in virtual time
 *
 *   LOOP_TEST(scope, a_left_scope_may_be_entered_again)
 *   {
 *           …
 *           return 0;
 *   }
 *
 * When the block has returned 0, neither a task nor an armed timer may be left.
 */
#ifndef TEST_SUPPORT_LOOP_TEST_H
#define TEST_SUPPORT_LOOP_TEST_H

#include "case.h"

#define LOOP_TEST(unit, sentence)                                                                  \
	static int block_##unit##_##sentence(void *arg);                                           \
	TEST(unit, sentence)                                                                       \
	{                                                                                          \
		loop_test_run(block_##unit##_##sentence);                                          \
	}                                                                                          \
	static int block_##unit##_##sentence(void *arg __attribute__((unused)))

static inline int loop_test_main(void *arg)
{
	bide_fn **block = arg;
	int r = (*block)(NULL);

	CHECK_INT(bide_tasks(NULL, 0), 1);
	CHECK_INT(bide_loop_stats(NULL).timers, 0);
	return r;
}

static inline void loop_test_run(bide_fn *block)
{
	bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	CHECK_INT(bide_run_with(&options, loop_test_main, &block), 0);
}

#endif
