/* SPDX-License-Identifier: MIT */

/*
 * net.c - TCP by numeric address and port
 */
#include "address.h"
#include "base/sys.h"
#include "base/sys_socket.h"
#include "core/loop.h"

#include <bide/io.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

/* getaddrinfo() takes any number, and signs and spaces too. */
static bool is_port(const char *port)
{
	long number = 0;

	if (port == NULL || *port == '\0')
		return false;
	for (; *port >= '0' && *port <= '9' && number <= UINT16_MAX; port++)
		number = number * 10 + (*port - '0');
	return *port == '\0' && number <= UINT16_MAX;
}

/* Parses a numeric host and port. Never asks a name server. */
static int address_parse(const char *host, const char *port, struct address *ret)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	};
	struct addrinfo *found;
	int r;

	/* To getaddrinfo() a star is the same as none: this host. */
	if (host == NULL || strcmp(host, "*") == 0 || !is_port(port))
		return -EINVAL;
	r = getaddrinfo(host, port, &hints, &found);
	if (r != 0)
		return r == EAI_MEMORY ? -ENOMEM : -EINVAL;
	memcpy(&ret->any, found->ai_addr, found->ai_addrlen);
	ret->len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

int bide__connect_new(const struct address *address)
{
	int fd = bide__sys_socket(address->any.sa_family, SOCK_STREAM);
	int r;

	if (fd < 0)
		return fd;
	r = bide_connect(fd, &address->any, address->len);
	if (r < 0) {
		(void)bide_close(fd);           /* what failed before is what counts */
		return r;
	}
	return fd;
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
	fd = bide__connect_new(&address);
	if (fd < 0)
		return fd;
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

static int listen_on(const char *host, const char *port, const bide_listen_options *options)
{
	struct address address;
	int fd;
	int r = address_parse(host, port, &address);

	if (r < 0)
		return r;
	fd = bide__sys_socket(address.any.sa_family, SOCK_STREAM);
	if (fd < 0)
		return fd;
	r = listener_configure(fd, &address, options);
	if (r < 0) {
		(void)bide_close(fd);           /* what failed before is what counts */
		return r;
	}
	return fd;
}

int bide_tcp_listen(const char *host, const char *port, const bide_listen_options *options)
{
	static const bide_listen_options by_default;
	int r;

	if (options == NULL)
		options = &by_default;
	if (host != NULL)
		return listen_on(host, port, options);
	/* An IPv6 listener takes connections over IPv4 too, where the system has IPv6. */
	r = listen_on("::", port, options);
	if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL)
		r = listen_on("0.0.0.0", port, options);
	return r;
}
