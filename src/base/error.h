/* SPDX-License-Identifier: MIT */

/*
 * error.h - error codes, which inside this library are negative return values
 *
 * errno does not survive a switch of tasks, so that only sys.c, which sits on the
 * system calls, may read it. Calls that return a pointer set it last of all.
 */
#ifndef BIDE_BASE_ERROR_H
#define BIDE_BASE_ERROR_H

#include <errno.h>
#include <stddef.h>

/* Sets errno to the positive code and returns NULL, for calls that return a pointer. */
void *bide__null_with(int code);

#endif
