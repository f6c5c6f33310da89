/* SPDX-License-Identifier: MIT */

/*
 * kept.h - errors that a call has kept back for the next one on its descriptor
 */
#ifndef BIDE_CORE_KEPT_H
#define BIDE_CORE_KEPT_H

#include "core/loop.h"

/*
 * The next operation that reads from the descriptor, or that writes to it, is to fail
 * with r. What is not the descriptor's error is not kept, nor where memory has run out.
 */
void bide__kept_put(bide_loop *loop, int fd, bool reads, ssize_t r);

/* What the operation is to end with: the error, or of a wait all events; 0: nothing. */
int bide__kept_take(bide_loop *loop, const struct io_op *op);

/* The descriptor is closed. */
void bide__kept_forget(bide_loop *loop, int fd);

void bide__kept_fini(bide_loop *loop);

#endif
