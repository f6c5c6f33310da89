/* SPDX-License-Identifier: MIT */

/*
 * directory.c - the entries of a directory
 *
 * The C library fetches entries by hundreds and hands them out one by one. Only the
 * call that fetches may wait for a disk and goes to a thread of the pool; sending each
 * of them there would cost 5 us an entry, against 0.2 for finding out. A directory of our
 * own with its own buffer was rejected: a DIR is what the rest of POSIX takes.
 */
#include "base/error.h"
#include "base/sys_file.h"
#include "core/wait.h"

#include <bide/file.h>
#include <bide/thread.h>

struct directory_call {
	const char *path; /* to open */
	DIR *dir; /* that was opened, or is to read */
	struct dirent *entry; /* that was read; NULL: the end */
};

static int opendir_run(void *arg)
{
	struct directory_call *call = arg;

	return bide__sys_opendir(&call->dir, call->path);
}

static int readdir_run(void *arg)
{
	struct directory_call *call = arg;

	return bide__sys_readdir(call->dir, &call->entry);
}

DIR *bide_opendir(const char *path)
{
	struct directory_call call = { .path = path };
	int r = bide_to_thread(opendir_run, &call);

	return r < 0 ? bide__null_with(-r) : call.dir;
}

struct dirent *bide_readdir(DIR *dir)
{
	struct directory_call call = { .dir = dir };
	int r = cancellation_point(task_current());

	if (r == 0)
		r = bide__sys_has_entry(dir) ? readdir_run(&call)
		                             : bide_to_thread(readdir_run, &call);
	return r < 0 || call.entry == NULL ? bide__null_with(-r) : call.entry;
}

int bide_closedir(DIR *dir)
{
	bide_loop *loop = bide__loop;

	/* Its descriptor may have been waited for. */
	if (loop != NULL)
		loop->backend->ops->forget(loop->backend, dirfd(dir));
	return bide__sys_closedir(dir);
}
