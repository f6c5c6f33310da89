/* SPDX-License-Identifier: MIT */

/*
 * serve_test.h - what tests of bide_serve() have in common
 */
#ifndef TEST_SUPPORT_SERVE_TEST_H
#define TEST_SUPPORT_SERVE_TEST_H

#include "net_test.h"

/* A server under test, and what its handlers have seen. */
struct serving {
	int listener;
	bide_conn_fn *handler;
	bide_serve_options options;
	int result;             /* what a handler returns */
	bide_time work;         /* how long a handler takes */
	int begun_count;
	int ended_count;        /* of those begun */
	int cut_short_count;    /* of those ended */
	int most;               /* at once */
	bide_task *task;
};

static inline int serve(void *arg)
{
	struct serving *serving = arg;

	return bide_serve(serving->listener, serving->handler, serving, &serving->options);
}

static inline void serve_start(struct serving *serving)
{
	serving->listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	CHECK(serving->listener >= 0);
	serving->task = bide_spawn(serve, serving);
	CHECK(serving->task != NULL);
}

static inline int serve_connect(const struct serving *serving)
{
	int fd = bide_tcp_connect("127.0.0.1", port_of(serving->listener));

	CHECK(fd >= 0);
	return fd;
}

static inline void serve_end(struct serving *serving)
{
	(void)bide_cancel(serving->task);
	CHECK_INT(bide_join(serving->task), -ECANCELED);
	CHECK_INT(bide_close(serving->listener), 0);
	CHECK_INT(serving->begun_count, serving->ended_count);
}

static inline int handler_end(struct serving *serving, int fd, int r)
{
	CHECK_INT(bide_close(fd), 0);
	serving->ended_count++;
	return r;
}

static inline void handler_begin(struct serving *serving)
{
	int now = ++serving->begun_count - serving->ended_count;

	if (now > serving->most)
		serving->most = now;
}

static inline int echo(int fd, void *arg)
{
	char buf[64];
	ssize_t n;

	handler_begin(arg);
	while ((n = bide_read(fd, buf, sizeof buf)) > 0)
		CHECK_INT(bide_write_all(fd, buf, (size_t)n), n);
	return handler_end(arg, fd, (int)n);
}

/* Says "x" after its work, or ends where it is cut short. */
static inline int work(int fd, void *arg)
{
	struct serving *serving = arg;
	int r;

	handler_begin(serving);
	r = bide_sleep(serving->work);
	if (r == 0)
		CHECK_INT(bide_write_all(fd, "x", 1), 1);
	else
		serving->cut_short_count++;
	return handler_end(serving, fd, r);
}

static inline void expect_echo(int fd)
{
	char byte = 0;

	CHECK_INT(bide_write(fd, "e", 1), 1);
	CHECK_INT(bide_read(fd, &byte, 1), 1);
	CHECK_INT(byte, 'e');
}

#endif
