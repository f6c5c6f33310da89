/* SPDX-License-Identifier: MIT */

/*
 * epoll.c - the back end for Linux's epoll
 *
 * A descriptor is registered once, edge-triggered for both directions, when an
 * operation first has to wait for it, and stays registered until it is closed. What
 * is believed of its readiness is kept beside it: an event makes it believed ready,
 * -EAGAIN and short transfers make it believed not, so that no call is wasted on
 * finding out.
 *
 * Invariants
 *   E1  An operation is in the queue of its descriptor or in done, from submit()
 *       until it is given back. Those of one queue complete in order.
 *   E2  While a descriptor is believed not ready, an event will come when it is:
 *       it is registered, and had been found not ready after the last event; or it
 *       is not registered, and registering it brings an event.
 *   E3  An event belongs to a descriptor only if it carries its generation, which
 *       changes whenever the descriptor is closed.
 *
 * A descriptor closed by close(2) instead of bide_close() leaves an entry that is
 * wrong for the next one of that number. Operations that poll don't trust it: they
 * register anew, which costs them a system call.
 */
#include "backend/perform.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/sys_fd.h"

#include <bide/io.h>

#define EVENTS_MAX 256
#define BLOCK_ENTRIES 64
#define WAKE_DATA UINT64_MAX            /* the event data of the wake-up descriptor */

struct fd_entry {
	struct bide_node readers;       /* operations, first come, first served */
	struct bide_node writers;
	uint32_t generation;
	struct fd_traits traits;
	bool is_registered;
	bool is_always_ready;           /* epoll refuses it, and it is no file */
	bool may_read;                  /* what is believed */
	bool may_write;
	bool has_hung_up;               /* whatever comes next will not wait */
};

/* Entries hold list heads, so they never move. */
struct fd_block {
	struct fd_entry entries[BLOCK_ENTRIES];
};

struct epoll {
	struct backend backend;
	int epoll_fd;                   /* owned; negative until open */
	int wake_fd;                    /* owned; negative until open */
	struct fd_block **blocks;       /* owned; by descriptor / BLOCK_ENTRIES; may be NULL */
	size_t block_count;
	struct bide_node done;          /* operations that have completed since the last wait */
	struct epoll_event events[EVENTS_MAX];
};

static void epoll_close(struct backend *backend)
{
	struct epoll *epoll = container_of(backend, struct epoll, backend);

	for (size_t i = 0; i < epoll->block_count; i++)
		bide__free(epoll->blocks[i]);
	bide__free(epoll->blocks);
	if (epoll->wake_fd >= 0)
		(void)bide__sys_close(epoll->wake_fd);
	if (epoll->epoll_fd >= 0)
		(void)bide__sys_close(epoll->epoll_fd);
	bide__free(epoll);
}

static int epoll_open(struct backend **ret, const struct backend_options *options)
{
	struct epoll *epoll = bide__calloc(1, sizeof *epoll);
	int r;

	(void)options;
	if (epoll == NULL)
		return -ENOMEM;
	/* From here on epoll_close() can undo whatever exists. */
	epoll->backend.ops = &bide__backend_epoll;
	epoll->epoll_fd = -1;
	epoll->wake_fd = -1;
	list_init(&epoll->done);

	r = epoll->epoll_fd = bide__sys_epoll_create();
	if (r < 0)
		goto fail;
	r = epoll->wake_fd = bide__sys_eventfd();
	if (r < 0)
		goto fail;
	r = bide__sys_epoll_ctl(epoll->epoll_fd, EPOLL_CTL_ADD, epoll->wake_fd, EPOLLIN | EPOLLET,
	                        WAKE_DATA);
	if (r < 0)
		goto fail;
	*ret = &epoll->backend;
	return 0;

fail:
	epoll_close(&epoll->backend);
	return r;
}

/* The descriptor's entry, or NULL where it was never needed. */
static struct fd_entry *entry_of(const struct epoll *epoll, int fd)
{
	size_t block = (size_t)fd / BLOCK_ENTRIES;

	if (fd < 0 || block >= epoll->block_count || epoll->blocks[block] == NULL)
		return NULL;
	return &epoll->blocks[block]->entries[fd % BLOCK_ENTRIES];
}

static int blocks_grow(struct epoll *epoll, size_t count)
{
	size_t wanted = epoll->block_count ? epoll->block_count * 2 : 4;
	struct fd_block **bigger;

	while (wanted < count)
		wanted *= 2;
	bigger = bide__calloc(wanted, sizeof *bigger);
	if (bigger == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < epoll->block_count; i++)
		bigger[i] = epoll->blocks[i];
	bide__free(epoll->blocks);
	epoll->blocks = bigger;
	epoll->block_count = wanted;
	return 0;
}

