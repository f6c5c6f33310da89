/* SPDX-License-Identifier: MIT */

/*
 * fork.c - the child of a process that forks while a loop runs
 *
 * The child has copies of all tasks, and shares the descriptors by which the parent
 * waits. Its loop must not run: whatever needs a task is refused there, and says why
 * once. The child may exec, _exit, or run a loop of its own.
 */
#include "core/wake.h"

#include <pthread.h>

static bool was_forked;                 /* this process is such a child */

static void child(void)
{
	bide__guards_reset();
	was_forked = was_forked || bide__loop != NULL;
	bide__loop = NULL;
	bide__caller = NULL;
	bide__caller_locals = NULL;
}

static void watch(void)
{
	(void)pthread_atfork(NULL, NULL, child);        /* no memory: no watch */
}

void bide__fork_watch(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, watch);
}

int bide__outside_of_tasks(void)
{
	if (was_forked && bide__loop == NULL) {
		was_forked = false;
		bide__report("this process was forked by a task: the loop of that is its "
		             "parent's, and does not run here; exec, _exit, or make another one");
	}
	return -EPERM;
}
