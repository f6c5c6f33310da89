/* SPDX-License-Identifier: MIT */

/*
 * sem.c - a number of permits that tasks take and give back
 *
 * Permits are given to those who wait strictly in order of asking: one who wants
 * many is not overtaken by those who want few. So whatever changes who is first,
 * or how many permits are free, looks whether the first can be served now; that a
 * big request at the head is cancelled is one of these.
 *
 * Invariants
 *   M1  Where somebody waits, the first one wants more permits than are free.
 *   M2  value <= max, where there is a max.
 */
#include "core/wait.h"

#include <bide/sync.h>

struct sem_waiter {
	struct waiter waiter;
	bide_sem *sem;
	size_t n;                       /* permits that it wants */
};

void bide_sem_init(bide_sem *sem, size_t value, size_t max)
{
	*sem = (bide_sem){ .value = max > 0 && value > max ? max : value, .max = max };
}

/* Serves those who can be served: restores M1. */
static void sem_serve(bide_sem *sem)
{
	struct bide_node *waiters = &sem->waiters.waiters;

	while (!list_is_empty(waiters)) {
		struct sem_waiter *first = container_of(waiters->next, struct sem_waiter,
		                                        waiter.node);

		if (first->n > sem->value)
			break;
		sem->value -= first->n;
		list_remove(&first->waiter.node);
		waiter_settle(&first->waiter, 0);
	}
}

static bool sem_withdraw(struct waiter *waiter)
{
	bide_sem *sem = container_of(waiter, struct sem_waiter, waiter)->sem;

	list_remove(&waiter->node);
	bide__settle(waiter, -ECANCELED);
	sem_serve(sem);
	return false;                           /* was settled here, before the others */
}

static inline bool can_take(const bide_sem *sem, size_t n)
{
	return n <= sem->value && list_is_empty(&sem->waiters.waiters);
}

/* Apart, so that the usual way has no register to save. */
static __attribute__((noinline)) int sem_wait(bide_sem *sem, size_t n)
{
	struct sem_waiter wait;

	waiter_init(&wait.waiter, sem_withdraw, PARK_SEM, sem);
	wait.sem = sem;
	wait.n = n;
	list_push_back(&sem->waiters.waiters, &wait.waiter.node);
	return waiter_park_interruptible(&wait.waiter);
}

int bide_sem_acquire_many(bide_sem *sem, size_t n)
{
	int r = cancellation_point(task_current());

	if (r < 0)
		return r;
	if (sem->max > 0 && n > sem->max)
		return -EINVAL;
	if (can_take(sem, n)) {
		sem->value -= n;
		return 0;
	}
	return sem_wait(sem, n);
}

int bide_sem_acquire(bide_sem *sem)
{
	struct bide_task *self = task_current();

	if (unlikely(self == NULL || self->is_interrupted))
		return bide_sem_acquire_many(sem, 1);
	self->refusals = 0;
	if (!can_take(sem, 1))
		return sem_wait(sem, 1);
	sem->value--;
	return 0;
}

int bide_sem_try(bide_sem *sem)
{
	if (!can_take(sem, 1))
		return -EAGAIN;
	sem->value--;
	return 0;
}

static inline size_t max_of(const bide_sem *sem)
{
	return sem->max > 0 ? sem->max : SIZE_MAX;
}

/*
 * Whether no more than max would be free if n were given back: what the waiters take
 * is not free. None of them wants more than max, so that each is served whose share
 * counts here.
 */
static bool can_give(const bide_sem *sem, size_t n, size_t max)
{
	const struct bide_node *end = &sem->waiters.waiters;
	const struct bide_node *node = end->next;
	size_t room = max - sem->value;

	while (n > room && node != NULL && node != end) {
		n -= room;
		room = container_of(node, const struct sem_waiter, waiter.node)->n;
		node = node->next;
	}
	return n <= room;
}

int bide_sem_release_many(bide_sem *sem, size_t n)
{
	size_t max = max_of(sem);

	if (!can_give(sem, n, max))
		return -EOVERFLOW;
	do {
		size_t room = max - sem->value;
		size_t given = n < room ? n : room;

		sem->value += given;
		n -= given;
		sem_serve(sem);
	} while (n > 0);
	return 0;
}

int bide_sem_release(bide_sem *sem)
{
	if (unlikely(!list_is_empty(&sem->waiters.waiters) || sem->value >= max_of(sem)))
		return bide_sem_release_many(sem, 1);
	sem->value++;
	return 0;
}
