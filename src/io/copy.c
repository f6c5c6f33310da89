/* SPDX-License-Identifier: MIT */

/*
 * copy.c - everything from one descriptor to another
 *
 * There are five means, and each copy begins with the best one for its two ends. Where
 * the system refuses that, it goes on with the next one that does the same, and ends
 * with a buffer, which serves everything and tells what is really wrong.
 *
 * Invariant
 *   CP1  Between two steps nothing is under way: what was taken from in has reached out.
 *        Only the buffer can break that, where its writing is cut short.
 *
 * A stream socket is peeked at, and what has been written is then taken out of it. That
 * costs a second copy, and no byte: to finish a write in spite of a cancellation was
 * rejected, as a peer that reads no more would hold the task for ever.
 */
#include "base/mem.h"
#include "base/sys_fd.h"
#include "base/sys_file.h"
#include "base/sys_socket.h"
#include "core/fd_use.h"
#include "core/kept.h"
#include "core/wait.h"

#include <bide/io.h>
#include <bide/thread.h>
#include <fcntl.h>
#include <limits.h>

#define CHUNK ((size_t)1024 * 1024) /* a call of a thread can't be cut short */
#define BUFFER ((size_t)64 * 1024)

enum means {
	MEANS_FILE_RANGE, /* file to file; then SENDFILE */
	MEANS_SENDFILE, /* file to anything */
	MEANS_SPLICE, /* pipe to what can wait elsewhere; then BUFFER */
	MEANS_PEEK, /* stream socket to anything */
	MEANS_BUFFER,
};

struct copy {
	struct fd_ends ends;
	int out;
	int in;
	enum means means;
	bool is_out_file;
	bool is_reading; /* whether what was tried last was about in, and its error is */
	bool is_cut; /* a write was cut short after some bytes: that is all for this call */
	char *buf; /* owned; NULL until it is needed */
};

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* What out has to be so that splice(2) does not block the loop; a file takes the pool. */
static bool can_splice_to(mode_t mode, int flags)
{
	return S_ISREG(mode) || S_ISFIFO(mode) || (S_ISSOCK(mode) && flags & O_NONBLOCK);
}

/* The status flags. What is open for the other direction only would never be ready. */
static int flags_find(int fd, int useless)
{
	int flags = bide__sys_status_flags(fd);

	return flags >= 0 && (flags & O_ACCMODE) == useless ? -EBADF : flags;
}

static int means_find(struct copy *copy, int out, int in)
{
	struct stat from, to;
	int r = flags_find(in, O_WRONLY);
	int flags = r < 0 ? r : flags_find(out, O_RDONLY);

	if (flags < 0)
		return flags;
	r = bide__sys_fstat(in, &from);
	if (r == 0)
		r = bide__sys_fstat(out, &to);
	if (r < 0)
		return r;
	copy->out = out;
	copy->in = in;
	copy->means = MEANS_BUFFER;
	copy->is_out_file = S_ISREG(to.st_mode);
	if (S_ISREG(from.st_mode))
		copy->means = copy->is_out_file ? MEANS_FILE_RANGE : MEANS_SENDFILE;
	else if (S_ISFIFO(from.st_mode) && can_splice_to(to.st_mode, flags))
		copy->means = MEANS_SPLICE;
	else if (S_ISSOCK(from.st_mode) && bide__sys_socket_type(in) == SOCK_STREAM)
		copy->means = MEANS_PEEK;
	return 0;
}

static int buffer_need(struct copy *copy)
{
	if (copy->buf == NULL)
		copy->buf = bide__alloc(BUFFER);
	return copy->buf != NULL ? 0 : -ENOMEM;
}

/* As bide_wait_fd(); -EBADF also where it was the other end that was closed. */
static int await(const struct copy *copy, int fd, int events)
{
	return (int)bide__fd_ends_check(&copy->ends, bide_wait_fd(fd, events));
}

/* Each of the means copies some, at most n bytes; 0: in is at its end. */

struct chunk {
	const struct copy *copy;
	size_t n;
	ssize_t result;
};

static int file_range_run(void *arg)
{
	struct chunk *chunk = arg;

	do {
		chunk->result = bide__sys_copy_file_range(chunk->copy->in, chunk->copy->out,
		                                          chunk->n);
	} while (chunk->result == -EINTR);
	return 0;
}

