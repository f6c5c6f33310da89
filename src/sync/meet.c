/* SPDX-License-Identifier: MIT */

/*
 * meet.c - bide_select() over queues that other threads use
 *
 * The caller looks at its cases, and puts itself into their queues, with the guards
 * of all of them. While it waits, several threads may want to serve it at once, each under
 * the guard of another queue. They race for one word, and the loser goes on to the
 * next partner. The caller takes what is left of it out of the queues by itself,
 * once it runs again.
 *
 * Invariants
 *   U1  outcome leaves MEET_OPEN once: whoever changes it serves the caller, or
 *       takes it out.
 *   U2  No partner is in a queue before and after the call.
 */
#include "base/mem.h"
#include "base/random.h"
#include "core/scope.h"
#include "sync/queue.h"

enum meet_outcome {
	MEET_OPEN,
	MEET_SERVED,
	MEET_CUT_SHORT,
};

struct meet_partner {
	struct partner partner;
	struct meet *meet;
};

struct meet {
	struct sleeper sleeper;
	struct bide_timer timer;        /* of a task; armed where there is a timeout */
	bide_case *cases;
	struct meet_partner *partners;  /* one for each case */
	size_t n;
	size_t chosen;                  /* the case that happened */
	uint64_t random;                /* state */
	enum meet_outcome outcome;      /* atomic */
};

/* The guards of all the queues, as a set. */
static uint64_t guards_of(const struct meet *meet)
{
	uint64_t guards = 0;

	for (size_t i = 0; i < meet->n; i++)
		if (meet->cases[i].queue != NULL && meet->cases[i].queue->is_shared)
			guards |= bide__guard_bit(meet->cases[i].queue);
	return guards;
}

static bool are_all_shared(const struct meet *meet)
{
	for (size_t i = 0; i < meet->n; i++)
		if (meet->cases[i].queue != NULL && !meet->cases[i].queue->is_shared)
			return false;
	return true;
}

/* Does the case now, if it can be. Returns whether it did. */
static bool case_try(bide_case *one)
{
	int r = one->op == BIDE_GET ? bide__queue_take(one->queue, one->item)
	                            : bide__queue_add(one->queue, one->item);

	if (r == -EAGAIN)
		return false;
	one->result = r;
	return true;
}

/* Does one of the cases that can be done, with all guards. False: there is none. */
static bool meet_try(struct meet *meet)
{
	size_t ready = 1;

	while (ready > 0) {
		size_t skip;

		ready = 0;
		for (size_t i = 0; i < meet->n; i++)
			ready += case_is_ready(&meet->cases[i]);
		skip = ready > 1 ? random_next(&meet->random) % ready : 0;
		for (size_t i = 0; i < meet->n && ready > 0; i++) {
			if (!case_is_ready(&meet->cases[i]) || skip-- > 0)
				continue;
			meet->chosen = i;
			if (case_try(&meet->cases[i]))
				return true;
			/* Its partners were served elsewhere, and have left: look again. */
			break;
		}
	}
	return false;
}

static bool decide(struct meet *meet, enum meet_outcome outcome)
{
	enum meet_outcome open = MEET_OPEN;

	return __atomic_compare_exchange_n(&meet->outcome, &open, outcome, false, __ATOMIC_ACQ_REL,
	                                   __ATOMIC_ACQUIRE);
}

static bool meet_claim(struct partner *partner)
{
	return decide(container_of(partner, struct meet_partner, partner)->meet, MEET_SERVED);
}

static void meet_serve(struct partner *partner, int result)
{
	struct meet_partner *served = container_of(partner, struct meet_partner, partner);
	struct meet *meet = served->meet;

	meet->chosen = (size_t)(served - meet->partners);
	if (!meet->cases[meet->chosen].queue->is_shared)
		user_check(meet->sleeper.waiter.task);
	meet->cases[meet->chosen].result = result;
	bide__sleeper_wake(&meet->sleeper, 0);
}

static const struct partner_ops meet_ops = { .claim = meet_claim, .serve = meet_serve };

