/* SPDX-License-Identifier: MIT */

/*
 * clock.h - reading time, exactly or cheaply
 */
#ifndef BIDE_BASE_CLOCK_H
#define BIDE_BASE_CLOCK_H

#include <bide/base.h>

/* CLOCK_MONOTONIC, in nanoseconds. */
bide_time bide__clock_now(void);

/* from + d, BIDE_FOREVER where that is later than any clock will show. */
static inline bide_time bide__time_after(bide_time from, bide_time d)
{
	bide_time when;

	if (__builtin_add_overflow(from, d, &when))
		return d > 0 ? BIDE_FOREVER : 0;
	return when;
}

/*
 * A counter of the processor that tells roughly how much time has passed, for
 * less than half the price of the clock. It may differ between processors; use
 * it only to decide whether to look at the clock.
 */
static inline uint64_t bide__ticks(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#else
	return (uint64_t)bide__clock_now();
#endif
}

/* How many ticks make the given time, roughly. */
uint64_t bide__ticks_in(bide_time d);

#endif
