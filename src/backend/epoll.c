/* SPDX-License-Identifier: MIT */

/*
 * epoll.c - the back end for Linux's epoll
 *
 * A descriptor is registered once, edge-triggered for both directions, when an
 * operation first has to wait for it, and stays registered until it is closed. An
 * event so comes also where nobody waits; ready.c keeps what it tells.
 *
 * Invariants
 *   E1  While a descriptor is believed not ready, an event will come when it is:
 *       it is registered, and had been found not ready after the last event; or it
 *       is not registered, and registering it brings an event.
 *   E2  An event belongs to a descriptor only if it carries its generation, which
 *       changes whenever the descriptor is closed.
 *
 * A descriptor closed by close(2) instead of bide_close() leaves an entry that is
 * wrong for the next one of that number. Operations that poll don't trust it: they
 * register anew, which costs them a system call.
 */
#include "backend/ready.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/sys_fd.h"

#define EVENTS_MAX 256
#define PREFETCH_EVENT 2                /* how far ahead of its turn */
#define WAKE_DATA UINT64_MAX            /* the event data of the wake-up descriptor */

/* fd_entry.place */
enum {
	NOT_REGISTERED = 0,
	REGISTERED,
	ALWAYS_READY,                   /* epoll refuses it, and it is no file */
};

struct epoll {
	struct ready ready;
	int epoll_fd;                   /* owned; negative until open */
	int wake_fd;                    /* owned; negative until open */
	struct epoll_event events[EVENTS_MAX];
};

static struct epoll *epoll_of(const struct backend *backend)
{
	return container_of(backend, struct epoll, ready.backend);
}

static void epoll_close(struct backend *backend)
{
	struct epoll *epoll = epoll_of(backend);

	bide__ready_fini(&epoll->ready);
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
	bide__ready_init(&epoll->ready, &bide__backend_epoll);
	epoll->epoll_fd = -1;
	epoll->wake_fd = -1;

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
	*ret = &epoll->ready.backend;
	return 0;

fail:
	epoll_close(&epoll->ready.backend);
	return r;
}

static int entry_register(struct epoll *epoll, struct fd_entry *entry, int fd)
{
	const uint32_t events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
	uint64_t data = (uint64_t)entry->generation << 32 | (uint32_t)fd;
	int r = -ENOENT;

	if (entry->place == REGISTERED)
		r = bide__sys_epoll_ctl(epoll->epoll_fd, EPOLL_CTL_MOD, fd, events, data);
	if (r == -ENOENT)
		r = bide__sys_epoll_ctl(epoll->epoll_fd, EPOLL_CTL_ADD, fd, events, data);
	if (r == -EPERM) {
		entry->place = ALWAYS_READY;
		return 0;
	}
	entry->place = r == 0 ? REGISTERED : NOT_REGISTERED;
	return r;
}

/* Outside of wait(), the next wait() must not wait; nor a foreign loop that embeds ours. */
static void complete_early(struct epoll *epoll, struct io_op *op, ssize_t result)
{
	bide__ready_complete(&epoll->ready, op, result);
	bide__sys_eventfd_raise(epoll->wake_fd);
}

static void epoll_submit(struct backend *backend, struct io_op *op)
{
	struct epoll *epoll = epoll_of(backend);
	struct fd_entry *entry = op->entry;
	int r = 0;

	if (entry->place == NOT_REGISTERED || op->kind == IO_POLL)
		r = entry_register(epoll, entry, op->fd);
	if (r < 0)
		complete_early(epoll, op, r);
	else if (entry->place == ALWAYS_READY)
		complete_early(epoll, op, bide__perform(op, &entry->traits));
	else
		bide__ready_enqueue(entry, op);
}

/* NULL for that of the wake-up descriptor. */
static struct fd_entry *entry_of(const struct epoll *epoll, const struct epoll_event *event)
{
	return bide__ready_entry(&epoll->ready, (int)(uint32_t)event->data.u64);
}

static void event_take(struct epoll *epoll, const struct epoll_event *event)
{
	struct fd_entry *entry = entry_of(epoll, event);
	unsigned what = 0;

	/* Each write is an edge, so nothing needs to be read. */
	if (event->data.u64 == WAKE_DATA)
		return;
	if (entry == NULL || entry->generation != event->data.u64 >> 32)
		return;                         /* E2 */

	if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		what |= READY_HUNG_UP;
	if (event->events & EPOLLPRI)
		what |= READY_URGENT | READY_TO_READ;
	if (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		what |= READY_TO_READ;
	if (event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		what |= READY_TO_WRITE;
	bide__ready_serve(&epoll->ready, entry, what);
}

/* Has the operation fetched that first waits for what an event a little ahead tells of. */
static inline void prefetch(const struct epoll *epoll, int ahead)
{
	const struct epoll_event *event = &epoll->events[ahead];
	const struct fd_entry *entry = entry_of(epoll, event);

	if (entry != NULL)
		__builtin_prefetch(entry->readers.next);
}

static int epoll_wait_all(struct backend *backend, bide_time timeout, struct bide_node *done)
{
	struct epoll *epoll = epoll_of(backend);
	int n;

	if (!list_is_empty(&epoll->ready.done))
		timeout = 0;
	n = bide__sys_epoll_wait(epoll->epoll_fd, epoll->events, EVENTS_MAX, timeout);
	if (n < 0 && n != -EINTR)
		return n;
	for (int i = 0; i < n; i++) {
		if (i + PREFETCH_EVENT < n)
			prefetch(epoll, i + PREFETCH_EVENT);
		event_take(epoll, &epoll->events[i]);
	}
	list_append(done, &epoll->ready.done);
	return 0;
}

static void epoll_forget(struct backend *backend, int fd)
{
	struct epoll *epoll = epoll_of(backend);
	struct fd_entry *entry = bide__ready_entry(&epoll->ready, fd);

	if (entry == NULL)
		return;
	/* Closing removes it only where no copy of the descriptor is left. */
	if (entry->place == REGISTERED)
		(void)bide__sys_epoll_ctl(epoll->epoll_fd, EPOLL_CTL_DEL, fd, 0, 0);
	bide__ready_forget(&epoll->ready, entry);
	if (!list_is_empty(&epoll->ready.done))
		bide__sys_eventfd_raise(epoll->wake_fd);
}

static void epoll_interrupt(struct backend *backend)
{
	bide__sys_eventfd_raise(epoll_of(backend)->wake_fd);
}

static int epoll_descriptor(const struct backend *backend)
{
	return epoll_of(backend)->epoll_fd;
}

const struct backend_ops bide__backend_epoll = {
	.name = "epoll",
	.open = epoll_open,
	.close = epoll_close,
	.attempt = bide__ready_attempt,
	.perform = bide__perform_blocking,
	.submit = epoll_submit,
	.cancel = bide__ready_cancel,
	.forget = epoll_forget,
	.wait = epoll_wait_all,
	.interrupt = epoll_interrupt,
	.descriptor = epoll_descriptor,
};
