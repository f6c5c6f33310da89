/* SPDX-License-Identifier: MIT */

/*
 * fd_use.c - calls that use a descriptor for longer than one operation
 *
 * A descriptor may be closed while a call uses it, and its number be given to another
 * one at once. What waits in the back end is told by forget(). But a call may also be
 * between two operations, or its operation have come back and its task not run yet; and
 * a thread of the pool may have got a call that it has not begun. What went on then
 * would write one client's bytes to another one.
 *
 * So such a call registers, and looks whether its descriptor was closed before it goes
 * on. A thread cannot look: between that and the system call there is always a moment.
 * What it uses is closed when it has returned.
 *
 * Invariants
 *   FU1  A use is in the list that its number belongs to, from its begin to its end.
 *   FU2  Of the uses of a closed descriptor that are on threads one closes it: the last
 *        one to end. Until then nobody gets the number.
 */
#include "core/fd_use.h"

#include "base/sys_fd.h"
#include "core/kept.h"

#include <bide/thread.h>

static struct bide_node *uses_of(bide_loop *loop, int fd)
{
	return &loop->fd_uses[(unsigned)fd % FD_USE_LISTS];
}

void bide__fd_use_begin(struct fd_use *use, int fd)
{
	*use = (struct fd_use){ .fd = fd };
	if (bide__loop != NULL)
		list_push_back(uses_of(bide__loop, fd), &use->node);
}

/* The next use of the descriptor in its list, after node; NULL: there is none. */
static struct fd_use *next_use(const struct bide_node *head, const struct bide_node *node, int fd)
{
	for (node = node->next; node != NULL && node != head; node = node->next) {
		struct fd_use *use = container_of(node, struct fd_use, node);

		if (use->fd == fd)
			return use;
	}
	return NULL;
}

/* Leaves the close to a thread that uses the closed descriptor. False: there is none. */
static bool leave_close(bide_loop *loop, int fd)
{
	const struct bide_node *head = uses_of(loop, fd);
	struct fd_use *use = next_use(head, head, fd);

	while (use != NULL && !(use->is_closed && use->is_on_thread))
		use = next_use(head, &use->node, fd);
	if (use != NULL)
		use->closes = true;
	return use != NULL;
}

void bide__fd_use_end(struct fd_use *use)
{
	if (!list_is_linked(&use->node))
		return;
	list_remove(&use->node);
	/* Nobody is left to be told. */
	if (use->closes && !leave_close(bide__loop, use->fd))
		(void)bide__sys_close(use->fd);
}

void bide__fd_ends_begin(struct fd_ends *ends, int out, int in)
{
	bide__fd_use_begin(&ends->out, out);
	bide__fd_use_begin(&ends->in, in);
}

void bide__fd_ends_end(struct fd_ends *ends)
{
	bide__fd_use_end(&ends->out);
	bide__fd_use_end(&ends->in);
}

ssize_t bide__fd_ends_check(const struct fd_ends *ends, ssize_t r)
{
	return r >= 0 && (ends->out.is_closed || ends->in.is_closed) ? -EBADF : r;
}

int bide__to_thread_with(bide_fn *fn, void *arg, int fd, int other)
{
	struct fd_ends ends;
	int r;

	bide__fd_ends_begin(&ends, fd, other);
	ends.out.is_on_thread = true;
	ends.in.is_on_thread = true;
	r = bide_to_thread(fn, arg);
	bide__fd_ends_end(&ends);
	return r;
}

static void note_close(struct fd_use *use)
{
	use->is_closed = true;
	if (use->scope != NULL)
		bide_scope_cancel(use->scope);
}

int bide__fd_close(int fd)
{
	bide_loop *loop = bide__loop;
	const struct bide_node *head;
	struct fd_use *use;

	if (loop == NULL || fd < 0)
		return bide__sys_close(fd);
	if (leave_close(loop, fd))
		return -EBADF;          /* it was closed, and only its number is taken */
	loop->backend->ops->forget(loop->backend, fd);
	head = uses_of(loop, fd);
	for (use = next_use(head, head, fd); use != NULL; use = next_use(head, &use->node, fd))
		note_close(use);
	bide__kept_forget(loop, fd);
	return leave_close(loop, fd) ? 0 : bide__sys_close(fd);
}
