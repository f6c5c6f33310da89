/* SPDX-License-Identifier: MIT */

/*
 * stream_write.c - what is written is collected, and leaves by itself
 *
 * What a program has written must not stay behind for want of a flush, or both ends
 * wait for ever. So the first byte that is buffered brings a task, the flusher, which
 * writes all there is in the next round and ends. A read writes out before it waits,
 * so that a server which answers and reads on needs no more than the flusher's one
 * step to find that nothing is left.
 *
 * Who has to wait for room writes, too, rather than trust that the flusher will: that
 * may have been cancelled. A flusher that meets somebody who waits leaves the work to
 * him.
 *
 * The buffer is a list of chunks, which never move while the system may be reading
 * them and go as soon as they are empty: an idle connection holds none. Of what is
 * too large for the buffer, all but the last part is written from where it lies.
 */
#include "base/mem.h"
#include "base/sys_socket.h"
#include "io/stream.h"

#include <bide/task.h>
#include <stdio.h>
#include <string.h>

#define PIECES_MAX 8
#define PRINTF_ROOM 128                 /* most texts need no more */

static size_t chunk_room(const struct chunk *chunk)
{
	return chunk != NULL ? chunk->size - chunk->end : 0;
}

/* Returns a chunk with room for so many bytes, which is in no list yet, or NULL. */
static struct chunk *chunk_make(const struct stream_out *out, size_t n)
{
	size_t size = out->first == NULL ? CHUNK_SMALL_BYTES : CHUNK_BYTES;
	struct chunk *chunk;

	if (size - sizeof *chunk < n)
		size = CHUNK_BYTES;
	if (size - sizeof *chunk < n)
		size = sizeof *chunk + n;
	if (size < n)
		return NULL;
	chunk = bide__alloc(size);
	if (chunk == NULL)
		return NULL;
	*chunk = (struct chunk){ .size = size - sizeof *chunk };
	return chunk;
}

static void out_link(struct stream_out *out, struct chunk *chunk)
{
	if (out->first == NULL)
		out->first = chunk;
	else
		out->last->next = chunk;
	out->last = chunk;
}

static void out_unlink_first(struct stream_out *out)
{
	struct chunk *first = out->first;

	out->first = first->next;
	if (out->first == NULL)
		out->last = NULL;
	bide__free(first);
}

void bide__stream_out_fini(struct stream_out *out)
{
	while (out->first != NULL)
		out_unlink_first(out);
}

/* The last chunk has got n more bytes. */
static void out_grow(struct stream_out *out, size_t n)
{
	out->last->end += n;
	out->bytes += n;
}

/* Buffers a copy. Returns 0 or -ENOMEM, and nothing was taken. */
static int out_append(struct stream_out *out, const char *data, size_t n)
{
	size_t fits = chunk_room(out->last) < n ? chunk_room(out->last) : n;
	struct chunk *next = NULL;

	if (fits < n) {
		next = chunk_make(out, n - fits);
		if (next == NULL)
			return -ENOMEM;
	}
	if (fits > 0) {
		memcpy(out->last->data + out->last->end, data, fits);
		out_grow(out, fits);
	}
	if (next != NULL) {
		out_link(out, next);
		memcpy(next->data, data + fits, n - fits);
		out_grow(out, n - fits);
	}
	return 0;
}

/* The system has taken n of the buffered bytes. */
static void out_consume(struct stream_out *out, size_t n)
{
	out->bytes -= n;
	while (n > 0) {
		struct chunk *first = out->first;
		size_t taken = first->end - first->begin;

		if (n < taken) {
			first->begin += n;
			return;
		}
		n -= taken;
		out_unlink_first(out);
	}
}

/* ---- one operation ---- */

/* What one operation writes: some of the buffer, and behind all of it the caller's. */
struct transfer {
	struct io_op op;
	struct iovec pieces[PIECES_MAX];
	size_t buffered;                /* how many of the bytes are the buffer's */
};

static void transfer_init(struct transfer *transfer, const struct bide_stream *stream,
                          const struct iovec *extra)
{
	const struct chunk *chunk = stream->out.first;
	struct iovec *pieces = transfer->pieces;
	size_t n = 0;

	transfer->buffered = 0;
	for (; chunk != NULL && n < PIECES_MAX; chunk = chunk->next) {
		pieces[n].iov_base = (char *)chunk->data + chunk->begin;
		pieces[n].iov_len = chunk->end - chunk->begin;
		transfer->buffered += pieces[n++].iov_len;
	}
	if (chunk == NULL && n < PIECES_MAX && extra != NULL)
		pieces[n++] = *extra;
	transfer->op = (struct io_op){
		.kind = IO_WRITEV,
		.fd = stream->fd,
		.iov = pieces,
		.n = n,
		.offset = IO_CURRENT,
	};
	if (n == 1) {
		transfer->op.kind = IO_WRITE;
		transfer->op.data = pieces[0].iov_base;
		transfer->op.n = pieces[0].iov_len;
	}
}

