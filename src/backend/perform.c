/* SPDX-License-Identifier: MIT */

/*
 * perform.c - one try at an operation, by a plain system call that does not block
 *
 * A descriptor's O_NONBLOCK belongs to all processes that share it, so it stays as
 * it is. On a socket, MSG_DONTWAIT does the same for one call. Anything else that
 * would block is polled first and, for writing, given no more than a pipe takes
 * without blocking once it is writable.
 */
#include "backend/perform.h"

#include "base/check.h"
#include "base/sys.h"
#include "base/sys_fd.h"
#include "base/sys_socket.h"

#include <bide/io.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>

static void traits_find_file(struct fd_traits *traits, int fd)
{
	traits->is_file = true;
	traits->is_in_memory = bide__sys_is_in_memory(fd);
}

void bide__traits_find(struct fd_traits *traits, int fd)
{
	struct stat status;
	int flags = bide__sys_status_flags(fd);

	/* Of one that cannot be asked the worst is expected, this time. */
	*traits = (struct fd_traits){ .is_blocking = true };
	if (flags < 0 || bide__sys_fstat(fd, &status) < 0)
		return;
	traits->is_known = true;
	traits->is_socket = S_ISSOCK(status.st_mode);
	traits->is_stream = traits->is_socket ? bide__sys_socket_type(fd) == SOCK_STREAM
	                                      : S_ISFIFO(status.st_mode);
	traits->is_tcp = traits->is_socket && traits->is_stream &&
	                 bide__sys_socket_protocol(fd) == IPPROTO_TCP;
	traits->is_read_only = (flags & O_ACCMODE) == O_RDONLY;
	traits->is_write_only = (flags & O_ACCMODE) == O_WRONLY;
	if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISBLK(status.st_mode))
		traits_find_file(traits, fd);
	traits->is_blocking = !(flags & O_NONBLOCK) && !traits->is_file;
}

/* Whether it is a transfer by buffers in none of which there is room. */
static bool is_empty_vector(const struct io_op *op)
{
	if (op->kind != IO_READV && op->kind != IO_WRITEV)
		return false;
	for (size_t i = 0; i < op->n; i++)
		if (op->iov[i].iov_len > 0)
			return false;
	return true;
}

bool bide__op_may_wait_else(const struct io_op *op)
{
	switch (op->kind) {
	case IO_READV:
	case IO_WRITEV:
		return !is_empty_vector(op);
	case IO_CONNECT:
		return op->is_begun; /* what has not begun has no end to wait for */
	case IO_RECV:
	case IO_SEND:
	case IO_RECVMSG:
	case IO_SENDMSG:
		return !(op->flags & MSG_DONTWAIT);
	default:
		return true;
	}
}

/* Returns the events that hold, -EAGAIN where none does. */
static int poll_now(int fd, int events)
{
	struct pollfd poll_fd = { .fd = fd };
	int held = 0;
	int r;

	if (fd < 0)
		return -EBADF; /* poll(2) skips it */
	if (events & BIDE_READABLE)
		poll_fd.events |= POLLIN | POLLRDHUP;
	if (events & BIDE_WRITABLE)
		poll_fd.events |= POLLOUT;
	r = bide__sys_poll(&poll_fd, 1, 0);
	if (r <= 0)
		return r == 0 || r == -EINTR ? -EAGAIN : r;
	if (poll_fd.revents & POLLNVAL)
		return -EBADF;
	if (poll_fd.revents & (POLLERR | POLLHUP))
		held = events;
	if (poll_fd.revents & (POLLIN | POLLRDHUP))
		held |= BIDE_READABLE;
	if (poll_fd.revents & POLLOUT)
		held |= BIDE_WRITABLE;
	return held & events;
}

/* The buffers of READ, WRITE, READV and WRITEV; one is for a single buffer. */
static const struct iovec *buffers_of(const struct io_op *op, struct iovec *one, int *ret_count)
{
	if (op->kind == IO_READV || op->kind == IO_WRITEV) {
		*ret_count = op->n < INT_MAX ? (int)op->n : INT_MAX;
		return op->iov;
	}
	*one = (struct iovec){ op->buf, op->n };
	*ret_count = 1;
	return one;
}

/* Nobody tells when a file is ready: what it has not in memory is for a thread. */
static ssize_t perform_file(const struct io_op *op, const struct fd_traits *traits)
{
	const int flags = traits->is_in_memory ? 0 : RWF_NOWAIT;
	struct iovec one;
	int count;
	const struct iovec *iov = buffers_of(op, &one, &count);
	ssize_t r = bide__op_reads(op) ? bide__sys_preadv2(op->fd, iov, count, op->offset, flags)
	                               : bide__sys_pwritev2(op->fd, iov, count, op->offset, flags);

	return r == -EOPNOTSUPP && flags != 0 ? -EAGAIN : r;
}

void bide__perform_blocking(struct io_op *op)
{
	struct iovec one;
	int count;
	const struct iovec *iov = buffers_of(op, &one, &count);

	do {
		op->result = bide__op_reads(op)
		                     ? bide__sys_preadv2(op->fd, iov, count, op->offset, 0)
		                     : bide__sys_pwritev2(op->fd, iov, count, op->offset, 0);
	} while (op->result == -EINTR);
}

/* A transfer that cannot wait: of nothing, or at an offset of what has none. */
static ssize_t perform_plainly(const struct io_op *op)
{
	struct iovec one;
	int count;
	const struct iovec *iov = buffers_of(op, &one, &count);

	return bide__op_reads(op) ? bide__sys_preadv2(op->fd, iov, count, op->offset, 0)
	                          : bide__sys_pwritev2(op->fd, iov, count, op->offset, 0);
}

