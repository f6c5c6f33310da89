/* SPDX-License-Identifier: MIT */

/*
 * clock.c - the system's monotonic clock and the processor's counter
 */
#include "clock.h"

#include "sys.h"

#include <pthread.h>
#include <time.h>

#define RATE_SPAN_MIN (10 * BIDE_MILLISECOND)
#define RATE_SPAN_MAX BIDE_SECOND
#define RATE_GOOD_FOR (20 * BIDE_MICROSECOND)
#define TICKS_APART_MAX 2000            /* of two readings with nothing in between */

bide_time bide__clock_now(void)
{
	struct timespec now;

	/* Cannot fail: the clock exists and the pointer is good. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * BIDE_SECOND + now.tv_nsec;
}

uint64_t bide__ticks_in(bide_time d)
{
#if defined(__x86_64__)
	/* The counter runs at 2 to 4 GHz; that it is not known better is why
	 * ticks only decide when to look at the clock. */
	return (uint64_t)d * 2;
#elif defined(__aarch64__)
	uint64_t frequency;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
	return (uint64_t)d * frequency / (uint64_t)BIDE_SECOND;
#else
	return (uint64_t)d;
#endif
}

static bool counter_is_steady;

static void counter_examine(void)
{
#if defined(__x86_64__)
	/* The kernel has looked closely: it keeps time by this counter itself, or
	 * it has found a reason not to. */
	static const char path[] = "/sys/devices/system/clocksource/clocksource0/"
				   "current_clocksource";

	counter_is_steady = bide__sys_file_is(path, "tsc\n");
#endif
}

static void rate_find(struct start_clock *clock)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	bide_time span = clock->now - clock->rated_at;

	(void)pthread_once(&once, counter_examine);
	if (!counter_is_steady) {
		clock->rated_at = BIDE_FOREVER;
		return;
	}
	if (bide__ticks() - clock->ticks > TICKS_APART_MAX)
		return;
	if (clock->rated_at != 0 && span < RATE_SPAN_MAX) {
		double rate = (double)span / (double)(clock->ticks - clock->rated_ticks);

		clock->rate = (uint64_t)(rate * 4294967296.0);
		clock->ticks_max = (uint64_t)((double)RATE_GOOD_FOR / rate);
	}
	clock->rated_at = clock->now;
	clock->rated_ticks = clock->ticks;
}

bide_time bide__start_clock_renew(struct start_clock *clock)
{
	/* In this order: a delay in between makes readings late, not early. */
	clock->ticks = bide__ticks();
	clock->now = bide__clock_now();
	if (clock->now - clock->rated_at >= RATE_SPAN_MIN)
		rate_find(clock);
	return clock->now;
}

bide_time bide__start_clock_look(struct start_clock *clock)
{
	bide_time now = bide__start_clock_renew(clock);

	clock->looked_ticks = clock->ticks;
	return now;
}
