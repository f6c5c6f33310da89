/* SPDX-License-Identifier: MIT */

/*
 * perform.h - one try at an operation, by a plain system call that does not block
 */
#ifndef BIDE_BACKEND_PERFORM_H
#define BIDE_BACKEND_PERFORM_H

#include "base/check.h"
#include "base/sys_socket.h"
#include "core/backend.h"

#include <bide/io.h>

/* What has to be known of a descriptor to do that. */
struct fd_traits {
	bool is_known;
	bool is_socket;
	bool is_file;                   /* always ready, as far as poll can tell */
	bool is_in_memory;              /* a file without a disk behind it: it never blocks */
	bool is_stream;                 /* transfers may be cut anywhere */
	bool is_tcp;                    /* what is there is read as one, up to urgent data */
	bool is_blocking;               /* O_NONBLOCK is not set */
	bool is_read_only;
	bool is_write_only;
};

/* Finds out about the descriptor. is_known stays false where it cannot be asked. */
void bide__traits_find(struct fd_traits *traits, int fd);

/* One call of bide__perform() for all but the usual operations. */
ssize_t bide__perform_other(struct io_op *op, const struct fd_traits *traits);

/* Reads and writes of sockets come first: they are most of what there is to do. */
static inline ssize_t bide__perform_once(struct io_op *op, const struct fd_traits *traits)
{
	if (likely(traits->is_socket)) {
		if (op->kind == IO_READ && op->offset == IO_CURRENT && op->n > 0)
			return bide__sys_recv(op->fd, op->buf, op->n, MSG_DONTWAIT);
		if (op->kind == IO_WRITE && op->offset == IO_CURRENT)
			return bide__sys_send(op->fd, op->data, op->n, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	return bide__perform_other(op, traits);
}

/*
 * Tries the operation. Returns its result, or -EAGAIN where it would have to wait,
 * of a file for its disk; -EAGAIN is a result only where bide__op_may_wait() says no:
 * of transfers with MSG_DONTWAIT, and of a CONNECT that has not begun.
 */
static inline ssize_t bide__perform(struct io_op *op, const struct fd_traits *traits)
{
	ssize_t r;

	/* No call waits, so EINTR is rare and the retry short. */
	do {
		r = bide__perform_once(op, traits);
	} while (unlikely(r == -EINTR));
	return r;
}

/* Does a transfer of a file, for as long as that takes; it sets the result. */
void bide__perform_blocking(struct io_op *op);

/* bide__op_may_wait() of all but the usual ones. */
bool bide__op_may_wait_else(const struct io_op *op);

/* What follows is asked several times for each operation: calls would cost more than it. */

/* Whether the operation may have to wait for anything. */
static inline bool bide__op_may_wait(const struct io_op *op)
{
	if (op->kind == IO_READ)
		return op->n > 0;               /* read(2) of nothing never waits */
	return op->kind == IO_WRITE || op->kind == IO_POLL || bide__op_may_wait_else(op);
}

/* Whether the operation, where it has to wait, waits for a file's disk. */
static inline bool bide__op_blocks(const struct io_op *op, const struct fd_traits *traits)
{
	return traits->is_file && (op->kind == IO_READ || op->kind == IO_WRITE ||
	                           op->kind == IO_READV || op->kind == IO_WRITEV);
}

/* Whether the operation waits for the descriptor to be readable, writable. */
static inline bool bide__op_reads(const struct io_op *op)
{
	switch (op->kind) {
	case IO_POLL:
		return op->events & BIDE_READABLE;
	case IO_READ:
	case IO_READV:
	case IO_RECV:
	case IO_RECVMSG:
	case IO_ACCEPT:
		return true;
	default:
		return false;
	}
}

static inline bool bide__op_writes(const struct io_op *op)
{
	return op->kind == IO_POLL ? op->events & BIDE_WRITABLE : !bide__op_reads(op);
}

/*
 * Whether the operation is not after the descriptor's data, or takes none away: then it
 * waits for nobody's turn, and nobody for its.
 */
static inline bool bide__op_is_apart(const struct io_op *op)
{
	if (op->kind == IO_RECV || op->kind == IO_RECVMSG)
		return op->flags & (MSG_OOB | MSG_ERRQUEUE);
	return op->kind == IO_POLL;
}

#endif
