/* SPDX-License-Identifier: MIT */

/*
 * echo_server.c - sends back what it is sent, to any number of clients at once
 *
 * usage: echo_server [PORT]        none, or 0: the kernel picks one
 *
 * One task for each connection, and each reads and writes as if it were alone.
 * Ctrl-C cancels main; the group then cancels the connections and waits for them.
 */
#include <bide.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>

static int served, still_open;

static void hang_up(void *arg)
{
	bide_close((int)(intptr_t)arg);
	still_open--;
}

static int echo(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[512];
	ssize_t n;

	while ((n = bide_read(fd, buf, sizeof buf)) > 0)
		if (bide_write_all(fd, buf, (size_t)n) != n)
			break;
	hang_up(arg);
	return 0; /* one client's trouble is none of the others' */
}

static void tell_port(int listener)
{
	struct sockaddr_in addr = { 0 };

	getsockname(listener, (struct sockaddr *)&addr, &(socklen_t){ sizeof addr });
	printf("listening on 127.0.0.1 port %d\n", ntohs(addr.sin_port));
	fflush(stdout);
}

static int async_main(void *port)
{
	/* drop: hangs up where the task is cancelled before it has begun */
	const bide_task_options options = { .name = "connection", .drop = hang_up };
	bide_group connections;
	int listener, fd;

	listener = bide_tcp_listen("127.0.0.1", port, NULL);
	if (listener < 0)
		return listener;
	tell_port(listener);

	bide_group_open_with(&connections, BIDE_REAP);
	while ((fd = bide_accept(listener, NULL, NULL)) >= 0) {
		served++;
		still_open++;
		if (!bide_group_spawn_with(&connections, &options, echo, (void *)(intptr_t)fd))
			hang_up((void *)(intptr_t)fd);
	}
	bide_group_cancel(&connections);
	bide_group_close(&connections);
	bide_close(listener);
	return fd;
}

int main(int argc, char *argv[])
{
	int r = bide_run(async_main, argc > 1 ? argv[1] : "0");

	printf("%s; %d connections served, %d still open\n", bide_strerror(r), served, still_open);
	return r != -EINTR;
}
