/* SPDX-License-Identifier: MIT */

/*
 * task.c - a task from its spawning to the end of its handle
 *
 * A task has no stack until its first step and none after its last. Its control
 * block lives until it has ended and its handle was given back, whichever is
 * later; a detached task's handle is given back from the start.
 *
 * Whoever waits for a task's end is told by the end itself, at once: the joiner
 * (join.c), those who watch (gather.c), the group (group.c), the loop where it is
 * its main task. None of them runs before the next round.
 *
 * Invariants
 *   A1  Whatever can fail about a task fails when it is spawned, with nothing
 *       changed; only a stack may be missing later, and is then its result.
 *   A2  loop->ready has room for every live task.
 *   A3  cancel_count > 0 implies TASK_WAS_CANCELED.
 */
#include "core/task.h"

#include "base/mem.h"
#include "core/hold.h"
#include "core/join.h"
#include "core/remote.h"
#include "core/scope.h"

#include <string.h>

struct task_extra *bide__task_extra(struct bide_task *task)
{
	if (task->extra == NULL)
		task->extra = bide__calloc(1, sizeof *task->extra);
	return task->extra;
}

void bide__task_misuse(const struct bide_task *task, const char *caller)
{
	bide__check(task != NULL, "%s: the task's handle is NULL (did spawning it fail?)", caller);
	bide__misuse("%s: the task's handle was given back already (a handle is joined, gathered, "
	             "closed with its group or detached once)",
	             caller);
}

void bide__task_fini(const struct bide_task *task)
{
	if (task->flags & TASK_COPY_ON_HEAP)
		bide__free(task->arg);
	if (task->extra != NULL) {
		bide__free(task->extra->name);
		bide__free(task->extra->holds);
		bide__free(task->extra);
	}
}

static void task_free(struct bide_task *task)
{
	bide__task_fini(task);
	slab_free(&task_loop(task)->slab, task);
}

static int task_copy_arg(struct bide_task *task, const void *arg, size_t n)
{
	if (n <= TASK_COPY_INLINE) {
		task->arg = task->copy;
	} else {
		task->arg = bide__alloc(n);
		if (task->arg == NULL)
			return -ENOMEM;
		task->flags |= TASK_COPY_ON_HEAP;
	}
	memcpy(task->arg, arg, n);
	return 0;
}

static void delay_fire(struct bide_timer *timer)
{
	struct bide_task *task = container_of(timer, struct bide_task, delay);

	task->state = TASK_NEW;
	loop_make_ready(task_loop(task), task);
}

/*
 * Finds or makes the loop's pool for stacks of this size; where there are too many
 * already, the next larger size serves. Returns its index or -ENOMEM.
 */
static int pool_find(bide_loop *loop, size_t stack_size)
{
	struct stack_pool wanted;
	int larger = -ENOMEM;

	if (stack_size == 0)
		return 0;
	bide__stack_pool_init(&wanted, stack_size);
	for (unsigned i = 0; i < loop->pool_count; i++) {
		size_t slot_bytes = loop->pools[i].slot_bytes;

		if (slot_bytes == wanted.slot_bytes)
			return (int)i;
		if (slot_bytes > wanted.slot_bytes &&
		    (larger < 0 || slot_bytes < loop->pools[larger].slot_bytes))
			larger = (int)i;
	}
	if (loop->pool_count == STACK_POOLS_MAX)
		return larger;
	loop->pools[loop->pool_count] = wanted;
	return (int)loop->pool_count++;
}

static int task_apply_options(bide_loop *loop, struct bide_task *task, const struct spawn *how)
{
	const bide_task_options *options = how->options;
	struct task_extra *extra;
	int r;

	r = pool_find(loop, options->stack_size);
	if (r < 0)
		return r;
	task->pool_index = (uint8_t)r;
	if (options->name != NULL) {
		r = bide_set_name(task, options->name);
		if (r < 0)
			return r;
	}
	if (options->drop != NULL) {
		extra = bide__task_extra(task);
		if (extra == NULL)
			return -ENOMEM;
		extra->drop = options->drop;
	}
	return options->copy > 0 ? task_copy_arg(task, how->arg, options->copy) : 0;
}

