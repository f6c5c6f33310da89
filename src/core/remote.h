/* SPDX-License-Identifier: MIT */

/*
 * remote.h - the handle of a task on another thread
 */
#ifndef BIDE_CORE_REMOTE_H
#define BIDE_CORE_REMOTE_H

#include "core/completion.h"

struct remote {
	/* What the program has as its handle. Of a task it has the state
	 * TASK_REMOTE, flags that nobody can join it by, fn and a name. */
	struct bide_task handle;
	bide_loop *loop;                /* the handle's reference; where the task is */
	struct message spawn;
	struct message cancel;
	struct message report;          /* that the detached task has failed */
	unsigned reference_count;       /* atomic: the handle, the task, a message under way */
	struct completion end;          /* of the task */
	struct bide_task *task;         /* the loop's thread's; NULL: not yet, or has ended */

	/* Under the guard of the whole. */
	unsigned cancel_count;          /* requests that the loop has not seen */
	bool cancel_is_sent;
	bool is_claimed;                /* was joined or detached */
	bool is_detached;
	bool has_ended;                 /* handle.result is set */
};

static inline bool task_is_remote(const struct bide_task *task)
{
	return task->state == TASK_REMOTE;
}

static inline struct remote *remote_of(const struct bide_task *task)
{
	return container_of(task, struct remote, handle);
}

/* Returns 0, or a negative errno. */
int bide__remote_spawn(bide_loop *loop, bide_fn *fn, void *arg, struct bide_task **ret);

/* What the public calls do with such a handle. */
int bide__remote_join(struct remote *remote);
int bide__remote_join_until(struct remote *remote, bide_time deadline);
int bide__remote_cancel(struct remote *remote);
void bide__remote_detach(struct remote *remote);

/* The task has ended. Returns whether its handle was given back before: nobody looks. */
bool bide__remote_note_end(struct remote *remote, int result);

#endif
