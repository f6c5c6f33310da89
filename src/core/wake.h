/* SPDX-License-Identifier: MIT */

/*
 * wake.h - into a loop from other threads
 */
#ifndef BIDE_CORE_WAKE_H
#define BIDE_CORE_WAKE_H

#include "core/wait.h"

#include <pthread.h>

/*
 * Something to be done on a loop's own thread. It is the sender's memory until it is
 * run; run() may free it.
 */
struct message {
	struct message *next;
	/* False: no memory; it is run again later, before those behind it. */
	bool (*run)(struct message *message, bide_loop *loop);
};

/*
 * Sends a message to the loop. From any thread; the caller makes sure that the
 * loop's memory stays. Messages of one thread are run in the order in which it sent
 * them. Returns 0, or -ESHUTDOWN where the loop has ended, and it is never run.
 */
int bide__wake_send(bide_loop *loop, struct message *message);

/* What follows is for the loop's own thread. */

void bide__inbox_init(bide_loop *loop);

/* Runs what was sent. */
void bide__inbox_drain(bide_loop *loop);

/*
 * From here on a message interrupts the loop's back end. False: one is there
 * already, and the loop must not sleep.
 */
bool bide__inbox_sleep(bide_loop *loop);

/* Whether there is something to run. */
bool bide__inbox_is_empty(const bide_loop *loop);

/*
 * Refuses messages from here on. False: some came before, and have now been run; the
 * inbox is open again, and the call is to be made anew once no task lives.
 */
bool bide__inbox_close(bide_loop *loop);

/*
 * A task of any loop, or a plain thread, that waits for something which any thread
 * may bring. It lies on the stack of who waits. An object's queue of sleepers is
 * under the object's guard, a mutex which outlives the object.
 */
struct sleeper {
	struct bide_node node;          /* in the object's queue; under its guard */
	struct waiter waiter;           /* of a task, for its loop's thread only */
	bide_loop *loop;                /* of the task; NULL: a plain thread */
	struct message message;         /* brings the result to the task's loop */
	int result;
	bool was_withdrawn;             /* a cancellation ended the wait */
	uint32_t is_woken;              /* of a plain thread: what it waits on */
};

/* Some guards at once, each a bit, without the danger of a deadlock. */
uint64_t bide__guard_bit(const void *object);
void bide__guards_lock(uint64_t guards);
void bide__guards_unlock(uint64_t guards);
void bide__guards_reset(void);          /* in the child of a fork: their holders are gone */

void bide__guard_lock(const void *object);
void bide__guard_unlock(const void *object);

/*
 * Makes a sleeper for the running task, or for this thread where none runs. Its
 * withdraw() takes it out of a queue by its node, under the object's guard. Another
 * one may be set; it sets was_withdrawn where it returns true.
 */
void bide__sleeper_init(struct sleeper *sleeper, enum park_reason reason, const void *object);

/* 0; -ECANCELED; or -EPERM where this thread runs a loop, but no task of it now. */
int bide__sleeper_may_wait(void);

/*
 * Waits until somebody wakes the sleeper, which may have happened already on another
 * thread, and returns the result that was given. Called without the guard. Unless
 * waiter.withdraw was set to NULL, a task's cancellation ends it, too, with -ECANCELED,
 * and a plain thread's deadline with -ETIMEDOUT: was_withdrawn is then set, and the
 * sleeper is in no queue any more.
 */
int bide__sleeper_wait(struct sleeper *sleeper, bide_time deadline);

/*
 * Ends the wait. From any thread, once for each sleeper, which the caller has taken
 * out of its queue under the guard; called without the guard or with it. The sleeper
 * must not be touched after.
 */
void bide__sleeper_wake(struct sleeper *sleeper, int result);

#endif
