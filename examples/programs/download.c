/* SPDX-License-Identifier: MIT */

/*
 * download.c - fetches many files over HTTP, some of them at once
 *
 * usage: download [-n N] [-t SECONDS] [-r RETRIES] [-o FOLDER] [URL...]
 *
 *   LDLIBS=-lhttp_parser ./dev run examples/programs/download.c http://example.org/
 *
 * Without an URL, those on the lines of the standard input. A file is FOLDER/NAME.part
 * until it is whole; one that is there already is kept, and the new one is NAME.1.
 * To be seen:
 *
 * - a group with a limit: its spawn waits while N tasks are at work, so that an input
 *   without an end needs no more memory than one of N lines
 * - the time limit: for connecting, and for each time that the server is silent
 * - callbacks of the parser that suspend: they run on the stack of their task
 * - what cleans up after a cancellation, with bide_shield()
 *
 * Whatever it waits for, Ctrl-C ends it within a moment.
 */
#define _GNU_SOURCE
#include <bide.h>
#include <errno.h>
#include <fcntl.h>
#include <http_parser.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDIRECTS_MAX 5
#define URL_BYTES 2048

struct url {
	char host[256], port[8], path[URL_BYTES];
};

/* A file on its way; lives on the stack of its task. */
struct transfer {
	char url[URL_BYTES];
	char name[256]; /* that the file is to have */
	char part[PATH_MAX]; /* the path that it has until then */
	int file;
	http_parser parser;
	bool in_value, is_complete;
	char field[16], location[URL_BYTES];
	int error; /* of writing the file; 0: none */
	unsigned long long got, size; /* size 0: unknown */
	struct transfer *next, **link; /* in transfers */
};

static const char *folder = ".";
static bide_time limit = 30 * BIDE_SECOND;
static int retries = 3;
static size_t at_once = 4;
static struct transfer *transfers;
static unsigned long asked_count, whole_count, failed_count;
static unsigned long long byte_count;
static bool has_bar;

/* Prints a line of the result, above the bar. */
__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
	va_list args;

	if (has_bar)
		fputs("\r\033[K", stderr);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	fflush(stdout);
}

static int parse_url(const char *text, struct url *ret)
{
	struct http_parser_url url;
	const char *parts[UF_MAX];
	int lengths[UF_MAX];

	http_parser_url_init(&url);
	if (strncasecmp(text, "http://", 7) != 0 ||
	    http_parser_parse_url(text, strlen(text), 0, &url) != 0)
		return -EINVAL;
	for (int i = 0; i < UF_MAX; i++) {
		parts[i] = url.field_set & 1 << i ? text + url.field_data[i].off : "";
		lengths[i] = url.field_set & 1 << i ? url.field_data[i].len : 0;
	}
	if (lengths[UF_HOST] >= (int)sizeof ret->host || lengths[UF_PORT] >= (int)sizeof ret->port)
		return -ENAMETOOLONG;
	snprintf(ret->host, sizeof ret->host, "%.*s", lengths[UF_HOST], parts[UF_HOST]);
	snprintf(ret->port, sizeof ret->port, "%.*s", lengths[UF_PORT], parts[UF_PORT]);
	snprintf(ret->path, sizeof ret->path, "%s%.*s%s%.*s", lengths[UF_PATH] > 0 ? "" : "/",
	         lengths[UF_PATH], parts[UF_PATH], lengths[UF_QUERY] > 0 ? "?" : "",
	         lengths[UF_QUERY], parts[UF_QUERY]);
	return 0;
}

/* Names the file as the last part of the path does, which has no slash in it. */
static void name_file(struct transfer *t, const char *path)
{
	int length = (int)strcspn(path, "?");
	int start = length;

	while (start > 0 && path[start - 1] != '/')
		start--;
	snprintf(t->name, 200, "%.*s", length - start, path + start);
	if (t->name[0] == '\0' || strcmp(t->name, ".") == 0 || strcmp(t->name, "..") == 0)
		strcpy(t->name, "index.html");
}

/* Whether it begins with a scheme. "://" may come later, in a query that has a URL in it. */
static bool is_whole_url(const char *to)
{
	return strncmp(to + strcspn(to, ":/?#"), "://", 3) == 0;
}

/* How much of the path is kept before a location that stands beside it. */
static int kept_length(const char *path, const char *to)
{
	int end = (int)strcspn(path, "?");

	if (*to == '/')
		return 0;
	while (*to != '?' && path[end - 1] != '/')
		end--;
	return end;
}

