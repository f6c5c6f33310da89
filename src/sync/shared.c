/* SPDX-License-Identifier: MIT */

/*
 * shared.c - waiting in a queue that any thread may use
 *
 * The queue is the same as any other, under its guard; who waits is a sleeper, a
 * task of any loop or a plain thread. Whoever serves it does so under the guard,
 * and it needs the queue no more, which may be freed before it runs.
 */
#include "core/scope.h"
#include "sync/queue.h"

struct shared_partner {
	struct partner partner;
	struct sleeper sleeper;
};

static void shared_serve(struct partner *partner, int result)
{
	bide__sleeper_wake(&container_of(partner, struct shared_partner, partner)->sleeper, result);
}

static const struct partner_ops shared_ops = { .serve = shared_serve };

static bool shared_withdraw(struct waiter *waiter)
{
	struct shared_partner *self = container_of(waiter, struct shared_partner, sleeper.waiter);

	bide__guard_lock(waiter->object);
	if (list_is_linked(&self->partner.node)) {
		list_remove(&self->partner.node);
		self->sleeper.was_withdrawn = true;
	}
	bide__guard_unlock(waiter->object);
	return self->sleeper.was_withdrawn;
}

/* Waits among the partners. Called with the guard, which it gives up. */
static int shared_wait(bide_queue *queue, struct bide_node *partners, enum park_reason reason,
                       void *item)
{
	struct shared_partner self;
	int r;

	partner_init(&self.partner, item, &shared_ops);
	bide__sleeper_init(&self.sleeper, reason, queue);
	self.sleeper.waiter.withdraw = shared_withdraw;
	list_push_back(partners, &self.partner.node);
	bide__guard_unlock(queue);
	r = bide__sleeper_wait(&self.sleeper, BIDE_FOREVER);
	return self.sleeper.was_withdrawn ? bide__cut_short(self.sleeper.waiter.task) : r;
}

int bide__shared_put(bide_queue *queue, const void *item)
{
	int r = bide__sleeper_may_wait();

	if (r < 0)
		return r;
	bide__guard_lock(queue);
	r = bide__queue_add(queue, item);
	if (r == -EAGAIN)
		return shared_wait(queue, &queue->putters, PARK_SHARED_PUT, (void *)item);
	bide__guard_unlock(queue);
	return r;
}

int bide__shared_get(bide_queue *queue, void *item)
{
	int r = bide__sleeper_may_wait();

	if (r < 0)
		return r;
	bide__guard_lock(queue);
	r = bide__queue_take(queue, item);
	if (r == -EAGAIN)
		return shared_wait(queue, &queue->getters, PARK_SHARED_GET, item);
	bide__guard_unlock(queue);
	return r;
}

int bide__shared_join(bide_queue *queue)
{
	int r = bide__sleeper_may_wait();

	if (r < 0)
		return r;
	bide__guard_lock(queue);
	if (queue->unfinished > 0)
		return shared_wait(queue, &queue->joiners, PARK_SHARED_JOIN, NULL);
	bide__guard_unlock(queue);
	return 0;
}
