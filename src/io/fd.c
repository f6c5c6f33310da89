/* SPDX-License-Identifier: MIT */

/*
 * fd.c - the calls on descriptors: each is one operation
 */
#include "core/fd_use.h"
#include "core/kept.h"
#include "core/operation.h"

#include <bide/io.h>
#include <bide/task.h>
#include <limits.h>

#define RETRY_INTERVAL BIDE_MILLISECOND /* where nothing tells of the right moment */

ssize_t bide_read(int fd, void *buf, size_t n)
{
	struct io_op op = { .kind = IO_READ, .fd = fd, .buf = buf, .n = n, .offset = IO_CURRENT };

	return bide__operation_run(&op);
}

ssize_t bide_write(int fd, const void *buf, size_t n)
{
	struct io_op op = { .kind = IO_WRITE, .fd = fd, .data = buf, .n = n, .offset = IO_CURRENT };

	return bide__operation_run(&op);
}

static ssize_t transfer_vector(enum io_kind kind, int fd, const struct iovec *iov, int n)
{
	struct io_op op = { .kind = kind, .fd = fd, .iov = iov, .offset = IO_CURRENT };

	if (task_current() == NULL)
		return -EPERM;
	if (n < 0 || n > IOV_MAX)
		return -EINVAL;
	op.n = (size_t)n;
	return bide__operation_run(&op);
}

ssize_t bide_readv(int fd, const struct iovec *iov, int n)
{
	return transfer_vector(IO_READV, fd, iov, n);
}

ssize_t bide_writev(int fd, const struct iovec *iov, int n)
{
	return transfer_vector(IO_WRITEV, fd, iov, n);
}

/* What a transfer in several steps returns; r is what ended it. */
static ssize_t transfer_end(struct fd_use *use, bool reads, size_t done, ssize_t r)
{
	bide__fd_use_end(use);
	if (done == 0)
		return r;
	if (!use->is_closed)
		bide__kept_put(bide__loop, use->fd, reads, r);
	return (ssize_t)done;
}

ssize_t bide_read_full(int fd, void *buf, size_t n)
{
	struct fd_use use;
	size_t done = 0;
	ssize_t r;

	bide__fd_use_begin(&use, fd);
	r = bide_read(fd, buf, n);
	while (r > 0 && (done += (size_t)r) < n && !use.is_closed)
		r = bide_read(fd, (char *)buf + done, n - done);
	return transfer_end(&use, true, done, r);
}

/* Writes what is left; r is what has come of an attempt at all of it. */
static __attribute__((noinline)) ssize_t write_rest(int fd, const void *buf, size_t n, ssize_t r)
{
	struct fd_use use;
	size_t done = 0;

	bide__fd_use_begin(&use, fd);
	if (r == -EAGAIN)
		r = bide_write(fd, buf, n);
	while (r > 0 && (done += (size_t)r) < n && !use.is_closed)
		r = bide_write(fd, (const char *)buf + done, n - done);
	return transfer_end(&use, false, done, r);
}

ssize_t bide_write_all(int fd, const void *buf, size_t n)
{
	struct io_op op = { .kind = IO_WRITE, .fd = fd, .data = buf, .n = n, .offset = IO_CURRENT };
	ssize_t r = bide__operation_at_once(&op);

	/* Mostly all goes at once: then nobody can have closed it in between. */
	return likely(r == (ssize_t)n) ? r : write_rest(fd, buf, n, r);
}

ssize_t bide_recv(int fd, void *buf, size_t n, int flags)
{
	struct io_op op = { .kind = IO_RECV, .fd = fd, .buf = buf, .n = n, .flags = flags };

	return bide__operation_run(&op);
}

ssize_t bide_send(int fd, const void *buf, size_t n, int flags)
{
	struct io_op op = { .kind = IO_SEND, .fd = fd, .data = buf, .n = n, .flags = flags };

	return bide__operation_run(&op);
}

ssize_t bide_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct io_op op = { .kind = IO_RECVMSG, .fd = fd, .msg = msg, .flags = flags };

	return bide__operation_run(&op);
}

static ssize_t sendmsg_once(int fd, const struct msghdr *msg, int flags)
{
	struct io_op op = { .kind = IO_SENDMSG, .fd = fd, .const_msg = msg, .flags = flags };

	return bide__operation_run(&op);
}

/* Waits before another try. Returns 0, or why there is none. */
static int retry_wait(const struct fd_use *use)
{
	int r = bide_sleep(RETRY_INTERVAL);

	return r == 0 && use->is_closed ? -EBADF : r;
}

/* Of a receiver that it is not connected to a socket is not told when it has room. */
static bool is_to_unix(const struct msghdr *msg)
{
	const struct sockaddr *name = msg->msg_name;

	return name != NULL && msg->msg_namelen >= sizeof name->sa_family &&
	       name->sa_family == AF_UNIX;
}

ssize_t bide_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct fd_use use;
	ssize_t r;

	if (likely(!is_to_unix(msg)) || (flags & MSG_DONTWAIT))
		return sendmsg_once(fd, msg, flags);
	bide__fd_use_begin(&use, fd);
	while ((r = sendmsg_once(fd, msg, flags | MSG_DONTWAIT)) == -EAGAIN) {
		r = retry_wait(&use);
		if (r < 0)
			break;
	}
	bide__fd_use_end(&use);
	return r;
}

ssize_t bide_recvfrom(int fd, void *buf, size_t n, int flags, struct sockaddr *addr, socklen_t *len)
{
	struct iovec iov = { buf, n };
	struct msghdr msg = { .msg_name = addr, .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t r;

	if (addr == NULL)
		return bide_recv(fd, buf, n, flags);
	msg.msg_namelen = *len;
	r = bide_recvmsg(fd, &msg, flags);
	if (r >= 0)
		*len = msg.msg_namelen;
	return r;
}

ssize_t bide_sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *addr,
                    socklen_t len)
{
	struct iovec iov = { (void *)buf, n };
	struct msghdr msg = {
		.msg_name = (void *)addr,
		.msg_namelen = len,
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};

	return addr == NULL ? bide_send(fd, buf, n, flags) : bide_sendmsg(fd, &msg, flags);
}

int bide_wait_fd(int fd, int events)
{
	struct io_op op = { .kind = IO_POLL, .fd = fd, .events = events };

	if (task_current() == NULL)
		return -EPERM;
	if (events == 0 || (events & ~(BIDE_READABLE | BIDE_WRITABLE)))
		return -EINVAL;
	return (int)bide__operation_run(&op);
}

int bide_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct io_op op = { .kind = IO_ACCEPT, .fd = fd, .peer = addr, .peer_len = len };

	return (int)bide__operation_run(&op);
}

static int connect_once(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct io_op op = { .kind = IO_CONNECT, .fd = fd, .addr = addr, .addr_len = len };

	return (int)bide__operation_run(&op);
}

int bide_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct fd_use use;
	int r;

	bide__fd_use_begin(&use, fd);
	/* The listener of a Unix socket is full, and nothing tells when it no longer is. */
	while ((r = connect_once(fd, addr, len)) == -EAGAIN) {
		r = retry_wait(&use);
		if (r < 0)
			break;
	}
	bide__fd_use_end(&use);
	return r;
}

int bide_close(int fd)
{
	return bide__fd_close(fd);
}
