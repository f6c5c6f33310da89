/* SPDX-License-Identifier: MIT */

/*
 * sys_call.h - what the wrappers of system calls are made of
 *
 * A wrapper answers with the code that the system would most likely fail with
 * when a test has armed the fault point in it.
 */
#ifndef BIDE_BASE_SYS_CALL_H
#define BIDE_BASE_SYS_CALL_H

#include "check.h"
#include "fault.h"

#include <errno.h>
#include <sys/types.h>

/* What the system call that was made last has failed with, as a negative value. */
ssize_t bide__sys_failure(void);

/* The result of a system call, or what it failed with. */
static inline ssize_t bide__sys_checked(ssize_t result)
{
	return likely(result >= 0) ? result : bide__sys_failure();
}

/* The system call's result, or the fault's code where a test has ordered one. */
#define FAULT_OR(code, call) (bide__fault() ? -(code) : bide__sys_checked(call))

#endif
