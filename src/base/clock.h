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

/*
 * The clock from which durations count. Where the processor's counter is good for
 * it, a reading shortly after one of the real clock is made from that one and the
 * counter, at less than half the price. A reading is never earlier than the real
 * clock at the call, so that nothing which counts from it comes early, nor than
 * the reading before.
 */
struct start_clock {
	uint64_t looked_ticks;          /* read just before the last look */
	bide_time now;                  /* the real clock, at the last look or since */
	uint64_t ticks;                 /* read just before it */
	uint64_t rate;                  /* nanoseconds a tick, times 2^32; 0: not known */
	uint64_t ticks_max;             /* since now was read, for which rate is good */
	bide_time last;                 /* the last reading */
	/* An earlier reading of the real clock, from which rate is found; 0: none;
	 * BIDE_FOREVER: the counter is not good for it. */
	bide_time rated_at;
	uint64_t rated_ticks;
};

/* Looks at the real clock and returns it. */
bide_time bide__start_clock_look(struct start_clock *clock);

/* The same between two looks: what a reading costs where the last one is too old. */
bide_time bide__start_clock_renew(struct start_clock *clock);

#define START_CLOCK_MARGIN 50           /* ns: more than rate can be wrong by */

static inline bide_time start_clock_read(struct start_clock *clock)
{
	uint64_t ticks = clock->rate != 0 ? bide__ticks() - clock->ticks : UINT64_MAX;
	bide_time now;

	if (ticks < clock->ticks_max)
		now = clock->now + (bide_time)(ticks * clock->rate >> 32) + START_CLOCK_MARGIN;
	else if (clock->rated_at == BIDE_FOREVER)
		now = bide__clock_now();
	else
		now = bide__start_clock_renew(clock);
	if (now < clock->last)
		now = clock->last;
	clock->last = now;
	return now;
}

#endif
