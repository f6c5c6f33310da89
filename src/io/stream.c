/* SPDX-License-Identifier: MIT */

/*
 * stream.c - a descriptor with a buffer on either side: its opening and its end
 *
 * The two sides know each other in one point only: a read that may wait writes out
 * first what is buffered, as the peer may be waiting for just that.
 *
 * A stream may be closed by one task while others are in calls on it, and while a
 * task of its own writes. So it is counted who uses it: closing takes the descriptor
 * away at once, whereupon their operations end, and the memory goes with the last.
 *
 * Invariants
 *   D1  user_count is the handle, until is_closing or aborted, and one for each call
 *       that runs and for the flusher. At 0 the stream is freed.
 *   D2  Only one operation at a time writes, by whoever has set is_draining; so what
 *       is written stays in order.
 *   D3  Bytes are consumed in the step in which a call returns them, so that a call
 *       that suspends has consumed nothing yet.
 *   D4  Where something is buffered and no error was met, there is a flusher that is
 *       not cancelled, or a task in a call that will see to it when it leaves. Only
 *       where the flusher is cancelled, or lacks memory, this waits for the next call.
 */
#include "io/stream.h"

#include "base/mem.h"
#include "base/sys_socket.h"

#include <bide/io.h>

#define HIGH_WATER 65536
#define LINE_LIMIT 65536

bide_stream *bide_stream_open(int fd)
{
	struct bide_stream *stream;

	if (fd < 0)
		return bide__null_with(EBADF);
	stream = bide__calloc(1, sizeof *stream);
	if (stream == NULL)
		return bide__null_with(ENOMEM);
	stream->fd = fd;
	stream->user_count = 1;
	stream->in.limit = LINE_LIMIT;
	stream->out.high = HIGH_WATER;
	stream->out.low = HIGH_WATER / 4;
	return stream;
}

bide_stream *bide_stream_connect(const char *host, const char *port)
{
	int fd = bide_tcp_connect(host, port);
	struct bide_stream *stream;

	if (fd < 0)
		return bide__null_with(-fd);
	stream = bide_stream_open(fd);
	if (stream == NULL) {
		(void)bide_close(fd);           /* ENOMEM is what counts */
		return bide__null_with(ENOMEM);
	}
	return stream;
}

int bide_stream_fd(const bide_stream *stream)
{
	return stream->fd;
}

void bide__stream_unref(struct bide_stream *stream)
{
	if (--stream->user_count > 0)
		return;
	assert(stream->is_closed);              /* D1 */
	bide__stream_out_fini(&stream->out);
	bide__free(stream->in.data);
	bide__free(stream);
}

int bide__stream_enter(struct bide_stream *stream, bool *is_busy)
{
	if (stream->is_closing)
		return -EBADF;
	if (*is_busy)
		return -EBUSY;
	*is_busy = true;
	stream->user_count++;
	return 0;
}

ssize_t bide__stream_leave(struct bide_stream *stream, bool *is_busy, ssize_t r)
{
	*is_busy = false;
	if (stream->is_closing)
		r = -EBADF;
	bide__stream_unref(stream);
	return r;
}

/* Takes the descriptor away, for good. Returns what closing it does. */
static int stream_shut(struct bide_stream *stream)
{
	stream->is_closed = true;
	bide__waitq_wake_all(&stream->out.idle, 0);
	return bide_close(stream->fd);
}

int bide_stream_close(bide_stream *stream)
{
	int closed = 0;
	int r;

	if (stream == NULL)
		return 0;
	if (task_current() == NULL)
		return bide__outside_of_tasks();
	if (stream->is_closing)
		return -EBADF;
	stream->is_closing = true;
	/* A cancelled task does not wait, but what need not wait is sent. */
	bide__stream_flush_some(stream);
	r = bide__stream_drain(stream, 0);
	/* Another task may have aborted it meanwhile. */
	if (!stream->is_closed)
		closed = stream_shut(stream);
	bide__stream_unref(stream);
	return r < 0 ? r : closed;
}

void bide_stream_abort(bide_stream *stream)
{
	bool is_given_back;

	if (stream == NULL || stream->is_closed)
		return;
	/* A close that is under way gives the handle back itself. */
	is_given_back = stream->is_closing;
	stream->is_closing = true;
	/* Only sockets can, and of those only connections do. */
	(void)bide__sys_set_reset_on_close(stream->fd);
	(void)stream_shut(stream);              /* it is gone in any case */
	if (!is_given_back)
		bide__stream_unref(stream);
}
