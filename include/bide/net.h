/* SPDX-License-Identifier: MIT */

/*
 * bide/net.h - connections by host and port
 */
#ifndef BIDE_NET_H
#define BIDE_NET_H

#include <bide/base.h>

BIDE_BEGIN_DECLS

/* All-zero is the default. */
typedef struct bide_listen_options {
	int backlog;                    /* 0: as many as the system allows */
	bool reuse_port;                /* SO_REUSEPORT: several listeners share the port */
	bool v6_only;                   /* an IPv6 listener takes no IPv4 connections */
} bide_listen_options;

/*
 * Connects to a numeric address ("127.0.0.1", "::1") and port. Suspends until
 * that has succeeded or failed. Returns a connected descriptor, which is the
 * caller's, non-blocking and close-on-exec, with TCP_NODELAY set, or
 *   -EINVAL     host or port is not numeric
 *   -ECANCELED, -EPERM, or what socket(2) and connect(2) fail with
 */
BIDE_API int bide_tcp_connect(const char *host, const char *port);

/*
 * Listens on a numeric address and port; host NULL: on all addresses, port "0":
 * one that the kernel picks, which getsockname(2) tells. options may be NULL.
 * Never suspends. Returns a descriptor, which is the caller's, or -EINVAL, or
 * what socket(2), bind(2) and listen(2) fail with.
 */
BIDE_API int bide_tcp_listen(const char *host, const char *port,
                             const bide_listen_options *options);

BIDE_END_DECLS

#endif
