/* SPDX-License-Identifier: MIT */

/*
 * accept.c - taking connections for as long as that can go on
 *
 * accept(2) fails for three reasons. One connection was gone before it was taken: the
 * next may be fine. But where none is, for many in a row, it is not them: a sandbox that
 * forbids the call gives such codes as well, and a pause keeps that from spinning. The
 * listener is none, or no longer: that is the end. And something has run out: then the
 * connection stays in the kernel's queue, the listener stays ready, and a plain loop
 * would spin while the client waits for nobody.
 *
 * Against the last one helps a descriptor that is kept for it. It is given up, the
 * connections that wait are taken and closed, so that their clients see an end, and it
 * is opened again. Where that is no help (it is memory that has run out, or another
 * thread was faster to take the place) there is a pause, which grows. No pause
 * follows where it did help: what made accept(2) fail is out of the queue, and a
 * newcomer is either taken or sees an end at once, too.
 *
 * bide_accept() does nothing of this: its caller gets -EMFILE and decides.
 */
#include "accept.h"

#include "base/sys.h"
#include "core/operation.h"

#include <bide/io.h>
#include <bide/task.h>

#define PAUSE_MIN (5 * BIDE_MILLISECOND)
#define PAUSE_MAX BIDE_SECOND
#define FAILED_MAX 128                  /* connections in a row, before a pause */
#define SHED_MAX 128                    /* connections closed before others get a turn */

/* Any descriptor does; this kind needs no path and no peer. */
static int spare_open(void)
{
	int fd = bide__sys_eventfd();

	return fd < 0 ? -1 : fd;
}

void bide__acceptor_open(struct acceptor *acceptor, int listener)
{
	*acceptor = (struct acceptor){
		.listener = listener,
		.spare = spare_open(),
		.pause = PAUSE_MIN,
	};
}

void bide__acceptor_close(struct acceptor *acceptor)
{
	if (acceptor->spare >= 0)
		(void)bide_close(acceptor->spare);      /* nothing was written to it */
	acceptor->spare = -1;
}

/* The connection had failed before it was taken; see accept(2), "Error handling". */
static bool is_of_one_connection(int r)
{
	switch (-r) {
	case ECONNABORTED:
	case ECONNRESET:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case EINTR:
	case ENETDOWN:
	case ENETUNREACH:
	case ENONET:
	case ENOPROTOOPT:
	case EPERM:                     /* a firewall forbids it: we are a task */
	case EPROTO:
	case ETIMEDOUT:
		return true;
	default:
		return false;
	}
}

static bool is_shortage(int r)
{
	return r == -EMFILE || r == -ENFILE || r == -ENOBUFS || r == -ENOMEM;
}

/* Takes a connection where one is there, without waiting. Returns -EAGAIN where not. */
static int accept_now(int listener)
{
	struct backend *backend = bide__loop->backend;
	struct io_op op = { .kind = IO_ACCEPT, .fd = listener };

	return backend->ops->attempt(backend, &op) == ATTEMPT_DONE ? (int)op.result : -EAGAIN;
}

/*
 * Closes the connections that wait. Returns how many, -EAGAIN where there are none, or
 * why they cannot be taken even so.
 */
static int shed(struct acceptor *acceptor)
{
	int count = 0;
	int fd = 0;

	if (acceptor->spare < 0)
		return -EMFILE;
	bide__acceptor_close(acceptor);
	while (fd >= 0 && count < SHED_MAX) {
		fd = accept_now(acceptor->listener);
		if (fd >= 0) {
			(void)bide_close(fd);   /* its client sees an end either way */
			count++;
		}
	}
	acceptor->spare = spare_open();
	return count > 0 ? count : fd;
}

static void note_shortage(struct acceptor *acceptor, int what)
{
	if (!acceptor->is_short && (bide__loop->options.flags & BIDE_DEBUG))
		bide__report("bide_serve: connections cannot be taken: %d (%s); those that come "
		             "are closed, or wait, until they can",
		             what, bide_strerror(what));
	acceptor->is_short = true;
}

int bide__acceptor_pause(struct acceptor *acceptor, int what)
{
	bide_time pause = acceptor->pause;

	note_shortage(acceptor, what);
	acceptor->pause = pause < PAUSE_MAX / 2 ? pause * 2 : PAUSE_MAX;
	return bide_sleep(pause);
}

void bide__acceptor_recover(struct acceptor *acceptor)
{
	acceptor->is_short = false;
	acceptor->has_waited = false;
	acceptor->failed_count = 0;
	acceptor->pause = PAUSE_MIN;
	if (acceptor->spare < 0)
		acceptor->spare = spare_open();
}

/* Something has run out. Returns when it is worth another try, or -ECANCELED. */
static int acceptor_relieve(struct acceptor *acceptor, int what)
{
	int r;

	note_shortage(acceptor, what);
	r = shed(acceptor);
	if (r >= 0) {
		acceptor->has_waited = false;
		return 0;
	}
	/* Without a descriptor accept(2) fails also where nobody has come. But where
	 * somebody else takes what the listener tells of, that must not spin. */
	acceptor->has_waited = r == -EAGAIN && !acceptor->has_waited;
	if (acceptor->has_waited)
		return bide_wait_fd(acceptor->listener, BIDE_READABLE);
	return bide__acceptor_pause(acceptor, what);
}

/* Returns when a failure is worth another try, or why there can be none. */
static int acceptor_overcome(struct acceptor *acceptor, int failure)
{
	if (is_shortage(failure))
		return acceptor_relieve(acceptor, failure);
	if (!is_of_one_connection(failure))
		return failure;
	if (++acceptor->failed_count < FAILED_MAX)
		return 0;
	acceptor->failed_count = 0;
	return bide__acceptor_pause(acceptor, failure);
}

int bide__acceptor_take(struct acceptor *acceptor)
{
	for (;;) {
		int r = bide_accept(acceptor->listener, NULL, NULL);

		/* What had run out when that was tried may be there by now. */
		if (is_shortage(r))
			r = accept_now(acceptor->listener);
		if (r >= 0)
			return r;
		r = r == -EAGAIN ? 0 : acceptor_overcome(acceptor, r);
		if (r < 0)
			return r;
	}
}
