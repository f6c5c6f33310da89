/* SPDX-License-Identifier: MIT */

/*
 * sendfile.c - a file to a descriptor, within the kernel where that does not block
 *
 * Nothing keeps sendfile(2) from blocking: it waits for the disk, and for a socket that
 * is not non-blocking. So it is for non-blocking sockets, a chunk at a time, of which
 * the first and the last byte were found in memory; a chunk is what the kernel reads
 * ahead, and forgets, at a time. What has to come from the disk, or goes to anything
 * else, is read into a buffer, by the pool if need be, and written from there.
 *
 * Invariant
 *   SF1  The position moves on over what out has taken, and nothing else.
 */
#include "base/mem.h"
#include "base/sys_fd.h"
#include "base/sys_file.h"
#include "core/fd_use.h"
#include "core/wait.h"

#include <bide/file.h>
#include <bide/io.h>
#include <fcntl.h>
#include <unistd.h>

#define CHUNK ((size_t)128 * 1024)
#define BUFFER ((size_t)64 * 1024)

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool is_byte_in_memory(int in, off_t position)
{
	char byte;

	return bide__sys_preadv2(in, &(struct iovec){ &byte, 1 }, 1, position, RWF_NOWAIT) >= 0;
}

static bool is_in_memory(int in, off_t position, size_t n)
{
	return bide__sys_is_in_memory(in) ||
	       (is_byte_in_memory(in, position) && is_byte_in_memory(in, position + (off_t)n - 1));
}

static bool is_quick_socket(int out)
{
	struct stat status;
	int flags = bide__sys_status_flags(out);

	return flags >= 0 && flags & O_NONBLOCK && bide__sys_fstat(out, &status) == 0 &&
	       S_ISSOCK(status.st_mode);
}

static ssize_t send_by_buffer(const struct fd_ends *ends, off_t position, size_t n)
{
	size_t size = min_size(n, BUFFER);
	char *buf = bide__alloc(size);
	ssize_t r;

	if (buf == NULL)
		return -ENOMEM;
	r = bide__fd_ends_check(ends, bide_pread(ends->in.fd, buf, size, position));
	if (r > 0)
		r = bide_write(ends->out.fd, buf, (size_t)r);
	bide__free(buf);
	return r;
}

static ssize_t send_within_kernel(const struct fd_ends *ends, off_t position, size_t n)
{
	size_t size = min_size(n, CHUNK);
	ssize_t r;

	do {
		off_t from = position;

		/* Also so that others get a turn where out never fills up. */
		r = bide__fd_ends_check(ends, bide_wait_fd(ends->out.fd, BIDE_WRITABLE));
		if (r < 0)
			return r;
		/* Looked at each time, as memory may have been short meanwhile. */
		if (!is_in_memory(ends->in.fd, position, size))
			return send_by_buffer(ends, position, n);
		r = bide__sys_sendfile_quietly(ends->out.fd, ends->in.fd, &from, size);
	} while (r == -EAGAIN || r == -EINTR);
	return r == -EINVAL || r == -ENOSYS ? send_by_buffer(ends, position, n) : r;
}

static ssize_t send_from(const struct fd_ends *ends, off_t position, size_t n)
{
	if (position < 0)
		return -EINVAL;
	n = min_size(n, (size_t)(INT64_MAX - position));        /* nothing is behind that */
	if (n == 0)
		return 0;
	return is_quick_socket(ends->out.fd) ? send_within_kernel(ends, position, n)
	                                     : send_by_buffer(ends, position, n);
}

static ssize_t send_from_offset(const struct fd_ends *ends, off_t *offset, size_t n)
{
	ssize_t r = send_from(ends, *offset, n);

	if (r > 0)
		*offset += r;
	return r;
}

static ssize_t send_from_position(const struct fd_ends *ends, size_t n)
{
	off_t position = bide__sys_seek(ends->in.fd, 0, SEEK_CUR);
	ssize_t r;

	if (position < 0)
		return position;
	r = send_from(ends, position, n);
	if (r > 0 && !ends->in.is_closed)
		(void)bide__sys_seek(ends->in.fd, position + r, SEEK_SET); /* it could before */
	return r;
}

ssize_t bide_sendfile(int out, int in, off_t *offset, size_t n)
{
	struct fd_ends ends;
	struct stat status;
	ssize_t r = cancellation_point(task_current());

	if (r == 0)
		r = bide__sys_fstat(in, &status);
	if (r < 0)
		return r;
	if (offset == NULL && !S_ISREG(status.st_mode))
		return bide_copy(out, in, n);
	bide__fd_ends_begin(&ends, out, in);
	r = offset != NULL ? send_from_offset(&ends, offset, n) : send_from_position(&ends, n);
	bide__fd_ends_end(&ends);
	return r;
}
