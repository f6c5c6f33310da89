/* SPDX-License-Identifier: MIT */

/*
 * future.c - a result that somebody will set, and others wait for
 *
 * Who waits gets the result and the value in its own waiter, so that the setter may
 * free the future as soon as it is set. A result of -ECANCELED that was set is told
 * from a wait that was cut short by that, too.
 *
 * Invariants
 *   F1  Nobody waits for a future that is set.
 */
#include "core/scope.h"
#include "core/wait.h"

#include <bide/future.h>

enum future_state {
	FUTURE_PENDING,
	FUTURE_SET,
};

struct future_waiter {
	struct waiter waiter;
	void *value;
	bool is_set;                    /* else the wait was cut short */
};

int bide_future_set(bide_future *future, int result, void *value)
{
	struct bide_node *waiters = &future->waiters.waiters;

	if (future->state != FUTURE_PENDING)
		return -EALREADY;
	future->result = result;
	future->value = value;
	future->state = FUTURE_SET;
	while (!list_is_empty(waiters)) {
		struct future_waiter *first = container_of(list_pop_front(waiters),
		                                           struct future_waiter, waiter.node);

		first->value = value;
		first->is_set = true;
		bide__settle(&first->waiter, result);
	}
	return 0;
}

int bide_future_wait(bide_future *future, void **value)
{
	struct bide_task *self = task_current();
	struct future_waiter wait = {
		.waiter = {
			.withdraw = bide__waitq_withdraw,
			.object = future,
			.reason = PARK_FUTURE,
		},
	};
	int r = cancellation_point(self);

	if (r < 0)
		return r;
	if (future->state == FUTURE_SET) {
		r = future->result;
		wait.value = future->value;
	} else {
		/* A future is also for what comes from elsewhere: no deadlock. */
		list_push_back(&future->waiters.waiters, &wait.waiter.node);
		bide__loop->outside_count++;
		r = bide__park(&wait.waiter);
		bide__loop->outside_count--;
		if (!wait.is_set)
			return bide__cut_short(self);
	}
	if (value != NULL)
		*value = wait.value;
	return r;
}

bool bide_future_done(const bide_future *future)
{
	return future->state == FUTURE_SET;
}
