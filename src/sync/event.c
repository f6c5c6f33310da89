/* SPDX-License-Identifier: MIT */

/*
 * event.c - a flag that tasks wait for
 *
 * Setting it takes every waiter out of the queue, so that clearing it at once
 * leaves nobody behind.
 *
 * Invariants
 *   E1  Nobody waits while the event is set.
 */
#include "core/wait.h"

#include <bide/sync.h>

void bide_event_set(bide_event *event)
{
	event->is_set = true;
	bide__waitq_wake_all(&event->waiters, 0);
}

void bide_event_clear(bide_event *event)
{
	event->is_set = false;
}

bool bide_event_is_set(const bide_event *event)
{
	return event->is_set;
}

int bide_event_wait(bide_event *event)
{
	int r = cancellation_point(task_current());

	if (r < 0 || event->is_set)
		return r;
	return bide__waitq_park(&event->waiters, PARK_EVENT, event);
}
