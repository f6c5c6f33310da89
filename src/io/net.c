/* SPDX-License-Identifier: MIT */

/*
 * net.c - TCP by numeric address and port
 */
#include "base/sys.h"
#include "core/loop.h"

#include <bide/io.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_storage storage;
	};
	socklen_t len;
};

/* Parses a numeric host (NULL: every address) and port. Never asks a name server. */
static int address_parse(const char *host, const char *port, struct address *ret)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | (host == NULL ? AI_PASSIVE : 0),
	};
	struct addrinfo *found;
	int r;

	if (port == NULL)
		return -EINVAL;
	r = getaddrinfo(host, port, &hints, &found);
	if (r != 0)
		return r == EAI_MEMORY ? -ENOMEM : -EINVAL;
	memcpy(&ret->storage, found->ai_addr, found->ai_addrlen);
	ret->len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

int bide_tcp_connect(const char *host, const char *port)
{
	struct address address;
	int fd, r;

	if (task_current() == NULL)
		return -EPERM;
	r = address_parse(host, port, &address);
	if (r < 0)
		return r;
	fd = bide__sys_socket(address.any.sa_family, SOCK_STREAM);
	if (fd < 0)
		return fd;

	r = bide_connect(fd, &address.any, address.len);
	if (r == 0)
		r = bide__sys_set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (r < 0) {
		(void)bide_close(fd);           /* what failed before is what counts */
		return r;
	}
	return fd;
}

static int listener_configure(int fd, const struct address *address,
                              const bide_listen_options *options)
{
	int r = bide__sys_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);

	if (r == 0 && options->reuse_port)
		r = bide__sys_set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (r == 0 && address->any.sa_family == AF_INET6)
		r = bide__sys_set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, options->v6_only);
	if (r == 0)
		r = bide__sys_bind(fd, &address->any, address->len);
	if (r == 0)
		r = bide__sys_listen(fd, options->backlog > 0 ? options->backlog : SOMAXCONN);
	return r;
}

int bide_tcp_listen(const char *host, const char *port, const bide_listen_options *options)
{
	static const bide_listen_options by_default;
	struct address address;
	int fd;
	int r = address_parse(host, port, &address);

	if (r < 0)
		return r;
	fd = bide__sys_socket(address.any.sa_family, SOCK_STREAM);
	if (fd < 0)
		return fd;
	r = listener_configure(fd, &address, options != NULL ? options : &by_default);
	if (r < 0) {
		(void)bide_close(fd);           /* what failed before is what counts */
		return r;
	}
	return fd;
}
