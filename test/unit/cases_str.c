/* SPDX-License-Identifier: MIT */

/* cases_str.c - STR: streams */
#include "case.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The two ends: one is a stream, the other one a descriptor that feeds it. */
static bide_stream *stream;
static int feeder;

static void open_pair(void)
{
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	stream = bide_stream_open(fds[0]);
	CHECK(stream != NULL);
	feeder = fds[1];
}

static void feed(const char *text)
{
	size_t n = strlen(text);

	CHECK_INT(bide_write_all(feeder, text, n), n);
}

static void feed_end(void)
{
	CHECK_INT(bide_close(feeder), 0);
}

static void close_pair(void)
{
	CHECK_INT(bide_close(feeder), 0);
	CHECK_INT(bide_stream_close(stream), 0);
}

/* Text as the traces write it. */
static const char *quoted(const char *text, size_t n)
{
	static char line[256];
	size_t used = 0;

	line[used++] = '"';
	for (size_t i = 0; i < n && used < sizeof line - 4; i++) {
		if (text[i] == '\n' || text[i] == '\r')
			line[used++] = '\\';
		line[used++] = text[i] == '\n' ? 'n' : text[i] == '\r' ? 'r' : text[i];
	}
	line[used++] = '"';
	line[used] = '\0';
	return line;
}

static void log_bytes(ssize_t n, const char *text)
{
	if (n > 0)
		LOG("%zd %s", n, quoted(text, (size_t)n));
	else
		LOG("%s", ERR(n));
}

static void log_line(void)
{
	char *line;
	ssize_t n = bide_stream_read_line(stream, &line);

	log_bytes(n, line);
	if (n > 0)
		CHECK_INT(line[n], '\0');
}

static void log_read(size_t n)
{
	char buf[128];

	log_bytes(bide_stream_read(stream, buf, n), buf);
}

/* ---- reading ---- */

CASE(STR_01, "read_line: with its newline; at the end what is left without one; then 0",
     .trace = "4 \"one\\n\" · 3 \"two\" · 0", .io = true)
{
	open_pair();
	feed("one\ntwo");
	feed_end();
	for (int i = 0; i < 3; i++)
		log_line();
	return bide_stream_close(stream);
}

static char *str02_line;

static int str02_read(void *arg)
{
	(void)arg;
	return (int)bide_stream_read_line(stream, &str02_line);
}

CASE(STR_02, "read_line waits over several chunks", .trace = "fed one · 6 \"hello\\n\"",
     .elapsed = 1, .io = true)
{
	bide_task *task;
	int n;

	open_pair();
	task = bide_spawn(str02_read, NULL);
	feed("hel");
	bide_sleep(1 * U);
	LOG("fed one");
	feed("lo\nrest");
	n = bide_join(task);
	log_bytes(n, str02_line);
	close_pair();
	return 0;
}

static int str04_feed(void *arg)
{
	(void)arg;
	bide_sleep(1 * U);
	feed("of it");
	feed_end();
	return 0;
}

CASE(STR_04, "read: what is there, at most n; read_exactly: all of n, short only at the end",
     .trace = "3 \"abc\" · 2 \"de\" · 0 · 9 \"all of it\"", .elapsed = 1, .io = true)
{
	char buf[100];

	open_pair();
	feed("abcde");
	log_read(3);
	log_read(9);
	log_read(0);
	feed("all ");
	bide_go(str04_feed, NULL);
	log_bytes(bide_stream_read_exactly(stream, buf, sizeof buf), buf);
	return bide_stream_close(stream);
}

static char str05_buf[64];

static int str05_read(void *arg)
{
	(void)arg;
	return (int)bide_stream_read_until(stream, "\r\n\r\n", 4, str05_buf, sizeof str05_buf);
}

CASE(STR_05, "read_until with a delimiter split over chunks, which is part of the result",
     .trace = "8 \"head\\r\\n\\r\\n\" · 4 \"body\"", .elapsed = 1, .io = true)
{
	bide_task *task;

	open_pair();
	task = bide_spawn(str05_read, NULL);
	feed("head\r\n\r");
	bide_sleep(1 * U);
	feed("\nbody");
	log_bytes(bide_join(task), str05_buf);
	log_read(9);
	close_pair();
	return 0;
}

CASE(STR_07, "read_until past n: -EMSGSIZE, nothing is consumed",
     .trace = "-EMSGSIZE · 11 \"1234567890\\n\"", .io = true)
{
	char buf[64];

	open_pair();
	feed("1234567890\n");
	log_bytes(bide_stream_read_until(stream, "\n", 1, buf, 4), buf);
	log_bytes(bide_stream_read_until(stream, "\n", 1, buf, 64), buf);
	close_pair();
	return 0;
}

