/* SPDX-License-Identifier: MIT */

/* test_serve_short.c - a server that connections fail, or that has run out of something */
#include "serve_test.h"

#define CLIENTS 8

#define DESCRIPTORS 64

/* Takes each descriptor that is left. Returns how many those were. */
static int use_up(int fds[DESCRIPTORS])
{
	struct rlimit few = { .rlim_cur = DESCRIPTORS, .rlim_max = DESCRIPTORS };
	int count = 0;

	CHECK_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
	while ((fds[count] = dup(2)) >= 0)
		count++;
	CHECK_INT(errno, EMFILE);
	return count;
}

/* The clients' sockets are there before the last descriptor is taken. */
IO_TEST(serve, without_a_free_descriptor_ends_connections_and_recovers)
{
	struct serving serving = { .handler = echo };
	struct sockaddr_in addr;
	socklen_t len = sizeof addr;
	int fds[CLIENTS];
	int taken[DESCRIPTORS];

	serve_start(&serving);
	CHECK_INT(getsockname(serving.listener, (struct sockaddr *)&addr, &len), 0);
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	let_others_run();
	for (int i = 0; i < CLIENTS; i++) {
		int count = i % 4 < 3 ? use_up(taken) : 0;

		CHECK_INT(bide_connect(fds[i], (struct sockaddr *)&addr, len), 0);
		if (count > 0)
			expect_end(fds[i]);
		else
			expect_echo(fds[i]);
		while (count > 0)
			CHECK_INT(close(taken[--count]), 0);
		CHECK_INT(bide_close(fds[i]), 0);
		/* A handler that ends later would give back a descriptor. */
		while (serving.ended_count < serving.begun_count)
			CHECK_INT(bide_yield(), 0);
	}
	serve_end(&serving);
	CHECK_INT(serving.begun_count, CLIENTS / 4);
	return 0;
}

/* Without a spare descriptor it waits, longer each time, and then serves all. */
LOOP_TEST(serve, without_even_a_spare_descriptor_waits)
{
	struct serving serving = { .handler = echo };
	struct rlimit old;
	int fds[2];

	serving.listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	fds[0] = serve_connect(&serving);
	fds[1] = serve_connect(&serving);
	old = forbid_descriptors();
	serving.task = bide_spawn(serve, &serving);
	CHECK_INT(bide_sleep(BIDE_MINUTE), 0);
	CHECK_INT(serving.begun_count, 0);
	/* 8 pauses from 5 ms to 640 ms, then one a second. */
	CHECK(bide_loop_stats(NULL).rounds < 500);
	allow_descriptors(&old);
	expect_echo(fds[0]);
	expect_echo(fds[1]);
	CHECK(bide_now() <= BIDE_MINUTE + BIDE_SECOND);
	CHECK_INT(bide_close(fds[0]), 0);
	CHECK_INT(bide_close(fds[1]), 0);
	serve_end(&serving);
	CHECK_INT(serving.begun_count, 2);
	return 0;
}

LOOP_TEST(serve, can_be_cancelled_in_a_pause)
{
	struct serving serving = { .handler = echo };
	struct rlimit old;
	int fd;

	serving.listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	fd = serve_connect(&serving);
	old = forbid_descriptors();
	serving.task = bide_spawn(serve, &serving);
	CHECK_INT(bide_sleep(BIDE_SECOND), 0);
	serve_end(&serving);
	allow_descriptors(&old);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

LOOP_TEST(serve, notices_a_close_in_a_pause)
{
	struct serving serving = { .handler = echo };
	struct rlimit old;
	int fd;

	serving.listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	fd = serve_connect(&serving);
	old = forbid_descriptors();
	serving.task = bide_spawn(serve, &serving);
	CHECK_INT(bide_sleep(BIDE_MINUTE + BIDE_MILLISECOND), 0);
	CHECK_INT(bide_close(serving.listener), 0);
	CHECK_INT(bide_join(serving.task), -EBADF);
	CHECK_INT(bide_now(), BIDE_MINUTE + BIDE_MILLISECOND);
	allow_descriptors(&old);
	expect_end(fd);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}
