/* SPDX-License-Identifier: MIT */

/*
 * uring.c - the back end for Linux's io_uring
 *
 * Transfers of sockets that have to wait are handed to the kernel whole, which does
 * them and tells. All else is only waited
 * for there, by IORING_OP_POLL_ADD, and then performed by a plain call, as the kernel's
 * own way is not ours:
 *   - of pipes and terminals: O_NONBLOCK, which others may set or not, decides whether
 *     it waits at all, and without it a worker thread may come to be occupied for good;
 *   - of vectors on sockets: they would raise SIGPIPE;
 *   - of connections that come: it takes a descriptor before there is one, so that at
 *     the limit a listener would fail at once instead of waiting;
 *   - with flags that few transfers have: it would wait for all bytes, or for data
 *     that are not those.
 * What of a file is not in memory a thread fetches, as with the other back ends.
 *
 * Not every operation can be done where its descriptor is called ready: a look at errors
 * that are queued finds none where the connection has hung up. Polled again it would be
 * ready at once, and so for ever. The second time it naps before it asks again.
 *
 * The table of ready.c holds what is believed of a descriptor. Here a wrong belief
 * costs time only.
 *
 * Invariants
 *   UR1  Between submit() and its return an operation is in a queue of its descriptor,
 *        or in forgotten. It is marked SENT while a request for it is in the ring or in
 *        the kernel: just one, whose user data is its address.
 *   UR2  Of the operations of a queue that are to happen in order, only the first one
 *        is SENT: the kernel promises no order among requests. Those that stand apart
 *        end in any order and are all SENT.
 *   UR3  A request that names a descriptor reaches the kernel before the descriptor is
 *        closed: forget() and flush() see to that. From then on it holds the file
 *        itself, and a number that is used again cannot mislead it.
 *   UR4  An operation whose end was asked for is UNANSWERED until the kernel has said
 *        what came of that, and does not come back before. So what names its address
 *        can't meet the next operation to live there. The kernel does not find a request
 *        that it is about to try again: it is asked again, too.
 *
 * A request belongs to the thread that hands it over: what is left when that ends the
 * kernel gives up as soon as it could go on, and it is handed over anew.
 *
 * Multishot requests with buffers of their own were rejected: at 64 bytes they bring
 * nothing, and the data would have to be copied.
 */
#include "backend/ready.h"
#include "backend/uring_ring.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/sys_fd.h"

#include <bide/io.h>
#include <limits.h>
#include <poll.h>

/* User data that are no operation's address. */
#define WAKE_DATA 1
#define NOTHING_DATA 2
#define CANCEL_TAG 4                    /* beside the address of who is to end */

#define SEND_AGAIN (-4096)              /* in place of a result: no errno is that large */

#define NAP_TIME BIDE_MILLISECOND

/* io_op.marks */
enum {
	SENT = 1 << 0,                  /* the kernel has it, or will */
	BY_POLL = 1 << 1,               /* and only waits */
	CANCELED = 1 << 2,              /* its end was asked for */
	FORGOTTEN = 1 << 3,             /* its descriptor is closed; it is in forgotten */
	REFUSED = 1 << 4,               /* the kernel would not wait the plain way */
	IN_VAIN = 1 << 5,               /* it was called ready, and was not */
	NAPS = 1 << 6,                  /* twice: what was sent is a timeout */
	UNANSWERED = 1 << 7,            /* a request for its end is in the ring or in the kernel */
};

struct uring {
	struct ready ready;
	struct uring_ring ring;
	int wake_fd;                    /* owned; negative until open */
	bool is_wake_armed;             /* a request waits for wake_fd */
	struct bide_node forgotten;     /* operations whose descriptor is closed */
};

static struct uring *uring_of(const struct backend *backend)
{
	return container_of(backend, struct uring, ready.backend);
}

static void uring_close(struct backend *backend)
{
	struct uring *uring = uring_of(backend);

	bide__ready_fini(&uring->ready);
	bide__uring_ring_close(&uring->ring);
	if (uring->wake_fd >= 0)
		(void)bide__sys_close(uring->wake_fd);
	bide__free(uring);
}

