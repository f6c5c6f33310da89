/* SPDX-License-Identifier: MIT */

/*
 * name.c - what tasks and errors are called
 *
 * A task that was not named bears its function's name, or its address where that
 * has none; such a name is made when somebody asks for it.
 */
#include "base/mem.h"
#include "core/remote.h"
#include "diag/symbol.h"

#include <bide/task.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static int name_set(struct bide_task *task, const char *name)
{
	struct task_extra *extra = bide__task_extra(task);
	char *copy = extra != NULL ? bide__strdup(name) : NULL;

	if (copy == NULL)
		return -ENOMEM;
	bide__free(extra->name);
	extra->name = copy;
	return 0;
}

/* Makes the name where there is none. */
static const char *name_of(struct bide_task *task)
{
	char address[32];
	const char *symbol;

	if (task->extra != NULL && task->extra->name != NULL)
		return task->extra->name;
	symbol = bide__symbol_of((const void *)task->fn);
	if (symbol != NULL)
		return symbol;
	(void)snprintf(address, sizeof address, "%p", (const void *)task->fn);
	return name_set(task, address) == 0 ? task->extra->name : "(no memory for its name)";
}

const char *bide__task_name(const struct bide_task *task)
{
	struct bide_task *named = (struct bide_task *)task;     /* its name is made on demand */
	const char *name;

	if (!task_is_remote(task))
		return name_of(named);
	/* Any thread may ask for this one's. */
	bide__guard_lock(task);
	name = name_of(named);
	bide__guard_unlock(task);
	return name;
}

const char *bide_name(const bide_task *task)
{
	task_check(task, "bide_name");
	return bide__task_name(task);
}

int bide_set_name(bide_task *task, const char *name)
{
	task_check(task, "bide_set_name");
	return name_set(task, name);
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