static ssize_t perform_read(const struct io_op *op, const struct fd_traits *traits)
{
	if (op->kind == IO_READ && op->n == 0)
		return bide__sys_read(op->fd, op->buf, 0); /* recv(2) of nothing would wait */
	if (traits->is_socket)
		return bide__sys_recvmsg(
			op->fd,
			&(struct msghdr){ .msg_iov = (struct iovec *)op->iov, .msg_iovlen = op->n },
			MSG_DONTWAIT);
	/* What is not open for reading fails at once, and would never poll as readable. */
	if (traits->is_blocking && !traits->is_write_only &&
	    poll_now(op->fd, BIDE_READABLE) == -EAGAIN)
		return -EAGAIN;
	if (op->kind == IO_READ)
		return bide__sys_read(op->fd, op->buf, op->n);
	return bide__sys_preadv2(op->fd, op->iov, (int)op->n, IO_CURRENT, 0);
}

/*
 * A blocking pipe takes PIPE_BUF bytes without blocking once it is writable. So much
 * goes in one piece, as writev(2) has it; of more, the buffers that fit as a whole, or
 * the beginning of the first one.
 */
static ssize_t write_cautiously(const struct io_op *op)
{
	struct iovec one;
	size_t total = 0;
	int count, first, end;
	const struct iovec *iov = buffers_of(op, &one, &count);

	if (poll_now(op->fd, BIDE_WRITABLE) == -EAGAIN)
		return -EAGAIN;
	for (first = 0; first < count - 1 && iov[first].iov_len == 0; first++)
		;
	for (end = first; end < count && iov[end].iov_len <= PIPE_BUF - total; end++)
		total += iov[end].iov_len;
	if (end > first || count == 0)
		return bide__sys_write_quietly(op->fd, &iov[first], end - first);
	one = (struct iovec){ iov[first].iov_base, PIPE_BUF };
	return bide__sys_write_quietly(op->fd, &one, 1);
}

static ssize_t perform_write(const struct io_op *op, const struct fd_traits *traits)
{
	struct iovec one;
	int count;
	const struct iovec *iov;

	if (traits->is_socket)
		return bide__sys_sendmsg(
			op->fd,
			&(struct msghdr){ .msg_iov = (struct iovec *)op->iov, .msg_iovlen = op->n },
			MSG_DONTWAIT | MSG_NOSIGNAL);
	if (traits->is_blocking && !traits->is_read_only)
		return write_cautiously(op);
	iov = buffers_of(op, &one, &count);
	return bide__sys_write_quietly(op->fd, iov, count);
}

/* READ, WRITE, READV and WRITEV. */
static ssize_t perform_transfer(const struct io_op *op, const struct fd_traits *traits)
{
	if (traits->is_file)
		return perform_file(op, traits);
	/* A socket would take a message of no bytes for one; writev(2) sends none. */
	if (op->offset != IO_CURRENT || is_empty_vector(op))
		return perform_plainly(op);
	return bide__op_reads(op) ? perform_read(op, traits) : perform_write(op, traits);
}

static ssize_t perform_accept(const struct io_op *op, const struct fd_traits *traits)
{
	/* What is no socket fails at once. */
	if (traits->is_socket && traits->is_blocking && poll_now(op->fd, BIDE_READABLE) == -EAGAIN)
		return -EAGAIN;
	return bide__sys_accept(op->fd, op->peer, op->peer_len);
}

/* A socket that connects is not shared yet, so its flags may be changed for the moment. */
static int connect_begin(const struct io_op *op, const struct fd_traits *traits)
{
	int flags, r;

	if (!traits->is_blocking)
		return bide__sys_connect(op->fd, op->addr, op->addr_len);
	flags = bide__sys_status_flags(op->fd);
	if (flags < 0)
		return flags;
	r = bide__sys_set_status_flags(op->fd, flags | O_NONBLOCK);
	if (r < 0)
		return r;
	r = bide__sys_connect(op->fd, op->addr, op->addr_len);
	(void)bide__sys_set_status_flags(op->fd, flags); /* as it was a moment ago */
	return r;
}

static ssize_t perform_connect(struct io_op *op, const struct fd_traits *traits)
{
	int r;

	if (!op->is_begun) {
		r = connect_begin(op, traits);
		/* A Unix socket whose listener is full says EAGAIN, and has not begun. */
		if (r == -EINPROGRESS || r == -EINTR) {
			op->is_begun = true;
			return -EAGAIN;
		}
		return r;
	}
	r = poll_now(op->fd, BIDE_WRITABLE);
	return r < 0 ? r : bide__sys_socket_error(op->fd);
}

ssize_t bide__perform_other(struct io_op *op, const struct fd_traits *traits)
{
	switch (op->kind) {
	case IO_POLL:
		return poll_now(op->fd, op->events);
	case IO_READ:
	case IO_READV:
	case IO_WRITE:
	case IO_WRITEV:
		return perform_transfer(op, traits);
	case IO_RECV:
		return bide__sys_recv(op->fd, op->buf, op->n, op->flags | MSG_DONTWAIT);
	case IO_SEND:
		return bide__sys_send(op->fd, op->data, op->n,
		                      op->flags | MSG_DONTWAIT | MSG_NOSIGNAL);
	case IO_RECVMSG:
		return bide__sys_recvmsg(op->fd, op->msg, op->flags | MSG_DONTWAIT);
	case IO_SENDMSG:
		return bide__sys_sendmsg(op->fd, op->const_msg,
		                         op->flags | MSG_DONTWAIT | MSG_NOSIGNAL);
	case IO_ACCEPT:
		return perform_accept(op, traits);
	case IO_CONNECT:
		return perform_connect(op, traits);
	}
	return -EINVAL;
}
