/* SPDX-License-Identifier: MIT */

/*
 * completion.c - the end of something, which any thread may bring and wait for
 *
 * Unlike a future, which is the same for programs, it tells an end from a wait that
 * was cut short whatever the result is, and has a wait that nothing cuts short.
 */
#include "core/completion.h"

void bide__completion_set(struct completion *completion, int result)
{
	struct bide_node waiters;

	bide__guard_lock(completion);
	completion->result = result;
	list_take(&waiters, &completion->waiters);
	__atomic_store_n(&completion->is_done, true, __ATOMIC_RELEASE);
	while (!list_is_empty(&waiters))
		bide__sleeper_wake(container_of(list_pop_front(&waiters), struct sleeper, node),
		                   result);
	bide__guard_unlock(completion);
}

bool bide__completion_wait(struct completion *completion, enum park_reason reason, bool can_cancel,
                           bide_time deadline)
{
	struct sleeper sleeper;

	bide__sleeper_init(&sleeper, reason, completion);
	bide__guard_lock(completion);
	if (completion_is_done(completion)) {
		bide__guard_unlock(completion);
		return true;
	}
	if (can_cancel && sleeper.loop != NULL && sleeper.waiter.task->is_interrupted) {
		bide__guard_unlock(completion);
		return false;
	}
	list_push_back(&completion->waiters, &sleeper.node);
	bide__guard_unlock(completion);
	if (!can_cancel)
		sleeper.waiter.withdraw = NULL;
	(void)bide__sleeper_wait(&sleeper, deadline);   /* the result stays in it */
	return !sleeper.was_withdrawn;
}