/* Takes note of what was written. Returns how much of the caller's, or r where negative. */
static ssize_t transfer_end(const struct transfer *transfer, struct bide_stream *stream, ssize_t r)
{
	struct stream_out *out = &stream->out;
	size_t buffered;

	out->is_draining = false;
	bide__waitq_wake_all(&out->idle, 0);
	if (r < 0)
		return stream_note(stream, &out->error, r);
	buffered = (size_t)r < transfer->buffered ? (size_t)r : transfer->buffered;
	out_consume(out, buffered);
	return r - (ssize_t)buffered;
}

/* Writes once, suspending until the system takes something. Returns as transfer_end(). */
static ssize_t write_once(struct bide_stream *stream, const struct iovec *extra)
{
	struct transfer transfer;

	transfer_init(&transfer, stream, extra);
	stream->out.is_draining = true;
	return transfer_end(&transfer, stream, bide__operation_run(&transfer.op));
}

void bide__stream_flush_some(struct bide_stream *stream)
{
	struct stream_out *out = &stream->out;
	struct transfer transfer;

	/* A read that got something as the stream was aborted goes on to here. */
	if (stream->is_closed || out->bytes == 0 || out->is_draining || out->error < 0)
		return;
	transfer_init(&transfer, stream, NULL);
	out->is_draining = true;
	if (bide__operation_try(&transfer.op) == ATTEMPT_DONE) {
		(void)transfer_end(&transfer, stream, transfer.op.result);      /* noted */
		return;
	}
	/* Nothing has happened, so nobody came to wait. */
	out->is_draining = false;
}

/* ---- as many as it takes ---- */

/*
 * Suspends while somebody else writes. Returns 0, or why the caller cannot either. What
 * it found is true until the caller suspends.
 */
static int wait_for_turn(struct bide_stream *stream)
{
	struct stream_out *out = &stream->out;
	int r = 0;

	out->waiting_count++;
	while (r == 0 && out->is_draining && !stream->is_closed) {
		/* A close comes here also where it is cancelled. */
		r = cancellation_point(task_current());
		if (r == 0)
			r = bide__waitq_park(&out->idle, PARK_STREAM, stream);
	}
	out->waiting_count--;
	if (r < 0)
		return r;
	return stream->is_closed ? -EBADF : out->error;
}

int bide__stream_drain(struct bide_stream *stream, size_t level)
{
	struct stream_out *out = &stream->out;
	int r = out->error;

	while (r == 0 && out->bytes > level) {
		r = wait_for_turn(stream);
		if (r == 0 && out->bytes > level)
			r = (int)write_once(stream, NULL);
	}
	return r;
}

static void flusher_end(void *arg)
{
	struct bide_stream *stream = arg;

	stream->out.flusher = NULL;
	bide__stream_unref(stream);
}

static int flusher_run(void *arg)
{
	struct bide_stream *stream = arg;
	struct stream_out *out = &stream->out;
	int r = wait_for_turn(stream);

	while (r == 0 && out->bytes > 0 && out->waiting_count == 0) {
		r = (int)write_once(stream, NULL);
		if (r == 0)
			r = wait_for_turn(stream);
	}
	flusher_end(stream);
	return 0;                               /* the next call tells what went wrong */
}

static int flusher_start(struct bide_stream *stream)
{
	static const bide_task_options options = { .name = "stream flush", .drop = flusher_end };
	bide_task *task = bide_spawn_with(&options, flusher_run, stream);

	if (task == NULL)
		return -ENOMEM;
	stream->user_count++;
	stream->out.flusher = task;
	bide_detach(task);
	return 0;
}

/* Whether a task that nobody has cancelled will write, if need be a new one. */
static bool has_flusher(struct bide_stream *stream)
{
	struct stream_out *out = &stream->out;

	if (out->flusher == NULL && flusher_start(stream) < 0)
		return false;
	/* Where the loop ends it is cancelled from the start, and will never run. */
	return out->flusher->cancel_count == 0;
}

/* Sees to it that what is buffered leaves (D4). */
static void out_attend(struct bide_stream *stream)
{
	const struct stream_out *out = &stream->out;

	if (out->bytes == 0 || out->error < 0 || stream->is_closing)
		return;
	if (!has_flusher(stream))
		(void)bide__stream_drain(stream, 0);    /* the next call tells */
}

/* ---- the calls ---- */

/* Begins a writing call. Returns 0, or why there is none. */
static int write_begin(struct bide_stream *stream)
{
	int r = cancellation_point(task_current());

	return r < 0 ? r : bide__stream_enter(stream, &stream->out.is_busy);
}