/* Writes the URL that the location means, seen from the URL it came from. */
static int follow(struct transfer *t, const struct url *from, char url[URL_BYTES])
{
	const char *to = t->location, *colon = from->port[0] == '\0' ? "" : ":";
	bool is_v6 = strchr(from->host, ':') != NULL;
	int n;

	if (is_whole_url(to))
		n = snprintf(url, URL_BYTES, "%s", to);
	else if (strncmp(to, "//", 2) == 0)
		n = snprintf(url, URL_BYTES, "http:%s", to);
	else
		n = snprintf(url, URL_BYTES, "http://%s%s%s%s%s%.*s%s", is_v6 ? "[" : "",
		             from->host, is_v6 ? "]" : "", colon, from->port,
		             kept_length(from->path, to), from->path, to);
	return n < URL_BYTES ? 0 : -ENAMETOOLONG;
}

/* The parser's callbacks; what is not 0 ends the parsing, with a few exceptions. */

static int on_header_field(http_parser *parser, const char *at, size_t n)
{
	struct transfer *t = parser->data;
	size_t length = strlen(t->field);

	if (t->in_value)
		length = 0;
	t->in_value = false;
	if (n < sizeof t->field - length)
		snprintf(t->field + length, sizeof t->field - length, "%.*s", (int)n, at);
	else
		strcpy(t->field, "?"); /* the one that matters is not that long */
	return 0;
}

static int on_header_value(http_parser *parser, const char *at, size_t n)
{
	struct transfer *t = parser->data;
	size_t length = strlen(t->location);

	t->in_value = true;
	if (strcasecmp(t->field, "Location") != 0)
		return 0;
	if (n >= sizeof t->location - length)
		return t->error = -ENAMETOOLONG;
	snprintf(t->location + length, sizeof t->location - length, "%.*s", (int)n, at);
	return 0;
}

/* Opens the first NAME.part, NAME.1.part … that is not there. */
static int open_part(struct transfer *t)
{
	t->file = -EEXIST;
	for (int i = 0; t->file == -EEXIST && i < 1000; i++) {
		char number[16] = "";

		if (i > 0)
			snprintf(number, sizeof number, ".%d", i);
		snprintf(t->part, sizeof t->part, "%s/%s%s.part", folder, t->name, number);
		t->file = bide_open(t->part, O_WRONLY | O_CREAT | O_EXCL, 0666);
	}
	return t->file < 0 ? t->file : 0;
}

static int on_headers_complete(http_parser *parser)
{
	struct transfer *t = parser->data;

	t->got = 0;
	t->size = parser->content_length == ULLONG_MAX ? 0 : parser->content_length;
	if (parser->status_code != 200)
		return parser->status_code >= 200; /* 1: nobody wants its body */
	t->error = open_part(t);
	return t->error < 0 ? -1 : 0;
}

static int on_body(http_parser *parser, const char *at, size_t n)
{
	struct transfer *t = parser->data;
	ssize_t written;

	/* Where it takes a part only, the next call says why. */
	for (size_t done = 0; done < n; done += (size_t)written) {
		written = bide_write_all(t->file, at + done, n - done);
		if (written < 0)
			return t->error = (int)written;
	}
	t->got += n;
	return 0;
}

static int on_message_complete(http_parser *parser)
{
	struct transfer *t = parser->data;

	t->is_complete = parser->status_code >= 200;
	if (t->is_complete)
		http_parser_pause(parser, 1);
	else
		t->location[0] = '\0'; /* the answer itself is still to come */
	return 0;
}

/* Returns the status, or a negative errno: -ECONNRESET where the answer is cut short. */
static int read_answer(struct transfer *t, int fd)
{
	static const http_parser_settings settings = {
		.on_header_field = on_header_field,
		.on_header_value = on_header_value,
		.on_headers_complete = on_headers_complete,
		.on_body = on_body,
		.on_message_complete = on_message_complete,
	};
	char buf[16384];

	t->is_complete = false;
	t->location[0] = t->field[0] = '\0';
	t->error = 0;
	http_parser_init(&t->parser, HTTP_RESPONSE);
	t->parser.data = t;
	while (!t->is_complete) {
		ssize_t n = -ECANCELED;

		BIDE_TIMEOUT(limit) {
			n = bide_read(fd, buf, sizeof buf);
		}
		if (n < 0)
			return n == -ECANCELED && bide_timed_out() ? -ETIMEDOUT : (int)n;
		http_parser_execute(&t->parser, &settings, buf, (size_t)n);
		if (t->error < 0)
			return t->error;
		if (n == 0 && !t->is_complete)
			return -ECONNRESET;
		if (!t->is_complete && HTTP_PARSER_ERRNO(&t->parser) != HPE_OK)
			return -EPROTO;
	}
	return t->parser.status_code;
}

