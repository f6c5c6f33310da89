/* SPDX-License-Identifier: MIT */

/*
 * sys_socket.h - system calls on sockets, as functions that return a negative errno
 */
#ifndef BIDE_BASE_SYS_SOCKET_H
#define BIDE_BASE_SYS_SOCKET_H

#include "sys_call.h"

#include <bide/base.h>
#include <limits.h>
#include <sys/socket.h>

#define LISTEN_MAX INT_MAX              /* SOMAXCONN is what some system once allowed */

/* New sockets are non-blocking and close-on-exec. */
int bide__sys_socket(int family, int type);
int bide__sys_bind(int fd, const struct sockaddr *addr, socklen_t len);
int bide__sys_listen(int fd, int backlog);      /* LISTEN_MAX: as many as the system allows */
int bide__sys_accept(int fd, struct sockaddr *addr, socklen_t *len);
int bide__sys_connect(int fd, const struct sockaddr *addr, socklen_t len);
int bide__sys_set_option(int fd, int level, int option, int value);
/* close(2) is to drop what is unsent and reset the connection. */
int bide__sys_set_reset_on_close(int fd);
int bide__sys_shutdown(int fd, int how);
int bide__sys_socket_error(int fd);
int bide__sys_socket_type(int fd);
int bide__sys_socket_protocol(int fd);
ssize_t bide__sys_recvmsg(int fd, struct msghdr *msg, int flags);
ssize_t bide__sys_sendmsg(int fd, const struct msghdr *msg, int flags);

/*
 * These two are in line: in the kernel the processor forgets where the functions that
 * are open return to, and each of those returns then costs as much as all of this.
 */
static inline ssize_t bide__sys_recv(int fd, void *buf, size_t n, int flags)
{
	return FAULT_OR(ECONNRESET, recv(fd, buf, n, flags));
}

static inline ssize_t bide__sys_send(int fd, const void *buf, size_t n, int flags)
{
	return FAULT_OR(ECONNRESET, send(fd, buf, n, flags));
}

/* Sockets in the file system. Whether the path, not followed, is one: 0 or -ENOTSOCK. */
int bide__sys_socket_file_check(const char *path);
int bide__sys_socket_file_unlink(const char *path);

/*
 * Locks the directory, alone or together with others, until the descriptor that is
 * returned is closed. -EAGAIN: somebody has it locked.
 */
int bide__sys_directory_lock(const char *path, bool alone);

#endif
