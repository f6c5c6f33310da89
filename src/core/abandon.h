/* SPDX-License-Identifier: MIT */

/*
 * abandon.h - blocking calls that may be left behind, for those who give them memory
 */
#ifndef BIDE_CORE_ABANDON_H
#define BIDE_CORE_ABANDON_H

#include <bide/base.h>

/*
 * As bide_to_thread_abandon(), and tells whether fn may still run when it returns. Where
 * not, arg is the caller's alone.
 */
int bide__to_thread_abandon(bide_fn *fn, void *arg, bool *ret_goes_on);

/*
 * The same on threads that do nothing but look up names: a name server that does not
 * answer holds no other call up, and no other call a lookup.
 */
int bide__name_call_abandon(bide_fn *fn, void *arg, bool *ret_goes_on);

#endif
