/* SPDX-License-Identifier: MIT */

/*
 * paths_io.c - descriptors: what is done in the program, not in the kernel
 */
#include "hot_paths.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	MESSAGE = 64,
};

static int pair[2];

static int echo(void *arg)
{
	char message[MESSAGE];
	ssize_t n;

	(void)arg;
	while ((n = bide_read(pair[1], message, sizeof(message))) > 0)
		must(bide_write_all(pair[1], message, (size_t)n) == n);
	return bide_close(pair[1]);
}

/* Both sides wait for each message. */
static int echo_64(long n)
{
	char message[MESSAGE] = "";
	bide_task *server;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	server = bide_spawn(echo, NULL);
	for (long i = 0; i < n; i++) {
		must(bide_write_all(pair[0], message, MESSAGE) == MESSAGE);
		must(bide_read(pair[0], message, MESSAGE) == MESSAGE);
	}
	must(bide_close(pair[0]) == 0);
	return bide_join(server);
}

static int echo_lines(void *arg)
{
	bide_stream *stream = bide_stream_open(pair[1]);
	char *line;
	ssize_t n;

	(void)arg;
	while ((n = bide_stream_read_line(stream, &line)) > 0) {
		must(bide_stream_write(stream, line, (size_t)n) == n);
		must(bide_stream_flush(stream) == 0);
	}
	return bide_stream_close(stream);
}

static int stream_lines(long n)
{
	static const char text[] = "a line of some length, such as a chat or a header has\n";
	bide_stream *stream;
	bide_task *server;
	char *line;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	must((stream = bide_stream_open(pair[0])) != NULL);
	server = bide_spawn(echo_lines, NULL);
	for (long i = 0; i < n; i++) {
		must(bide_stream_write(stream, text, sizeof(text) - 1) > 0);
		must(bide_stream_flush(stream) == 0);
		must(bide_stream_read_line(stream, &line) == sizeof(text) - 1);
	}
	must(bide_stream_close(stream) == 0);
	return bide_join(server);
}

/* What somebody else reads: a library that knows nothing of tasks. */
static int wait_readable(void *arg)
{
	char message[MESSAGE];
	const long *n = arg;

	for (long i = 0; i < *n; i++) {
		must(bide_wait_fd(pair[1], BIDE_READABLE) == BIDE_READABLE);
		must(read(pair[1], message, MESSAGE) == MESSAGE);
	}
	return bide_close(pair[1]);
}

static int wait_fd(long n)
{
	char message[MESSAGE] = "";
	bide_task *reader;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	reader = bide_spawn(wait_readable, &n);
	for (long i = 0; i < n; i++) {
		must(bide_yield() == 0);
		must(write(pair[0], message, MESSAGE) == MESSAGE);
		must(bide_yield() == 0);
	}
	must(bide_join(reader) == 0);
	return bide_close(pair[0]);
}

/* The connection stands before the kernel is asked for it. */
static int accept_close(long n)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int listener;

	must((listener = bide_tcp_listen("127.0.0.1", "0", NULL)) >= 0);
	must(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
	for (long i = 0; i < n; i++) {
		int client = socket(AF_INET, SOCK_STREAM, 0);
		int server;

		must(connect(client, (struct sockaddr *)&address, length) == 0);
		must((server = bide_accept(listener, NULL, NULL)) >= 0);
		must(close(client) == 0);
		must(bide_close(server) == 0);
	}
	return bide_close(listener);
}

const struct hot_path io_paths[] = {
	{ "echo_64", echo_64, 1000 },
	{ "stream_lines", stream_lines, 1000 },
	{ "wait_fd", wait_fd, 1000 },
	{ "accept_close", accept_close, 200 },
	{ 0 },
};
