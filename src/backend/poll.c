/* SPDX-License-Identifier: MIT */

/*
 * poll.c - the back end for poll(2), which every POSIX system has
 *
 * A descriptor stands in the array that poll(2) is given while somebody waits for it,
 * and no longer. Its place in the array is kept in its entry, and a gap is filled by
 * the last one, so that adding, changing and removing cost the same however many there
 * are; a wait costs time for each. poll(2) tells of a descriptor for as long as it is
 * ready, so nothing is missed and nothing is stale.
 *
 * Not every operation can be done where poll(2) calls its descriptor ready: a look at
 * pending errors finds data, or a datagram's receiver has no room. Asked again, poll(2)
 * would say the same at once, and so for ever. Such an item is muted: the next wait
 * passes over it, and is short.
 *
 * The descriptor that is readable when the loop has work, for a foreign loop, would
 * have to be one that tells of all others, which POSIX does not have.
 *
 * Invariants
 *   PL1  items[0] is the pipe that wakes us. Any other item i belongs to the descriptor
 *        whose entry's place is i, and asks for what waits_for() says. muted_count
 *        items are muted: they have the complement of their descriptor, which is
 *        negative, so that poll(2) passes over them.
 *   PL2  Between two waits no item has revents.
 */
#include "backend/ready.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/sys_fd.h"

#include <assert.h>
#include <bide/io.h>
#include <poll.h>

#define ITEMS_AT_FIRST 16
#define MUTED_TIME BIDE_MILLISECOND

struct poller {
	struct ready ready;
	int wake_fds[2];                /* owned; to read and to write; negative until open */
	struct pollfd *items;           /* owned */
	size_t item_count;
	size_t capacity;
	size_t muted_count;
};

static struct poller *poller_of(const struct backend *backend)
{
	return container_of(backend, struct poller, ready.backend);
}

static void poll_close(struct backend *backend)
{
	struct poller *poller = poller_of(backend);

	bide__ready_fini(&poller->ready);
	bide__free(poller->items);
	for (int i = 0; i < 2; i++)
		if (poller->wake_fds[i] >= 0)
			(void)bide__sys_close(poller->wake_fds[i]);
	bide__free(poller);
}

static int items_reserve(struct poller *poller, size_t count)
{
	size_t wanted = poller->capacity ? poller->capacity * 2 : ITEMS_AT_FIRST;
	struct pollfd *bigger;

	if (count <= poller->capacity)
		return 0;
	bigger = bide__calloc(wanted, sizeof *bigger);
	if (bigger == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < poller->item_count; i++)
		bigger[i] = poller->items[i];
	bide__free(poller->items);
	poller->items = bigger;
	poller->capacity = wanted;
	return 0;
}

static int poll_open(struct backend **ret, const struct backend_options *options)
{
	struct poller *poller = bide__calloc(1, sizeof *poller);
	int r;

	(void)options;
	if (poller == NULL)
		return -ENOMEM;
	/* From here on poll_close() can undo whatever exists. */
	bide__ready_init(&poller->ready, &bide__backend_poll);
	poller->wake_fds[0] = poller->wake_fds[1] = -1;

	r = bide__sys_wake_pipe(poller->wake_fds);
	if (r < 0)
		goto fail;
	r = items_reserve(poller, 1);
	if (r < 0)
		goto fail;
	poller->items[0] = (struct pollfd){ .fd = poller->wake_fds[0], .events = POLLIN };
	poller->item_count = 1;
	*ret = &poller->ready.backend;
	return 0;

fail:
	poll_close(&poller->ready.backend);
	return r;
}

/* The events that those who wait for the descriptor want to hear of. */
static short waits_for(const struct fd_entry *entry)
{
	short events = 0;

	if (!list_is_empty(&entry->readers))
		events |= POLLIN;
	if (!list_is_empty(&entry->writers) || entry->either_count > 0)
		events |= POLLOUT;
	return events;
}

static int fd_of(const struct pollfd *item)
{
	return item->fd < 0 ? ~item->fd : item->fd;
}

static void item_mute(struct poller *poller, struct pollfd *item)
{
	item->fd = ~item->fd;
	poller->muted_count++;
}

static void items_unmute(struct poller *poller)
{
	for (size_t i = 0; i < poller->item_count && poller->muted_count > 0; i++) {
		poller->muted_count -= poller->items[i].fd < 0;
		poller->items[i].fd = fd_of(&poller->items[i]);
	}
}

