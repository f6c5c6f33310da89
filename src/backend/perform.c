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

#include "base/sys.h"

#include <bide/io.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>

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
	traits->is_read_only = (flags & O_ACCMODE) == O_RDONLY;
	traits->is_write_only = (flags & O_ACCMODE) == O_WRONLY;
	/* Files are always ready, as far as poll can tell. */
	traits->is_blocking = !(flags & O_NONBLOCK) && !S_ISREG(status.st_mode) &&
	                      !S_ISDIR(status.st_mode) && !S_ISBLK(status.st_mode);
}

bool bide__op_may_wait(const struct io_op *op)
{
	if (op->kind == IO_READ)
		return op->n > 0;               /* read(2) of nothing never waits */
	if (op->kind == IO_CONNECT)
		return op->is_begun;            /* what has not begun has no end to wait for */
	return !((op->kind == IO_RECV || op->kind == IO_SEND) && (op->flags & MSG_DONTWAIT));
}

bool bide__op_reads(const struct io_op *op)
{
	if (op->kind == IO_POLL)
		return op->events & BIDE_READABLE;
	return op->kind == IO_READ || op->kind == IO_RECV || op->kind == IO_ACCEPT;
}

bool bide__op_writes(const struct io_op *op)
{
	if (op->kind == IO_POLL)
		return op->events & BIDE_WRITABLE;
	return op->kind == IO_WRITE || op->kind == IO_SEND || op->kind == IO_CONNECT;
}

/* Returns the events that hold, -EAGAIN where none does. */
static int poll_now(int fd, int events)
{
	struct pollfd poll_fd = { .fd = fd };
	int held = 0;
	int r;

	if (fd < 0)
		return -EBADF;                  /* poll(2) skips it */
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

static ssize_t perform_read(const struct io_op *op, const struct fd_traits *traits)
{
	/* recv(2) of nothing would wait. */
	if (op->n == 0)
		return bide__sys_read(op->fd, op->buf, 0);
	if (traits->is_socket)
		return bide__sys_recv(op->fd, op->buf, op->n, MSG_DONTWAIT);
	/* What is not open for reading fails at once, and would never poll as readable. */
	if (traits->is_blocking && !traits->is_write_only &&
	    poll_now(op->fd, BIDE_READABLE) == -EAGAIN)
		return -EAGAIN;
	return bide__sys_read(op->fd, op->buf, op->n);
}

static ssize_t perform_write(const struct io_op *op, const struct fd_traits *traits)
{
	size_t n = op->n;

	if (traits->is_socket)
		return bide__sys_send(op->fd, op->data, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (traits->is_blocking && !traits->is_read_only) {
		if (poll_now(op->fd, BIDE_WRITABLE) == -EAGAIN)
			return -EAGAIN;
		if (n > PIPE_BUF)
			n = PIPE_BUF;
	}
	return bide__sys_write_quietly(op->fd, op->data, n);
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
	(void)bide__sys_set_status_flags(op->fd, flags);        /* as it was a moment ago */
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

static ssize_t perform_once(struct io_op *op, const struct fd_traits *traits)
{
	switch (op->kind) {
	case IO_POLL:
		return poll_now(op->fd, op->events);
	case IO_READ:
		return perform_read(op, traits);
	case IO_WRITE:
		return perform_write(op, traits);
	case IO_RECV:
		return bide__sys_recv(op->fd, op->buf, op->n, op->flags | MSG_DONTWAIT);
	case IO_SEND:
		return bide__sys_send(op->fd, op->data, op->n,
		                      op->flags | MSG_DONTWAIT | MSG_NOSIGNAL);
	case IO_ACCEPT:
		return perform_accept(op, traits);
	case IO_CONNECT:
		return perform_connect(op, traits);
	}
	return -EINVAL;
}

ssize_t bide__perform(struct io_op *op, const struct fd_traits *traits)
{
	ssize_t r;

	/* The calls above do not wait, so EINTR is rare and the retry short. */
	do {
		r = perform_once(op, traits);
	} while (r == -EINTR);
	return r;
}
