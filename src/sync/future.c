/* SPDX-License-Identifier: MIT */

/*
 * future.c - a result that somebody will set, and others wait for
 *
 * Setter and waiters may be on any thread. Who waits gets the result and the value
 * in its own memory, so that the future may be freed as soon as it is set. A result
 * of -ECANCELED that was set is told from a wait that was cut short by that, too.
 *
 * Invariants
 *   F1  Nobody is in the queue of a future that is set.
 *   F2  state becomes FUTURE_SET last of all: whoever sees that may free the future.
 */
#include "core/scope.h"
#include "core/wake.h"

#include <bide/future.h>

enum future_state {
	FUTURE_PENDING,
	FUTURE_SET,
};

struct future_waiter {
	struct sleeper sleeper;
	void *value;
};

static bool is_set(const bide_future *future)
{
	/* Acquire: the result was stored before. */
	return __atomic_load_n(&future->state, __ATOMIC_ACQUIRE) == FUTURE_SET;
}

int bide_future_set(bide_future *future, int result, void *value)
{
	struct bide_node waiters;

	bide__guard_lock(future);
	if (is_set(future)) {
		bide__guard_unlock(future);
		return -EALREADY;
	}
	future->result = result;
	future->value = value;
	list_take(&waiters, &future->waiters.waiters);
	__atomic_store_n(&future->state, FUTURE_SET, __ATOMIC_RELEASE);         /* F2 */
	while (!list_is_empty(&waiters)) {
		struct future_waiter *first = container_of(list_pop_front(&waiters),
		                                           struct future_waiter, sleeper.node);

		first->value = value;
		bide__sleeper_wake(&first->sleeper, result);
	}
	bide__guard_unlock(future);
	return 0;
}

static int future_give(const bide_future *future, void **value)
{
	if (value != NULL)
		*value = future->value;
	return future->result;
}

int bide_future_wait(bide_future *future, void **value)
{
	struct future_waiter wait;
	int r = bide__sleeper_may_wait();

	if (r < 0)
		return r;
	if (is_set(future))
		return future_give(future, value);

	bide__sleeper_init(&wait.sleeper, PARK_FUTURE, future);
	bide__guard_lock(future);
	if (is_set(future)) {
		bide__guard_unlock(future);
		return future_give(future, value);
	}
	list_push_back(&future->waiters.waiters, &wait.sleeper.node);
	bide__guard_unlock(future);

	r = bide__sleeper_wait(&wait.sleeper, BIDE_FOREVER);
	if (wait.sleeper.was_withdrawn)
		return bide__cut_short(wait.sleeper.waiter.task);
	if (value != NULL)
		*value = wait.value;
	return r;
}

bool bide_future_done(const bide_future *future)
{
	return is_set(future);
}
