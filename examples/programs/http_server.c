/* SPDX-License-Identifier: MIT */

/*
 * http_server.c - the files of a folder over HTTP/1.1
 *
 * usage: http_server [-p PORT] [-c CONNECTIONS] [-t SECONDS] [-v] FOLDER
 *
 *   LDLIBS=-lhttp_parser ./dev run examples/programs/http_server.c -p 8080 -v .
 *   curl -i -r 0-99 http://127.0.0.1:8080/README.md
 *
 * A connection is a task, and its code is what one would write for one client: read
 * a request, answer it, and so on. To be seen besides:
 *
 * - a parser that knows nothing of tasks: it is given what has come, and calls back
 * - time limits as scopes around whatever the client may hold up
 * - all that blocks about a file as one call on a thread of the pool: look_up() in
 *   http_files.h, which is C without tasks
 * - Ctrl-C: idle connections end at once, answers under way have five seconds
 *
 * The parser is http-parser, as Debian 12 has neither llhttp, its successor, nor
 * picohttpparser; either would take its place in parse().
 */
#define _GNU_SOURCE
#include <bide.h>
#include <errno.h>
#include <fcntl.h>
#include <http_parser.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "http_files.h"

#define BODY_BYTES_MAX 65536 /* of a request; nobody looks at it */

enum header {
	HOST,
	RANGE,
	IF_RANGE,
	IF_MODIFIED_SINCE,
	TRANSFER_ENCODING,
	HEADER_COUNT
};

static const char *const header_names[HEADER_COUNT] = {
	"Host", "Range", "If-Range", "If-Modified-Since", "Transfer-Encoding",
};

struct request {
	char target[2048]; /* as the client wrote it */
	char name[32]; /* of the header that is being parsed */
	char headers[HEADER_COUNT][256];
	size_t body_bytes;
	int status; /* what is wrong with it; 0: nothing */
	bool in_value, is_complete, keep_alive;
};

struct connection {
	int fd;
	struct connection *next, **link; /* in connections */
	bide_scope scope; /* around the wait for a request */
	bool is_idle; /* has not got the first byte of one */
	http_parser parser;
	struct request request;
	size_t begin, end; /* what was read and is yet to be parsed */
	char buf[8192];
};

static bide_time limit = 10 * BIDE_SECOND;
static bide_serve_options options = { .max_connections = 1000, .drain = 5 * BIDE_SECOND };
static bool is_verbose, is_stopping;
static struct connection *connections;
static unsigned long connection_count, answer_count;

/* Appends to a text in an array of that size. Returns whether there was room. */
static bool append(char *text, size_t size, const char *more, size_t n)
{
	size_t length = strlen(text);

	if (n >= size - length)
		return false;
	memcpy(text + length, more, n);
	text[length + n] = '\0';
	return true;
}

static int reject(http_parser *parser, int status)
{
	((struct request *)parser->data)->status = status;
	return -1; /* of a callback: ends the parsing */
}

static int on_url(http_parser *parser, const char *at, size_t n)
{
	struct request *request = parser->data;

	return append(request->target, sizeof request->target, at, n) ? 0 : reject(parser, 414);
}

static int on_header_field(http_parser *parser, const char *at, size_t n)
{
	struct request *request = parser->data;

	if (memchr(at, ' ', n) != NULL)
		return reject(parser, 400); /* the parser passes it over, others do not */
	if (request->in_value)
		request->name[0] = '\0';
	request->in_value = false;
	if (!append(request->name, sizeof request->name, at, n))
		strcpy(request->name, "?"); /* none that matters is that long */
	return 0;
}

/* Which of two is meant, others on the way to here may see in another way: none may. */
static int on_header_value(http_parser *parser, const char *at, size_t n)
{
	struct request *request = parser->data;
	bool is_more = request->in_value;

	request->in_value = true;
	for (int i = 0; i < HEADER_COUNT; i++) {
		char *value = request->headers[i];

		if (strcasecmp(request->name, header_names[i]) != 0)
			continue;
		if (!is_more && *value != '\0')
			return reject(parser, 400);
		if (!append(value, sizeof request->headers[i], at, n))
			return reject(parser, 431);
	}
	return 0;
}

