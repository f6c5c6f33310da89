/* SPDX-License-Identifier: MIT */

/*
 * chat_server.c - what one client says goes to all others
 *
 * usage: chat_server [PORT]        none, or 0: the kernel picks one
 *
 *   ./dev run examples/programs/chat_server.c 7000
 *   nc 127.0.0.1 7000              in several terminals; the first line is one's name
 *
 * A client has two tasks: one that reads what it says, and one that writes what it is
 * to hear, with a queue of messages before it. Nobody ever waits for room in a queue:
 * a client whose queue is full reads too slowly, and is dropped. So one that does not
 * read at all holds up none of the others.
 *
 * Ctrl-C says goodbye: nothing more is read, but what is in the queues is written.
 */
#include <bide.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGES_MAX 256 /* in a queue */
#define LINE_BYTES_MAX 1000
#define WRITE_LIMIT (30 * BIDE_SECOND) /* for a client to take anything */

/* Stands in many queues, and is written by all of their owners. */
struct message {
	size_t reference_count, length;
	char text[];
};

struct client {
	char name[24]; /* "": it has not told yet */
	bide_stream *stream;
	bide_queue *queue; /* of struct message * */
	bide_group group; /* around the reading, and with the writer in it */
	bide_scope reading;
	bool is_slow;
	struct client *next, **link; /* in clients */
};

static struct client *clients;
static bool is_stopping;
static unsigned long client_count;

static void message_unref(struct message *message)
{
	if (--message->reference_count == 0)
		free(message);
}

static struct message *message_new(const char *format, va_list args)
{
	struct message *message;
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	message = n < 0 ? NULL : malloc(sizeof *message + (size_t)n + 1);
	if (message == NULL)
		return NULL;
	vsnprintf(message->text, (size_t)n + 1, format, args);
	message->length = (size_t)n;
	message->reference_count = 1;
	return message;
}

/* Never suspends. A client that has no room is dropped: its calls fail from now on. */
static void post(struct client *client, struct message *message)
{
	if (client->is_slow)
		return;
	message->reference_count++;
	if (bide_queue_try_put(client->queue, &message) == 0)
		return;
	message_unref(message);
	client->is_slow = true;
	bide_group_cancel(&client->group);
}

/* Posts to one client. */
__attribute__((format(printf, 2, 3))) static void tell(struct client *client, const char *format,
                                                       ...)
{
	struct message *message;
	va_list args;

	va_start(args, format);
	message = message_new(format, args);
	va_end(args);
	if (message == NULL)
		return;
	post(client, message);
	message_unref(message);
}

/* Posts to all that have a name, but not to the one who speaks. */
__attribute__((format(printf, 2, 3))) static void tell_others(const struct client *speaker,
                                                              const char *format, ...)
{
	struct message *message;
	va_list args;

	va_start(args, format);
	message = message_new(format, args);
	va_end(args);
	if (message == NULL)
		return;
	for (struct client *client = clients; client != NULL; client = client->next)
		if (client != speaker && client->name[0] != '\0')
			post(client, message);
	message_unref(message);
}

/* The writer, until the queue has been shut down and is empty. */
static int write_messages(void *arg)
{
	struct client *client = arg;
	struct message *message;
	bool is_written = false;
	int r;

	while ((r = bide_queue_get(client->queue, &message)) == 0) {
		ssize_t n = (ssize_t)message->length;

		BIDE_TIMEOUT(WRITE_LIMIT) {
			is_written = bide_stream_write(client->stream, message->text,
			                               message->length) == n;
		}
		message_unref(message);
		if (!is_written)
			return -EPIPE;
	}
	return r == -ESHUTDOWN ? 0 : r;
}

static bool is_taken(const char *name)
{
	for (const struct client *client = clients; client != NULL; client = client->next)
		if (strcmp(client->name, name) == 0)
			return true;
	return false;
}

static void take_name(struct client *client, const char *name)
{
	if (*name == '\0' || *name == '*' || strlen(name) >= sizeof client->name) {
		tell(client, "* a name has 1 to %zu letters; yours?\n", sizeof client->name - 1);
	} else if (is_taken(name)) {
		tell(client, "* there is a %s already; another name?\n", name);
	} else {
		strcpy(client->name, name);
		tell(client, "* hello, %s\n", name);
		tell_others(client, "* %s has joined\n", name);
	}
}

