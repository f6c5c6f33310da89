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

static ssize_t send_by_buffer(int out, int in, off_t position, size_t n)
{
	size_t size = min_size(n, BUFFER);
	char *buf = bide__alloc(size);
	ssize_t r;

	if (buf == NULL)
		return -ENOMEM;
	r = bide_pread(in, buf, size, position);
	if (r > 0)
		r = bide_write(out, buf, (size_t)r);
	bide__free(buf);
	return r;
}

static ssize_t send_within_kernel(int out, int in, off_t position, size_t n)
{
	size_t size = min_size(n, CHUNK);
	ssize_t r;

	do {
		off_t from = position;

		/* Also so that others get a turn where out never fills up. */
		r = bide_wait_fd(out, BIDE_WRITABLE);
		if (r < 0)
			return r;
		/* Looked at each time, as memory may have been short meanwhile. */
		if (!is_in_memory(in, position, size))
			return send_by_buffer(out, in, position, n);
		r = bide__sys_sendfile_quietly(out, in, &from, size);
	} while (r == -EAGAIN || r == -EINTR);
	return r == -EINVAL || r == -ENOSYS ? send_by_buffer(out, in, position, n) : r;
}

static ssize_t send_from(int out, int in, off_t position, size_t n)
{
	if (position < 0)
		return -EINVAL;
	n = min_size(n, (size_t)(INT64_MAX - position));        /* nothing is behind that */
	if (n == 0)
		return 0;
	return is_quick_socket(out) ? send_within_kernel(out, in, position, n)
	                            : send_by_buffer(out, in, position, n);
}

ssize_t bide_sendfile(int out, int in, off_t *offset, size_t n)
{
	struct stat status;
	off_t position;
	ssize_t r = cancellation_point(task_current());

	if (r == 0)
		r = bide__sys_fstat(in, &status);
	if (r < 0)
		return r;
	if (offset == NULL && !S_ISREG(status.st_mode))
		return bide_copy(out, in, n);
	position = offset != NULL ? *offset : bide__sys_seek(in, 0, SEEK_CUR);
	if (position < 0 && offset == NULL)
		return position;

	r = send_from(out, in, position, n);
	if (r > 0 && offset != NULL)
		*offset = position + r;
	else if (r > 0)
		(void)bide__sys_seek(in, position + r, SEEK_SET); /* it could a moment ago */
	return r;
}
