/* SPDX-License-Identifier: MIT */

/*
 * bide/net.h - connections by host and port
 */
#ifndef BIDE_NET_H
#define BIDE_NET_H

#include <bide/base.h>
#include <netdb.h>

BIDE_BEGIN_DECLS

struct addrinfo;                        /* strict C hides it in netdb.h */

/* All-zero is the default. */
typedef struct bide_listen_options {
	int backlog;                    /* 0: as many as the system allows */
	bool reuse_port;                /* SO_REUSEPORT: several listeners share the port */
	bool v6_only;                   /* an IPv6 listener takes no IPv4 connections */
} bide_listen_options;

/*
 * Looks up names as getaddrinfo(3) does, and suspends meanwhile. A number, or a name that
 * /etc/hosts has, is answered at once; else a thread that does nothing but this asks. A
 * caller that is cancelled does not wait for it. *res is for freeaddrinfo(3).
 *
 * Returns 0, an EAI_ code, of which Linux has negative ones, or -ECANCELED, which is none
 * of them. EAI_SYSTEM leaves the reason in errno: EPERM where no task runs.
 */
BIDE_API int bide_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                              struct addrinfo **res);

/*
 * Connects to a host, by name or numeric address, and a numeric port. Suspends until that
 * has succeeded or failed. Where the host has several addresses they are tried as RFC
 * 8305 ("Happy Eyeballs") says: a further one each 250 ms, or as soon as one fails, IPv6
 * and IPv4 in turn; the first connection is taken. Returns a connected descriptor, which
 * is the caller's, non-blocking and close-on-exec, with TCP_NODELAY set, or
 *   -EINVAL     the host is missing or empty, or the port is not a number up to 65535
 *   -ENXIO      there is no such host, or it has no address
 *   -EREMOTEIO  the name could not be looked up: no name server answers
 *   -ECANCELED, -EPERM, -ENOMEM, or what socket(2) and connect(2) fail with. Of several
 *               failures the first, but the host's own, such as -ECONNREFUSED, before
 *               those of the way there, such as -ENETUNREACH
 */
BIDE_API int bide_tcp_connect(const char *host, const char *port);

/*
 * Listens on an address, given as a number or by a name in /etc/hosts, and a numeric
 * port; host NULL: on all addresses, port "0": one that the kernel picks, which
 * getsockname(2) tells. options may be NULL. Never suspends, and asks no name server.
 * Returns a descriptor, which is the caller's, non-blocking and close-on-exec, or
 *   -EINVAL  the host is empty, or the port is not a number up to 65535
 *   -ENXIO   the host is neither a number nor in /etc/hosts
 *   or what socket(2), bind(2) and listen(2) fail with
 */
BIDE_API int bide_tcp_listen(const char *host, const char *port,
                             const bide_listen_options *options);

/*
 * Makes a datagram socket that is bound to an address, given as for bide_tcp_listen(). It
 * may be connected to a peer. Never suspends. Returns a descriptor, which is the caller's,
 * non-blocking and close-on-exec, or -EINVAL, -ENXIO, or what socket(2) and bind(2) fail
 * with.
 */
BIDE_API int bide_udp_bind(const char *host, const char *port);

/*
 * Connects to the Unix stream socket at path; one that begins with '@' stands for a
 * name in Linux's abstract namespace, with a NUL in place of the '@'. Suspends until
 * that has succeeded or failed, also while the listener's queue is full. Returns a
 * connected descriptor, which is the caller's, non-blocking and close-on-exec, or
 *   -ENAMETOOLONG  the path has more than 107 bytes
 *   -EINVAL        the path is empty
 *   -ECONNREFUSED  nobody listens there, -ENOENT: there is nothing
 *   -ECANCELED, -EPERM, or what else socket(2) and connect(2) fail with
 */
BIDE_API int bide_unix_connect(const char *path);

/*
 * Listens on a Unix stream socket at path, or with an abstract name as above. A socket
 * that a server has left there, and on which nobody listens, is replaced; nothing
 * else is ever removed. The file stays when the descriptor is closed; unlink(2)
 * it where that matters. Never suspends.
 *
 * Returns a descriptor, which is the caller's, non-blocking and close-on-exec, or
 *   -EADDRINUSE    somebody listens there, it is no socket, or another one begins to
 *                  listen in the same directory at this moment
 *   -ENAMETOOLONG, -EINVAL as above
 *   or what socket(2), bind(2) and listen(2) fail with
 */
BIDE_API int bide_unix_listen(const char *path);

/* Serves one connection, which it closes. A negative result is a failure. */
typedef int bide_conn_fn(int fd, void *arg);

/* All-zero is the default. */
typedef struct bide_serve_options {
	size_t max_connections;         /* at once; further ones wait in the listener's queue;
	                                 * 0: without limit */
	bide_time drain;                /* how long the tasks may go on once serving ends */
} bide_serve_options;

/*
 * Accepts connections and runs fn(fd, arg) in a task for each, until it is cancelled
 * or the listener fails. Then it accepts no more, lets the tasks go on for
 * options->drain, shielded from what has cancelled the caller, cancels those that are
 * left, and waits for them. options may be NULL. The listener stays the caller's; fn
 * closes the connection, and the library where fn was never called.
 *
 * A task that fails is reported as a detached one, to on_error, and the others go on.
 * Connections that fail before they are accepted are passed over. While descriptors
 * or memory have run out, those that come are closed at once where that can be done,
 * and wait where not; see bide_serve(3).
 *
 * Returns, when all tasks have ended,
 *   -ECANCELED  the caller was cancelled; without tasks where it was before
 *   -EBADF      the listener was closed, by bide_close() in this loop
 *   -EPERM      no task runs here
 *   or what accept(2) fails with on something that does not listen
 */
BIDE_API int bide_serve(int listener, bide_conn_fn *fn, void *arg,
                        const bide_serve_options *options);

BIDE_END_DECLS

#endif