/* A task of which nobody knows yet: what can fail about it has not failed. */
static inline struct bide_task *task_make(bide_loop *loop, const struct spawn *how)
{
	struct bide_task *task;
	int r;

	if (unlikely(loop->live_count >= ring_capacity(&loop->ready)) &&
	    bide__ring_reserve(&loop->ready, loop->live_count + 1) < 0)
		return NULL;                    /* A2 */
	task = slab_alloc(&loop->slab);
	if (task == NULL)
		return NULL;

	task->state = TASK_NEW;
	task->is_interrupted = false;
	task->flags = how->flags;
	task->pool_index = 0;
	task->refusals = 0;
	task->lock_count = 0;
	task->cancel_count = 0;
	task->fn = how->fn;
	task->arg = how->arg;
	task->group = how->group;
	task->joiner = how->joiner;
	task->watchers = NULL;
	task->locals = NULL;
	task->extra = NULL;
	task->gen = NULL;

	r = how->options != NULL ? task_apply_options(loop, task, how) : 0;
	if (r < 0) {
		task_free(task);
		return NULL;
	}
	return task;
}

static inline void task_register(bide_loop *loop, struct bide_task *task)
{
	list_push_back(&loop->tasks, &task->all_node);
	loop->live_count++;
	loop->spawned_count++;
	if (task->group != NULL)
		bide__group_add(task->group, task);
}

/* From here on it lives. */
static inline void task_enter(bide_loop *loop, struct bide_task *task, bide_time delay)
{
	task_register(loop, task);
	if (unlikely(loop->is_closing)) {
		task->cancel_count = 1;
		task->flags |= TASK_WAS_CANCELED;
		task->is_interrupted = true;
	} else if (delay > 0) {
		bide_time due = loop_deadline(loop, delay);

		task->state = TASK_DELAYED;
		task->delay = (struct bide_timer){ .fire = delay_fire };
		timer_arm(&loop->wheel, &task->delay, due);
		return;
	}
	loop_make_ready(loop, task);
}

/* Its first step is taken now, by way of an eager switch; it is in no ring. */
static int task_enter_eager(bide_loop *loop, struct bide_task *task)
{
	if (bide__schedule_begin(loop, task) < 0)
		return -ENOMEM;
	task_register(loop, task);
	bide__schedule_eager(loop, task);
	return 0;
}

/* Inlined into each of the calls below, most of which need little of it. */
static inline __attribute__((always_inline)) int task_spawn(const struct spawn *how,
                                                            struct bide_task **ret)
{
	const bide_task_options *options = how->options;
	struct bide_task *self = task_current();
	bide_loop *loop = bide__loop;
	struct bide_task *task;
	int r = 0;

	if (unlikely(self == NULL)) {
		(void)bide__outside_of_tasks(); /* which gives the same */
		return -EPERM;
	}
	if (options != NULL && (options->flags & ~(unsigned)BIDE_EAGER))
		return -EINVAL;

	task = task_make(loop, how);
	if (unlikely(task == NULL))
		return -ENOMEM;
	*ret = task;
	if (self->locals != NULL)
		task->locals = bide__locals_share(self->locals);

	if (options == NULL)
		task_enter(loop, task, 0);
	else if ((options->flags & BIDE_EAGER) && options->delay <= 0 && !loop->is_closing)
		r = task_enter_eager(loop, task);
	else
		task_enter(loop, task, options->delay);
	if (unlikely(r < 0)) {
		bide__locals_unref(task->locals);
		task_free(task);
	}
	return r;
}

int bide__task_spawn(const struct spawn *how, struct bide_task **ret)
{
	return task_spawn(how, ret);
}

