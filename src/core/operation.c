/* SPDX-License-Identifier: MIT */

/*
 * operation.c - a task that waits for an operation of the back end
 *
 * The operation and its waiter live on the task's stack, and the task does not go
 * on before the back end has given the operation back, whoever wants that: buffers
 * stay valid for as long as the system may touch them.
 */
#include "core/operation.h"

#include "core/fd_use.h"
#include "core/kept.h"

#ifdef BIDE_HOSTILE
#define IO_BUDGET 2
#else
#define IO_BUDGET 128                   /* operations in a row before others get a turn */
#endif

void bide__operation_complete(bide_loop *loop, struct io_op *op)
{
	loop->in_flight_count--;
	bide__settle(op->owner, 0);
}

static bool operation_withdraw(struct waiter *waiter)
{
	bide_loop *loop = task_loop(waiter->task);
	struct io_op *op = (struct io_op *)waiter->object;

	if (!loop->backend->ops->cancel(loop->backend, op))
		return false;
	loop->in_flight_count--;
	return true;
}

struct blocking {
	const struct backend_ops *ops;
	struct io_op *op;
};

static int blocking_run(void *arg)
{
	struct blocking *blocking = arg;

	blocking->ops->perform(blocking->op);
	return 0;
}

/* On a thread of the pool. A cancellation that comes meanwhile waits for it. */
static ssize_t operation_block(bide_loop *loop, struct io_op *op)
{
	struct blocking blocking = { loop->backend->ops, op };
	int r = bide__to_thread_with(blocking_run, &blocking, op->fd, -1);

	return r < 0 ? r : op->result;
}

/* Gives way where too many operations in a row did not wait. */
static ssize_t operation_end(bide_loop *loop, const struct io_op *op)
{
	if (loop->io_budget-- > 0)
		return op->result;
	loop->io_budget = IO_BUDGET;
	bide__give_way(loop);
	return op->result;
}

enum attempt bide__operation_try(struct io_op *op)
{
	bide_loop *loop = bide__loop;
	enum attempt attempt;

	if (unlikely(loop->kept != NULL) && (op->result = bide__kept_take(loop, op)) != 0)
		return ATTEMPT_DONE;
	attempt = loop->backend->ops->attempt(loop->backend, op);
	if (attempt == ATTEMPT_DONE)
		(void)operation_end(loop, op);  /* the same result */
	return attempt;
}

ssize_t bide__operation_at_once(struct io_op *op)
{
	bide_loop *loop = bide__loop;
	int r = cancellation_point(task_current());

	if (unlikely(r < 0))
		return r;
	if (unlikely(loop->kept != NULL || loop->io_budget == 0))
		return -EAGAIN;
	if (loop->backend->ops->attempt(loop->backend, op) != ATTEMPT_DONE)
		return -EAGAIN;
	loop->io_budget--;
	return op->result;
}

/* Apart, so that an operation that does not wait has no waiter to make. */
static __attribute__((noinline)) ssize_t operation_wait(bide_loop *loop, struct io_op *op)
{
	struct waiter waiter = {
		.withdraw = operation_withdraw,
		.object = op,
		.reason = PARK_IO,
	};

	op->owner = &waiter;
	loop->backend->ops->submit(loop->backend, op);
	loop->operation_count++;
	loop->in_flight_count++;
	loop->io_budget = IO_BUDGET;
	(void)bide__park(&waiter);              /* the operation's result tells */
	return likely(op->result != -ECANCELED) ? op->result : bide__cut_short(waiter.task);
}

ssize_t bide__operation_run(struct io_op *op)
{
	bide_loop *loop = bide__loop;
	int r = cancellation_point(task_current());

	if (unlikely(r < 0))
		return r;
	if (unlikely(loop->kept != NULL) && (r = bide__kept_take(loop, op)) != 0)
		return r;
	switch (loop->backend->ops->attempt(loop->backend, op)) {
	case ATTEMPT_DONE:
		return operation_end(loop, op);
	case ATTEMPT_BLOCKS:
		return operation_block(loop, op);
	case ATTEMPT_WAITS:
		break;
	}
	return operation_wait(loop, op);
}