static ssize_t write_end(struct bide_stream *stream, ssize_t r)
{
	out_attend(stream);
	return bide__stream_leave(stream, &stream->out.is_busy, r);
}

/* Why nothing more can be written: 0 where it can. */
static int write_check(const struct stream_out *out)
{
	return out->has_ended ? -EPIPE : out->error;
}

/* Holds the writer back where too much is buffered. n was taken in any case. */
static ssize_t write_hold(struct bide_stream *stream, size_t n)
{
	struct stream_out *out = &stream->out;
	int r = out->bytes > out->high ? bide__stream_drain(stream, out->low) : 0;

	return r == 0 || is_passing(r) ? (ssize_t)n : r;
}

/* Writes what is larger than the buffer, and buffers what is left in the end. */
static ssize_t write_large(struct bide_stream *stream, const char *data, size_t n)
{
	struct stream_out *out = &stream->out;
	size_t done = 0;
	ssize_t r = 0;

	while (r == 0 && n - done > out->low) {
		r = stream->is_closing ? -EBADF : wait_for_turn(stream);
		if (r == 0)
			r = write_once(stream, &(struct iovec){ (char *)data + done, n - done });
		if (r > 0) {
			done += (size_t)r;
			r = 0;
		}
	}
	if (r == 0 && done < n)
		r = out_append(out, data + done, n - done);
	if (r == 0)
		return (ssize_t)n;
	return done > 0 && is_passing(r) ? (ssize_t)done : r;
}

static ssize_t write_some(struct bide_stream *stream, const char *data, size_t n)
{
	struct stream_out *out = &stream->out;
	int r = write_check(out);

	if (r < 0 || n == 0)
		return r;
	if (n > out->high)
		return write_large(stream, data, n);
	r = out_append(out, data, n);
	return r < 0 ? r : write_hold(stream, n);
}

ssize_t bide_stream_write(bide_stream *stream, const void *buf, size_t n)
{
	int r = write_begin(stream);

	return r < 0 ? r : write_end(stream, write_some(stream, buf, n));
}

/*
 * Formats into the free room of the buffer; only what does not fit, once more. Returns
 * the count, -ENOMEM or -EINVAL.
 */
static ssize_t out_format(struct stream_out *out, const char *format, va_list args)
{
	struct chunk *fresh = NULL;
	struct chunk *chunk = out->last;
	va_list again;
	ssize_t n;

	if (chunk_room(chunk) < PRINTF_ROOM)
		chunk = fresh = chunk_make(out, PRINTF_ROOM);
	if (chunk == NULL)
		return -ENOMEM;
	va_copy(again, args);
	n = vsnprintf(chunk->data + chunk->end, chunk_room(chunk), format, args);
	if (n >= (ssize_t)chunk_room(chunk)) {
		bide__free(fresh);
		chunk = fresh = chunk_make(out, (size_t)n + 1);
		if (chunk != NULL)
			n = vsnprintf(chunk->data, chunk->size, format, again);
	}
	va_end(again);

	if (chunk == NULL || n <= 0) {
		bide__free(fresh);
		if (chunk == NULL)
			return -ENOMEM;
		return n < 0 ? -EINVAL : 0;     /* a text that is too long, or no text */
	}
	if (fresh != NULL)
		out_link(out, fresh);
	out_grow(out, (size_t)n);
	return n;
}

ssize_t bide_stream_vprintf(bide_stream *stream, const char *format, va_list args)
{
	ssize_t r = write_begin(stream);

	if (r < 0)
		return r;
	r = write_check(&stream->out);
	if (r == 0)
		r = out_format(&stream->out, format, args);
	if (r > 0)
		r = write_hold(stream, (size_t)r);
	return write_end(stream, r);
}

ssize_t bide_stream_printf(bide_stream *stream, const char *format, ...)
{
	va_list args;
	ssize_t r;

	va_start(args, format);
	r = bide_stream_vprintf(stream, format, args);
	va_end(args);
	return r;
}

void bide_stream_set_high_water(bide_stream *stream, size_t high, size_t low)
{
	stream->out.high = high;
	stream->out.low = low < high ? low : high;
}

int bide_stream_flush(bide_stream *stream)
{
	int r = write_begin(stream);

	return r < 0 ? r : (int)write_end(stream, bide__stream_drain(stream, 0));
}

static int end_writing(struct bide_stream *stream)
{
	int r = bide__stream_drain(stream, 0);

	if (r == 0 && !stream->out.has_ended && !stream->is_closed)
		r = bide__sys_shutdown(stream->fd, SHUT_WR);
	if (r == 0)
		stream->out.has_ended = true;
	return r;
}

int bide_stream_close_write(bide_stream *stream)
{
	int r = write_begin(stream);

	return r < 0 ? r : (int)write_end(stream, end_writing(stream));
}
