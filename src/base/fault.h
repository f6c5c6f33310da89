/* SPDX-License-Identifier: MIT */

/*
 * fault.h - points at which a test makes the world fail
 *
 * Every fallible system call and allocation asks here first. A test arms the
 * nth such point from now; when it is reached, that call fails as the system
 * would make it fail. Unarmed it costs one predictable branch.
 */
#ifndef BIDE_BASE_FAULT_H
#define BIDE_BASE_FAULT_H

#include "check.h"

extern long bide__fault_countdown;      /* atomic: points until the failing one; 0: not armed */

/* Makes the nth fault point from now fail, once; 0 disarms. */
void bide__fault_arm(long nth);

/* Returns whether the armed point has been reached. */
bool bide__fault_fired(void);

bool bide__fault_reach(void);

static inline bool bide__fault(void)
{
	return unlikely(__atomic_load_n(&bide__fault_countdown, __ATOMIC_RELAXED) != 0) &&
	       bide__fault_reach();
}

#endif