static int on_headers_complete(http_parser *parser)
{
	struct request *request = parser->data;

	if (parser->http_major != 1)
		return reject(parser, 505);
	if (parser->http_minor > 0 && request->headers[HOST][0] == '\0')
		return reject(parser, 400);
	if (parser->method == HTTP_HEAD)
		request->headers[RANGE][0] = '\0'; /* there are parts for GET only */
	return parser->method == HTTP_GET || parser->method == HTTP_HEAD ? 0 : reject(parser, 405);
}

static int on_body(http_parser *parser, const char *at, size_t n)
{
	struct request *request = parser->data;

	(void)at;
	request->body_bytes += n;
	return request->body_bytes <= BODY_BYTES_MAX ? 0 : reject(parser, 413);
}

/* Stops behind the request: what follows is parsed when this one has been answered. */
static int on_message_complete(http_parser *parser)
{
	struct request *request = parser->data;

	request->is_complete = true;
	request->keep_alive = http_should_keep_alive(parser);
	http_parser_pause(parser, 1);
	return 0;
}

static void parse(struct connection *c)
{
	static const http_parser_settings settings = {
		.on_url = on_url,
		.on_header_field = on_header_field,
		.on_header_value = on_header_value,
		.on_headers_complete = on_headers_complete,
		.on_body = on_body,
		.on_message_complete = on_message_complete,
	};
	size_t n = http_parser_execute(&c->parser, &settings, c->buf + c->begin, c->end - c->begin);
	enum http_errno error = HTTP_PARSER_ERRNO(&c->parser);

	c->begin += n;
	if (error != HPE_OK && error != HPE_PAUSED && c->request.status == 0)
		c->request.status = error == HPE_HEADER_OVERFLOW ? 431 : 400;
}

/* Returns 1 and a request, good or bad; 0 where none is to come; a negative errno. */
static int read_request(struct connection *c)
{
	memset(&c->request, 0, sizeof c->request);
	http_parser_init(&c->parser, HTTP_REQUEST);
	c->parser.data = &c->request;
	while (!c->request.is_complete && c->request.status == 0) {
		if (c->begin == c->end) {
			ssize_t n = bide_read(c->fd, c->buf, sizeof c->buf);

			if (n <= 0)
				return (int)n;
			c->is_idle = false;
			c->begin = 0;
			c->end = (size_t)n;
		}
		parse(c);
	}
	return 1;
}

/* However slowly it comes, a request has to be complete within the limit. */
static int next_request(struct connection *c)
{
	int r;

	if (is_stopping)
		return 0;
	c->is_idle = c->begin == c->end;
	bide_scope_enter(&c->scope, limit);
	r = read_request(c);
	bide_scope_leave(&c->scope);
	c->is_idle = false;
	return r;
}

/* Finds the path in the request and decodes it into an array. Returns 0 or a status. */
static int find_path(const struct request *request, struct answer *answer, char path[])
{
	struct http_parser_url url;

	http_parser_url_init(&url);
	if (http_parser_parse_url(request->target, strlen(request->target), 0, &url) != 0)
		return 400;
	if ((url.field_set & 1 << UF_PATH) != 0) {
		answer->raw_path = request->target + url.field_data[UF_PATH].off;
		answer->raw_length = url.field_data[UF_PATH].len;
	}
	memcpy(path, answer->raw_path, answer->raw_length);
	path[answer->raw_length] = '\0';
	if (!decode(path))
		return 400;
	answer->path = path + strspn(path, "/");
	return strstr(path, "/.") == NULL ? 0 : 403; /* neither ".." nor what is hidden */
}