static void item_remove(struct poller *poller, struct fd_entry *entry)
{
	struct pollfd *gap = &poller->items[entry->place];

	poller->muted_count -= gap->fd < 0;
	*gap = poller->items[--poller->item_count];
	bide__ready_entry(&poller->ready, fd_of(gap))->place = entry->place;
	entry->place = 0;
}

/* Restores PL1 where the entry's queues have changed. A new item needs reserved room. */
static void item_update(struct poller *poller, struct fd_entry *entry, int fd)
{
	short events = waits_for(entry);

	if (events == 0 && entry->place != 0) {
		item_remove(poller, entry);
	} else if (events != 0) {
		if (entry->place == 0) {
			entry->place = (uint32_t)poller->item_count++;
			poller->items[entry->place] = (struct pollfd){ .fd = fd };
		}
		poller->items[entry->place].events = events;
	}
}

static void poll_submit(struct backend *backend, struct io_op *op)
{
	struct poller *poller = poller_of(backend);
	struct fd_entry *entry = op->entry;
	int r = items_reserve(poller, poller->item_count + 1);

	if (r < 0) {
		bide__ready_complete(&poller->ready, op, r);
		return;
	}
	bide__ready_enqueue(entry, op);
	item_update(poller, entry, op->fd);
}

static bool poll_cancel(struct backend *backend, struct io_op *op)
{
	struct poller *poller = poller_of(backend);

	if (!bide__ready_cancel(backend, op))
		return false;
	item_update(poller, op->entry, op->fd);
	return true;
}

static void poll_forget(struct backend *backend, int fd)
{
	struct poller *poller = poller_of(backend);
	struct fd_entry *entry = bide__ready_entry(&poller->ready, fd);

	if (entry == NULL)
		return;
	if (entry->place != 0)
		item_remove(poller, entry);
	bide__ready_forget(&poller->ready, entry);
}

static void events_take(struct poller *poller, int fd, int events)
{
	struct fd_entry *entry = bide__ready_entry(&poller->ready, fd);
	const struct bide_node *last = poller->ready.done.prev;
	unsigned what = 0;

	assert(poller->items[entry->place].fd == fd);   /* PL1 */
	/* It was closed behind our back. */
	if (events & POLLNVAL) {
		poll_forget(&poller->ready.backend, fd);
		return;
	}
	if (events & (POLLHUP | POLLERR))
		what |= READY_HUNG_UP | READY_TO_READ | READY_TO_WRITE;
	if (events & POLLIN)
		what |= READY_TO_READ;
	if (events & POLLOUT)
		what |= READY_TO_WRITE;
	bide__ready_serve(&poller->ready, entry, what);
	if (poller->ready.done.prev == last)
		item_mute(poller, &poller->items[entry->place]);
	item_update(poller, entry, fd);
}

static int poll_wait_all(struct backend *backend, bide_time timeout, struct bide_node *done)
{
	struct poller *poller = poller_of(backend);
	int left;

	if (!list_is_empty(&poller->ready.done))
		timeout = 0;
	if (poller->muted_count > 0 && timeout > MUTED_TIME)
		timeout = MUTED_TIME;
	left = bide__sys_poll(poller->items, poller->item_count, timeout);
	if (left < 0 && left != -EINTR)
		return left;
	items_unmute(poller);
	for (size_t i = 0; i < poller->item_count && left > 0;) {
		struct pollfd found = poller->items[i];

		/* One whose events are taken may be replaced by the last one. */
		if (found.revents == 0) {
			i++;
			continue;
		}
		left--;
		poller->items[i].revents = 0;
		if (i == 0)
			bide__sys_wake_pipe_drain(found.fd);
		else
			events_take(poller, found.fd, found.revents);
	}
	list_append(done, &poller->ready.done);
	return 0;
}

static void poll_interrupt(struct backend *backend)
{
	bide__sys_wake_pipe_raise(poller_of(backend)->wake_fds[1]);
}

static int poll_descriptor(const struct backend *backend)
{
	(void)backend;
	return -EOPNOTSUPP;
}

const struct backend_ops bide__backend_poll = {
	.name = "poll",
	.open = poll_open,
	.close = poll_close,
	.attempt = bide__ready_attempt,
	.perform = bide__perform_blocking,
	.submit = poll_submit,
	.cancel = poll_cancel,
	.forget = poll_forget,
	.wait = poll_wait_all,
	.interrupt = poll_interrupt,
	.descriptor = poll_descriptor,
};
