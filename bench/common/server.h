/* SPDX-License-Identifier: MIT */

/*
 * server.h - what the servers in C have in common
 *
 * A server takes PORT BUFFER: where it listens, and how many bytes it reads at most
 * at a time. It serves until it is killed.
 */
#ifndef SERVER_H
#define SERVER_H

#include "bench.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct server {
	const char *port;
	size_t buffer;
};

static inline struct server server_init(int argc, char **argv)
{
	if (argc != 3)
		bench_fail("usage: PORT BUFFER");
	return (struct server){ .port = argv[1], .buffer = (size_t)atol(argv[2]) };
}

static inline struct sockaddr_in server_address(const struct server *server)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(server->port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

/* For those that bring no call of their own. */
static inline int server_listen(const struct server *server)
{
	struct sockaddr_in addr = server_address(server);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, SOMAXCONN) < 0)
		bench_fail("the server cannot listen");
	return fd;
}

static inline void *server_buffer(size_t n)
{
	void *buffer = malloc(n);

	if (buffer == NULL)
		bench_fail("out of memory");
	return buffer;
}

#endif
