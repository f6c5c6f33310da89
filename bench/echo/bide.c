/* SPDX-License-Identifier: MIT */

/*
 * bide.c - an echo server: a task for each connection
 */
#include "backend.h"
#include "server.h"

#include <bide.h>

static struct server server;

static int echo(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char *buf = server_buffer(server.buffer);
	ssize_t n;

	while ((n = bide_read(fd, buf, server.buffer)) > 0)
		if (bide_write_all(fd, buf, (size_t)n) != n)
			break;
	free(buf);
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
		if (bide_go(echo, (void *)(intptr_t)fd) < 0)
			bench_fail("bide_go failed");
	return fd;
}

int main(int argc, char **argv)
{
	server = server_init(argc, argv);
	return bide_run(serve, NULL) < 0;
}
