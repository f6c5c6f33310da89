/* SPDX-License-Identifier: MIT */

/*
 * clock.c - the system's monotonic clock and the processor's counter
 */
#include "clock.h"

#include <time.h>

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
