/* SPDX-License-Identifier: MIT */

/*
 * tcp_proxy.c - passes connections on to another host, both ways
 *
 * usage: tcp_proxy PORT HOST PORT        from the first port, 0: the kernel picks one
 *
 *   ./dev run examples/programs/tcp_proxy.c 8080 example.org 80
 *   curl -H 'Host: example.org' http://127.0.0.1:8080/
 *
 * A connection has two tasks, one for each direction, in a group. A direction that
 * comes to its end closes its half and lets the other one go on; one that fails ends
 * the other, which is what a group does. Either peer gets to see what the other did:
 * its end as an end, and a reset as a reset.
 */
#include <bide.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>

struct direction {
	int from, to;
	unsigned long long bytes;
};

static const char *host, *port;
static unsigned long connection_count;

static int forward(void *arg)
{
	struct direction *direction = arg;
	char buf[32768];
	ssize_t n;

	while ((n = bide_read(direction->from, buf, sizeof buf)) > 0) {
		ssize_t written = bide_write_all(direction->to, buf, (size_t)n);

		if (written > 0)
			direction->bytes += (unsigned long long)written;
		if (written != n)
			return written < 0 ? (int)written : -EPIPE;
	}
	if (n == 0)
		shutdown(direction->to, SHUT_WR);
	return (int)n;
}

static int forward_both(struct direction *there, struct direction *back)
{
	bide_group group;

	bide_group_open(&group);
	if (bide_group_spawn(&group, forward, there) == NULL ||
	    bide_group_spawn(&group, forward, back) == NULL) {
		bide_group_cancel(&group);
		bide_group_close(&group);
		return -ENOMEM;
	}
	return bide_group_close(&group);
}

/* The peer takes an ordinary end for the whole of what it was to get, so it gets a reset. */
static void close_connection(int fd, bool is_whole)
{
	const struct linger reset = { .l_onoff = 1 };

	if (!is_whole)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	bide_close(fd);
}

static void name_client(int fd, char *name, size_t size)
{
	struct sockaddr_storage addr = { 0 };
	char number[8] = "?";

	name[0] = '\0';
	if (getpeername(fd, (struct sockaddr *)&addr, &(socklen_t){ sizeof addr }) == 0)
		getnameinfo((struct sockaddr *)&addr, sizeof addr, NULL, 0, number, sizeof number,
		            NI_NUMERICSERV);
	snprintf(name, size, "client at port %s", number);
}

static int serve_client(int client, void *arg)
{
	struct direction there = { .from = client }, back = { .to = client };
	char name[40];
	int server, r;

	(void)arg;
	connection_count++;
	name_client(client, name, sizeof name);
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	server = r = bide_tcp_connect(host, port);
	if (server >= 0) {
		there.to = back.from = server;
		r = forward_both(&there, &back);
		close_connection(server, r == 0);
	}
	close_connection(client, r == 0);
	printf("%s: %llu bytes there, %llu back, %s\n", name, there.bytes, back.bytes,
	       r == 0 ? "done" : bide_strerror(r));
	return 0; /* what went wrong has been told */
}

static int async_main(void *arg)
{
	struct sockaddr_in addr = { 0 };
	int listener = bide_tcp_listen("127.0.0.1", arg, NULL), r;

	if (listener < 0)
		return listener;
	getsockname(listener, (struct sockaddr *)&addr, &(socklen_t){ sizeof addr });
	printf("127.0.0.1 port %d leads to %s port %s\n", ntohs(addr.sin_port), host, port);
	r = bide_serve(listener, serve_client, NULL, NULL);
	bide_close(listener);
	return r;
}

int main(int argc, char *argv[])
{
	int r;

	if (argc != 4) {
		fputs("usage: tcp_proxy PORT HOST PORT\n", stderr);
		return 2;
	}
	host = argv[2];
	port = argv[3];
	setvbuf(stdout, NULL, _IOLBF, 0);
	r = bide_run(async_main, argv[1]);
	printf("%s; %lu connections\n", bide_strerror(r), connection_count);
	return r != -EINTR;
}