static int connect_to(const struct url *url)
{
	int fd = -ECANCELED;

	BIDE_TIMEOUT(limit) {
		fd = bide_tcp_connect(url->host, url->port[0] == '\0' ? "80" : url->port);
	}
	return fd == -ECANCELED && bide_timed_out() ? -ETIMEDOUT : fd;
}

/* Sends the request, reads the answer. Returns as read_answer(). */
static int exchange(struct transfer *t, const struct url *url)
{
	bool is_v6 = strchr(url->host, ':') != NULL;
	char request[URL_BYTES + 512];
	int fd = connect_to(url), n;
	ssize_t r = -ECANCELED;

	if (fd < 0)
		return fd;
	n = snprintf(request, sizeof request,
	             "GET %s HTTP/1.1\r\nHost: %s%s%s%s%s\r\nConnection: close\r\n"
	             "User-Agent: bide-download\r\nAccept: */*\r\n\r\n",
	             url->path, is_v6 ? "[" : "", url->host, is_v6 ? "]" : "",
	             url->port[0] == '\0' ? "" : ":", url->port);
	BIDE_TIMEOUT(limit) {
		r = bide_write_all(fd, request, (size_t)n);
	}
	if (r == n)
		r = read_answer(t, fd);
	else if (r >= 0 || (r == -ECANCELED && bide_timed_out()))
		r = -ETIMEDOUT;
	bide_close(fd);
	return (int)r;
}

static int remove_part(void *part)
{
	return bide_unlink(part);
}

/* Runs on a thread of the pool. link() never replaces what is there, as rename() does. */
static int give_name(void *arg)
{
	struct transfer *t = arg;
	char path[PATH_MAX], number[16] = "";
	int r;

	for (int i = 0; i < 1000; i++) {
		if (i > 0)
			snprintf(number, sizeof number, ".%d", i);
		snprintf(path, sizeof path, "%s/%s%s", folder, t->name, number);
		r = link(t->part, path) < 0 ? -errno : 0;
		if (r != -EEXIST)
			break;
	}
	if (r < 0)
		return r;
	strcat(t->name, number);
	return unlink(t->part) < 0 ? -errno : 0;
}

/* One attempt. Returns 200 and the file is there, another status, or a negative errno. */
static int attempt(struct transfer *t)
{
	char at[URL_BYTES];
	struct url url;
	int r, closed;

	strcpy(at, t->url);
	for (int i = 0; i <= REDIRECTS_MAX; i++) {
		t->file = -1;
		r = parse_url(at, &url);
		if (r == 0)
			r = exchange(t, &url);
		if (r < 300 || r > 399 || t->location[0] == '\0')
			break;
		r = follow(t, &url, at);
		if (r < 0)
			return r;
		r = -ELOOP; /* unless there is one more */
	}
	if (t->file < 0)
		return r;
	closed = bide_close(t->file); /* a disk far away tells here that it is full */
	if (r == 200 && closed < 0)
		r = closed;
	if (r == 200) {
		int named = bide_to_thread(give_name, t);

		r = named < 0 ? named : r;
	}
	if (r != 200)
		bide_shield(remove_part, t->part); /* also where this was cancelled */
	return r;
}

/* Whether another attempt may do better. */
static bool is_temporary(int r)
{
	return r >= 500 || r == 429 || r == -ECONNREFUSED || r == -ECONNRESET || r == -ETIMEDOUT ||
	       r == -EPIPE || r == -EHOSTUNREACH || r == -ENETUNREACH || r == -EREMOTEIO;
}

/* Each delay is twice the last one; the jitter keeps many from coming back together. */
static int back_off(int i)
{
	bide_time most = (i < 6 ? 1 << i : 64) * 250 * BIDE_MILLISECOND;

	return bide_sleep(most / 2 + random() % (most / 2));
}