/* An interrupt() is a write to the eventfd, and each of those an edge: nobody reads it. */
static void wake_arm(struct uring *uring)
{
	struct io_uring_sqe *request;

	if (likely(uring->is_wake_armed))
		return;
	request = bide__uring_ring_request(&uring->ring);
	io_uring_prep_poll_multishot(request, uring->wake_fd, POLLIN);
	request->user_data = WAKE_DATA;
	uring->is_wake_armed = true;
}

static void uring_flush(struct backend *backend)
{
	struct uring *uring = uring_of(backend);

	wake_arm(uring);
	bide__uring_ring_submit(&uring->ring);
	/* A foreign loop must not wait for what has come back. */
	if (!list_is_empty(&uring->ready.done))
		bide__sys_eventfd_raise(uring->wake_fd);
}

static int uring_open(struct backend **ret, const struct backend_options *options)
{
	struct uring *uring = bide__calloc(1, sizeof *uring);
	int r;

	if (uring == NULL)
		return -ENOMEM;
	/* From here on uring_close() can undo whatever exists. */
	bide__ready_init(&uring->ready, &bide__backend_uring);
	list_init(&uring->forgotten);
	r = uring->wake_fd = bide__sys_eventfd();
	if (r < 0)
		goto fail;
	r = bide__uring_ring_open(&uring->ring, options->stays_on_one_thread);
	if (r < 0)
		goto fail;
	/* A foreign loop may wait for the ring before ours ever runs. */
	if (!options->stays_on_one_thread)
		uring_flush(&uring->ready.backend);
	*ret = &uring->ready.backend;
	return 0;

fail:
	uring_close(&uring->ready.backend);
	return r;
}

/* ---- requests ---- */

/* Whether the kernel is to do the operation, and not just to wait for it. */
static bool is_whole(const struct fd_entry *entry, const struct io_op *op)
{
	switch (op->kind) {
	case IO_READ:
	case IO_WRITE:
		return entry->traits.is_socket && op->offset == IO_CURRENT;
	case IO_RECV:
	case IO_SEND:
	case IO_RECVMSG:
	case IO_SENDMSG:
		return !(op->flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE | MSG_WAITALL));
	default:
		return false;
	}
}

static uint32_t length_of(const struct io_op *op)
{
	return op->n < INT_MAX ? (uint32_t)op->n : INT_MAX;
}

static void request_socket(struct io_uring_sqe *request, const struct io_op *op)
{
	switch (op->kind) {
	case IO_READ:
		io_uring_prep_recv(request, op->fd, op->buf, length_of(op), 0);
		break;
	case IO_WRITE:
		io_uring_prep_send(request, op->fd, op->data, length_of(op), MSG_NOSIGNAL);
		break;
	case IO_RECV:
		io_uring_prep_recv(request, op->fd, op->buf, length_of(op), op->flags);
		break;
	case IO_SEND:
		io_uring_prep_send(request, op->fd, op->data, length_of(op),
		                   op->flags | MSG_NOSIGNAL);
		break;
	case IO_RECVMSG:
		io_uring_prep_recvmsg(request, op->fd, op->msg, (unsigned)op->flags);
		break;
	default:
		io_uring_prep_sendmsg(request, op->fd, op->const_msg,
		                      (unsigned)op->flags | MSG_NOSIGNAL);
		break;
	}
	/* It is believed not to be ready: no call to find that out. */
	request->ioprio |= IORING_RECVSEND_POLL_FIRST;
}

static void request_poll(struct io_uring_sqe *request, struct io_op *op)
{
	unsigned events = 0;

	op->marks |= BY_POLL;
	if ((op->kind == IO_RECV || op->kind == IO_RECVMSG) && (op->flags & MSG_OOB))
		events = POLLPRI;
	else if ((op->kind == IO_RECV || op->kind == IO_RECVMSG) && (op->flags & MSG_ERRQUEUE))
		events = POLLERR;
	else if (bide__op_reads(op))
		events = POLLIN | POLLRDHUP;
	if (bide__op_writes(op))
		events |= POLLOUT;
	io_uring_prep_poll_add(request, op->fd, events);
}

