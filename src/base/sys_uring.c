/* SPDX-License-Identifier: MIT */

/*
 * sys_uring.c - system calls on a ring of io_uring
 *
 * liburing returns negative errnos itself and leaves errno alone.
 */
#include "sys_uring.h"

#include "fault.h"

#include <errno.h>
#include <string.h>

int bide__sys_uring_open(struct io_uring *ret, unsigned entries, struct io_uring_params *params)
{
	return bide__fault() ? -EPERM : io_uring_queue_init_params(entries, ret, params);
}

void bide__sys_uring_close(struct io_uring *ring)
{
	io_uring_queue_exit(ring);
}

int bide__sys_uring_probe(struct io_uring *ring, const uint8_t *operations, size_t n)
{
	/* The head has all the operations behind it. */
	_Alignas(struct io_uring_probe) char
		memory[sizeof(struct io_uring_probe) + 256 * sizeof(struct io_uring_probe_op)];
	struct io_uring_probe *probe = memset(memory, 0, sizeof memory);
	int r = bide__fault() ? -ENOSYS : io_uring_register_probe(ring, probe, 256);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (!io_uring_opcode_supported(probe, operations[i]))
			return -ENOSYS;
	return 0;
}

int bide__sys_uring_enable(struct io_uring *ring)
{
	/* liburing 2.3 does not export the function that it has for this. */
	return io_uring_register((unsigned)ring->ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

int bide__sys_uring_submit(struct io_uring *ring)
{
	return bide__fault() ? -EAGAIN : io_uring_submit(ring);
}

int bide__sys_uring_collect(struct io_uring *ring)
{
	return bide__fault() ? -EAGAIN : io_uring_submit_and_get_events(ring);
}

int bide__sys_uring_wait(struct io_uring *ring, bide_time timeout)
{
	struct __kernel_timespec limit = { timeout / BIDE_SECOND, timeout % BIDE_SECOND };
	struct io_uring_cqe *first;

	if (bide__fault())
		return -EAGAIN;
	return io_uring_submit_and_wait_timeout(ring, &first, 1,
	                                        timeout < BIDE_FOREVER ? &limit : NULL, NULL);
}
