/* SPDX-License-Identifier: MIT */

/*
 * operation.h - a task that waits for an operation of the back end
 */
#ifndef BIDE_CORE_OPERATION_H
#define BIDE_CORE_OPERATION_H

#include "core/wait.h"

/*
 * Does the operation: at once where that is possible, else suspending until it has
 * come back. Returns its result, or -EPERM or -ECANCELED, and then nothing was done.
 * The operation must be zero where it is not set.
 */
ssize_t bide__operation_run(struct io_op *op);

/*
 * Does the operation where it need not wait, and nothing else. Is no cancellation
 * point, but may let other tasks run.
 */
enum attempt bide__operation_try(struct io_op *op);

/*
 * As bide__operation_run(), but lets nobody else run. Returns -EAGAIN, and nothing was
 * done, where the operation may have to wait or it is the others' turn.
 */
ssize_t bide__operation_at_once(struct io_op *op);

/* The operation has come back from the loop's back end. */
void bide__operation_complete(bide_loop *loop, struct io_op *op);

#endif