static void request_nap(struct io_uring_sqe *request, struct io_op *op)
{
	static struct __kernel_timespec nap = { .tv_nsec = NAP_TIME };

	op->marks |= BY_POLL;
	io_uring_prep_timeout(request, &nap, 0, 0);
}

static void op_send(struct uring *uring, const struct fd_entry *entry, struct io_op *op)
{
	struct io_uring_sqe *request = bide__uring_ring_request(&uring->ring);

	op->request = uring_ring_last(&uring->ring);
	if (op->marks & NAPS)
		request_nap(request, op);
	else if (!is_whole(entry, op) || (op->marks & REFUSED))
		request_poll(request, op);
	else
		request_socket(request, op);
	request->user_data = (uintptr_t)op;
	op->marks |= SENT;
}

/* Takes the operation's request back. False: the kernel has it already. */
static bool op_unsend(struct uring *uring, struct io_op *op)
{
	struct io_uring_sqe *request = bide__uring_ring_pending(&uring->ring, op->request);

	if (request == NULL || request->user_data != (uintptr_t)op)
		return false;
	io_uring_prep_nop(request);
	request->flags = IOSQE_CQE_SKIP_SUCCESS;
	request->user_data = NOTHING_DATA;
	op->marks = 0;
	return true;
}

static void cancel_send(struct uring *uring, struct io_op *op)
{
	struct io_uring_sqe *request = bide__uring_ring_request(&uring->ring);

	io_uring_prep_cancel64(request, (uintptr_t)op, 0);
	request->user_data = (uintptr_t)op | CANCEL_TAG;
	op->marks |= UNANSWERED;
}

/* ---- operations ---- */

static struct bide_node *queue_of(struct fd_entry *entry, const struct io_op *op)
{
	return bide__op_reads(op) ? &entry->readers : &entry->writers;
}

static void uring_submit(struct backend *backend, struct io_op *op)
{
	struct uring *uring = uring_of(backend);
	struct fd_entry *entry = op->entry;
	struct bide_node *queue = queue_of(entry, op);

	op->marks = 0;
	list_push_back(queue, &op->node);
	if (bide__op_is_apart(op) || bide__ready_first(queue) == op)
		op_send(uring, entry, op);
}

/* Goes on with a queue whose first operation has ended. */
static void queue_go_on(struct uring *uring, struct fd_entry *entry, struct bide_node *queue)
{
	const bool *belief = queue == &entry->readers ? &entry->may_read : &entry->may_write;
	struct io_op *first;

	while ((first = bide__ready_first(queue)) != NULL && !(first->marks & (SENT | CANCELED))) {
		if (!*belief || !bide__ready_try(entry, first)) {
			op_send(uring, entry, first);
			break;
		}
		list_remove(&first->node);
		bide__ready_complete(&uring->ready, first, first->result);
	}
}

static bool uring_cancel(struct backend *backend, struct io_op *op)
{
	struct uring *uring = uring_of(backend);

	if (op->is_done || (op->marks & (CANCELED | FORGOTTEN)))
		return false;
	if ((op->marks & SENT) && !op_unsend(uring, op)) {
		op->marks |= CANCELED;
		cancel_send(uring, op);
		return false;
	}
	list_remove(&op->node);
	op->result = -ECANCELED;
	/* Where it was the first, others wait for its turn. */
	if (!bide__op_is_apart(op))
		queue_go_on(uring, op->entry, queue_of(op->entry, op));
	return true;
}

/* ---- completions ---- */

/* What of the events that are waited for holds. */
static int events_held(const struct io_op *op, int polled)
{
	int held = 0;

	if (polled & (POLLERR | POLLHUP))
		return op->events;
	if (polled & (POLLIN | POLLRDHUP))
		held |= BIDE_READABLE;
	if (polled & POLLOUT)
		held |= BIDE_WRITABLE;
	return held & op->events;
}

