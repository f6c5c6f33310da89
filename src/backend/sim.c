/* SPDX-License-Identifier: MIT */

/*
 * sim.c - the back end of virtual time, which makes choices by a seed
 *
 * It does the same operations on the same descriptors as the others, by asking
 * poll(2) about all that wait. What the system leaves open it decides by a seed:
 * whether an operation that could be done at once is, how many bytes a transfer
 * moves, in which order ready operations complete. So a program meets short reads
 * and late completions, and meets the same ones again with the same seed. Without
 * a seed it always chooses the plain way.
 *
 * Speed is no aim.
 */
#include "backend/perform.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/sys_fd.h"

#include <bide/io.h>
#include <poll.h>

struct sim {
	struct backend backend;
	int wake_fd;                    /* owned; negative until open */
	uint64_t random;                /* 0: no choices are made */
	struct bide_node waiting;       /* operations, in order of submission */
	struct bide_node done;          /* operations that have completed since the last wait */
	size_t waiting_count;
};

static void sim_close(struct backend *backend)
{
	struct sim *sim = container_of(backend, struct sim, backend);

	if (sim->wake_fd >= 0)
		(void)bide__sys_close(sim->wake_fd);
	bide__free(sim);
}

static int sim_open(struct backend **ret, const struct backend_options *options)
{
	struct sim *sim = bide__calloc(1, sizeof *sim);

	if (sim == NULL)
		return -ENOMEM;
	sim->backend.ops = &bide__backend_sim;
	sim->random = options->seed;
	list_init(&sim->waiting);
	list_init(&sim->done);
	sim->wake_fd = bide__sys_eventfd();
	if (sim->wake_fd < 0) {
		int r = sim->wake_fd;

		sim_close(&sim->backend);
		return r;
	}
	*ret = &sim->backend;
	return 0;
}

/* One in so many times, where choices are made. */
static bool chance(struct sim *sim, unsigned one_in)
{
	uint64_t x = sim->random;

	if (x == 0)
		return false;
	/* xorshift64: never becomes 0. */
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	sim->random = x;
	return x % one_in == 0;
}

static bool has_length(const struct io_op *op)
{
	return op->kind == IO_READ || op->kind == IO_WRITE || op->kind == IO_RECV ||
	       op->kind == IO_SEND;
}

/* Tries the operation, perhaps with fewer bytes. True: it is done. */
static bool op_try(struct sim *sim, struct io_op *op, const struct fd_traits *traits)
{
	size_t n = op->n;
	ssize_t r;

	/* Datagrams must stay whole; a stream may be cut anywhere. */
	if (traits->is_stream && has_length(op) && n > 1 && chance(sim, 3))
		op->n = 1 + sim->random % (n - 1);
	r = bide__perform(op, traits);
	if (has_length(op))
		op->n = n;
	if (r == -EAGAIN && bide__op_may_wait(op))
		return false;
	op->result = r;
	return true;
}

/* The same for one that has waited. */
static bool op_retry(struct sim *sim, struct io_op *op)
{
	struct fd_traits traits;

	bide__traits_find(&traits, op->fd);
	return op_try(sim, op, &traits);
}

static enum attempt sim_attempt(struct backend *backend, struct io_op *op)
{
	struct sim *sim = container_of(backend, struct sim, backend);
	struct fd_traits traits;
	struct bide_node *node;

	bide__traits_find(&traits, op->fd);
	if (!bide__op_may_wait(op) || op->kind == IO_POLL)
		return op_try(sim, op, &traits) ? ATTEMPT_DONE : ATTEMPT_WAITS;
	if (bide__op_blocks(op, &traits))
		return !chance(sim, 4) && op_try(sim, op, &traits) ? ATTEMPT_DONE : ATTEMPT_BLOCKS;
	/* Nobody overtakes another one on the same descriptor. */
	for (node = sim->waiting.next; node != &sim->waiting; node = node->next) {
		const struct io_op *other = container_of(node, struct io_op, node);

		if (other->fd == op->fd && other->kind != IO_POLL &&
		    bide__op_reads(other) == bide__op_reads(op))
			return ATTEMPT_WAITS;
	}
	return !chance(sim, 4) && op_try(sim, op, &traits) ? ATTEMPT_DONE : ATTEMPT_WAITS;
}

static void sim_submit(struct backend *backend, struct io_op *op)
{
	struct sim *sim = container_of(backend, struct sim, backend);

	list_push_back(&sim->waiting, &op->node);
	sim->waiting_count++;
}

