/* SPDX-License-Identifier: MIT */

/*
 * stream_test.h - calls on streams, made by another task
 */
#ifndef TEST_SUPPORT_STREAM_TEST_H
#define TEST_SUPPORT_STREAM_TEST_H

#include "io_test.h"

enum stream_call_kind {
	STREAM_READ,
	STREAM_READ_EXACTLY,
	STREAM_READ_UNTIL,
	STREAM_READ_LINE,
	STREAM_WRITE,
	STREAM_FLUSH,
	STREAM_CLOSE,
	STREAM_CALL_KIND_COUNT,
};

struct stream_call {
	enum stream_call_kind kind;
	bide_stream *stream;
	size_t n;               /* 0: all of buf */
	char *data;             /* NULL: buf */
	char buf[16];
	bide_task *task;
};

static inline int stream_call_run(void *arg)
{
	struct stream_call *call = arg;
	char *data = call->data != NULL ? call->data : call->buf;
	size_t n = call->n != 0 ? call->n : sizeof call->buf;

	switch (call->kind) {
	case STREAM_READ:
		return (int)bide_stream_read(call->stream, data, n);
	case STREAM_READ_EXACTLY:
		return (int)bide_stream_read_exactly(call->stream, data, n);
	case STREAM_READ_UNTIL:
		return (int)bide_stream_read_until(call->stream, "\n", 1, data, n);
	case STREAM_READ_LINE:
		return (int)bide_stream_read_line(call->stream, &call->data);
	case STREAM_WRITE:
		return (int)bide_stream_write(call->stream, data, n);
	case STREAM_FLUSH:
		return bide_stream_flush(call->stream);
	case STREAM_CLOSE:
		return bide_stream_close(call->stream);
	case STREAM_CALL_KIND_COUNT:
		break;
	}
	return -EINVAL;
}

/* Starts the call in a task of its own, and goes on when that waits. */
static inline void stream_call_start(struct stream_call *call)
{
	call->task = bide_spawn(stream_call_run, call);
	CHECK(call->task != NULL);
	for (int i = 0; i < 200; i++)
		CHECK_INT(bide_yield(), 0);
	CHECK(!bide_done(call->task));
}

static inline int stream_call_end(struct stream_call *call)
{
	return bide_join(call->task);
}

/* A stream on the end of a pair that is read from. *ret_fd is the other one. */
static inline bide_stream *stream_to_read(enum pair_kind kind, int *ret_fd)
{
	bide_stream *stream;
	int fds[2];

	make_pair(kind, fds);
	stream = bide_stream_open(fds[0]);
	CHECK(stream != NULL);
	CHECK_INT(bide_stream_fd(stream), fds[0]);
	*ret_fd = fds[1];
	return stream;
}

/* The same on the end that is written to. */
static inline bide_stream *stream_to_write(enum pair_kind kind, int *ret_fd)
{
	bide_stream *stream;
	int fds[2];

	make_pair(kind, fds);
	stream = bide_stream_open(fds[1]);
	CHECK(stream != NULL);
	*ret_fd = fds[0];
	return stream;
}

static inline void stream_feed(int fd, const char *text)
{
	CHECK_INT(write(fd, text, strlen(text)), strlen(text));
}

/* What the other end must get. */
static inline void stream_expect(int fd, const char *text)
{
	size_t n = strlen(text);
	char buf[64] = "";

	CHECK(n < sizeof buf);
	CHECK_INT(bide_read_full(fd, buf, n), n);
	CHECK_STR(buf, text);
}

/* Closes both ends, and lets a task that wrote for the stream end, too. */
static inline void stream_close_both(bide_stream *stream, int fd)
{
	CHECK_INT(bide_stream_close(stream), 0);
	CHECK_INT(bide_close(fd), 0);
	let_others_run();
}

/* The peer's end of a TCP connection vanishes. */
static inline void stream_reset(int fd)
{
	const struct linger at_once = { .l_onoff = 1 };

	CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
	CHECK_INT(bide_close(fd), 0);
}

static inline void stream_expect_line(bide_stream *stream, const char *text)
{
	char *line;

	CHECK_INT(bide_stream_read_line(stream, &line), strlen(text));
	CHECK_STR(line, text);
}

/* The next bytes that the stream hands out. */
static inline void stream_expect_read(bide_stream *stream, const char *text)
{
	size_t n = strlen(text);
	char buf[64] = "";

	CHECK(n < sizeof buf);
	CHECK_INT(bide_stream_read_exactly(stream, buf, n), n);
	CHECK_STR(buf, text);
}

#endif
