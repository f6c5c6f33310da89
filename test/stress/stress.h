/* SPDX-License-Identifier: MIT */

/*
 * stress.h - many threads at once, for a while or a number of times
 *
 * What threads do is chosen by a seed, in which order it happens by the system: a
 * seed makes the same choices, not the same run. BIDE_TEST_SEED=n gives another
 * one; BIDE_TEST_LONG=1 makes it long.
 */
#ifndef TEST_STRESS_STRESS_H
#define TEST_STRESS_STRESS_H

#include "thread_test.h"

static inline bool is_set(const char *name)
{
	const char *text = getenv(name);

	return text != NULL && text[0] != '\0' && strcmp(text, "0") != 0;
}

static inline bool is_long(void)
{
	return is_set("BIDE_TEST_LONG");
}

/* Whether a tool runs one thread at a time, or as slow as that. */
static inline bool is_slow(void)
{
	return is_set("BIDE_TEST_SLOW") || is_set("BIDE_TEST_EMULATED");
}

static inline uint64_t stress_seed(void)
{
	const char *text = getenv("BIDE_TEST_SEED");

	return text != NULL && text[0] != '\0' ? strtoull(text, NULL, 0) : 1;
}

/* One for each thread or task that chooses. */
struct dice {
	uint64_t state;
};

/* n: which one it is of those with the same seed. */
static inline struct dice dice_of(uint64_t seed, uint64_t n)
{
	uint64_t state = (seed + n * 0x9e3779b97f4a7c15ull) * 0xbf58476d1ce4e5b9ull;

	return (struct dice){ (state ^ (state >> 31)) | 1 };
}

static inline unsigned dice_roll(struct dice *dice, unsigned n)
{
	dice->state ^= dice->state >> 12;
	dice->state ^= dice->state << 25;
	dice->state ^= dice->state >> 27;
	return (unsigned)((dice->state * 0x2545f4914f6cdd1dull) >> 33) % n;
}

#endif
