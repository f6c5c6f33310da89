/* SPDX-License-Identifier: MIT */

/*
 * fault_backend.c - each back end fails to open, or while many descriptors wait
 *
 * Where epoll takes the place of io_uring, a loop is made in spite of a failure; what
 * fails after that is epoll's.
 */
#include "fault.h"

#include <sys/socket.h>

#define READERS 20                      /* more than poll has room for at first */

static int open_only(int backend)
{
	bide_loop *loop = bide_loop_new(&(bide_options){ .backend = backend });

	if (loop == NULL)
		return -errno;
	CHECK_INT(bide_loop_close(loop), 0);
	return 0;
}

static int read_one(void *arg)
{
	char byte;
	ssize_t r = bide_read(*(int *)arg, &byte, 1);

	return r < 0 ? (int)r : 0;
}

static int wait_for_either(void *arg)
{
	int r = bide_wait_fd(*(int *)arg, BIDE_READABLE | BIDE_WRITABLE);

	return r < 0 ? r : 0;
}

/* All of them wait before the first one is given something to read. */
static int write_to_all(int fds[READERS][2])
{
	bide_group group;
	int spawned = 0;
	int closed;
	ssize_t r = -ENOMEM;

	bide_group_open(&group);
	while (spawned < READERS && bide_group_spawn(&group, read_one, &fds[spawned][0]) != NULL)
		spawned++;
	if (spawned == READERS && bide_group_spawn(&group, wait_for_either, &fds[0][0]) != NULL)
		r = bide_yield();
	for (int i = 0; i < READERS && r >= 0; i++)
		r = bide_write(fds[i][1], "x", 1);
	if (r < 0)
		bide_group_cancel(&group);
	closed = bide_group_close(&group);
	return closed < 0 ? closed : (int)(r < 0 ? r : 0);
}

static int use_many(void *arg)
{
	int fds[READERS][2];
	int r;

	(void)arg;
	for (int i = 0; i < READERS; i++)
		CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]), 0);
	r = write_to_all(fds);
	for (int i = 0; i < READERS; i++) {
		CHECK_INT(bide_close(fds[i][0]), 0);
		CHECK_INT(bide_close(fds[i][1]), 0);
	}
	return r;
}

static int run_many(int backend)
{
	return bide_run_with(&(bide_options){ .backend = backend, .flags = BIDE_VIRTUAL_CLOCK },
	                     use_many, NULL);
}

static int open_epoll(void)
{
	return open_only(BIDE_BACKEND_EPOLL);
}
FAULT_SWEEP(epoll, open_reports_every_failure, open_epoll)

static int open_poll(void)
{
	return open_only(BIDE_BACKEND_POLL);
}
FAULT_SWEEP(poll, open_reports_every_failure, open_poll)

static int open_uring(void)
{
	return open_only(BIDE_BACKEND_URING);
}
FAULT_SWEEP(uring, open_reports_every_failure, open_uring)

static int many_on_epoll(void)
{
	return run_many(BIDE_BACKEND_EPOLL);
}
FAULT_SWEEP(epoll, waits_for_many_and_reports_every_failure, many_on_epoll)

static int many_on_poll(void)
{
	return run_many(BIDE_BACKEND_POLL);
}
FAULT_SWEEP(poll, waits_for_many_and_reports_every_failure, many_on_poll)

static int many_on_uring(void)
{
	return run_many(BIDE_BACKEND_URING);
}
FAULT_SWEEP(uring, waits_for_many_and_reports_every_failure, many_on_uring)

static int many_on_sim(void)
{
	return run_many(BIDE_BACKEND_AUTO);
}
FAULT_SWEEP(sim, waits_for_many_and_reports_every_failure, many_on_sim)