/* The result of an operation whose end was asked for: what it has done stays done. */
static ssize_t result_of_ended(const struct io_op *op, int answer)
{
	const int code = op->marks & CANCELED ? -ECANCELED : -EBADF;

	if (op->kind == IO_POLL)
		return answer > 0 && events_held(op, answer) ? events_held(op, answer) : code;
	if ((op->marks & BY_POLL) || answer == -EINTR || answer == -EAGAIN || answer == -EFAULT ||
	    answer == -ECANCELED)
		return code;
	return answer;
}

static ssize_t poll_again(struct io_op *op)
{
	op->marks |= op->marks & IN_VAIN ? NAPS : IN_VAIN;
	return SEND_AGAIN;
}

/* The descriptor has become ready. Perhaps it no longer is. */
static ssize_t result_of_polled(struct fd_entry *entry, struct io_op *op, int answer)
{
	if (op->marks & NAPS) {
		op->marks &= (uint8_t)~NAPS;
		return SEND_AGAIN;
	}
	if (answer < 0)
		return answer == -ECANCELED ? SEND_AGAIN : answer;
	if (op->kind == IO_POLL)
		return events_held(op, answer) ? events_held(op, answer) : SEND_AGAIN;
	if (bide__op_reads(op))
		entry->may_read = true;
	else
		entry->may_write = true;
	return bide__ready_try(entry, op) ? op->result : poll_again(op);
}

/* A transfer that was not cut short leaves the descriptor ready, as far as one can tell. */
static void entry_learn(struct fd_entry *entry, const struct io_op *op, int answer, uint32_t flags)
{
	bool has_length = op->kind != IO_RECVMSG && op->kind != IO_SENDMSG;
	bool is_short = has_length && answer > 0 && (size_t)answer < op->n;
	bool is_ready = !entry->traits.is_stream || !is_short ||
	                (flags & IORING_CQE_F_SOCK_NONEMPTY);

	if (bide__op_reads(op))
		entry->may_read = is_ready;
	else
		entry->may_write = is_ready;
}

static ssize_t result_of_whole(struct fd_entry *entry, struct io_op *op, int answer, uint32_t flags)
{
	switch (answer) {
	case -EAGAIN:
		op->marks |= REFUSED;
		return SEND_AGAIN;
	case -ECANCELED:                /* nobody has asked for it: the thread has ended */
	case -EINTR:
		return SEND_AGAIN;
	case -EFAULT:                   /* perhaps for the same reason */
		return bide__ready_try(entry, op) ? op->result : SEND_AGAIN;
	default:
		entry_learn(entry, op, answer, flags);
		return answer;
	}
}

/* It has its result. */
static void op_end(struct uring *uring, struct io_op *op)
{
	list_remove(&op->node);
	bide__ready_complete(&uring->ready, op, op->result);
	if (!(op->marks & FORGOTTEN) && !bide__op_is_apart(op))
		queue_go_on(uring, op->entry, queue_of(op->entry, op));
}

static void op_take(struct uring *uring, struct io_op *op, int answer, uint32_t flags)
{
	const unsigned marks = op->marks;
	struct fd_entry *entry = op->entry;

	if (marks & (CANCELED | FORGOTTEN)) {
		op->result = result_of_ended(op, answer);
		op->marks &= (uint8_t)~SENT;
		if (!(marks & UNANSWERED))
			op_end(uring, op);
		return;
	}
	op->marks &= (uint8_t) ~(SENT | BY_POLL);
	op->result = marks & BY_POLL ? result_of_polled(entry, op, answer)
	                             : result_of_whole(entry, op, answer, flags);
	if (op->result == SEND_AGAIN)
		op_send(uring, entry, op);
	else
		op_end(uring, op);
}

/* The kernel has answered to the request for the operation's end. */
static void cancel_take(struct uring *uring, struct io_op *op, int answer)
{
	op->marks &= (uint8_t)~UNANSWERED;
	if (!(op->marks & SENT))
		op_end(uring, op);
	else if (answer != 0)           /* not found, or a worker was at it and may go on */
		cancel_send(uring, op);
}