static int entry_find(struct epoll *epoll, int fd, struct fd_entry **ret)
{
	size_t block = (size_t)fd / BLOCK_ENTRIES;
	int r;

	if (fd < 0)
		return -EBADF;
	if (block >= epoll->block_count) {
		r = blocks_grow(epoll, block + 1);
		if (r < 0)
			return r;
	}
	if (epoll->blocks[block] == NULL)
		epoll->blocks[block] = bide__calloc(1, sizeof **epoll->blocks);
	if (epoll->blocks[block] == NULL)
		return -ENOMEM;
	*ret = &epoll->blocks[block]->entries[fd % BLOCK_ENTRIES];
	return 0;
}

static struct bide_node *queue_of(struct fd_entry *entry, const struct io_op *op)
{
	return bide__op_reads(op) ? &entry->readers : &entry->writers;
}

/*
 * Whether what the operation finds is what any other would: not where flags have it
 * leave the data, or look for urgent data or errors only.
 */
static bool is_telling(const struct io_op *op)
{
	return op->kind != IO_RECV || !(op->flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE));
}

/* Learns from a result what the next operation has to expect (E2). */
static void entry_learn(struct fd_entry *entry, const struct io_op *op, ssize_t r)
{
	bool *belief = bide__op_reads(op) ? &entry->may_read : &entry->may_write;

	if (!is_telling(op))
		return;
	if (r == -EAGAIN)
		*belief = false;
	/* A pipe whose writer set O_DIRECT ends reads early, and its reader can't know. */
	else if ((op->kind == IO_READ || op->kind == IO_RECV) && entry->traits.is_stream &&
	         entry->traits.is_socket && r > 0 && (size_t)r < op->n && !entry->has_hung_up)
		*belief = false;
}

/* Tries the operation. True: it is done, and op->result is set. */
static bool entry_try(struct fd_entry *entry, struct io_op *op)
{
	ssize_t r = bide__perform(op, &entry->traits);

	entry_learn(entry, op, r);
	if (r == -EAGAIN && bide__op_may_wait(op))
		return false;
	op->result = r;
	return true;
}

static enum attempt epoll_attempt(struct backend *backend, struct io_op *op)
{
	struct epoll *epoll = container_of(backend, struct epoll, backend);
	struct fd_entry *entry;
	int r = entry_find(epoll, op->fd, &entry);

	if (r < 0) {
		op->result = r;
		return ATTEMPT_DONE;
	}
	if (!entry->traits.is_known) {
		bide__traits_find(&entry->traits, op->fd);
		entry->may_read = true;
		entry->may_write = true;
	}
	if (op->kind != IO_POLL && bide__op_may_wait(op) && !bide__op_blocks(op, &entry->traits)) {
		if (!list_is_empty(queue_of(entry, op)))
			return ATTEMPT_WAITS;
		/* A connection that begins is not a matter of readiness. */
		if (!(bide__op_reads(op) ? entry->may_read : entry->may_write) &&
		    op->kind != IO_CONNECT)
			return ATTEMPT_WAITS;
	}
	if (entry_try(entry, op))
		return ATTEMPT_DONE;
	return bide__op_blocks(op, &entry->traits) ? ATTEMPT_BLOCKS : ATTEMPT_WAITS;
}

static int entry_register(struct epoll *epoll, struct fd_entry *entry, int fd)
{
	const uint32_t events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
	uint64_t data = (uint64_t)entry->generation << 32 | (uint32_t)fd;
	int r = -ENOENT;

	if (entry->is_registered)
		r = bide__sys_epoll_ctl(epoll->epoll_fd, EPOLL_CTL_MOD, fd, events, data);
	if (r == -ENOENT)
		r = bide__sys_epoll_ctl(epoll->epoll_fd, EPOLL_CTL_ADD, fd, events, data);
	if (r == -EPERM) {
		entry->is_always_ready = true;
		return 0;
	}
	entry->is_registered = r == 0;
	return r;
}

static void op_complete(struct epoll *epoll, struct io_op *op, ssize_t result)
{
	op->result = result;
	op->is_done = true;
	list_push_back(&epoll->done, &op->node);
}

/* Outside of wait(), the next wait() must not wait; nor a foreign loop that embeds ours. */
static void op_complete_early(struct epoll *epoll, struct io_op *op, ssize_t result)
{
	op_complete(epoll, op, result);
	bide__sys_eventfd_raise(epoll->wake_fd);
}

static void epoll_submit(struct backend *backend, struct io_op *op)
{
	struct epoll *epoll = container_of(backend, struct epoll, backend);
	struct fd_entry *entry = entry_of(epoll, op->fd);
	int r = 0;

	/* attempt() has made the entry. */
	if (!entry->is_registered || op->kind == IO_POLL)
		r = entry_register(epoll, entry, op->fd);
	if (r < 0) {
		op_complete_early(epoll, op, r);
		return;
	}
	if (entry->is_always_ready) {
		op_complete_early(epoll, op, bide__perform(op, &entry->traits));
		return;
	}
	list_push_back(queue_of(entry, op), &op->node);
}

