/* SPDX-License-Identifier: MIT */

/*
 * kept.c - errors that a call has kept back for the next one on its descriptor
 *
 * A call that moves bytes in several steps returns their count where a later step
 * fails. The system tells of some errors only once, of a connection that was reset for
 * one: after it a read finds the end, as if all had come. So the error is kept, and the
 * next operation fails with it. That is rare, and there are few at a time: a list will do.
 *
 * A wait for the descriptor ends for such an error, too: the system would never tell. It
 * does so once, as whoever waits may read by a call of another library, and would then
 * find nothing for ever.
 */
#include "core/kept.h"

#include "base/mem.h"

#include <bide/io.h>

struct kept {
	struct kept *next;
	int fd;
	bool reads;                     /* from the descriptor, or writes to it */
	bool is_told;                   /* a wait has ended for it */
	int error;                      /* a negative errno */
};

static bool is_kept(ssize_t r)
{
	/* The others are the task's, the number's that may be another's soon, or ours. */
	return r < 0 && r != -ECANCELED && r != -EBADF && r != -EPERM && r != -ENOMEM;
}

void bide__kept_put(bide_loop *loop, int fd, bool reads, ssize_t r)
{
	struct kept *kept = is_kept(r) ? bide__alloc(sizeof *kept) : NULL;

	if (kept == NULL)
		return;
	*kept = (struct kept){ .next = loop->kept, .fd = fd, .reads = reads, .error = (int)r };
	loop->kept = kept;
}

/* Whether the operation transfers bytes in the direction of the error, or waits for that. */
static bool concerns(const struct kept *kept, const struct io_op *op)
{
	if (kept->fd != op->fd)
		return false;
	switch (op->kind) {
	case IO_READ:
	case IO_READV:
	case IO_RECV:
	case IO_RECVMSG:
		return kept->reads;
	case IO_WRITE:
	case IO_WRITEV:
	case IO_SEND:
	case IO_SENDMSG:
		return !kept->reads;
	case IO_POLL:
		return !kept->is_told &&
		       (op->events & (kept->reads ? BIDE_READABLE : BIDE_WRITABLE));
	default:
		return false;
	}
}

int bide__kept_take(bide_loop *loop, const struct io_op *op)
{
	for (struct kept **place = &loop->kept; *place != NULL; place = &(*place)->next) {
		struct kept *kept = *place;
		int error = kept->error;

		if (!concerns(kept, op))
			continue;
		if (op->kind == IO_POLL) {
			kept->is_told = true;
			return op->events;
		}
		*place = kept->next;
		bide__free(kept);
		return error;
	}
	return 0;
}

void bide__kept_forget(bide_loop *loop, int fd)
{
	struct kept **place = &loop->kept;

	while (*place != NULL) {
		struct kept *kept = *place;

		if (kept->fd != fd) {
			place = &kept->next;
			continue;
		}
		*place = kept->next;
		bide__free(kept);
	}
}

void bide__kept_fini(bide_loop *loop)
{
	while (loop->kept != NULL)
		bide__kept_forget(loop, loop->kept->fd);
}