/* Looks at what the client wants to have of the file. */
static void choose(struct answer *answer, const struct request *request, const char *modified)
{
	const char *if_range = request->headers[IF_RANGE];
	int n;

	if (answer->status == 200 && answer->file >= 0) {
		if (strcmp(request->headers[IF_MODIFIED_SINCE], modified) == 0)
			answer->status = 304;
		else if (*if_range == '\0' || strcmp(if_range, modified) == 0)
			answer->status = find_range(request->headers[RANGE], answer->size,
			                            &answer->from, &answer->length);
	}
	if (answer->status < 300 || answer->status == 304)
		return;
	free(answer->text);
	n = asprintf(&answer->text, "%d %s\n", answer->status,
	             http_status_str((enum http_status)answer->status));
	answer->length = n < 0 ? 0 : n;
	answer->text = n < 0 ? NULL : answer->text;
}

static int send_all(int fd, const char *data, size_t n, int flags)
{
	while (n > 0) {
		ssize_t sent = -ECANCELED;

		BIDE_TIMEOUT(limit) {
			sent = bide_send(fd, data, n, flags);
		}
		if (sent < 0)
			return (int)sent;
		data += sent;
		n -= (size_t)sent;
	}
	return 0;
}

/* However slowly the client takes it, some of it has to go within each limit. */
static int send_file(int fd, const struct answer *answer)
{
	off_t offset = answer->from, end = answer->from + answer->length;

	while (offset < end) {
		ssize_t sent = -ECANCELED;

		BIDE_TIMEOUT(limit) {
			sent = bide_sendfile(fd, answer->file, &offset, (size_t)(end - offset));
		}
		if (sent <= 0)
			return sent < 0 ? (int)sent : -EIO; /* the file has become shorter */
	}
	return 0;
}

static int send_answer(struct connection *c, struct answer *answer)
{
	int slashes = (int)strspn(answer->raw_path, "/"); /* two would begin a host */
	char head[4096], now[40], modified[40], more[2200] = "";
	bool has_body;
	int n, r;

	format_time(time(NULL), now);
	format_time(answer->modified, modified);
	choose(answer, &c->request, modified);
	c->request.keep_alive &= !is_stopping;
	if (answer->status == 206)
		snprintf(more, sizeof more, "Content-Range: bytes %jd-%jd/%jd\r\n",
		         (intmax_t)answer->from, (intmax_t)(answer->from + answer->length - 1),
		         (intmax_t)answer->size);
	else if (answer->status == 416)
		snprintf(more, sizeof more, "Content-Range: bytes */%jd\r\n",
		         (intmax_t)answer->size);
	else if (answer->status == 301)
		snprintf(more, sizeof more, "Location: /%.*s/\r\n",
		         (int)answer->raw_length - slashes, answer->raw_path + slashes);
	else if (answer->status == 405)
		snprintf(more, sizeof more, "Allow: GET, HEAD\r\n");

	n = snprintf(head, sizeof head,
	             "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: %s\r\nContent-Length: %jd\r\n"
	             "Content-Type: %s\r\n%s%s%s%s\r\n",
	             answer->status, http_status_str((enum http_status)answer->status), now,
	             c->request.keep_alive ? "keep-alive" : "close", (intmax_t)answer->length,
	             answer->status >= 400 ? "text/plain" : type_of(answer->path), more,
	             answer->file >= 0 ? "Accept-Ranges: bytes\r\nLast-Modified: " : "",
	             answer->file >= 0 ? modified : "", answer->file >= 0 ? "\r\n" : "");
	has_body = answer->length > 0 && answer->status != 304 && c->parser.method != HTTP_HEAD;
	r = send_all(c->fd, head, (size_t)n, has_body ? MSG_MORE : 0);
	if (r < 0 || !has_body)
		return r;
	if (answer->text == NULL)
		return send_file(c->fd, answer);
	return send_all(c->fd, answer->text, (size_t)answer->length, 0);
}

