/* SPDX-License-Identifier: MIT */

/*
 * churn.h - which timeout is next, and when it is to be due
 *
 * Each language has the same generator in one line. After CHURN_BATCH of them the loop
 * has a turn, as it would have between requests.
 */
#ifndef CHURN_H
#define CHURN_H

#include "bench.h"

#define CHURN_BATCH 1000
#define CHURN_HOUR 3600000000000        /* ns; the first of the two that a delay may take */

static inline uint64_t churn_random(void)
{
	static uint64_t state;

	state = state * 6364136223846793005 + 1442695040888963407;
	return state >> 32;
}

/* Returns one or two hours, in ns and a multiple of 1 ms, which is all that some can tell. */
static inline int64_t churn_delay(void)
{
	return CHURN_HOUR + (int64_t)(churn_random() % 3600000) * 1000000;
}

#endif
