/* SPDX-License-Identifier: MIT */

/*
 * select.c - the first of several gets and puts
 *
 * Where some can be done at once, one of them, chosen at random, is. Else the task
 * waits as a partner in all the queues, and whoever serves one of these takes the
 * others out, in the same step: so exactly one happens, and a partner that is in a
 * queue can always be served.
 *
 * Invariants
 *   S1  While the task waits, each of its partners is in its queue; before and after,
 *       none is.
 */
#include "base/mem.h"
#include "base/random.h"
#include "sync/queue.h"

struct select_partner {
	struct partner partner;
	struct select *select;
};

struct select {
	struct waiter waiter;
	struct bide_timer timer;        /* armed where there is a timeout */
	bide_case *cases;
	struct select_partner *partners; /* one for each case */
	size_t n;
	size_t chosen;                  /* once served */
};

/* Returns the index of the case that happened, or -EAGAIN where none is ready. */
static ssize_t select_try(size_t n, bide_case cases[])
{
	size_t ready = 0;
	size_t skip;

	for (size_t i = 0; i < n; i++)
		ready += case_is_ready(&cases[i]);
	if (ready == 0)
		return -EAGAIN;

	skip = ready > 1 && bide__loop != NULL ? random_next(&bide__loop->random) % ready : 0;
	for (size_t i = 0;; i++) {
		bide_case *one = &cases[i];

		if (!case_is_ready(one) || skip-- > 0)
			continue;
		one->result = one->op == BIDE_GET ? bide_queue_try_get(one->queue, one->item)
		                                  : bide_queue_try_put(one->queue, one->item);
		return (ssize_t)i;
	}
}

static void select_unlink(struct select *select)
{
	for (size_t i = 0; i < select->n; i++)
		if (list_is_linked(&select->partners[i].partner.node))
			list_remove(&select->partners[i].partner.node);
	timer_disarm(&task_loop(select->waiter.task)->wheel, &select->timer);
}

static bool select_withdraw(struct waiter *waiter)
{
	select_unlink(container_of(waiter, struct select, waiter));
	return true;
}

static void select_serve(struct partner *partner, int result)
{
	struct select_partner *served = container_of(partner, struct select_partner, partner);
	struct select *select = served->select;

	assert(select->waiter.is_parked);               /* S1 */
	select->chosen = (size_t)(served - select->partners);
	select->cases[select->chosen].result = result;
	select_unlink(select);
	waiter_settle(&select->waiter, 0);
}

static const struct partner_ops select_ops = { .serve = select_serve };

static void select_fire(struct bide_timer *timer)
{
	struct select *select = container_of(timer, struct select, timer);

	select_unlink(select);
	bide__settle(&select->waiter, -ETIMEDOUT);
}

/* Waits in the queues of all the cases. */
static ssize_t select_park(struct select *select, bide_time deadline)
{
	int r;

	for (size_t i = 0; i < select->n; i++) {
		const bide_case *one = &select->cases[i];
		struct select_partner *own = &select->partners[i];

		partner_init(&own->partner, one->item, &select_ops);
		own->partner.node.next = NULL;
		own->select = select;
		if (one->queue != NULL)
			list_push_back(one->op == BIDE_GET ? &one->queue->getters
			                                   : &one->queue->putters,
			               &own->partner.node);
	}
	if (deadline < BIDE_FOREVER)
		timer_arm(&bide__loop->wheel, &select->timer, deadline);
	r = waiter_park_interruptible(&select->waiter);
	return r < 0 ? r : (ssize_t)select->chosen;
}

static ssize_t select_wait(size_t n, bide_case cases[], bide_time deadline)
{
	struct select_partner few[SELECT_PARTNERS_ON_STACK];
	struct select select;
	ssize_t r;

	waiter_init(&select.waiter, select_withdraw, PARK_SELECT, cases);
	select.timer = (struct bide_timer){ .fire = select_fire };
	select.cases = cases;
	select.partners = few;
	select.n = n;
	if (n > SELECT_PARTNERS_ON_STACK) {
		select.partners = n <= SIZE_MAX / sizeof *few ? bide__alloc(n * sizeof *few) : NULL;
		if (select.partners == NULL)
			return -ENOMEM;
	}
	r = select_park(&select, deadline);
	if (select.partners != few)
		bide__free(select.partners);
	return r;
}

ssize_t bide_select(size_t n, bide_case cases[], bide_time timeout)
{
	bool is_shared = false;
	ssize_t r;

	for (size_t i = 0; i < n; i++) {
		if (cases[i].queue == NULL)
			continue;
		if (cases[i].op != BIDE_GET && cases[i].op != BIDE_PUT)
			return -EINVAL;
		is_shared |= cases[i].queue->is_shared;
	}
	if (is_shared)
		return bide__select_shared(n, cases, timeout);

	r = timeout > 0 ? cancellation_point(task_current()) : 0;
	if (r < 0)
		return r;
	r = select_try(n, cases);
	if (r != -EAGAIN || timeout <= 0)
		return r;
	return select_wait(n, cases, loop_deadline(bide__loop, timeout));
}
