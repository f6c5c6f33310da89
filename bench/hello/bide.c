/* SPDX-License-Identifier: MIT */

/*
 * bide.c - an HTTP server that says hello: a task for each connection
 */
#include "backend.h"
#include "server.h"

#include <bide.h>
#include <http_parser.h>
#include <time.h>

struct client {
	http_parser parser;
	int requests;                   /* that came and have no reply yet */
};

static struct server server;

/* Formats the reply once a second, as its date changes then. */
static const char *reply(size_t *n)
{
	static char text[256];
	static time_t formatted;
	static int length;
	time_t now = time(NULL);
	char date[64];

	if (now != formatted) {
		formatted = now;
		strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&now));
		length = snprintf(text, sizeof text,
		                  "HTTP/1.1 200 OK\r\n"
		                  "Content-Type: text/plain\r\n"
		                  "Content-Length: 5\r\n"
		                  "Date: %s\r\n"
		                  "\r\n"
		                  "hello",
		                  date);
	}
	*n = (size_t)length;
	return text;
}

static int count_request(http_parser *parser)
{
	struct client *client = parser->data;

	client->requests++;
	return 0;
}

static bool send_replies(int fd, struct client *client)
{
	size_t n;
	const char *text = reply(&n);

	for (; client->requests > 0; client->requests--)
		if (bide_write_all(fd, text, n) != (ssize_t)n)
			return false;
	return http_should_keep_alive(&client->parser);
}

static int converse(void *arg)
{
	static const http_parser_settings settings = { .on_message_complete = count_request };
	struct client client = { .requests = 0 };
	int fd = (int)(intptr_t)arg;
	char buf[4096];
	ssize_t n;

	http_parser_init(&client.parser, HTTP_REQUEST);
	client.parser.data = &client;
	while ((n = bide_read(fd, buf, sizeof buf)) > 0) {
		if (http_parser_execute(&client.parser, &settings, buf, (size_t)n) != (size_t)n)
			break;
		if (client.requests > 0 && !send_replies(fd, &client))
			break;
	}
	bide_close(fd);
	return 0;
}

static int serve(void *arg)
{
	int listener = bide_tcp_listen("127.0.0.1", server.port, NULL), fd;

	(void)arg;
	backend_check();
	if (listener < 0)
		return listener;
	while ((fd = bide_accept(listener, NULL, NULL)) >= 0)
		if (bide_go(converse, (void *)(intptr_t)fd) < 0)
			bench_fail("bide_go failed");
	return fd;
}

int main(int argc, char **argv)
{
	server = server_init(argc, argv);
	return bide_run(serve, NULL) < 0;
}