/* Cuts the end of the line off, and keeps a client from playing with others' terminals. */
static void clean(char *line)
{
	line[strcspn(line, "\r\n")] = '\0';
	for (; *line != '\0'; line++)
		if (iscntrl((unsigned char)*line))
			*line = ' ';
}

/* The reader. Returns 0 at the end, or why it ends before. */
static int read_lines(struct client *client)
{
	ssize_t n;
	char *line;

	while ((n = bide_stream_read_line(client->stream, &line)) > 0) {
		clean(line);
		if (client->name[0] == '\0')
			take_name(client, line);
		else
			tell_others(client, "%s: %s\n", client->name, line);
		/* The next line may be here already: let the writers make room for it. */
		if (bide_yield() < 0)
			return -ECANCELED;
	}
	return (int)n;
}

/* Reads within the group, so that a writer that fails ends the reading, too. */
static void talk(struct client *client)
{
	int r = -ENOMEM;

	bide_group_open(&client->group);
	client->next = clients;
	client->link = &clients;
	if (clients != NULL)
		clients->link = &client->next;
	clients = client;

	bide_scope_enter(&client->reading, BIDE_FOREVER);
	tell(client, "* welcome; what is your name?\n");
	if (bide_group_spawn(&client->group, write_messages, client) != NULL && !is_stopping)
		r = read_lines(client);
	bide_scope_leave(&client->reading);

	*client->link = client->next;
	if (client->next != NULL)
		client->next->link = client->link;
	if (r == -EMSGSIZE)
		tell(client, "* a line has at most %d bytes; goodbye\n", LINE_BYTES_MAX);
	if (client->name[0] != '\0' && !is_stopping)
		tell_others(client,
		            client->is_slow ? "* %s read too slowly, and was dropped\n"
		                            : "* %s has left\n",
		            client->name);
	bide_queue_shutdown(client->queue, false); /* the writer ends when it has written all */
	bide_group_close(&client->group);
}

static int serve_client(int fd, void *arg)
{
	struct client client = {
		.stream = bide_stream_open(fd),
		.queue = bide_queue_new(sizeof(struct message *), MESSAGES_MAX),
	};
	struct message *message;

	(void)arg;
	client_count++;
	if (client.stream == NULL)
		bide_close(fd);
	if (client.stream != NULL && client.queue != NULL) {
		bide_stream_set_limit(client.stream, LINE_BYTES_MAX);
		talk(&client);
		while (bide_queue_try_get(client.queue, &message) == 0)
			message_unref(message);
	}
	bide_queue_free(client.queue);
	if (client.is_slow)
		bide_stream_abort(client.stream); /* it would not read this either */
	else
		bide_stream_close(client.stream);
	return 0; /* one client's trouble is none of the others' */
}

static int serve(void *listener)
{
	const bide_serve_options options = { .max_connections = 1000, .drain = 2 * BIDE_SECOND };

	return bide_serve(*(int *)listener, serve_client, NULL, &options);
}

/* Serves beside main, which is the first to hear of Ctrl-C: then serve() drains. */
static int async_main(void *port)
{
	struct sockaddr_in addr = { 0 };
	int listener = bide_tcp_listen("127.0.0.1", port, NULL);
	bide_group group;
	int r;

	if (listener < 0)
		return listener;
	getsockname(listener, (struct sockaddr *)&addr, &(socklen_t){ sizeof addr });
	printf("chat on 127.0.0.1 port %d\n", ntohs(addr.sin_port));
	fflush(stdout);

	bide_group_open(&group);
	if (bide_group_spawn(&group, serve, &listener) != NULL)
		bide_sleep(BIDE_FOREVER); /* until Ctrl-C, or until serve() fails */
	is_stopping = true;
	for (struct client *client = clients; client != NULL; client = client->next) {
		tell(client, "* goodbye, the server ends\n");
		bide_scope_cancel(&client->reading);
	}
	r = bide_group_close(&group);
	bide_close(listener);
	return r;
}

int main(int argc, char *argv[])
{
	int r = bide_run(async_main, argc > 1 ? argv[1] : "0");

	printf("%s; %lu clients\n", bide_strerror(r), client_count);
	return r != -EINTR;
}
