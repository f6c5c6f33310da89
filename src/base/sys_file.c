/* SPDX-License-Identifier: MIT */

/*
 * sys_file.c - system calls on files and directories
 */
#include "sys_file.h"

#include "error.h"
#include "sys.h"
#include "sys_call.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <unistd.h>

int bide__sys_open(const char *path, int flags, mode_t mode)
{
	return (int)FAULT_OR(EMFILE, open(path, flags | O_CLOEXEC, mode));
}

int bide__sys_stat(const char *path, struct stat *ret)
{
	return (int)FAULT_OR(EIO, stat(path, ret));
}

int bide__sys_lstat(const char *path, struct stat *ret)
{
	return (int)FAULT_OR(EIO, lstat(path, ret));
}

int bide__sys_unlink(const char *path)
{
	return (int)FAULT_OR(EIO, unlink(path));
}

int bide__sys_rmdir(const char *path)
{
	return (int)FAULT_OR(EIO, rmdir(path));
}

int bide__sys_rename(const char *from, const char *to)
{
	return (int)FAULT_OR(EIO, rename(from, to));
}

int bide__sys_mkdir(const char *path, mode_t mode)
{
	return (int)FAULT_OR(ENOSPC, mkdir(path, mode));
}

int bide__sys_fsync(int fd)
{
	return (int)FAULT_OR(EIO, fsync(fd));
}

int bide__sys_fdatasync(int fd)
{
	return (int)FAULT_OR(EIO, fdatasync(fd));
}

int bide__sys_ftruncate(int fd, off_t length)
{
	return (int)FAULT_OR(EIO, ftruncate(fd, length));
}

off_t bide__sys_seek(int fd, off_t offset, int whence)
{
	return bide__sys_checked(lseek(fd, offset, whence));
}

int bide__sys_opendir(DIR **ret, const char *path)
{
	DIR *dir = bide__fault() ? bide__null_with(EMFILE) : opendir(path);

	if (dir == NULL)
		return (int)bide__sys_checked(-1);
	*ret = dir;
	return 0;
}

int bide__sys_readdir(DIR *dir, struct dirent **ret)
{
	struct dirent *entry;
	int r = 0;

	/* Only this tells the end from a failure. */
	(void)bide__null_with(0);
	entry = bide__fault() ? bide__null_with(EIO) : readdir(dir);
	if (entry == NULL)
		r = (int)bide__sys_checked(-1);
	if (r == 0)
		*ret = entry;
	return r;
}

/*
 * The C library fetches many entries at a time. Each carries the position behind it,
 * which telldir(3) gives; behind the last of those that were fetched it is where the
 * kernel stands. Asking for that reads nothing.
 */
bool bide__sys_has_entry(DIR *dir)
{
	off_t position = lseek(dirfd(dir), 0, SEEK_CUR);

	return position > 0 && position != telldir(dir);
}

int bide__sys_closedir(DIR *dir)
{
	return (int)bide__sys_checked(closedir(dir));
}

ssize_t bide__sys_copy_file_range(int in, int out, size_t n)
{
	return FAULT_OR(EIO, copy_file_range(in, NULL, out, NULL, n, 0));
}

ssize_t bide__sys_sendfile_quietly(int out, int in, off_t *offset, size_t n)
{
	struct sigpipe_guard guard;
	ssize_t r;

	bide__sys_sigpipe_block(&guard);
	r = FAULT_OR(EIO, sendfile(out, in, offset, n));
	bide__sys_sigpipe_unblock(&guard, r == -EPIPE);
	return r;
}

ssize_t bide__sys_splice_quietly(int in, int out, size_t n, unsigned flags)
{
	struct sigpipe_guard guard;
	ssize_t r;

	bide__sys_sigpipe_block(&guard);
	r = FAULT_OR(EIO, splice(in, NULL, out, NULL, n, flags));
	bide__sys_sigpipe_unblock(&guard, r == -EPIPE);
	return r;
}