CASE(STR_10, "a read_line or read_until that is cut short consumes nothing",
     .trace = "-ECANCELED · -ETIMEDOUT · 7 \"abcdef\\n\"", .elapsed = 1, .io = true)
{
	bide_scope scope;

	open_pair();
	feed("abc");
	bide_scope_enter(&scope, 1 * U);
	log_line();
	LOG("%s", ERR(bide_scope_leave(&scope)));
	feed("def\n");
	log_line();
	close_pair();
	return 0;
}

/* ---- connections on the loopback ---- */

static int listener;
static char port[8];

static void begin_listening(void)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof addr;

	listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	CHECK(listener >= 0);
	CHECK_INT(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	snprintf(port, sizeof port, "%d", ntohs(addr.sin_port));
}

/* A stream on the client's side, the server's descriptor is the feeder. */
static void open_connection(void)
{
	begin_listening();
	stream = bide_stream_connect("127.0.0.1", port);
	CHECK(stream != NULL);
	feeder = bide_accept(listener, NULL, NULL);
	CHECK(feeder >= 0);
	CHECK_INT(bide_close(listener), 0);
}

static int str11_read(void *arg)
{
	char buf[8];

	(void)arg;
	return (int)bide_stream_read(stream, buf, sizeof buf);
}

CASE(STR_11, "a connection's error comes from the waiting and from every later read",
     .trace = "-ECONNRESET · -ECONNRESET", .elapsed = -1, .io = true)
{
	const struct linger at_once = { .l_onoff = 1 };
	bide_task *task;

	open_connection();
	task = bide_spawn(str11_read, NULL);
	bide_yield();
	CHECK_INT(setsockopt(feeder, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
	feed_end();
	LOG("%s", ERR(bide_join(task)));
	log_read(8);
	return bide_stream_close(stream);
}

static int str14_serve(void *arg)
{
	bide_stream *server = bide_stream_open(feeder);
	char buf[100];

	(void)arg;
	CHECK(server != NULL);
	log_bytes(bide_stream_read_exactly(server, buf, sizeof buf), buf);
	CHECK_INT(bide_stream_write(server, "answer", 6), 6);
	return bide_stream_close(server);
}

CASE(STR_14, "half-close: the peer sees the end and can still answer",
     .trace = "0 · 8 \"question\" · 6 \"answer\"", .elapsed = -1, .io = true)
{
	char buf[100];
	bide_task *task;

	open_connection();
	task = bide_spawn(str14_serve, NULL);
	CHECK_INT(bide_stream_write(stream, "question", 8), 8);
	LOG("%s", ERR(bide_stream_close_write(stream)));
	log_bytes(bide_stream_read_exactly(stream, buf, sizeof buf), buf);
	CHECK_INT(bide_join(task), 0);
	return bide_stream_close(stream);
}

CASE(STR_16, "connecting where nobody listens", .trace = "-ECONNREFUSED · NULL ECONNREFUSED",
     .elapsed = -1, .io = true)
{
	begin_listening();
	CHECK_INT(bide_close(listener), 0);
	LOG("%s", ERR(bide_tcp_connect("127.0.0.1", port)));
	stream = bide_stream_connect("127.0.0.1", port);
	LOG("%s %s", stream == NULL ? "NULL" : "a stream", ERR(-errno) + 1);
	return 0;
}

static int str17_accept(void *arg)
{
	(void)arg;
	return bide_accept(listener, NULL, NULL);
}

CASE(STR_17, "closing the listener ends listening, not the connections",
     .trace = "0 · -EBADF · -ECONNREFUSED · still here", .elapsed = -1, .io = true)
{
	char buf[16] = "";
	bide_task *task;

	begin_listening();
	stream = bide_stream_connect("127.0.0.1", port);
	CHECK(stream != NULL);
	feeder = bide_accept(listener, NULL, NULL);
	CHECK(feeder >= 0);
	task = bide_spawn(str17_accept, NULL);
	bide_yield();
	LOG("%s", ERR(bide_close(listener)));
	LOG("%s", ERR(bide_join(task)));
	LOG("%s", ERR(bide_tcp_connect("127.0.0.1", port)));
	feed("still here");
	CHECK_INT(bide_stream_read_exactly(stream, buf, 10), 10);
	LOG("%s", buf);
	close_pair();
	return 0;
}

/* ---- servers ---- */

static int str19_count;

static void str19_on_error(bide_task *task, int result, void *ctx)
{
	(void)task;
	(void)ctx;
	LOG("on_error %s", ERR(result));
}

static int str19_handle(int fd, void *arg)
{
	ssize_t n;

	(void)arg;
	if (str19_count++ == 0) {
		bide_close(fd);
		return -EIO;
	}
	n = bide_write_all(fd, "hi", 2);
	bide_close(fd);
	return n < 0 ? (int)n : 0;
}

static int str19_serve(void *arg)
{
	(void)arg;
	return bide_serve(listener, str19_handle, NULL, NULL);
}

CASE(STR_19, "serve: a handler that fails is reported, and the server goes on",
     .trace = "on_error -EIO · second client reads \"hi\"", .elapsed = -1, .io = true,
     .on_error = str19_on_error)
{
	bide_task *server;
	char buf[8];

	begin_listening();
	server = bide_spawn(str19_serve, NULL);
	stream = bide_stream_connect("127.0.0.1", port);
	CHECK(stream != NULL);
	CHECK_INT(bide_stream_read(stream, buf, sizeof buf), 0);
	CHECK_INT(bide_stream_close(stream), 0);

	stream = bide_stream_connect("127.0.0.1", port);
	CHECK(stream != NULL);
	CHECK_INT(bide_stream_read_exactly(stream, buf, sizeof buf), 2);
	LOG("second client reads %s", quoted(buf, 2));
	CHECK_INT(bide_stream_close(stream), 0);
	bide_cancel(server);
	CHECK_INT(bide_join(server), -ECANCELED);
	return bide_close(listener);
}

static int str20_handle(int fd, void *arg)
{
	bide_stream *peer = bide_stream_open(fd);
	char *line;
	ssize_t n;

	(void)arg;
	CHECK(peer != NULL);
	while ((n = bide_stream_read_line(peer, &line)) > 0)
		CHECK_INT(bide_stream_write(peer, line, (size_t)n), n);
	CHECK_INT(n, 0);
	return bide_stream_close(peer);
}

static int str20_serve(void *arg)
{
	(void)arg;
	return bide_serve(listener, str20_handle, NULL, NULL);
}

CASE(STR_20, "the same over unix_listen and unix_connect: an echo comes back", .trace = "echo",
     .elapsed = -1, .io = true)
{
	bide_task *server;
	char name[64];
	char buf[8] = "";

	snprintf(name, sizeof name, "@bide-str-20-%d", (int)getpid());
	listener = bide_unix_listen(name);
	CHECK(listener >= 0);
	server = bide_spawn(str20_serve, NULL);
	feeder = bide_unix_connect(name);
	CHECK(feeder >= 0);
	stream = bide_stream_open(feeder);
	CHECK(stream != NULL);
	CHECK_INT(bide_stream_write(stream, "echo", 4), 4);
	CHECK_INT(bide_stream_close_write(stream), 0);
	CHECK_INT(bide_stream_read_exactly(stream, buf, sizeof buf), 4);
	LOG("%s", buf);
	CHECK_INT(bide_stream_close(stream), 0);
	bide_cancel(server);
	CHECK_INT(bide_join(server), -ECANCELED);
	return bide_close(listener);
}

/* ---- writing ---- */

#define STR22_BYTES 4000000
#define STR23_BYTES ((size_t)64 << 20)

/* Reads to the end, waiting for 1 u after every so many bytes; 0: never. */
static size_t read_to_end(size_t pause)
{
	static char buf[65536];
	size_t total = 0;
	size_t paused = 0;
	ssize_t n;

	while ((n = bide_read(feeder, buf, sizeof buf)) > 0) {
		total += (size_t)n;
		if (pause > 0 && total - paused >= pause) {
			paused = total;
			bide_sleep(1 * U);
		}
	}
	CHECK_INT(n, 0);
	return total;
}

static int str22_serve(void *arg)
{
	size_t total = read_to_end(STR22_BYTES / 4);

	(void)arg;
	LOG("%zu", total);
	feed_end();
	return 0;
}

CASE(STR_22, "stream_close sends what is buffered first", .trace = "0 · 4000000", .elapsed = -1,
     .io = true)
{
	static char piece[40000];
	bide_task *task;
	int r;

	open_connection();
	task = bide_spawn(str22_serve, NULL);
	for (size_t done = 0; done < STR22_BYTES; done += sizeof piece)
		CHECK_INT(bide_stream_write(stream, piece, sizeof piece), sizeof piece);
	r = bide_stream_close(stream);
	LOG("%s", ERR(r));
	return bide_join(task);
}

static int str23_write(void *arg)
{
	char *data = calloc(1, STR23_BYTES);

	(void)arg;
	CHECK(data != NULL);
	CHECK_INT(bide_stream_write(stream, data, STR23_BYTES), STR23_BYTES);
	LOG("all written");
	free(data);
	return bide_stream_close(stream);
}

CASE(STR_23, "a reader that does not read stops the writer", .trace = "server reads · all written",
     .elapsed = -1, .io = true)
{
	bide_task *task;

	open_connection();
	task = bide_spawn(str23_write, NULL);
	bide_sleep(5 * U);
	LOG("server reads");
	CHECK_INT(read_to_end(0), STR23_BYTES);
	feed_end();
	return bide_join(task);
}