static int download(void *url)
{
	struct transfer t = { .next = transfers, .link = &transfers };
	struct url parsed;
	int r, i = 0;

	strcpy(t.url, url);
	if (transfers != NULL)
		transfers->link = &t.next;
	transfers = &t;

	if (parse_url(t.url, &parsed) == 0)
		name_file(&t, parsed.path);
	do
		r = attempt(&t);
	while (is_temporary(r) && i < retries && back_off(i++) == 0);

	*t.link = t.next;
	if (t.next != NULL)
		t.next->link = t.link;
	whole_count += r == 200;
	failed_count += r != 200;
	if (r == 200)
		byte_count += t.got;
	if (r == 200)
		tell("%s: %llu bytes\n", t.name, t.got);
	else if (r != -ECANCELED)
		tell("%s: %s%s, attempt %d\n", t.url, r < 0 ? "" : "the server says: ",
		     r < 0 ? bide_strerror(r) : http_status_str((enum http_status)r), i + 1);
	return 0; /* has been told */
}

/* Draws one line again and again, and removes it when it is cancelled. */
static int show_bar(void *arg)
{
	bide_ticker ticker;

	(void)arg;
	bide_ticker_start(&ticker, 100 * BIDE_MILLISECOND);
	while (bide_ticker_wait(&ticker) > 0) {
		struct winsize window = { .ws_col = 80 };
		char line[512];
		int n;

		n = snprintf(line, sizeof line, "%lu of %lu", whole_count, asked_count);
		for (struct transfer *t = transfers; t != NULL && n < 300; t = t->next)
			n += snprintf(line + n, sizeof line - (size_t)n, "  %.20s %llu%s", t->name,
			              t->size > 0 ? t->got * 100 / t->size : t->got / 1000,
			              t->size > 0 ? "%" : " kB");
		ioctl(STDERR_FILENO, TIOCGWINSZ, &window);
		fprintf(stderr, "\r\033[K%.*s", window.ws_col - 1, line);
	}
	fputs("\r\033[K", stderr);
	return 0;
}

/* Suspends while there are as many as may be. Returns whether more can be taken. */
static bool take(bide_group *group, const char *url)
{
	asked_count++;
	if (strlen(url) >= URL_BYTES) {
		failed_count++;
		tell("%.60s…: %s\n", url, bide_strerror(-ENAMETOOLONG));
		return true;
	}
	if (bide_group_spawn_copy(group, download, url, strlen(url) + 1) != NULL)
		return true;
	failed_count++;
	if (errno == ECANCELED)
		return false;
	tell("%s: %s\n", url, strerror(errno));
	return true;
}

static int take_lines(bide_group *group)
{
	bide_stream *in = bide_stream_open(STDIN_FILENO);
	ssize_t n;
	char *line;

	if (in == NULL)
		return -ENOMEM;
	while ((n = bide_stream_read_line(in, &line)) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (*line != '\0' && !take(group, line))
			break;
	}
	bide_stream_close(in);
	return (int)n;
}

static int async_main(void *arg)
{
	char **urls = arg;
	bide_group group;
	bide_task *bar = has_bar ? bide_spawn(show_bar, NULL) : NULL;
	int r = 0, closed;

	bide_group_open_with(&group, BIDE_REAP | BIDE_KEEP_GOING);
	bide_group_limit(&group, at_once);
	if (*urls == NULL)
		r = take_lines(&group);
	while (*urls != NULL && take(&group, *urls))
		urls++;
	closed = bide_group_close(&group);
	if (bar != NULL) {
		bide_cancel(bar);
		bide_join(bar);
	}
	return r < 0 ? r : closed;
}

int main(int argc, char *argv[])
{
	const char *terminal = getenv("TERM");
	int option, r;

	while ((option = getopt(argc, argv, "n:t:r:o:")) != -1) {
		if (option == 'n')
			at_once = strtoul(optarg, NULL, 10);
		else if (option == 't')
			limit = atoi(optarg) * BIDE_SECOND;
		else if (option == 'r')
			retries = atoi(optarg);
		else if (option == 'o')
			folder = optarg;
		else
			return 2;
	}
	if (at_once == 0 || limit <= 0 || strlen(folder) > PATH_MAX - 300) {
		fputs("usage: download [-n N] [-t SECONDS] [-r RETRIES] [-o FOLDER] [URL...]\n",
		      stderr);
		return 2;
	}
	srandom((unsigned)bide_now());
	has_bar = isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
	r = bide_run(async_main, argv + optind);
	printf("%lu of %lu files, %.1f MB, %lu failed%s%s\n", whole_count, asked_count,
	       (double)byte_count / 1e6, failed_count, r < 0 ? "; " : "",
	       r < 0 ? bide_strerror(r) : "");
	return r < 0 || failed_count > 0;
}
