/* SPDX-License-Identifier: MIT */

/*
 * sys_fd.c - system calls on descriptors of any kind
 */
#include "sys_fd.h"

#include "sys.h"
#include "sys_call.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

ssize_t bide__sys_read(int fd, void *buf, size_t n)
{
	return FAULT_OR(EIO, read(fd, buf, n));
}

ssize_t bide__sys_preadv2(int fd, const struct iovec *iov, int count, int64_t offset, int flags)
{
	return FAULT_OR(EIO, preadv2(fd, iov, count, offset, flags));
}

ssize_t bide__sys_pwritev2(int fd, const struct iovec *iov, int count, int64_t offset, int flags)
{
	return FAULT_OR(EIO, pwritev2(fd, iov, count, offset, flags));
}

ssize_t bide__sys_write_quietly(int fd, const struct iovec *iov, int count)
{
	struct sigpipe_guard guard;
	ssize_t r;

	bide__sys_sigpipe_block(&guard);
	r = FAULT_OR(EIO, writev(fd, iov, count));
	bide__sys_sigpipe_unblock(&guard, r == -EPIPE);
	return r;
}

int bide__sys_close(int fd)
{
	int r = (int)bide__sys_checked(close(fd));

	/* Linux has closed the descriptor before it says EINTR. */
	return r == -EINTR ? 0 : r;
}

int bide__sys_status_flags(int fd)
{
	return (int)FAULT_OR(EIO, fcntl(fd, F_GETFL));
}

int bide__sys_set_status_flags(int fd, int flags)
{
	return (int)FAULT_OR(EIO, fcntl(fd, F_SETFL, flags));
}

int bide__sys_fstat(int fd, struct stat *ret)
{
	return (int)FAULT_OR(EIO, fstat(fd, ret));
}

bool bide__sys_is_in_memory(int fd)
{
	struct statfs system;

	return fstatfs(fd, &system) == 0 &&
	       (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC);
}
