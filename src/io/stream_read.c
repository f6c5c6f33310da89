/* SPDX-License-Identifier: MIT */

/*
 * stream_read.c - what is received goes out by lines, delimiters and counts
 *
 * An idle connection should hold little memory, and yet a message should take one
 * system call. So a reader with nothing buffered waits with a small buffer. Only
 * where a transfer filled the room that it had, more is expected, and tried for with
 * a large one, which goes back where nothing was there.
 *
 * What is buffered is one piece, as lines are handed out where they lie. It moves
 * to the front, or to a larger buffer where it fills more than half, when little room
 * is left behind it: each byte moves a bounded number of times. The byte behind a
 * line gives way to a NUL until the next call.
 */
#include "base/mem.h"
#include "io/stream.h"

#include <string.h>

static size_t in_bytes(const struct stream_in *in)
{
	return in->end - in->begin;
}

static char *in_data(const struct stream_in *in)
{
	return in->data + in->begin;
}

static size_t in_room(const struct stream_in *in)
{
	return in->data != NULL ? in->capacity - 1 - in->end : 0;
}

/* Moves what is buffered to new memory. Returns 0 or -ENOMEM, and nothing has changed. */
static int in_move(struct stream_in *in, size_t capacity)
{
	size_t n = in_bytes(in);
	char *data = bide__alloc(capacity);

	if (data == NULL)
		return -ENOMEM;
	if (n > 0)
		memcpy(data, in_data(in), n);
	bide__free(in->data);
	in->data = data;
	in->capacity = capacity;
	in->begin = 0;
	in->end = n;
	return 0;
}

static void in_release(struct stream_in *in)
{
	bide__free(in->data);
	in->data = NULL;
	in->begin = 0;
	in->end = 0;
	in->capacity = 0;
}

/* Makes the buffer, in which nothing is, small. Returns 0 or -ENOMEM. */
static int in_shrink(struct stream_in *in)
{
	if (in->capacity != READ_SMALL_BYTES) {
		in_release(in);
		return in_move(in, READ_SMALL_BYTES);
	}
	in->begin = 0;
	in->end = 0;
	return 0;
}

/* Makes room for more, and gives back what a huge line has left. Returns 0 or -ENOMEM. */
static int in_make_room(struct stream_in *in)
{
	size_t n = in_bytes(in);

	if (n == 0)
		in->begin = in->end = 0;
	if (in->capacity > 4 * READ_BYTES && n <= READ_BYTES / 2 && in_move(in, READ_BYTES) == 0)
		return 0;
	if (in_room(in) > in->capacity / 4)
		return 0;
	if (in->data == NULL || in->capacity < READ_BYTES)
		return in_move(in, READ_BYTES);
	if (n > in->capacity / 2)
		return in_move(in, 2 * in->capacity);
	memmove(in->data, in_data(in), n);
	in->begin = 0;
	in->end = n;
	return 0;
}

/* An operation that reads into all the room there is. */
static struct io_op op_into_room(const struct bide_stream *stream)
{
	const struct stream_in *in = &stream->in;

	return (struct io_op){
		.kind = IO_READ,
		.fd = stream->fd,
		.buf = in->data + in->end,
		.n = in_room(in),
		.offset = IO_CURRENT,
	};
}

/* Learns from the result of a transfer, wherever it went. Returns that. */
static ssize_t in_learn(struct bide_stream *stream, const struct io_op *op, ssize_t r)
{
	struct stream_in *in = &stream->in;

	in->is_flooded = r > 0 && (size_t)r == op->n;
	if (r == 0)
		in->has_ended = true;
	return stream_note(stream, &in->error, r);
}

/* The same of one into the buffer. Returns 1, 0 or a negative errno. */
static int in_take(struct bide_stream *stream, const struct io_op *op, ssize_t r)
{
	r = in_learn(stream, op, r);
	if (r > 0)
		stream->in.end += (size_t)r;
	return r > 0 ? 1 : (int)r;
}

/* What a call finds that needs more than there is: 0, or why there will be no more. */
static int in_check(const struct bide_stream *stream)
{
	return stream->is_closing ? -EBADF : stream->in.error;
}

/*
 * Adds what the system has to what is buffered, suspending until it has any. Returns
 * 1, 0 at the end of the stream, or a negative errno.
 */
static int in_fill(struct bide_stream *stream)
{
	struct stream_in *in = &stream->in;
	bool is_empty = in_bytes(in) == 0;
	enum attempt attempt;
	struct io_op op;
	int r;

	bide__stream_flush_some(stream);
	r = in_check(stream);                   /* others may have run */
	if (r < 0 || in->has_ended)
		return r;
	r = is_empty && !in->is_flooded ? in_shrink(in) : in_make_room(in);
	if (r < 0)
		return r;
	op = op_into_room(stream);
	if (is_empty && in->is_flooded) {
		attempt = bide__operation_try(&op);
		if (attempt == ATTEMPT_DONE)
			return in_take(stream, &op, op.result);
		r = attempt == ATTEMPT_WAITS ? in_shrink(in) : 0;
		if (r < 0)
			return r;
		op = op_into_room(stream);
	}
	return in_take(stream, &op, bide__operation_run(&op));
}