static bool epoll_cancel(struct backend *backend, struct io_op *op)
{
	(void)backend;
	/* Completed already: it comes out of wait() with the result it has. */
	if (op->is_done)
		return false;
	list_remove(&op->node);
	op->result = -ECANCELED;
	return true;
}

/* Does what can be done of a queue. */
static void queue_run(struct epoll *epoll, struct fd_entry *entry, struct bide_node *queue)
{
	struct bide_node *node = queue->next;

	while (node != NULL && node != queue) {
		struct io_op *op = container_of(node, struct io_op, node);

		node = node->next;
		if (entry_try(entry, op)) {
			list_remove(&op->node);
			op_complete(epoll, op, op->result);
		} else if (op->kind != IO_POLL) {
			break;                  /* those behind it wait for the same */
		}
	}
}

/* Waits for both directions stand among the readers, behind whom they need not stay. */
static void polls_run(struct epoll *epoll, struct fd_entry *entry)
{
	struct bide_node *node = entry->readers.next;

	while (node != NULL && node != &entry->readers) {
		struct io_op *op = container_of(node, struct io_op, node);

		node = node->next;
		if (op->kind == IO_POLL && entry_try(entry, op)) {
			list_remove(&op->node);
			op_complete(epoll, op, op->result);
		}
	}
}

static void event_take(struct epoll *epoll, const struct epoll_event *event)
{
	struct fd_entry *entry = entry_of(epoll, (int)(uint32_t)event->data.u64);

	/* Each write is an edge, so nothing needs to be read. */
	if (event->data.u64 == WAKE_DATA)
		return;
	if (entry == NULL || entry->generation != event->data.u64 >> 32)
		return;                         /* E3 */

	if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		entry->has_hung_up = true;
	if (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
		entry->may_read = true;
		queue_run(epoll, entry, &entry->readers);
		polls_run(epoll, entry);
	}
	if (event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
		entry->may_write = true;
		queue_run(epoll, entry, &entry->writers);
		polls_run(epoll, entry);
	}
}

static int epoll_wait_all(struct backend *backend, bide_time timeout, struct bide_node *done)
{
	struct epoll *epoll = container_of(backend, struct epoll, backend);
	int n;

	if (!list_is_empty(&epoll->done))
		timeout = 0;
	n = bide__sys_epoll_wait(epoll->epoll_fd, epoll->events, EVENTS_MAX, timeout);
	if (n < 0 && n != -EINTR)
		return n;
	for (int i = 0; i < n; i++)
		event_take(epoll, &epoll->events[i]);
	list_append(done, &epoll->done);
	return 0;
}

static void queue_end(struct epoll *epoll, struct fd_entry *entry, struct bide_node *queue)
{
	queue_run(epoll, entry, queue);
	while (!list_is_empty(queue)) {
		struct bide_node *first = list_pop_front(queue);

		op_complete(epoll, container_of(first, struct io_op, node), -EBADF);
	}
	if (!list_is_empty(&epoll->done))
		bide__sys_eventfd_raise(epoll->wake_fd);
}

static void epoll_forget(struct backend *backend, int fd)
{
	struct epoll *epoll = container_of(backend, struct epoll, backend);
	struct fd_entry *entry = entry_of(epoll, fd);
	uint32_t generation;

	if (entry == NULL)
		return;
	polls_run(epoll, entry);
	queue_end(epoll, entry, &entry->readers);
	queue_end(epoll, entry, &entry->writers);
	/* Closing removes it only where no copy of the descriptor is left. */
	if (entry->is_registered)
		(void)bide__sys_epoll_ctl(epoll->epoll_fd, EPOLL_CTL_DEL, fd, 0, 0);
	generation = entry->generation + 1;
	*entry = (struct fd_entry){ .generation = generation };
}

static void epoll_interrupt(struct backend *backend)
{
	bide__sys_eventfd_raise(container_of(backend, struct epoll, backend)->wake_fd);
}

static int epoll_descriptor(const struct backend *backend)
{
	return container_of(backend, struct epoll, backend)->epoll_fd;
}

const struct backend_ops bide__backend_epoll = {
	.name = "epoll",
	.open = epoll_open,
	.close = epoll_close,
	.attempt = epoll_attempt,
	.perform = bide__perform_blocking,
	.submit = epoll_submit,
	.cancel = epoll_cancel,
	.forget = epoll_forget,
	.wait = epoll_wait_all,
	.interrupt = epoll_interrupt,
	.descriptor = epoll_descriptor,
};
