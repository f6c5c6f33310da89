/* SPDX-License-Identifier: MIT */

/*
 * fault.c - counts down to the failure that a test has ordered
 *
 * One counter for the process: fault sweeps are run by single-threaded tests.
 */
#include "fault.h"

long bide__fault_countdown;
static bool fired;

void bide__fault_arm(long nth)
{
	bide__fault_countdown = nth;
	fired = false;
}

bool bide__fault_fired(void)
{
	return fired;
}

bool bide__fault_reach(void)
{
	if (--bide__fault_countdown > 0)
		return false;
	fired = true;
	return true;
}
