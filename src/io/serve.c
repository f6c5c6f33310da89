/* SPDX-License-Identifier: MIT */

/*
 * serve.c - a task for each connection
 *
 * The tasks are in a group of the serving one, which gives each back as soon as it
 * ends and lets no failure reach the others. A place in the group is waited for before
 * a connection is taken, not after: what there is no place for stays in the kernel's
 * queue, where another process may take it.
 *
 * The accepting has a scope of its own, which a close of the listener cancels: whatever
 * is waited for, a place, a connection or the end of a pause, and however far that has
 * come, no further connection is taken by a number that may be another listener's.
 *
 * Around the group lies a scope. When serving ends it becomes a shield with a deadline:
 * until then the tasks go on, whatever has been cancelled outside; after it the close
 * of the group finds its opener cancelled, and so cancels the tasks and waits for them.
 *
 * Invariant
 *   SV1  A descriptor that was taken is closed by exactly one of: the handler, once it
 *        has been called; the task's drop, where it never ran; server_step(), where
 *        there was no task to be had.
 */
#include "core/fd_use.h"
#include "core/join.h"
#include "core/scope.h"
#include "io/accept.h"

#include <bide/io.h>
#include <bide/net.h>

struct server {
	struct acceptor acceptor;
	bide_group group;
	bide_conn_fn *fn;
	void *arg;
};

/* A task's own copy; no larger than what its control block has room for. */
struct connection {
	const struct server *server;    /* stays until the group is closed */
	int fd;                         /* owned until the handler is called */
};

_Static_assert(sizeof(struct connection) <= TASK_COPY_INLINE, "each connection would allocate");

static int connection_run(void *arg)
{
	const struct connection *connection = arg;

	return connection->server->fn(connection->fd, connection->server->arg);
}

static void connection_drop(void *arg)
{
	const struct connection *connection = arg;

	(void)bide_close(connection->fd);       /* nobody is there to be told */
}

/* The task is there whether or not we were cancelled while it came: it was taken. */
static int connection_spawn(struct server *server, int fd)
{
	static const bide_task_options options = {
		.copy = sizeof(struct connection),
		.drop = connection_drop,
	};
	struct connection connection = { .server = server, .fd = fd };
	const struct spawn how = {
		.fn = connection_run,
		.arg = &connection,
		.options = &options,
		.group = &server->group,
	};
	struct bide_task *task;

	return bide__task_spawn(&how, &task);
}

/* Serves one more connection. Returns 0, or why serving ends. */
static int server_step(struct server *server)
{
	int r = bide__group_await_place(&server->group);
	int fd;

	if (r < 0)
		return r;
	fd = bide__acceptor_take(&server->acceptor);
	if (fd < 0)
		return fd;
	r = connection_spawn(server, fd);
	if (r == 0) {
		bide__acceptor_recover(&server->acceptor);
		return 0;
	}
	(void)bide_close(fd);           /* no memory for a task: its client sees an end */
	return bide__acceptor_pause(&server->acceptor, r);
}

/* Takes connections for as long as that can go on. Returns why it cannot. */
static int server_run(struct server *server, struct bide_task *self)
{
	struct fd_use use;
	bide_scope scope;
	int r, why;

	bide__scope_push(&scope, self);
	bide__fd_use_begin(&use, server->acceptor.listener);
	use.scope = &scope;
	do
		r = server_step(server);
	while (r == 0);
	bide__fd_use_end(&use);
	why = bide__scope_pop(&scope, self);
	/* Only a close cancels that scope. */
	return r == -ECANCELED && why < 0 ? -EBADF : r;
}

int bide_serve(int listener, bide_conn_fn *fn, void *arg, const bide_serve_options *options)
{
	static const bide_serve_options by_default;
	struct bide_task *self = task_current();
	struct server server = { .fn = fn, .arg = arg };
	bide_scope scope;
	int r = cancellation_point(self);

	if (r < 0)
		return r;
	if (options == NULL)
		options = &by_default;
	bide__acceptor_open(&server.acceptor, listener);
	bide__scope_push(&scope, self);
	bide_group_open_with(&server.group, BIDE_KEEP_GOING | BIDE_REAP);
	server.group.flags |= GROUP_REPORT;
	bide_group_limit(&server.group, options->max_connections);

	r = server_run(&server, self);
	bide__acceptor_close(&server.acceptor);
	bide_scope_shield(&scope, true);
	bide_scope_set_deadline(&scope, loop_deadline(bide__loop, options->drain));
	(void)bide_group_close(&server.group);  /* failures have been reported, one by one */
	(void)bide__scope_pop(&scope, self);    /* what ended the serving is what counts */
	return r;
}
