/* SPDX-License-Identifier: MIT */

/*
 * fault_net.c - system calls, memory and threads fail under names and connections
 *
 * Whatever fails, each descriptor is given back, and each task joined.
 */
#include "fault.h"
#include "io/dns.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const bide_options virtual_epoll = {
	.backend = BIDE_BACKEND_EPOLL,
	.flags = BIDE_VIRTUAL_CLOCK,
};

static void port_of(int fd, char port[8])
{
	struct sockaddr_in addr;
	socklen_t len = sizeof addr;

	CHECK_INT(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	snprintf(port, 8, "%d", ntohs(addr.sin_port));
}

/* ---- names ---- */

/* Two addresses, of which nobody listens on the first one. */
static int lookup_two(struct name_lookup *lookup)
{
	struct addrinfo hints = *lookup->hints;

	hints.ai_flags |= AI_NUMERICHOST;
	CHECK_INT(getaddrinfo("127.0.0.2", lookup->service, &hints, &lookup->found), 0);
	CHECK_INT(getaddrinfo("127.0.0.1", lookup->service, &hints, &lookup->found->ai_next), 0);
	return 0;
}

static int look_up(void *arg)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int r = bide_getaddrinfo(arg, "80", &hints, &found);

	CHECK((r == 0) == (found != NULL));
	if (r == 0)
		freeaddrinfo(found);
	/* No other code may look like one of these. */
	CHECK(r == 0 || r == EAI_MEMORY || r == EAI_AGAIN || r == EAI_SYSTEM);
	return r;
}

static int look_up_name(void)
{
	bide__getaddrinfo_hook = lookup_two;
	return bide_run_with(&virtual_epoll, look_up, (void *)"two.test");
}
FAULT_SWEEP(dns, lookup_on_a_thread_reports_every_failure, look_up_name)

static int look_up_localhost(void)
{
	bide__getaddrinfo_hook = lookup_two;
	return bide_run_with(&virtual_epoll, look_up, (void *)"localhost");
}
FAULT_SWEEP(dns, lookup_in_the_file_of_hosts_reports_every_failure, look_up_localhost)

/* ---- connecting ---- */

static int connect_to_second(void *arg)
{
	int listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	char port[8];
	int fd;

	(void)arg;
	if (listener < 0)
		return listener;
	port_of(listener, port);
	fd = bide_tcp_connect("two.test", port);
	bide_close(listener);
	return fd < 0 ? fd : bide_close(fd);
}

static int race(void)
{
	bide__getaddrinfo_hook = lookup_two;
	return bide_run_with(&virtual_epoll, connect_to_second, NULL);
}
FAULT_SWEEP(connect, race_reports_every_failure, race)

static int bind_datagrams(void)
{
	int fd = bide_udp_bind(NULL, "0");

	return fd < 0 ? fd : bide_close(fd);
}
FAULT_SWEEP(udp, bind_reports_every_failure, bind_datagrams)

/* ---- by path ---- */

static int listen_twice(void *arg)
{
	const char *path = arg;
	int listener = bide_unix_listen(path);
	int fd;

	if (listener < 0)
		return listener;
	bide_close(listener);
	listener = bide_unix_listen(path);
	if (listener < 0)
		return listener;
	fd = bide_unix_connect(path);
	bide_close(listener);
	return fd < 0 ? fd : bide_close(fd);
}

static int by_path(void)
{
	char path[64];
	int r;

	snprintf(path, sizeof path, "/tmp/bide-fault-%d", (int)getpid());
	r = bide_run_with(&virtual_epoll, listen_twice, path);
	(void)unlink(path);
	return r;
}
FAULT_SWEEP(net_unix, reports_every_failure, by_path)

/* ---- serving ---- */

static int echo(int fd, void *arg)
{
	char byte;
	ssize_t r = bide_read(fd, &byte, 1);

	(void)arg;
	if (r == 1)
		r = bide_write(fd, &byte, 1);
	bide_close(fd);
	return r < 0 ? (int)r : 0;
}

static int serve(void *arg)
{
	return bide_serve(*(int *)arg, echo, NULL, NULL);
}

/* A client that is shed, or whose handler has failed, sees an end. */
static int ask_once(void *arg)
{
	const char *port = arg;
	int fd = bide_tcp_connect("127.0.0.1", port);
	char byte = 'x';
	ssize_t r;

	if (fd < 0)
		return fd;
	r = bide_write(fd, &byte, 1);
	if (r == 1)
		r = bide_read(fd, &byte, 1);
	bide_close(fd);
	return r == 0 ? -ECONNRESET : r < 0 ? (int)r : 0;
}

/* It waits for nobody where the server could not begin. */
static int ask(char *port)
{
	return bide_timeout(BIDE_MINUTE, ask_once, port);
}

static int serve_and_ask(void *arg)
{
	int listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	int r = -ENOMEM;
	bide_task *server;
	char port[8];

	(void)arg;
	if (listener < 0)
		return listener;
	port_of(listener, port);
	server = bide_spawn(serve, &listener);
	if (server != NULL) {
		r = ask(port);
		/* One failure ends no server: the next client is served. */
		if (r < 0 && !bide_done(server))
			CHECK_INT(ask(port), 0);
		bide_cancel(server);
		(void)bide_join(server);
	}
	bide_close(listener);
	return r;
}

static void ignore_error(bide_task *task, int result, void *ctx)
{
	(void)task;
	(void)result;
	(void)ctx;
}

static int serving(void)
{
	bide_options options = virtual_epoll;

	options.on_error = ignore_error;
	return bide_run_with(&options, serve_and_ask, NULL);
}
FAULT_SWEEP(serve, survives_every_failure, serving)
