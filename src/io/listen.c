/* SPDX-License-Identifier: MIT */

/*
 * listen.c - sockets at an address of this host
 *
 * Servers begin before there is anything to be concurrent with, often outside of a loop,
 * so these calls never suspend: a name is looked for in the file of hosts only.
 */
#include "base/sys.h"
#include "base/sys_socket.h"
#include "io/dns.h"

#include <bide/io.h>
#include <bide/net.h>

/* Makes the new socket ready. Returns 0 or why not. */
typedef int configure_fn(int fd, const struct address *address, const bide_listen_options *options);

struct plan {
	int type;
	configure_fn *configure;
	const bide_listen_options *options;
};

static int set_v6_only(int fd, const struct address *address, bool only)
{
	if (address->any.sa_family != AF_INET6)
		return 0;
	return bide__sys_set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, only);
}

static int listener_configure(int fd, const struct address *address,
                              const bide_listen_options *options)
{
	int r = bide__sys_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);

	if (r == 0 && options->reuse_port)
		r = bide__sys_set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (r == 0)
		r = set_v6_only(fd, address, options->v6_only);
	if (r == 0)
		r = bide__sys_bind(fd, &address->any, address->len);
	if (r == 0)
		r = bide__sys_listen(fd, options->backlog > 0 ? options->backlog : LISTEN_MAX);
	return r;
}

static int datagram_configure(int fd, const struct address *address,
                              const bide_listen_options *options)
{
	int r = set_v6_only(fd, address, options->v6_only);

	return r < 0 ? r : bide__sys_bind(fd, &address->any, address->len);
}

static int open_at(const char *host, const char *port, const struct plan *plan)
{
	struct address address;
	int fd;
	int r = bide__resolve_here(host, port, plan->type, &address);

	if (r < 0)
		return r;
	fd = bide__sys_socket(address.any.sa_family, plan->type);
	if (fd < 0)
		return fd;
	r = plan->configure(fd, &address, plan->options);
	if (r < 0) {
		(void)bide_close(fd);           /* what failed before is what counts */
		return r;
	}
	return fd;
}

static int open_here(const char *host, const char *port, const struct plan *plan)
{
	int r;

	if (host != NULL)
		return open_at(host, port, plan);
	/* A socket of IPv6 serves IPv4 too, where the system has IPv6. */
	r = open_at("::", port, plan);
	if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL)
		r = open_at("0.0.0.0", port, plan);
	return r;
}

int bide_tcp_listen(const char *host, const char *port, const bide_listen_options *options)
{
	static const bide_listen_options by_default;
	const struct plan plan = {
		.type = SOCK_STREAM,
		.configure = listener_configure,
		.options = options != NULL ? options : &by_default,
	};

	return open_here(host, port, &plan);
}

int bide_udp_bind(const char *host, const char *port)
{
	static const bide_listen_options by_default;
	const struct plan plan = {
		.type = SOCK_DGRAM,
		.configure = datagram_configure,
		.options = &by_default,
	};

	return open_here(host, port, &plan);
}
