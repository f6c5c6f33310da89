/* SPDX-License-Identifier: MIT */

/*
 * fd_use.h - calls that use a descriptor for longer than one operation
 */
#ifndef BIDE_CORE_FD_USE_H
#define BIDE_CORE_FD_USE_H

#include "core/loop.h"

#include <bide/scope.h>

/* On the caller's stack. */
struct fd_use {
	struct bide_node node;          /* in loop->fd_uses */
	int fd;
	bool is_closed;                 /* by bide_close(): the number may be another one's */
	bool is_on_thread;              /* a call of the pool has it; then it may not be */
	bool closes;                    /* its close(2) was left to this use */
	bide_scope *scope;              /* cancelled by the close; NULL: none */
};

/* From here on the use is told of a close. Where no loop runs nothing happens. */
void bide__fd_use_begin(struct fd_use *use, int fd);
void bide__fd_use_end(struct fd_use *use);

/* What a transfer between two descriptors uses. */
struct fd_ends {
	struct fd_use out;
	struct fd_use in;
};

void bide__fd_ends_begin(struct fd_ends *ends, int out, int in);
void bide__fd_ends_end(struct fd_ends *ends);

/* r, or -EBADF where that is no failure and one of the ends was closed. */
ssize_t bide__fd_ends_check(const struct fd_ends *ends, ssize_t r);

/*
 * As bide_to_thread(), for a call that uses descriptors; negative: none. Their numbers
 * are given to no others before it has returned.
 */
int bide__to_thread_with(bide_fn *fn, void *arg, int fd, int other);

/* What uses the descriptor is told that it is closed, and it is. As bide_close(). */
int bide__fd_close(int fd);

#endif