struct bide_task *bide__task_spawn_detached(bide_loop *loop, bide_fn *fn, void *arg, unsigned flags,
                                            struct remote *remote)
{
	const struct spawn how = {
		.fn = fn,
		.arg = arg,
		.flags = (uint16_t)(TASK_DETACHED | flags),
	};
	struct bide_task *task = task_make(loop, &how);

	if (task == NULL)
		return NULL;
	if (remote != NULL) {
		if (bide__task_extra(task) == NULL) {
			task_free(task);
			return NULL;
		}
		task->flags |= TASK_HAS_REMOTE;
		task->extra->remote = remote;
	}
	task_enter(loop, task, 0);
	return task;
}

struct bide_task *bide__task_spawn_main(bide_loop *loop, bide_fn *fn, void *arg)
{
	/* Its handle is the loop's, which looks at it no more once it has ended. */
	loop->main = bide__task_spawn_detached(loop, fn, arg, 0, NULL);
	return loop->main;
}

void bide__task_report_failure(bide_loop *loop, struct bide_task *task)
{
	if (!task_has_failed(task))
		return;
	if (loop->options.on_error != NULL) {
		struct bide_task *current = loop->current;

		/* The task has ended: whatever suspends must find nobody to suspend. */
		loop->current = NULL;
		loop->options.on_error(task, task->result, loop->options.ctx);
		loop->current = current;
		return;
	}
	bide__report("detached task '%s' failed: %d (%s)", bide_name(task), task->result,
	             bide_strerror(task->result));
}

/* Whether nobody is told of its end. Tells it to whoever holds it on another thread. */
static bool is_unwatched(const struct bide_task *task)
{
	if (!(task->flags & TASK_HAS_REMOTE))
		return true;
	return bide__remote_note_end(task->extra->remote, task->result);
}

/* Tells everybody that the task has ended. It may be freed by that. */
static void task_finish(bide_loop *loop, struct bide_task *task, int result)
{
	bool is_main = task == loop->main;

	task->result = result;
	task->state = TASK_DONE;
	task->end_order = loop->ended_count++;
	list_remove(&task->all_node);
	loop->live_count--;
	bide__locals_unref(task->locals);

	if (task->joiner != NULL)
		join_note_end(task->joiner);
	if (task->watchers != NULL)
		bide__watchers_note_end(task);
	if (task->group != NULL) {
		bide__group_note_end(task->group, task);
		return;
	}
	if (task->flags & TASK_DETACHED) {
		if (is_unwatched(task) && !is_main)
			bide__task_report_failure(loop, task);
		task_free(task);
	}
	if (is_main)
		bide__loop_main_ended(loop, result);
}

void bide__task_end_unstarted(struct bide_task *task, int result)
{
	if (task->extra != NULL && task->extra->drop != NULL)
		task->extra->drop(task->arg);
	task_finish(task_loop(task), task, result);
}

static void task_end(bide_loop *loop, struct bide_task *self, int result)
{
	/* Before anything else runs on the stack that such a pointer leads to. */
	bide__check(self->scope == NULL, "a task's function must leave the scopes and close the "
	                                 "groups that it has entered before it returns");
	bide__check(self->gen == NULL, "a task must not end inside a generator");
	if (unlikely(self->extra != NULL && self->extra->deferred != NULL))
		bide__deferred_run(self);
	bide__check(self->scope == NULL, "a deferred function must leave the scopes and close the "
	                                 "groups that it has entered before it returns");
	if (unlikely(self->lock_count > 0))
		bide__hold_misuse(self);
	task_finish(loop, self, result);
}

/*
 * Entered by a jump and left by context_end(), here and not in a callee: then the
 * processor's return stack is what it was when the thread came from elsewhere, and
 * whoever goes on finds its own return addresses predicted.
 */
