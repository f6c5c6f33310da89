/* SPDX-License-Identifier: MIT */

/*
 * lock.h - what a condition asks of a lock
 */
#ifndef BIDE_SYNC_LOCK_H
#define BIDE_SYNC_LOCK_H

#include "core/wait.h"

#include <bide/sync.h>

/* Hands the lock, whose owner lets go of it, to the next waiter, or frees it. */
void bide__lock_pass(bide_lock *lock);

/*
 * Makes a waiter that is in no queue wait for the lock, or settles it with 0 as the
 * lock's owner at once. No cancellation ends that wait.
 */
void bide__lock_queue(bide_lock *lock, struct waiter *waiter);

#endif