static bool meet_withdraw(struct waiter *waiter)
{
	struct meet *meet = container_of(waiter, struct meet, sleeper.waiter);

	meet->sleeper.was_withdrawn = decide(meet, MEET_CUT_SHORT);
	return meet->sleeper.was_withdrawn;
}

static void meet_fire(struct bide_timer *timer)
{
	struct meet *meet = container_of(timer, struct meet, timer);

	/* Else it was served, and is being woken. */
	if (decide(meet, MEET_CUT_SHORT))
		bide__settle(&meet->sleeper.waiter, -ETIMEDOUT);
}

/* Puts a partner into the queue of each case, with all guards. */
static void meet_link(struct meet *meet)
{
	for (size_t i = 0; i < meet->n; i++) {
		const bide_case *one = &meet->cases[i];
		struct meet_partner *own = &meet->partners[i];

		*own = (struct meet_partner){
			.partner = { .item = one->item, .ops = &meet_ops },
			.meet = meet,
		};
		if (one->queue != NULL)
			list_push_back(one->op == BIDE_GET ? &one->queue->getters
			                                   : &one->queue->putters,
			               &own->partner.node);
	}
}

/* Takes what is left out of the queues (U2). */
static void meet_unlink(struct meet *meet, uint64_t guards)
{
	bide__guards_lock(guards);
	for (size_t i = 0; i < meet->n; i++)
		if (list_is_linked(&meet->partners[i].partner.node))
			list_remove(&meet->partners[i].partner.node);
	bide__guards_unlock(guards);
}

/* Waits among the partners of all cases. Called with all guards, which it gives up. */
static ssize_t meet_wait(struct meet *meet, uint64_t guards, bide_time timeout)
{
	struct bide_task *self = task_current();
	bide_time deadline = bide__time_after(bide__clock_now(), timeout);
	int r;

	bide__sleeper_init(&meet->sleeper, PARK_SELECT, meet->cases);
	meet->sleeper.waiter.withdraw = meet_withdraw;
	meet_link(meet);
	bide__guards_unlock(guards);
	if (self != NULL && timeout < BIDE_FOREVER) {
		meet->timer.fire = meet_fire;
		timer_arm(&bide__loop->wheel, &meet->timer, loop_deadline(bide__loop, timeout));
	}
	r = bide__sleeper_wait(&meet->sleeper, deadline);
	if (self != NULL)
		timer_disarm(&bide__loop->wheel, &meet->timer);
	meet_unlink(meet, guards);
	if (r == 0)
		return (ssize_t)meet->chosen;
	return r == -ECANCELED ? bide__cut_short(self) : r;
}

ssize_t bide__select_shared(size_t n, bide_case cases[], bide_time timeout)
{
	struct meet_partner few[SELECT_PARTNERS_ON_STACK];
	struct meet meet = {
		.cases = cases,
		.partners = few,
		.n = n,
		.random = bide__loop != NULL ? random_next(&bide__loop->random)
		                             : (uint64_t)bide__clock_now(),
	};
	uint64_t guards = guards_of(&meet);
	ssize_t r = timeout > 0 ? bide__sleeper_may_wait() : 0;

	if (r < 0)
		return r;
	/* What belongs to a loop is not for plain threads. */
	if (timeout > 0 && bide__loop == NULL && !are_all_shared(&meet))
		return -EPERM;
	if (n > SELECT_PARTNERS_ON_STACK && timeout > 0) {
		meet.partners = n <= SIZE_MAX / sizeof *few ? bide__alloc(n * sizeof *few) : NULL;
		if (meet.partners == NULL)
			return -ENOMEM;
	}
	bide__guards_lock(guards);
	r = meet_try(&meet) ? (ssize_t)meet.chosen : -EAGAIN;
	if (r == -EAGAIN && timeout > 0)
		r = meet_wait(&meet, guards, timeout);
	else
		bide__guards_unlock(guards);
	if (meet.partners != few)
		bide__free(meet.partners);
	return r;
}
