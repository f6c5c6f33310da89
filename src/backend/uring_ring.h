/* SPDX-License-Identifier: MIT */

/*
 * uring_ring.h - a ring of io_uring: requests go in, and the kernel gets them
 */
#ifndef BIDE_BACKEND_URING_RING_H
#define BIDE_BACKEND_URING_RING_H

#include "base/check.h"
#include "base/sys_uring.h"

struct uring_ring {
	struct io_uring uring;
	bool is_open;
	bool is_enabled;                /* it may be used: by one thread that has it, or by all */
};

/*
 * Makes a ring. stays: one thread uses it, the first that does. Whatever the result,
 * it is to be closed. Returns 0, or why this kernel's will not do.
 */
int bide__uring_ring_open(struct uring_ring *ret, bool stays);
void bide__uring_ring_close(struct uring_ring *ring);

/* Hands all requests over. */
void bide__uring_ring_submit(struct uring_ring *ring);

/*
 * The same, and lets the kernel do what it has put off; with a timeout above 0 it
 * waits until there is a completion. Returns 0, or why waiting is impossible.
 */
int bide__uring_ring_enter(struct uring_ring *ring, bide_time timeout);

/* Room for a request, which is handed over later. Never NULL. */
struct io_uring_sqe *bide__uring_ring_request(struct uring_ring *ring);

/* The number of the request made last. */
static inline uint32_t uring_ring_last(const struct uring_ring *ring)
{
	return ring->uring.sq.sqe_tail - 1;
}

/* The request of that number; NULL: it was handed over. */
struct io_uring_sqe *bide__uring_ring_pending(struct uring_ring *ring, uint32_t number);

#endif