/* Returns 1 where the connection stays for another request, 0 where not. */
static int answer_request(struct connection *c)
{
	char path[sizeof c->request.target];
	struct answer answer = { .path = "", .raw_path = "", .file = -1 };
	int r = 0;

	answer.status = c->request.status;
	if (answer.status == 0)
		answer.status = find_path(&c->request, &answer, path);
	if (answer.status == 0)
		r = bide_to_thread(look_up, &answer);
	if (r == 0)
		r = send_answer(c, &answer);
	answer_count += r == 0;
	if (is_verbose)
		fprintf(stderr, "%s %s: %d, %s\n", http_method_str(c->parser.method),
		        c->request.target, answer.status, r < 0 ? bide_strerror(r) : "sent");
	if (answer.file >= 0)
		bide_close(answer.file);
	free(answer.text);
	return r < 0 ? r : c->request.keep_alive;
}

/* Ours is the last word: to close with input unread would take the answer along. */
static void hang_up(struct connection *c)
{
	shutdown(c->fd, SHUT_WR);
	BIDE_TIMEOUT(BIDE_SECOND) {
		while (bide_read(c->fd, c->buf, sizeof c->buf) > 0)
			continue;
	}
}

static int serve_connection(int fd, void *arg)
{
	struct connection c = { .fd = fd, .next = connections, .link = &connections };
	int r;

	(void)arg;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	connection_count++;
	if (connections != NULL)
		connections->link = &c.next;
	connections = &c;

	do {
		r = next_request(&c);
		if (r <= 0)
			break;
		r = answer_request(&c);
		if (r == 0)
			hang_up(&c);
	} while (r > 0);

	*c.link = c.next;
	if (c.next != NULL)
		c.next->link = c.link;
	bide_close(fd);
	return 0; /* one client's trouble is none of the others' */
}

static int serve(void *listener)
{
	return bide_serve(*(int *)listener, serve_connection, NULL, &options);
}

/*
 * bide_serve() drains when it is cancelled, and cannot know who is idle. So it runs
 * beside main, which is the first to hear of Ctrl-C.
 */
static int async_main(void *port)
{
	struct sockaddr_in addr = { 0 };
	int listener = bide_tcp_listen("127.0.0.1", port, NULL);
	bide_group group;
	int r;

	if (listener < 0)
		return listener;
	getsockname(listener, (struct sockaddr *)&addr, &(socklen_t){ sizeof addr });
	printf("serving %s on http://127.0.0.1:%d/\n", root, ntohs(addr.sin_port));
	fflush(stdout);

	bide_group_open(&group);
	if (bide_group_spawn(&group, serve, &listener) != NULL)
		bide_sleep(BIDE_FOREVER); /* until Ctrl-C, or until serve() fails */
	is_stopping = true;
	for (struct connection *c = connections; c != NULL; c = c->next)
		if (c->is_idle)
			bide_scope_cancel(&c->scope);
	r = bide_group_close(&group);
	bide_close(listener);
	return r;
}

int main(int argc, char *argv[])
{
	const char *port = "0";
	int option, r;

	while ((option = getopt(argc, argv, "p:c:t:v")) != -1) {
		if (option == 'p')
			port = optarg;
		else if (option == 'c')
			options.max_connections = strtoul(optarg, NULL, 10);
		else if (option == 't')
			limit = atoi(optarg) * BIDE_SECOND;
		else if (option == 'v')
			is_verbose = true;
		else
			return 2;
	}
	if (optind + 1 != argc || limit <= 0) {
		fputs("usage: http_server [-p PORT] [-c CONNECTIONS] [-t SECONDS] [-v] FOLDER\n",
		      stderr);
		return 2;
	}
	root_fd = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0 || realpath(argv[optind], root) == NULL) {
		perror(argv[optind]);
		return 1;
	}
	r = bide_run(async_main, (void *)port);
	printf("%s: %lu answers on %lu connections\n", bide_strerror(r), answer_count,
	       connection_count);
	return r != -EINTR;
}
