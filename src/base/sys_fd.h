/* SPDX-License-Identifier: MIT */

/*
 * sys_fd.h - system calls on descriptors, as functions that return a negative errno
 */
#ifndef BIDE_BASE_SYS_FD_H
#define BIDE_BASE_SYS_FD_H

#include <bide/base.h>
#include <sys/stat.h>
#include <sys/uio.h>

ssize_t bide__sys_read(int fd, void *buf, size_t n);

/* As preadv2(2) and pwritev2(2). The offset -1 is the file position. */
ssize_t bide__sys_preadv2(int fd, const struct iovec *iov, int count, int64_t offset, int flags);
ssize_t bide__sys_pwritev2(int fd, const struct iovec *iov, int count, int64_t offset, int flags);

/* Writes as writev(2), but never raises SIGPIPE. */
ssize_t bide__sys_write_quietly(int fd, const struct iovec *iov, int count);

int bide__sys_close(int fd);
int bide__sys_status_flags(int fd);
int bide__sys_set_status_flags(int fd, int flags);
int bide__sys_fstat(int fd, struct stat *ret);

/* Whether the file is of a system that has no disk: what is read and written is there. */
bool bide__sys_is_in_memory(int fd);

#endif
