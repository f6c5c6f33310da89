/* SPDX-License-Identifier: MIT */

/*
 * foreign.c - objects and handles that are used on the wrong thread
 *
 * Whoever is about to touch a task of a loop that is not the running one comes here.
 * That is in order where that loop does not run, as between two steps of an embedded
 * one; else two threads are at the same data, and under BIDE_DEBUG it is said.
 */
#include "core/wait.h"

bool bide__is_debugging;

static const char *loop_name(const bide_loop *loop)
{
	if (loop == NULL)
		return "(none)";
	return loop->options.name != NULL ? loop->options.name : "(unnamed)";
}

static bool is_in_order(const bide_loop *loop)
{
	return !(loop->options.flags & BIDE_DEBUG) ||
	       !__atomic_load_n(&loop->is_running, __ATOMIC_RELAXED);
}

void bide__foreign_task(const struct bide_task *task, const char *caller)
{
	const bide_loop *loop = task_loop(task);

	bide__check(is_in_order(loop),
	            "%s: task '%s' belongs to loop '%s', which runs on another thread; this "
	            "thread's loop is '%s' (bide_spawn_on() gives handles for all threads)",
	            caller, bide__task_name(task), loop_name(loop), loop_name(bide__loop));
}

void bide__foreign_object(const struct bide_task *task)
{
	const bide_loop *loop = task_loop(task);

	bide__check(is_in_order(loop),
	            "an object is used by two loops: task '%s', which has it or waits for it, "
	            "belongs to loop "
	            "'%s', which runs on another thread; this thread's loop is '%s' (futures and "
	            "shared queues are for all threads)",
	            bide__task_name(task), loop_name(loop), loop_name(bide__loop));
}