/* Begins a reading call. Returns 0, or why there is none. */
static int read_begin(struct bide_stream *stream)
{
	struct stream_in *in = &stream->in;
	int r = cancellation_point(task_current());

	if (r == 0)
		r = bide__stream_enter(stream, &in->is_busy);
	if (r == 0 && in->is_hidden) {
		*in_data(in) = in->hidden;
		in->is_hidden = false;
	}
	return r;
}

static ssize_t read_end(struct bide_stream *stream, ssize_t r)
{
	return bide__stream_leave(stream, &stream->in.is_busy, r);
}

/* Hands out n of the bytes that are buffered. */
static ssize_t in_give(struct stream_in *in, void *buf, size_t n)
{
	if (n > 0)
		memcpy(buf, in_data(in), n);
	in->begin += n;
	return (ssize_t)n;
}

/* What would fill the buffer goes straight to the caller. */
static ssize_t read_past_buffer(struct bide_stream *stream, void *buf, size_t n)
{
	struct io_op op = {
		.kind = IO_READ,
		.fd = stream->fd,
		.buf = buf,
		.n = n,
		.offset = IO_CURRENT,
	};
	int r;

	bide__stream_flush_some(stream);
	r = in_check(stream);                   /* others may have run */
	if (r < 0 || stream->in.has_ended)
		return r;
	if (stream->in.data != NULL)
		in_release(&stream->in);
	return in_learn(stream, &op, bide__operation_run(&op));
}

static ssize_t read_some(struct bide_stream *stream, void *buf, size_t n)
{
	struct stream_in *in = &stream->in;
	int r;

	if (n == 0)
		return 0;
	if (in_bytes(in) == 0 && n >= READ_SMALL_BYTES)
		return read_past_buffer(stream, buf, n);
	if (in_bytes(in) == 0) {
		r = in_fill(stream);
		if (r <= 0)
			return r;
	}
	return in_give(in, buf, n < in_bytes(in) ? n : in_bytes(in));
}

ssize_t bide_stream_read(bide_stream *stream, void *buf, size_t n)
{
	int r = read_begin(stream);

	return r < 0 ? r : read_end(stream, read_some(stream, buf, n));
}

static ssize_t read_all(struct bide_stream *stream, void *buf, size_t n)
{
	struct stream_in *in = &stream->in;
	int r = 1;

	while (r > 0 && in_bytes(in) < n)
		r = in_fill(stream);
	if (r < 0)
		return r;
	return in_give(in, buf, n < in_bytes(in) ? n : in_bytes(in));
}

ssize_t bide_stream_read_exactly(bide_stream *stream, void *buf, size_t n)
{
	int r = read_begin(stream);

	return r < 0 ? r : read_end(stream, read_all(stream, buf, n));
}

/*
 * Buffers all up to and with the delimiter, or the end of the stream. Returns how much
 * that is, -EMSGSIZE where it is more than n, or what filling the buffer fails with.
 */
static ssize_t find(struct bide_stream *stream, const void *delimiter, size_t len, size_t n)
{
	struct stream_in *in = &stream->in;
	size_t searched = 0;            /* no delimiter begins before here */
	int r;

	for (;;) {
		size_t end = in_bytes(in) < n ? in_bytes(in) : n;
		const char *found = NULL;

		if (end - searched >= len)
			found = memmem(in_data(in) + searched, end - searched, delimiter, len);
		if (found != NULL)
			return found + len - in_data(in);
		if (in_bytes(in) > n)
			return -EMSGSIZE;
		if (end - searched >= len)
			searched = end - len + 1;
		r = in_fill(stream);
		if (r <= 0)
			return r < 0 ? r : (ssize_t)in_bytes(in);
	}
}

ssize_t bide_stream_read_until(bide_stream *stream, const void *delimiter, size_t len, void *buf,
                               size_t n)
{
	ssize_t r = read_begin(stream);

	if (r < 0)
		return r;
	r = len > 0 ? find(stream, delimiter, len, n) : -EINVAL;
	if (r > 0)
		r = in_give(&stream->in, buf, (size_t)r);
	return read_end(stream, r);
}

/* Hands out the first n bytes where they lie. */
static char *in_lend(struct stream_in *in, size_t n)
{
	char *line = in_data(in);

	in->begin += n;
	in->hidden = *in_data(in);      /* there is room for the NUL */
	in->is_hidden = true;
	*in_data(in) = '\0';
	return line;
}

ssize_t bide_stream_read_line(bide_stream *stream, char **line)
{
	ssize_t r = read_begin(stream);

	if (r < 0)
		return r;
	r = find(stream, "\n", 1, stream->in.limit);
	if (r > 0 && !stream->is_closing)
		*line = in_lend(&stream->in, (size_t)r);
	return read_end(stream, r);
}

void bide_stream_set_limit(bide_stream *stream, size_t n)
{
	stream->in.limit = n;
}
