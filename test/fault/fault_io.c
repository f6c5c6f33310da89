/* SPDX-License-Identifier: MIT */

/*
 * fault_io.c - system calls on descriptors fail
 */
#include "fault.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int run_on(bool is_simulated, bide_fn *fn)
{
	const bide_options epoll = { .backend = BIDE_BACKEND_EPOLL, .flags = BIDE_VIRTUAL_CLOCK };
	const bide_options sim = { .flags = BIDE_VIRTUAL_CLOCK };

	return bide_run_with(is_simulated ? &sim : &epoll, fn, NULL);
}

static int write_late(void *arg)
{
	ssize_t r;

	bide_yield();
	r = bide_write(*(int *)arg, "late", 4);
	return r < 0 ? (int)r : 0;
}

/* One reads before the other one writes, through a pair of the given kind. */
static int transfer(int reader, int writer)
{
	char text[16];
	bide_task *task = bide_spawn(write_late, &writer);
	ssize_t n = 0;
	int r = task != NULL ? 0 : -ENOMEM;

	/* Without a writer there is nothing to wait for. */
	if (task != NULL)
		n = bide_read(reader, text, sizeof text);
	if (task != NULL && n < 0)
		bide_cancel(task);
	if (task != NULL)
		r = bide_join(task);
	if (n < 0)
		r = (int)n;
	return r;
}

static int transfer_by(int (*make)(int[2]))
{
	int fds[2];
	int r = 0;

	CHECK_INT(make(fds), 0);
	/* A failed write must not leave the reader waiting. */
	BIDE_TIMEOUT(BIDE_SECOND)
		r = transfer(fds[0], fds[1]);
	bide_close(fds[0]);
	bide_close(fds[1]);
	return r;
}

static int make_sockets(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
}

static int use_sockets(void *arg)
{
	(void)arg;
	return transfer_by(make_sockets);
}

static int use_pipe(void *arg)
{
	(void)arg;
	return transfer_by(pipe);
}

static int sockets_on_epoll(void)
{
	return run_on(false, use_sockets);
}
FAULT_SWEEP(socket, transfer_reports_every_failure_on_epoll, sockets_on_epoll)

static int sockets_on_sim(void)
{
	return run_on(true, use_sockets);
}
FAULT_SWEEP(socket, transfer_reports_every_failure_on_sim, sockets_on_sim)

static int pipe_on_epoll(void)
{
	return run_on(false, use_pipe);
}
FAULT_SWEEP(pipe, transfer_reports_every_failure_on_epoll, pipe_on_epoll)

static int accept_one(void *arg)
{
	int fd = bide_accept(*(int *)arg, NULL, NULL);
	char byte;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = bide_recv(fd, &byte, 1, 0);
	if (n == 1)
		n = bide_send(fd, &byte, 1, 0);
	bide_close(fd);
	return n < 0 ? (int)n : 0;
}

static int ask_one(int listener)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof addr;
	char port[8];
	char byte = 'x';
	ssize_t n;
	int fd;

	CHECK_INT(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	snprintf(port, sizeof port, "%d", ntohs(addr.sin_port));
	fd = bide_tcp_connect("127.0.0.1", port);
	if (fd < 0)
		return fd;
	n = bide_send(fd, &byte, 1, 0);
	if (n == 1)
		n = bide_recv(fd, &byte, 1, 0);
	bide_close(fd);
	return n < 0 ? (int)n : 0;
}

static int serve_and_ask(void *arg)
{
	int listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	bide_group group;
	int asked = -ENOMEM;
	int closed;

	(void)arg;
	if (listener < 0)
		return listener;
	/* A server that fails cuts short the client that waits for its answer. */
	bide_group_open(&group);
	if (bide_group_spawn(&group, accept_one, &listener) != NULL)
		asked = ask_one(listener);
	if (asked < 0)
		bide_group_cancel(&group);
	closed = bide_group_close(&group);
	bide_close(listener);
	return closed < 0 ? closed : asked;
}

static int tcp_on_epoll(void)
{
	/* Time is real: the loopback may take its own. */
	return bide_run(serve_and_ask, NULL);
}
FAULT_SWEEP(tcp, reports_every_failure_on_epoll, tcp_on_epoll)

static int wait_for_pipe(void *arg)
{
	int fds[2];
	int r;

	(void)arg;
	CHECK_INT(pipe(fds), 0);
	r = bide_wait_fd(fds[1], BIDE_WRITABLE);
	if (r >= 0) {
		CHECK_INT(r, BIDE_WRITABLE);
		BIDE_TIMEOUT(BIDE_SECOND)
			r = bide_wait_fd(fds[0], BIDE_READABLE);
		r = r == -ECANCELED && bide_timed_out() ? 0 : r;
	}
	bide_close(fds[0]);
	bide_close(fds[1]);
	return r;
}

static int wait_on_epoll(void)
{
	return run_on(false, wait_for_pipe);
}
FAULT_SWEEP(wait_fd, reports_every_failure_on_epoll, wait_on_epoll)
