/* SPDX-License-Identifier: MIT */

/*
 * sys_uring.h - system calls on a ring of io_uring
 *
 * They return negative errnos, as those of sys.h do. What the ring itself holds is
 * read and written with liburing's own functions.
 */
#ifndef BIDE_BASE_SYS_URING_H
#define BIDE_BASE_SYS_URING_H

#include <bide/base.h>
#include <liburing.h>

/* Makes a ring; flags and sizes as in io_uring_setup(2). */
int bide__sys_uring_open(struct io_uring *ret, unsigned entries, struct io_uring_params *params);
void bide__sys_uring_close(struct io_uring *ring);

/* Whether the kernel knows all these operations. Returns 0 or -ENOSYS, or why not to tell. */
int bide__sys_uring_probe(struct io_uring *ring, const uint8_t *operations, size_t n);

/* Begins the use of a ring that was made disabled; from now on it is this thread's. */
int bide__sys_uring_enable(struct io_uring *ring);

/* Hands over what stands in the submission queue. */
int bide__sys_uring_submit(struct io_uring *ring);

/* The same, and lets the kernel finish what it has put off until it is asked. */
int bide__sys_uring_collect(struct io_uring *ring);

/* The same, and waits for a completion. -ETIME: the timeout was first. */
int bide__sys_uring_wait(struct io_uring *ring, bide_time timeout);

#endif
