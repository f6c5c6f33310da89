/* SPDX-License-Identifier: MIT */

/*
 * wait.h - the one way a task goes to sleep
 */
#ifndef BIDE_CORE_WAIT_H
#define BIDE_CORE_WAIT_H

#include "core/loop.h"

/* Why a task is parked: one for each family of calls. bide_dump() prints them. */
enum park_reason {
	PARK_SLEEP,
	PARK_JOIN,                      /* object: the task */
	PARK_GATHER,
	PARK_WAIT,
	PARK_GROUP_SPAWN,               /* object: the group, here and below */
	PARK_GROUP_NEXT,
	PARK_GROUP_START,
	PARK_GROUP_CLOSE,
	PARK_IO,                        /* object: the io_op */
	PARK_LOCK,                      /* object: what is waited for, here and below */
	PARK_RWLOCK_READ,
	PARK_RWLOCK_WRITE,
	PARK_EVENT,
	PARK_COND,
	PARK_SEM,
	PARK_BARRIER,
	PARK_QUEUE_PUT,
	PARK_QUEUE_GET,
	PARK_QUEUE_JOIN,
	PARK_SELECT,
	PARK_FUTURE,
	PARK_WATCH,
	PARK_BROADCAST,
	PARK_SHARED_PUT,                /* what is waited for may be gone, here and below */
	PARK_SHARED_GET,
	PARK_SHARED_JOIN,
	PARK_JOIN_REMOTE,
	PARK_TO_THREAD,
	PARK_THREAD,
	PARK_SIGNAL,
	PARK_STREAM,
};

/* -ECANCELED in a row that a task may collect without letting others run. */
#define REFUSALS_MAX 64

struct waiter {
	struct bide_node node;          /* in a queue of who woke it, until settled */
	struct bide_task *task;         /* whose stack it is on */
	/* Takes the waiter out of whatever could settle it. False: it was settled
	 * in here, or will be soon. NULL: cancellation does not end this wait. */
	bool (*withdraw)(struct waiter *waiter);
	const void *object;             /* what it waits for; see the reason */
	bide_time since;                /* as of the loop's last look */
	int result;                     /* once settled */
	uint8_t reason;                 /* enum park_reason */
	bool is_parked;                 /* false once settled */
};

/*
 * Sets what who waits has to say. A queue links the node, and the wait sets the rest,
 * so nothing is cleared, which would cost about as much as the switch.
 */
static inline void waiter_init(struct waiter *waiter, bool (*withdraw)(struct waiter *waiter),
                               enum park_reason reason, const void *object)
{
	waiter->withdraw = withdraw;
	waiter->object = object;
	waiter->reason = (uint8_t)reason;
}

/* Suspends the running task until its waiter is settled. Returns waiter->result. */
int bide__park(struct waiter *waiter);

/* The same for calls that a cancellation cuts short: an -ECANCELED is charged. */
int bide__park_interruptible(struct waiter *waiter);

/* Ends the wait. The waiter must not be touched after: its stack may be gone. */
void bide__settle(struct waiter *waiter, int result);

/* Settles under BIDE_DEBUG, and looks whose thread this is. */
__attribute__((cold)) void bide__settle_with_care(struct waiter *waiter, int result);

/* Cuts short what the task waits for, where it can be. For scope.c. */
void bide__wait_interrupt(struct bide_task *task);

/* Puts the running task at the end of the ready ring and lets the others run. */
void bide__give_way(bide_loop *loop);

/*
 * The answer of a cancellation point to a task that is cancelled: -ECANCELED,
 * charged to the scope that caused it. refuse: the call did nothing; cut_short:
 * it has suspended.
 */
int bide__refuse(struct bide_task *self);
int bide__cut_short(struct bide_task *self);

/* bide__park() and its like in line, for what hands over so often that a call counts. */
static inline int waiter_park(struct waiter *waiter)
{
	bide_loop *loop = bide__loop;
	struct bide_task *self = loop->current;

	waiter->task = self;
	waiter->since = loop->now;
	waiter->is_parked = true;
	self->waiter = waiter;
	self->state = TASK_PARKED;
	bide__suspend(loop, self);

	assert(!waiter->is_parked);
	self->refusals = 0;
	return waiter->result;
}

static inline int waiter_park_interruptible(struct waiter *waiter)
{
	int r = waiter_park(waiter);

	return unlikely(r == -ECANCELED) ? bide__cut_short(waiter->task) : r;
}

/* Settles, and does not ask whose thread this is. */
static inline void settle(struct waiter *waiter, int result)
{
	struct bide_task *task = waiter->task;

	assert(waiter->is_parked && task->waiter == waiter);        /* W1, W2 */
	waiter->result = result;
	waiter->is_parked = false;
	task->state = TASK_ACTIVE;
	loop_make_ready(task_loop(task), task);
}

static inline void waiter_settle(struct waiter *waiter, int result)
{
	if (unlikely(is_debugging()))
		bide__settle_with_care(waiter, result);
	else
		settle(waiter, result);
}

/*
 * The answer to a call that may have suspended or not and was then
 * cancelled: switches is what loop->switches was when it began.
 */
static inline int canceled_since(struct bide_task *self, uint64_t switches)
{
	return switches == bide__loop->switches ? bide__refuse(self) : bide__cut_short(self);
}

/* What every cancellation point begins with: 0, -EPERM where no task runs, or -ECANCELED. */
static inline int cancellation_point(struct bide_task *self)
{
	/* Both calls return what is written here, where the compiler sees it. */
	if (unlikely(self == NULL)) {
		(void)bide__outside_of_tasks();
		return -EPERM;
	}
	if (unlikely(self->is_interrupted)) {
		(void)bide__refuse(self);
		return -ECANCELED;
	}
	self->refusals = 0;
	return 0;
}

/* For waiters in a queue: takes them out of it. */
bool bide__waitq_withdraw(struct waiter *waiter);

/* Waits in the queue, behind those who are there. A cancellation cuts it short. */
int bide__waitq_park(struct bide_waitq *queue, enum park_reason reason, const void *object);

/* Settles the one that has waited longest. Returns false where nobody waits. */
bool bide__waitq_wake_one(struct bide_waitq *queue, int result);
void bide__waitq_wake_all(struct bide_waitq *queue, int result);

#endif