static struct io_op *op_of(const struct io_uring_cqe *completion)
{
	return (struct io_op *)((uintptr_t)completion->user_data & ~(uintptr_t)CANCEL_TAG);
}

static void completion_take(struct uring *uring, const struct io_uring_cqe *completion)
{
	switch (completion->user_data) {
	case WAKE_DATA:
		if (completion->flags & IORING_CQE_F_MORE)
			break;
		/* What it counts has been heard, and must not be heard again and again. */
		bide__sys_eventfd_drain(uring->wake_fd);
		uring->is_wake_armed = false;
		break;
	case NOTHING_DATA:                      /* what was never sent */
		break;
	default:
		if (completion->user_data & CANCEL_TAG)
			cancel_take(uring, op_of(completion), completion->res);
		else
			op_take(uring, op_of(completion), completion->res, completion->flags);
	}
}

static void completions_take(struct uring *uring)
{
	const struct io_uring_cqe *completion;
	unsigned count = 0;
	unsigned head;

	io_uring_for_each_cqe(&uring->ring.uring, head, completion)
	{
		completion_take(uring, completion);
		count++;
	}
	io_uring_cq_advance(&uring->ring.uring, count);
}

static int uring_wait(struct backend *backend, bide_time timeout, struct bide_node *done)
{
	struct uring *uring = uring_of(backend);
	int r;

	wake_arm(uring);
	if (!list_is_empty(&uring->ready.done) || io_uring_cq_ready(&uring->ring.uring) > 0)
		timeout = 0;
	r = bide__uring_ring_enter(&uring->ring, timeout);
	completions_take(uring);
	list_append(done, &uring->ready.done);
	return r;
}

/* ---- the end of a descriptor ---- */

static void queue_forget(struct uring *uring, struct bide_node *queue)
{
	while (!list_is_empty(queue)) {
		struct io_op *op = container_of(list_pop_front(queue), struct io_op, node);

		if (!(op->marks & (SENT | UNANSWERED))) {
			bide__ready_complete(&uring->ready, op, -EBADF);
			continue;
		}
		list_push_back(&uring->forgotten, &op->node);
		op->marks |= FORGOTTEN;
		if (!(op->marks & CANCELED))
			cancel_send(uring, op);
	}
}

/* Hands over what is there, and takes what can be had without waiting. */
static void uring_settle(struct uring *uring)
{
	bide__uring_ring_submit(&uring->ring);
	(void)bide__uring_ring_enter(&uring->ring, 0);  /* wait() tells what is wrong */
	completions_take(uring);
}

static void uring_forget(struct backend *backend, int fd)
{
	struct uring *uring = uring_of(backend);
	struct fd_entry *entry = bide__ready_entry(&uring->ready, fd);
	uint32_t next;

	if (entry == NULL)
		return;
	if (!list_is_empty(&entry->readers) || !list_is_empty(&entry->writers)) {
		uring_settle(uring);            /* what is ready is done */
		queue_forget(uring, &entry->readers);
		queue_forget(uring, &entry->writers);
		uring_settle(uring);
	}
	next = entry->generation + 1;
	*entry = (struct fd_entry){ .generation = next };
}

static void uring_interrupt(struct backend *backend)
{
	bide__sys_eventfd_raise(uring_of(backend)->wake_fd);
}

static int uring_descriptor(const struct backend *backend)
{
	return uring_of(backend)->ring.uring.ring_fd;
}

const struct backend_ops bide__backend_uring = {
	.name = "io_uring",
	.open = uring_open,
	.close = uring_close,
	.attempt = bide__ready_attempt,
	.perform = bide__perform_blocking,
	.submit = uring_submit,
	.cancel = uring_cancel,
	.forget = uring_forget,
	.wait = uring_wait,
	.flush = uring_flush,
	.interrupt = uring_interrupt,
	.descriptor = uring_descriptor,
};