void bide__task_main(void)
{
	bide_loop *loop = bide__loop;
	struct bide_task *self = loop->current;
	struct context *next;

	context_announce_arrival(&self->context);
	do {
		unsigned pool_index = self->pool_index;
		stack *own = self->stack;
		int result;

		result = self->fn(self->arg);
		bide__check(bide__loop == loop, "a task's function returned in the child of a "
		                                "fork; that is to exec or to _exit");
		task_end(loop, self, result);
		next = bide__schedule_successor(loop, own, pool_index);
		self = loop->current;
	} while (next == NULL);
	context_end(next);
}

void bide__task_give_back(struct bide_task *task)
{
	if (task->state == TASK_DONE)
		task_free(task);
	else
		task->flags |= TASK_DETACHED;
}

static inline __attribute__((always_inline)) struct bide_task *
spawn(const bide_task_options *options, bide_fn *fn, void *arg)
{
	const struct spawn how = { .fn = fn, .arg = arg, .options = options };
	struct bide_task *task;
	int r = task_spawn(&how, &task);

	return unlikely(r < 0) ? bide__null_with(-r) : task;
}

bide_task *bide_spawn(bide_fn *fn, void *arg)
{
	return spawn(NULL, fn, arg);
}

bide_task *bide_spawn_copy(bide_fn *fn, const void *arg, size_t n)
{
	const bide_task_options options = { .copy = n };

	return spawn(&options, fn, (void *)arg);
}

bide_task *bide_spawn_with(const bide_task_options *options, bide_fn *fn, void *arg)
{
	return spawn(options, fn, arg);
}

static int spawn_detached(const bide_task_options *options, bide_fn *fn, void *arg)
{
	const struct spawn how = {
		.fn = fn,
		.arg = arg,
		.options = options,
		.flags = TASK_DETACHED,
	};
	struct bide_task *task;

	return bide__task_spawn(&how, &task);
}

int bide_go(bide_fn *fn, void *arg)
{
	return spawn_detached(NULL, fn, arg);
}

int bide_go_copy(bide_fn *fn, const void *arg, size_t n)
{
	const bide_task_options options = { .copy = n };

	return spawn_detached(&options, fn, (void *)arg);
}

void bide_detach(bide_task *task)
{
	task_check(task, "bide_detach");
	if (task_is_remote(task)) {
		bide__remote_detach(remote_of(task));
		return;
	}
	bide__check(!(task->flags & TASK_DETACHED) && task->joiner == NULL && task->group == NULL,
	            "bide_detach: the handle of task '%s' is not the caller's: it was detached, is "
	            "being joined, or is a group's",
	            bide_name(task));
	if (task->state == TASK_DONE)
		bide__task_report_failure(task_loop(task), task);
	bide__task_give_back(task);
}

int bide_cancel(bide_task *task)
{
	task_check(task, "bide_cancel");
	if (unlikely(task_is_remote(task)))
		return bide__remote_cancel(remote_of(task));
	if (task->state == TASK_DONE)
		return 0;

	task->cancel_count++;
	task->flags |= TASK_WAS_CANCELED;
	if (task->state == TASK_DELAYED) {
		bide_loop *loop = task_loop(task);

		timer_disarm(&loop->wheel, &task->delay);
		task->state = TASK_NEW;
		loop_make_ready(loop, task);
	}
	if (task->state == TASK_NEW)
		task->is_interrupted = true;
	else
		bide__scope_update(task);
	return 1;
}

static bool is_done(const struct bide_task *task)
{
	return task_is_remote(task) ? completion_is_done(&remote_of(task)->end)
	                            : task->state == TASK_DONE;
}

bool bide_done(const bide_task *task)
{
	task_check(task, "bide_done");
	return is_done(task);
}

int bide_result(const bide_task *task)
{
	task_check(task, "bide_result");
	if (!is_done(task))
		return -EINPROGRESS;
	return task_is_remote(task) ? remote_of(task)->end.result : task->result;
}

bide_task *bide_self(void)
{
	return task_current();
}