static void op_complete(struct sim *sim, struct io_op *op, ssize_t result)
{
	list_remove(&op->node);
	sim->waiting_count--;
	op->result = result;
	op->is_done = true;
	list_push_back(&sim->done, &op->node);
}

static bool sim_cancel(struct backend *backend, struct io_op *op)
{
	struct sim *sim = container_of(backend, struct sim, backend);

	if (op->is_done)
		return false;
	list_remove(&op->node);
	sim->waiting_count--;
	op->result = -ECANCELED;
	return true;
}

static void complete_ready(struct sim *sim)
{
	struct bide_node *node = sim->waiting.next;

	while (node != &sim->waiting) {
		struct io_op *op = container_of(node, struct io_op, node);

		node = node->next;
		if (op_retry(sim, op))
			op_complete(sim, op, op->result);
	}
	/* Half of the time two of them change places. */
	if (!list_is_empty(&sim->done) && chance(sim, 2)) {
		struct bide_node *first = list_pop_front(&sim->done);

		list_push_back(&sim->done, first);
	}
}

static short poll_events(const struct io_op *op)
{
	return (short)((bide__op_reads(op) ? POLLIN | POLLRDHUP : 0) |
	               (bide__op_writes(op) ? POLLOUT : 0));
}

/* Where they can't be waited for all at once, they are looked at every millisecond. */
static int sim_nap(struct pollfd *wake)
{
	int r = bide__sys_poll(wake, 1, BIDE_MILLISECOND);

	return r < 0 && r != -EINTR ? r : 0;
}

/* Blocks until a descriptor that is waited for is ready, or an interrupt. */
static int sim_block(struct sim *sim, bide_time timeout)
{
	struct pollfd *fds = bide__alloc((sim->waiting_count + 1) * sizeof *fds);
	struct pollfd wake = { .fd = sim->wake_fd, .events = POLLIN };
	struct bide_node *node;
	size_t n = 1;
	int r;

	if (fds == NULL)
		return sim_nap(&wake);
	fds[0] = wake;
	for (node = sim->waiting.next; node != &sim->waiting; node = node->next) {
		const struct io_op *op = container_of(node, struct io_op, node);

		fds[n++] = (struct pollfd){ .fd = op->fd, .events = poll_events(op) };
	}
	r = bide__sys_poll(fds, n, timeout);
	bide__free(fds);
	/* More waits than the process may have descriptors: it looks again, too. */
	if (r == -EINVAL)
		r = bide__sys_poll(&wake, 1, BIDE_MILLISECOND);
	return r < 0 && r != -EINTR ? r : 0;
}

static int sim_wait(struct backend *backend, bide_time timeout, struct bide_node *done)
{
	struct sim *sim = container_of(backend, struct sim, backend);
	int r = 0;

	complete_ready(sim);
	if (list_is_empty(&sim->done) && timeout > 0) {
		r = sim_block(sim, timeout);
		complete_ready(sim);
	}
	bide__sys_eventfd_drain(sim->wake_fd);
	list_append(done, &sim->done);
	return r;
}

static void sim_forget(struct backend *backend, int fd)
{
	struct sim *sim = container_of(backend, struct sim, backend);
	struct bide_node *node = sim->waiting.next;

	while (node != &sim->waiting) {
		struct io_op *op = container_of(node, struct io_op, node);

		node = node->next;
		if (op->fd == fd)
			op_complete(sim, op, op_retry(sim, op) ? op->result : -EBADF);
	}
	/* A foreign loop that embeds ours must notice. */
	if (!list_is_empty(&sim->done))
		bide__sys_eventfd_raise(sim->wake_fd);
}

static void sim_interrupt(struct backend *backend)
{
	bide__sys_eventfd_raise(container_of(backend, struct sim, backend)->wake_fd);
}

static int sim_descriptor(const struct backend *backend)
{
	return container_of(backend, struct sim, backend)->wake_fd;
}

const struct backend_ops bide__backend_sim = {
	.name = "sim",
	.open = sim_open,
	.close = sim_close,
	.attempt = sim_attempt,
	.perform = bide__perform_blocking,
	.submit = sim_submit,
	.cancel = sim_cancel,
	.forget = sim_forget,
	.wait = sim_wait,
	.interrupt = sim_interrupt,
	.descriptor = sim_descriptor,
};
