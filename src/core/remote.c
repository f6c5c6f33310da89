/* SPDX-License-Identifier: MIT */

/*
 * remote.c - the handle of a task on another thread
 *
 * A task's control block belongs to its loop's thread. What other threads hold is a
 * stand-in: requests go to the loop as messages, and the task's end comes back
 * as the stand-in's completion.
 *
 * Invariants
 *   N1  The task is cancelled as often as bide_cancel() was called before its end.
 *   N2  One call at most claims the handle: the one that gives it back.
 */
#include "core/remote.h"

#include "base/mem.h"
#include "core/join.h"

static void remote_unref(struct remote *remote)
{
	/* Acquire and release: what others did with it comes before the free. */
	if (__atomic_sub_fetch(&remote->reference_count, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	bide__task_fini(&remote->handle);
	bide__free(remote);
}

/* Gives the handle back. Only that keeps the loop: the task itself may deadlock. */
static void handle_give_back(struct remote *remote)
{
	bide_loop_unref(remote->loop);
	remote_unref(remote);
}

static bool spawn_arrive(struct message *message, bide_loop *loop)
{
	struct remote *remote = container_of(message, struct remote, spawn);
	struct bide_task *task = bide__task_spawn_detached(loop, remote->handle.fn,
	                                                   remote->handle.arg, 0, remote);

	if (task == NULL)
		return false;
	remote->task = task;
	return true;
}

static bool cancel_arrive(struct message *message, bide_loop *loop)
{
	struct remote *remote = container_of(message, struct remote, cancel);
	unsigned count;

	(void)loop;
	bide__guard_lock(remote);
	count = remote->cancel_count;
	remote->cancel_count = 0;
	remote->cancel_is_sent = false;
	bide__guard_unlock(remote);
	while (count-- > 0 && remote->task != NULL)
		(void)bide_cancel(remote->task);        /* 1: it lives */
	remote_unref(remote);
	return true;
}

int bide__remote_spawn(bide_loop *loop, bide_fn *fn, void *arg, struct bide_task **ret)
{
	struct remote *remote = bide__calloc(1, sizeof *remote);
	int r;

	if (remote == NULL)
		return -ENOMEM;
	remote->handle.state = TASK_REMOTE;
	remote->handle.flags = TASK_DETACHED;
	remote->handle.fn = fn;
	remote->handle.arg = arg;
	remote->loop = bide_loop_ref(loop);
	remote->spawn.run = spawn_arrive;
	remote->cancel.run = cancel_arrive;
	remote->reference_count = 2;

	r = bide__wake_send(loop, &remote->spawn);
	if (r < 0) {
		remote->reference_count = 1;
		handle_give_back(remote);
		return r;
	}
	*ret = &remote->handle;
	return 0;
}

bool bide__remote_note_end(struct remote *remote, int result)
{
	bool was_detached;

	remote->task = NULL;
	remote->handle.result = result;
	bide__guard_lock(remote);
	was_detached = remote->is_detached;
	remote->has_ended = true;
	bide__guard_unlock(remote);
	bide__completion_set(&remote->end, result);
	remote_unref(remote);
	return was_detached;
}

int bide__remote_cancel(struct remote *remote)
{
	bool must_send;

	if (completion_is_done(&remote->end))
		return 0;
	bide__guard_lock(remote);
	remote->cancel_count++;
	remote->handle.cancel_count++;
	must_send = !remote->cancel_is_sent;
	remote->cancel_is_sent = true;
	if (must_send)
		__atomic_add_fetch(&remote->reference_count, 1, __ATOMIC_RELAXED);
	bide__guard_unlock(remote);

	if (must_send && bide__wake_send(remote->loop, &remote->cancel) < 0)
		remote_unref(remote);           /* the loop has ended, and with it the task */
	return 1;
}

/* Makes the caller the one who gives the handle back. Returns 0 or -EINVAL. */
static int claim(struct remote *remote)
{
	int r;

	bide__guard_lock(remote);
	r = remote->is_claimed ? -EINVAL : 0;
	remote->is_claimed = true;
	bide__guard_unlock(remote);
	return r;
}

static bool report_arrive(struct message *message, bide_loop *loop)
{
	struct remote *remote = container_of(message, struct remote, report);

	bide__task_report_failure(loop, &remote->handle);
	remote_unref(remote);
	return true;
}

/* Its failure is for its loop to report, as that of any detached task. */
static void report_send(struct remote *remote)
{
	remote->report.run = report_arrive;
	__atomic_add_fetch(&remote->reference_count, 1, __ATOMIC_RELAXED);
	if (bide__wake_send(remote->loop, &remote->report) == 0)
		return;
	bide__report("detached task '%s' failed: %d (%s)", bide__task_name(&remote->handle),
	             remote->handle.result, bide_strerror(remote->handle.result));
	remote_unref(remote);
}

void bide__remote_detach(struct remote *remote)
{
	bool has_ended;

	bide__check(claim(remote) == 0,
	            "bide_detach: the handle of task '%s' was detached or is being joined",
	            bide__task_name(&remote->handle));
	/* Either the end sees that it is detached, or we that it has ended. */
	bide__guard_lock(remote);
	remote->is_detached = true;
	has_ended = remote->has_ended;
	bide__guard_unlock(remote);
	if (has_ended && remote->handle.result < 0 && remote->handle.result != -ECANCELED)
		report_send(remote);
	handle_give_back(remote);
}

/* Whether the running task would wait for its own end. */
static bool is_cycle(const struct remote *remote, const struct bide_task *self)
{
	/* The task is known on its own thread only. */
	if (self == NULL || remote->loop != bide__loop || remote->task == NULL)
		return false;
	return remote->task == self || bide__task_waits_for(remote->task, self);
}

int bide__remote_join_until(struct remote *remote, bide_time deadline)
{
	struct bide_task *self = task_current();
	uint64_t switches = self != NULL ? bide__loop->switches : 0;
	bool is_canceled = self != NULL && self->is_interrupted;
	int result;

	if (self == NULL && bide__loop != NULL)
		return -EPERM;
	if (is_cycle(remote, self))
		return -EDEADLK;
	if (claim(remote) < 0)
		return -EINVAL;
	if (!is_canceled)
		is_canceled = !bide__completion_wait(&remote->end, PARK_JOIN_REMOTE, true,
		                                     deadline);
	if (is_canceled) {
		(void)bide__remote_cancel(remote);      /* 0: it ends this moment */
		(void)bide__completion_wait(&remote->end, PARK_JOIN_REMOTE, false, BIDE_FOREVER);
	}

	result = remote->end.result;
	handle_give_back(remote);
	if (is_canceled && self == NULL)
		return -ETIMEDOUT;
	if (is_canceled && result < 0)
		return canceled_since(self, switches);
	if (self != NULL)
		self->refusals = 0;
	return result;
}

int bide__remote_join(struct remote *remote)
{
	return bide__remote_join_until(remote, BIDE_FOREVER);
}
