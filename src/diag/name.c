/* SPDX-License-Identifier: MIT */

/*
 * name.c - what tasks and errors are called
 *
 * A task that was not named bears its function's name, or its address where that
 * has none; such a name is made when somebody asks for it.
 */
#include "base/mem.h"
#include "core/loop.h"
#include "diag/symbol.h"

#include <bide/task.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

const char *bide_name(const bide_task *task)
{
	struct bide_task *named = (struct bide_task *)task;     /* its name is made on demand */
	char address[32];
	const char *symbol;

	task_check(task, "bide_name");
	if (task->extra != NULL && task->extra->name != NULL)
		return task->extra->name;
	symbol = bide__symbol_of((const void *)task->fn);
	if (symbol != NULL)
		return symbol;
	(void)snprintf(address, sizeof address, "%p", (const void *)task->fn);
	return bide_set_name(named, address) == 0 ? named->extra->name : "(no memory for its name)";
}

int bide_set_name(bide_task *task, const char *name)
{
	struct task_extra *extra;
	char *copy;

	task_check(task, "bide_set_name");
	extra = bide__task_extra(task);
	copy = extra != NULL ? bide__strdup(name) : NULL;
	if (copy == NULL)
		return -ENOMEM;
	bide__free(extra->name);
	extra->name = copy;
	return 0;
}

const char *bide_strerror(int err)
{
	static __thread char text[128];

	/* GNU's, which returns a string of its own where it has one. */
	return strerror_r(err < 0 && err > INT_MIN ? -err : err, text, sizeof text);
}

#define QUOTED(number) #number
#define VERSION(major, minor, patch) QUOTED(major) "." QUOTED(minor) "." QUOTED(patch)

const char *bide_version(void)
{
	return VERSION(BIDE_VERSION_MAJOR, BIDE_VERSION_MINOR, BIDE_VERSION_PATCH);
}
