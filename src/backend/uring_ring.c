/* SPDX-License-Identifier: MIT */

/*
 * uring_ring.c - a ring of io_uring: requests go in, and the kernel gets them
 *
 * A request belongs to the thread that hands it over. Where one thread uses the ring
 * from beginning to end the kernel is told so (Linux 6.1), and then puts all work off
 * to the moment when it is asked for completions: no interrupts, and no locks. Else
 * (Linux 5.19) work is done whenever the thread enters the kernel.
 *
 * Invariants
 *   UQ1  Requests are handed over in the order of asking for them. Each call takes all.
 *   UQ2  A ring that stays with one thread is disabled until that thread uses it: who
 *        enables it is the only one that may hand requests over.
 */
#include "backend/uring_ring.h"

#include "base/error.h"

#include <errno.h>

#ifdef BIDE_HAVE_VALGRIND
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#ifdef BIDE_HOSTILE
#define REQUESTS_MAX 2
#define COMPLETIONS_MAX 4
#else
#define REQUESTS_MAX 256                /* more are handed over early */
#define COMPLETIONS_MAX 2048            /* more are kept by the kernel, at some cost */
#endif

static const uint8_t operations_needed[] = {
	IORING_OP_RECV,     IORING_OP_SEND,         IORING_OP_RECVMSG, IORING_OP_SENDMSG,
	IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL, IORING_OP_NOP,     IORING_OP_TIMEOUT,
};

/* Codes that tell of nothing but the moment. */
static bool is_passing(int code)
{
	return code == -EINTR || code == -ETIME || code == -EAGAIN || code == -EBUSY;
}

/* Sandboxes may allow to make a ring, and not to use it. One that is disabled says so. */
static int ring_try(struct uring_ring *ring)
{
	int r = bide__sys_uring_collect(&ring->uring);

	return r >= 0 || is_passing(r) || (r == -EBADFD && !ring->is_enabled) ? 0 : r;
}

static int ring_open(struct uring_ring *ring, uint32_t flags)
{
	const uint32_t features = IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_FAST_POLL |
	                          IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_CQE_SKIP;
	struct io_uring_params params = {
		.flags = flags | IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE |
		         IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG,
		.cq_entries = COMPLETIONS_MAX,
	};
	int r = bide__sys_uring_open(&ring->uring, REQUESTS_MAX, &params);

	if (r < 0)
		return r;
	ring->is_open = true;
	ring->is_enabled = !(flags & IORING_SETUP_R_DISABLED);
	if ((params.features & features) != features)
		return -ENOSYS;
	r = bide__sys_uring_probe(&ring->uring, operations_needed, sizeof operations_needed);
	return r < 0 ? r : ring_try(ring);
}

int bide__uring_ring_open(struct uring_ring *ret, bool stays)
{
	const uint32_t for_one = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
	                         IORING_SETUP_R_DISABLED;
	int r = -EINVAL;

	*ret = (struct uring_ring){ .is_open = false };
	/* It does not see what the kernel writes between the calls. */
	if (RUNNING_ON_VALGRIND)
		return -ENOSYS;
	if (stays)
		r = ring_open(ret, for_one);
	return r == -EINVAL ? ring_open(ret, IORING_SETUP_COOP_TASKRUN) : r;
}

void bide__uring_ring_close(struct uring_ring *ring)
{
	if (ring->is_open)
		bide__sys_uring_close(&ring->uring);
}

/* Before the ring is used (UQ2). */
static void ring_enable(struct uring_ring *ring)
{
	int r;

	if (likely(ring->is_enabled))
		return;
	r = bide__sys_uring_enable(&ring->uring);
	bide__check(r == 0, "the loop cannot use its ring: %s", bide_strerror(r));
	ring->is_enabled = true;
}

void bide__uring_ring_submit(struct uring_ring *ring)
{
	ring_enable(ring);
	while (io_uring_sq_ready(&ring->uring) > 0) {
		int r = bide__sys_uring_submit(&ring->uring);

		/* Where the kernel has no memory for requests this thread waits for it, as
		 * it would inside of any system call that needs some. */
		bide__check(r >= 0 || is_passing(r), "the kernel takes no requests: %s",
		            bide_strerror(r));
	}
}

/* Whether the kernel has put work off, or keeps completions for which there was no room. */
static bool has_work_left(const struct uring_ring *ring)
{
	return __atomic_load_n(ring->uring.sq.kflags, __ATOMIC_RELAXED) &
	       (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW);
}

int bide__uring_ring_enter(struct uring_ring *ring, bide_time timeout)
{
	int r = 0;

	ring_enable(ring);
	if (timeout > 0)
		r = bide__sys_uring_wait(&ring->uring, timeout);
	else if (io_uring_sq_ready(&ring->uring) > 0 || has_work_left(ring))
		r = bide__sys_uring_collect(&ring->uring);
	return r >= 0 || is_passing(r) ? 0 : r;
}

struct io_uring_sqe *bide__uring_ring_request(struct uring_ring *ring)
{
	struct io_uring_sqe *request = io_uring_get_sqe(&ring->uring);

	if (likely(request != NULL))
		return request;
	bide__uring_ring_submit(ring);
	return io_uring_get_sqe(&ring->uring);
}

struct io_uring_sqe *bide__uring_ring_pending(struct uring_ring *ring, uint32_t number)
{
	const struct io_uring_sq *queue = &ring->uring.sq;

	if (number - *queue->khead >= io_uring_sq_ready(&ring->uring))
		return NULL;
	return &queue->sqes[number & queue->ring_mask];
}
