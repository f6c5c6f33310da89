/* SPDX-License-Identifier: MIT */

/*
 * sys_socket.c - system calls on sockets
 */
#include "sys_socket.h"

#include "sys_call.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int bide__sys_socket(int family, int type)
{
	return (int)FAULT_OR(EMFILE, socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int bide__sys_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	return (int)FAULT_OR(EADDRINUSE, bind(fd, addr, len));
}

int bide__sys_listen(int fd, int backlog)
{
	return (int)FAULT_OR(EADDRINUSE, listen(fd, backlog));
}

int bide__sys_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	return (int)FAULT_OR(EMFILE, accept4(fd, addr, len, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

int bide__sys_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	return (int)FAULT_OR(ENETUNREACH, connect(fd, addr, len));
}

int bide__sys_set_option(int fd, int level, int option, int value)
{
	return (int)FAULT_OR(ENOBUFS, setsockopt(fd, level, option, &value, sizeof value));
}

int bide__sys_set_reset_on_close(int fd)
{
	const struct linger at_once = { .l_onoff = 1 };

	return (int)FAULT_OR(ENOBUFS,
	                     setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
}

int bide__sys_shutdown(int fd, int how)
{
	return (int)FAULT_OR(ENOTCONN, shutdown(fd, how));
}

int bide__sys_socket_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof error;
	int r = (int)FAULT_OR(ENOBUFS, getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len));

	return r < 0 ? r : -error;
}

static int socket_option(int fd, int name)
{
	int value = 0;
	socklen_t len = sizeof value;
	int r = (int)FAULT_OR(ENOBUFS, getsockopt(fd, SOL_SOCKET, name, &value, &len));

	return r < 0 ? r : value;
}

int bide__sys_socket_type(int fd)
{
	return socket_option(fd, SO_TYPE);
}

int bide__sys_socket_protocol(int fd)
{
	return socket_option(fd, SO_PROTOCOL);
}

ssize_t bide__sys_recvmsg(int fd, struct msghdr *msg, int flags)
{
	return FAULT_OR(ECONNRESET, recvmsg(fd, msg, flags));
}

ssize_t bide__sys_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	return FAULT_OR(ECONNRESET, sendmsg(fd, msg, flags));
}

int bide__sys_socket_file_check(const char *path)
{
	struct stat status;
	int r = (int)FAULT_OR(EACCES, lstat(path, &status));

	if (r < 0)
		return r;
	return S_ISSOCK(status.st_mode) ? 0 : -ENOTSOCK;
}

int bide__sys_socket_file_unlink(const char *path)
{
	return (int)FAULT_OR(EACCES, unlink(path));
}

int bide__sys_directory_lock(const char *path, bool alone)
{
	int fd = (int)FAULT_OR(EMFILE, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int r;

	if (fd < 0)
		return fd;
	r = (int)FAULT_OR(EWOULDBLOCK, flock(fd, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB));
	if (r < 0)
		(void)close(fd);        /* nothing was written to it */
	return r < 0 ? r : fd;
}
