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
 *   -EADDRINUSE    somebody listens there, it is no socket, or another process is
 *                  replacing a socket in the same directory at this moment
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
 *   -EBADF      the listener was closed
 *   -EPERM      no task runs here
 *   or what accept(2) fails with on something that does not listen
 */
BIDE_API int bide_serve(int listener, bide_conn_fn *fn, void *arg,
                        const bide_serve_options *options);

BIDE_END_DECLS

#endif
