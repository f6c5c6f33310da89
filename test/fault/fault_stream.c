/* SPDX-License-Identifier: MIT */

/*
 * fault_stream.c - memory runs out, and system calls fail, under streams
 *
 * What is written must not be lost or doubled by a failure that leaves the stream
 * whole, so the peer compares all that it gets.
 */
#include "fault.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define LARGE 100000

static char large[LARGE];

/* Sends back what it gets, until that ends. Closes *arg, where it runs at all. */
static int echo(void *arg)
{
	int fd = *(int *)arg;
	char buf[4096];
	ssize_t n;

	while ((n = bide_read(fd, buf, sizeof buf)) > 0) {
		ssize_t r = bide_write_all(fd, buf, (size_t)n);

		if (r < n) {
			n = r < 0 ? r : -EIO;
			break;
		}
	}
	bide_close(fd);
	*(int *)arg = -1;
	return (int)n;
}

/* Returns 0 where the line came back, or what failed. */
static int ask_line(bide_stream *stream)
{
	ssize_t r = bide_stream_printf(stream, "line %d\n", 1);
	char *line;

	if (r < 0)
		return (int)r;
	r = bide_stream_read_line(stream, &line);
	if (r > 0)
		CHECK_STR(line, "line 1\n");
	return r < 0 ? (int)r : r == 0 ? -EPIPE : 0;
}

static int ask_long_text(bide_stream *stream)
{
	ssize_t r = bide_stream_printf(stream, "%3000d", 7);
	char text[3000];

	if (r < 0)
		return (int)r;
	r = bide_stream_read_exactly(stream, text, sizeof text);
	if (r == sizeof text)
		CHECK_INT(text[sizeof text - 1], '7');
	return r < 0 ? (int)r : r < 3000 ? -EPIPE : 0;
}

/* More than the buffer takes; what was taken where memory ran out is only a part. */
static int ask_large(bide_stream *stream)
{
	static char back[LARGE];
	ssize_t taken = bide_stream_write(stream, large, LARGE);
	ssize_t r;

	if (taken < 0)
		return (int)taken;
	r = bide_stream_read_exactly(stream, back, (size_t)taken);
	if (r > 0)
		CHECK(memcmp(back, large, (size_t)r) == 0);
	return r < 0 ? (int)r : r < LARGE ? -ENOMEM : 0;
}

static int ask_until(bide_stream *stream)
{
	char buf[16];
	ssize_t r = bide_stream_write(stream, "a--b", 4);

	if (r >= 0)
		r = bide_stream_read_until(stream, "--", 2, buf, sizeof buf);
	if (r > 0)
		r = bide_stream_read(stream, buf, 1);
	return r < 0 ? (int)r : 0;
}

static int ask_all(void *arg)
{
	bide_stream *stream = arg;
	char buf[600];
	ssize_t n;
	int r = ask_line(stream);

	if (r == 0)
		r = ask_long_text(stream);
	if (r == 0)
		r = ask_large(stream);
	if (r == 0)
		r = ask_until(stream);
	if (r == 0)
		r = bide_stream_flush(stream);
	if (r == 0)
		r = bide_stream_close_write(stream);
	if (r < 0)
		return r;
	n = bide_stream_read(stream, buf, sizeof buf);
	return n < 0 ? (int)n : 0;
}

static int use_stream(void *arg)
{
	bide_stream *stream;
	bide_task *task;
	int fds[2];
	int r, closed;

	(void)arg;
	for (size_t i = 0; i < LARGE; i++)
		large[i] = (char)(i % 251);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	stream = bide_stream_open(fds[0]);
	if (stream == NULL) {
		r = -errno;
		bide_close(fds[0]);
		bide_close(fds[1]);
		return r;
	}
	task = bide_spawn(echo, &fds[1]);
	r = -ENOMEM;
	/* What could not be sent is not answered, and nobody tells the reader. */
	if (task != NULL)
		r = bide_timeout(BIDE_SECOND, ask_all, stream);
	closed = bide_stream_close(stream);
	if (task != NULL && bide_join(task) < 0 && r == 0)
		r = -EIO;
	if (fds[1] >= 0)
		bide_close(fds[1]);
	return r < 0 ? r : closed;
}

static void ignore_error(bide_task *task, int result, void *ctx)
{
	(void)task, (void)result, (void)ctx;
}

static int on_epoll(void)
{
	const bide_options options = {
		.backend = BIDE_BACKEND_EPOLL,
		.flags = BIDE_VIRTUAL_CLOCK,
		.on_error = ignore_error,
	};

	return bide_run_with(&options, use_stream, NULL);
}
FAULT_SWEEP(stream, reports_every_failure_on_epoll, on_epoll)

static int on_sim(void)
{
	const bide_options options = {
		.flags = BIDE_VIRTUAL_CLOCK,
		.on_error = ignore_error,
	};

	return bide_run_with(&options, use_stream, NULL);
}
FAULT_SWEEP(stream, reports_every_failure_on_sim, on_sim)

/* ---- calls that are made again ---- */

static ssize_t print_line(bide_stream *stream)
{
	return bide_stream_printf(stream, "line\n");
}

static ssize_t flush(bide_stream *stream)
{
	return bide_stream_flush(stream);
}

static ssize_t take_line(bide_stream *stream)
{
	char *line;

	return bide_stream_read_line(stream, &line);
}

/* Memory is there again the second time, and nothing had changed the first time. */
static ssize_t insist(bide_stream *stream, ssize_t (*call)(bide_stream *stream), ssize_t expected)
{
	ssize_t r = call(stream);

	if (r == -ENOMEM)
		r = call(stream);
	if (r >= 0)
		CHECK_INT(r, expected);
	CHECK(r != -ENOMEM);
	return r;
}

static int insist_on_all(void *arg)
{
	bide_stream *stream;
	ssize_t r;
	int fds[2];

	(void)arg;
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	CHECK_INT(send(fds[1], "line\n", 5, 0), 5);
	stream = bide_stream_open(fds[0]);
	r = stream == NULL ? -errno : insist(stream, take_line, 5);
	if (r >= 0)
		r = insist(stream, print_line, 5);
	if (r >= 0)
		r = insist(stream, flush, 0);
	if (stream == NULL)
		bide_close(fds[0]);
	bide_stream_abort(stream);
	bide_close(fds[1]);
	return r < 0 ? (int)r : 0;
}

static int recover_on_epoll(void)
{
	const bide_options options = {
		.backend = BIDE_BACKEND_EPOLL,
		.flags = BIDE_VIRTUAL_CLOCK,
		.on_error = ignore_error,
	};

	return bide_run_with(&options, insist_on_all, NULL);
}
FAULT_SWEEP(stream, goes_on_when_memory_is_there_again, recover_on_epoll)

static int connect_and_abort(void *arg)
{
	int listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	struct sockaddr_in addr;
	socklen_t len = sizeof addr;
	bide_stream *stream;
	char port[8];
	ssize_t r = 0;

	(void)arg;
	if (listener < 0)
		return listener;
	CHECK_INT(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	snprintf(port, sizeof port, "%d", ntohs(addr.sin_port));
	stream = bide_stream_connect("127.0.0.1", port);
	if (stream == NULL)
		r = -errno;
	else
		r = bide_stream_write(stream, "x", 1);
	bide_stream_abort(stream);
	bide_close(listener);
	return r < 0 ? (int)r : 0;
}

static int connect_on_epoll(void)
{
	return bide_run(connect_and_abort, NULL);
}
FAULT_SWEEP(stream, connects_or_reports_every_failure, connect_on_epoll)
