/* SPDX-License-Identifier: MIT */

/*
 * barrier.c - a point that a number of tasks reach together
 *
 * The last one to come takes all the others out of the queue, and so ends the round
 * before any of them runs: who comes now begins the next one. Places are given out
 * then, and not on arrival, so that one who is cancelled leaves no gap.
 *
 * Invariants
 *   B1  waiting is the number of tasks in the queue, fewer than parties.
 *   B2  Nobody waits in a broken barrier.
 */
#include "core/wait.h"

#include <bide/sync.h>
#include <limits.h>

struct barrier_waiter {
	struct waiter waiter;
	bide_barrier *barrier;
};

void bide_barrier_init(bide_barrier *barrier, size_t parties)
{
	*barrier = (bide_barrier){ .parties = parties };
}

static bool barrier_withdraw(struct waiter *waiter)
{
	container_of(waiter, struct barrier_waiter, waiter)->barrier->waiting--;
	return bide__waitq_withdraw(waiter);
}

/* Returns the last one's place. */
static int barrier_open(bide_barrier *barrier)
{
	int place = 0;

	while (bide__waitq_wake_one(&barrier->waiters, place))
		place++;
	assert((size_t)place == barrier->waiting);      /* B1 */
	barrier->waiting = 0;
	return place;
}

int bide_barrier_wait(bide_barrier *barrier)
{
	struct barrier_waiter wait;
	int r = cancellation_point(task_current());

	if (r < 0)
		return r;
	/* Places are ints. */
	if (barrier->parties == 0 || barrier->parties > INT_MAX)
		return -EINVAL;
	if (barrier->is_broken)
		return -EPIPE;
	if (barrier->waiting + 1 == barrier->parties)
		return barrier_open(barrier);

	barrier->waiting++;
	waiter_init(&wait.waiter, barrier_withdraw, PARK_BARRIER, barrier);
	wait.barrier = barrier;
	list_push_back(&barrier->waiters.waiters, &wait.waiter.node);
	return bide__park_interruptible(&wait.waiter);
}

static void send_away(bide_barrier *barrier)
{
	barrier->waiting = 0;
	bide__waitq_wake_all(&barrier->waiters, -EPIPE);
}

void bide_barrier_reset(bide_barrier *barrier)
{
	barrier->is_broken = false;
	send_away(barrier);
}

void bide_barrier_abort(bide_barrier *barrier)
{
	barrier->is_broken = true;
	send_away(barrier);
}
