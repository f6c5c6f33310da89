/* SPDX-License-Identifier: MIT */

/*
 * defer.c - functions that run when a task's own has returned
 */
#include "base/mem.h"
#include "core/loop.h"
#include "core/scope.h"

struct deferred {
	struct deferred *next;          /* deferred earlier, runs later */
	void (*fn)(void *arg);
	void *arg;
};

int bide_defer(void (*fn)(void *arg), void *arg)
{
	/* In a call on another thread it is the caller that defers. */
	struct bide_task *self = bide__loop == NULL ? bide__caller : task_current();
	struct deferred *deferred;
	struct task_extra *extra;

	if (self == NULL)
		return -EPERM;
	extra = bide__task_extra(self);
	if (extra == NULL)
		return -ENOMEM;
	deferred = bide__alloc(sizeof *deferred);
	if (deferred == NULL)
		return -ENOMEM;
	*deferred = (struct deferred){ extra->deferred, fn, arg };
	extra->deferred = deferred;
	return 0;
}

static int run_all(void *arg)
{
	struct task_extra *extra = arg;

	/* A deferred function may defer others. */
	while (extra->deferred != NULL) {
		struct deferred deferred = *extra->deferred;

		bide__free(extra->deferred);
		extra->deferred = deferred.next;
		deferred.fn(deferred.arg);
	}
	return 0;
}

void bide__deferred_run(struct bide_task *task)
{
	(void)bide_shield(run_all, task->extra);        /* always 0 */
}
