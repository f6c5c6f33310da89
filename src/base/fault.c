/* SPDX-License-Identifier: MIT */

/*
 * fault.c - counts down to the failure that a test has ordered
 *
 * One counter for the process: whichever thread comes to the point fails.
 */
#include "fault.h"

long bide__fault_countdown;
static bool fired;

void bide__fault_arm(long nth)
{
	__atomic_store_n(&fired, false, __ATOMIC_RELAXED);
	__atomic_store_n(&bide__fault_countdown, nth, __ATOMIC_RELAXED);
}

bool bide__fault_fired(void)
{
	return __atomic_load_n(&fired, __ATOMIC_RELAXED);
}

bool bide__fault_reach(void)
{
	/* Below 0 another thread has come to it at the same moment. */
	if (__atomic_sub_fetch(&bide__fault_countdown, 1, __ATOMIC_RELAXED) != 0)
		return false;
	__atomic_store_n(&fired, true, __ATOMIC_RELAXED);
	return true;
}