static int splice_run(void *arg)
{
	struct chunk *chunk = arg;

	chunk->result = bide__sys_splice_quietly(chunk->copy->in, chunk->copy->out, chunk->n,
	                                         SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	return 0;
}

static ssize_t copy_by_file_range(const struct copy *copy, size_t n)
{
	struct chunk chunk = { copy, min_size(n, CHUNK), 0 };
	int r = bide__to_thread_with(file_range_run, &chunk, copy->in, copy->out);

	return r < 0 ? r : chunk.result;
}

static ssize_t copy_by_splice(struct copy *copy, size_t n)
{
	struct chunk chunk = { copy, min_size(n, CHUNK), 0 };
	int r;

	/* Of the two the pipe is the one that fails less. */
	copy->is_reading = false;
	/* Somebody else may have been quicker at either end; it is not told at which. */
	do {
		r = await(copy, copy->in, BIDE_READABLE);
		if (r >= 0 && !copy->is_out_file)
			r = await(copy, copy->out, BIDE_WRITABLE);
		if (r >= 0 && !copy->is_out_file)
			r = splice_run(&chunk);
		else if (r >= 0)
			r = bide__to_thread_with(splice_run, &chunk, copy->in, copy->out);
		if (r < 0)
			return r;
	} while (chunk.result == -EAGAIN || chunk.result == -EINTR);
	return chunk.result;
}

/*
 * Takes out of the socket what was peeked at and written, for which nobody need wait. An
 * error that comes first is not about these bytes, and comes once: it is for the next to
 * read there.
 */
static void discard(const struct copy *copy, size_t n)
{
	bool has_failed = false;

	while (n > 0) {
		ssize_t r = bide__sys_recv(copy->in, copy->buf, n, MSG_DONTWAIT);

		if (r == 0 || r == -EAGAIN || (r < 0 && has_failed))
			return; /* somebody else has read it */
		has_failed = r < 0;
		bide__kept_put(bide__loop, copy->in, true, r);
		n -= r > 0 ? (size_t)r : 0;
	}
}

static ssize_t copy_by_peek(struct copy *copy, size_t n)
{
	ssize_t r = buffer_need(copy);

	copy->is_reading = true;
	if (r == 0)
		r = bide_recv(copy->in, copy->buf, min_size(n, BUFFER), MSG_PEEK);
	r = bide__fd_ends_check(&copy->ends, r);
	if (r <= 0)
		return r;
	copy->is_reading = false;
	r = bide_write(copy->out, copy->buf, (size_t)r);
	if (r > 0 && !copy->ends.in.is_closed)
		discard(copy, (size_t)r);
	return r;
}

static ssize_t copy_by_buffer(struct copy *copy, size_t n)
{
	ssize_t r = buffer_need(copy);

	/* Nothing is read that could not be written at all. */
	if (r == 0)
		r = await(copy, copy->out, BIDE_WRITABLE);
	copy->is_reading = r >= 0;
	if (r >= 0)
		r = bide_read(copy->in, copy->buf, min_size(n, BUFFER));
	r = bide__fd_ends_check(&copy->ends, r);
	if (r <= 0)
		return r;
	n = (size_t)r;
	copy->is_reading = false;
	r = bide_write_all(copy->out, copy->buf, n);
	/* To go on would leave a gap, should what stopped it be over. */
	copy->is_cut = r >= 0 && (size_t)r < n;
	return r;
}

static ssize_t copy_some(struct copy *copy, size_t n)
{
	ssize_t r = bide__fd_ends_check(&copy->ends, 0);

	if (r < 0)
		return r;
	switch (copy->means) {
	case MEANS_FILE_RANGE:
		r = copy_by_file_range(copy, n);
		/* Files of /proc end at once for it; and others know better what is wrong. */
		if (r > 0 || r == -ECANCELED)
			return r;
		copy->means = MEANS_SENDFILE;
		return copy_some(copy, n);
	case MEANS_SENDFILE:
		return bide_sendfile(copy->out, copy->in, NULL, n);
	case MEANS_SPLICE:
		r = copy_by_splice(copy, n);
		if (r != -EINVAL && r != -ENOSYS)
			return r;
		copy->means = MEANS_BUFFER;
		return copy_some(copy, n);
	case MEANS_PEEK:
		return copy_by_peek(copy, n);
	case MEANS_BUFFER:
		break;
	}
	return copy_by_buffer(copy, n);
}

ssize_t bide_copy(int out, int in, size_t n)
{
	struct copy copy = { .buf = NULL };
	size_t done = 0;
	ssize_t r = cancellation_point(task_current());

	if (r == 0)
		r = means_find(&copy, out, in);
	if (r < 0)
		return r;
	n = min_size(n, SSIZE_MAX);
	bide__fd_ends_begin(&copy.ends, out, in);
	while (done < n && !copy.is_cut && (r = copy_some(&copy, n - done)) > 0)
		done += (size_t)r;
	bide__fd_ends_end(&copy.ends);
	if (done > 0 && bide__fd_ends_check(&copy.ends, 0) == 0)
		bide__kept_put(bide__loop, copy.is_reading ? in : out, copy.is_reading, r);
	bide__free(copy.buf);
	return done > 0 ? (ssize_t)done : r;
}
