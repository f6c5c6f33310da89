/* SPDX-License-Identifier: MIT */

/* test_serve_end.c - what ends a server, and how its connections end */
#include "serve_test.h"

#define TICK (2 * BIDE_MILLISECOND)

IO_TEST(serve, lets_tasks_drain_and_takes_no_others)
{
	struct serving serving = { .handler = work, .work = TICK, .options.drain = BIDE_MINUTE };
	int one, late;
	char byte;

	serve_start(&serving);
	one = serve_connect(&serving);
	while (serving.begun_count == 0)
		CHECK_INT(bide_sleep(INSTANT), 0);
	CHECK_INT(bide_cancel(serving.task), 1);
	CHECK_INT(bide_yield(), 0);
	late = serve_connect(&serving);
	serve_end(&serving);
	CHECK_INT(serving.begun_count, 1);
	CHECK_INT(serving.cut_short_count, 0);
	CHECK_INT(bide_read(one, &byte, 1), 1);
	expect_end(one);
	expect_end(late);
	CHECK_INT(bide_close(one), 0);
	CHECK_INT(bide_close(late), 0);
	return 0;
}

IO_TEST(serve, cancels_who_is_left_when_the_drain_is_over)
{
	struct serving serving = {
		.handler = work,
		.work = BIDE_FOREVER,
		.options.drain = TICK,
	};
	bide_time begin;
	int fd;

	serve_start(&serving);
	fd = serve_connect(&serving);
	while (serving.begun_count == 0)
		CHECK_INT(bide_sleep(INSTANT), 0);
	begin = bide_now();
	serve_end(&serving);
	CHECK(bide_now() - begin >= TICK);
	CHECK_INT(serving.cut_short_count, 1);
	expect_end(fd);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

static int time_drain(void *arg)
{
	bide_time begin = bide_now();
	struct serving *serving = arg;

	CHECK_INT(bide_timeout(3 * TICK, serve, serving), -ETIMEDOUT);
	return (int)((bide_now() - begin) / TICK);
}

/* A deadline ends the serving; then comes the drain. */
LOOP_TEST(serve, within_a_time_limit_drains_after_it)
{
	struct serving serving = {
		.handler = work,
		.work = BIDE_FOREVER,
		.options.drain = 5 * TICK,
	};
	bide_task *task;
	int fd;

	serving.listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	task = bide_spawn(time_drain, &serving);
	fd = serve_connect(&serving);
	CHECK_INT(bide_join(task), 8);
	CHECK_INT(serving.cut_short_count, 1);
	CHECK(!bide_timed_out());
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(serving.listener), 0);
	return 0;
}

/* The cancellation comes after each number of rounds: also where the task is new. */
IO_TEST(serve, closes_what_was_taken_whenever_it_is_cancelled)
{
	for (int rounds = 0; rounds < 30; rounds++) {
		struct serving serving = { .handler = echo };
		int fd;

		serve_start(&serving);
		fd = serve_connect(&serving);
		for (int i = 0; i < rounds; i++)
			CHECK_INT(bide_yield(), 0);
		serve_end(&serving);
		expect_end(fd);
		CHECK_INT(bide_close(fd), 0);
	}
	return 0;
}

IO_TEST(serve, of_a_listener_that_is_closed_ends_with_ebadf)
{
	struct serving serving = { .handler = work, .work = TICK, .options.drain = BIDE_MINUTE };
	int fd;
	char byte;

	serve_start(&serving);
	fd = serve_connect(&serving);
	while (serving.begun_count == 0)
		CHECK_INT(bide_sleep(INSTANT), 0);
	CHECK_INT(bide_close(serving.listener), 0);
	CHECK_INT(bide_join(serving.task), -EBADF);
	CHECK_INT(serving.ended_count, 1);
	CHECK_INT(bide_read(fd, &byte, 1), 1);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

IO_TEST(serve, of_what_does_not_listen_fails)
{
	struct serving serving = { .handler = echo };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK_INT(bide_serve(-1, echo, &serving, NULL), -EBADF);
	CHECK_INT(bide_serve(fd, echo, &serving, NULL), -EINVAL);
	CHECK_INT(bide_close(fd), 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	CHECK_INT(bide_serve(fd, echo, &serving, NULL), -EOPNOTSUPP);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

static int serve_cancelled(void *arg)
{
	bide_cancel(bide_self());
	return serve(arg);
}

IO_TEST(serve, in_a_cancelled_task_takes_nobody)
{
	struct serving serving = { .handler = echo, .options.drain = BIDE_MINUTE };
	int fd, peer;

	serving.listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	fd = serve_connect(&serving);
	serving.task = bide_spawn(serve_cancelled, &serving);
	CHECK_INT(bide_join(serving.task), -ECANCELED);
	peer = bide_accept(serving.listener, NULL, NULL);
	expect_connected(fd, peer);
	CHECK_INT(bide_close(peer), 0);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(serving.listener), 0);
	return 0;
}

TEST(serve, outside_of_a_task_is_not_permitted)
{
	CHECK_INT(bide_serve(0, echo, NULL, NULL), -EPERM);
}

static int leave_serving(void *arg)
{
	struct serving *serving = arg;
	int fd;

	serving->handler = echo;
	serve_start(serving);
	bide_detach(serving->task);
	fd = serve_connect(serving);
	expect_echo(fd);
	return bide_close(fd);
}

/* The tasks are cancelled by the shutdown itself: no drain keeps it. */
TEST(serve, that_is_left_over_ends_with_the_loop)
{
	struct serving serving = { .options.drain = BIDE_FOREVER };
	int before = io_count_descriptors();

	CHECK_INT(bide_run(leave_serving, &serving), 0);
	CHECK_INT(serving.begun_count, 1);
	CHECK_INT(serving.ended_count, 1);
	CHECK_INT(close(serving.listener), 0);
	CHECK_INT(io_count_descriptors(), before);
}

/* ---- a listener that is closed ---- */

/* Closes the listener, and has its number taken by another one at once. */
static int listener_replace(int listener)
{
	int other = bide_tcp_listen("127.0.0.1", "0", NULL);

	CHECK_INT(bide_close(listener), 0);
	CHECK_INT(dup3(other, listener, O_CLOEXEC), listener);
	CHECK_INT(close(other), 0);
	return listener;
}

/* The close comes after each number of rounds, once the serving has begun. */
IO_TEST(serve, never_takes_from_another_listener_of_the_same_number)
{
	for (int rounds = 2; rounds < 32; rounds++) {
		struct serving serving = { .handler = echo };
		int before, fd, other, peer;

		serve_start(&serving);
		fd = serve_connect(&serving);
		for (int i = 0; i < rounds; i++)
			CHECK_INT(bide_yield(), 0);
		listener_replace(serving.listener);
		other = serve_connect(&serving);
		CHECK_INT(bide_join(serving.task), -EBADF);
		before = serving.begun_count;
		CHECK(before <= 1);
		peer = bide_accept(serving.listener, NULL, NULL);
		expect_connected(other, peer);
		CHECK_INT(bide_close(peer), 0);
		CHECK_INT(bide_close(other), 0);
		CHECK_INT(bide_close(fd), 0);
		CHECK_INT(bide_close(serving.listener), 0);
		CHECK_INT(serving.ended_count, before);
	}
	return 0;
}

IO_TEST(serve, notices_a_close_while_it_waits_for_a_place)
{
	struct serving serving = {
		.handler = work,
		.work = TICK,
		.options = { .max_connections = 1, .drain = BIDE_MINUTE },
	};
	int fd, other;
	char byte;

	serve_start(&serving);
	fd = serve_connect(&serving);
	while (serving.begun_count == 0)
		CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_yield(), 0);
	listener_replace(serving.listener);
	other = serve_connect(&serving);
	CHECK_INT(bide_join(serving.task), -EBADF);
	CHECK_INT(serving.begun_count, 1);
	CHECK_INT(serving.cut_short_count, 0);
	CHECK_INT(bide_read(fd, &byte, 1), 1);
	CHECK_INT(bide_close(serving.listener), 0);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(other), 0);
	return 0;
}

/* ---- how connections end ---- */

/* Goes on as if nothing had happened. */
static int be_stubborn(int fd, void *arg)
{
	struct serving *serving = arg;

	handler_begin(serving);
	while (bide_sleep(TICK) != -ECANCELED)
		;
	serving->cut_short_count++;
	for (int i = 0; i < 200; i++)
		CHECK_INT(bide_sleep(TICK), -ECANCELED);
	(void)bide_uncancel();
	CHECK_INT(bide_sleep(serving->work), 0);
	return handler_end(serving, fd, 7);
}

IO_TEST(serve, waits_for_a_handler_that_ignores_its_cancellation)
{
	struct serving serving = { .handler = be_stubborn, .work = TICK };
	bide_time begin;
	int fd;

	serve_start(&serving);
	fd = serve_connect(&serving);
	while (serving.begun_count == 0)
		CHECK_INT(bide_sleep(INSTANT), 0);
	begin = bide_now();
	serve_end(&serving);
	CHECK(bide_now() - begin >= TICK);
	CHECK_INT(serving.cut_short_count, 1);
	expect_end(fd);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

/* One that works is done within the drain, one that waits for its client is cut short. */
static int work_or_wait(int fd, void *arg)
{
	struct serving *serving = arg;
	char byte;
	int r;

	handler_begin(serving);
	r = (int)bide_read(fd, &byte, 1);
	if (r == 1)
		r = bide_sleep(serving->work);
	if (r == 0)
		CHECK_INT(bide_write_all(fd, "x", 1), 1);
	else
		serving->cut_short_count++;
	return handler_end(serving, fd, r);
}

LOOP_TEST(serve, drains_busy_connections_and_cuts_idle_ones_short)
{
	struct serving serving = {
		.handler = work_or_wait,
		.work = 3 * TICK,
		.options.drain = 5 * TICK,
	};
	int busy, idle;
	char byte;

	serve_start(&serving);
	busy = serve_connect(&serving);
	idle = serve_connect(&serving);
	CHECK_INT(bide_write(busy, "b", 1), 1);
	CHECK_INT(bide_sleep(TICK), 0);
	CHECK_INT(serving.begun_count, 2);
	serve_end(&serving);
	CHECK_INT(bide_now(), 6 * TICK);
	CHECK_INT(serving.cut_short_count, 1);
	CHECK_INT(bide_read(busy, &byte, 1), 1);
	expect_end(busy);
	expect_end(idle);
	CHECK_INT(bide_close(busy), 0);
	CHECK_INT(bide_close(idle), 0);
	return 0;
}

static int cancel_again(void *arg)
{
	struct serving *serving = arg;

	CHECK_INT(bide_sleep(2 * TICK), 0);
	return bide_cancel(serving->task);
}

LOOP_TEST(serve, drains_on_where_it_is_cancelled_again)
{
	struct serving serving = {
		.handler = work,
		.work = 5 * TICK,
		.options.drain = BIDE_FOREVER,
	};
	bide_task *other;
	int fd;

	serve_start(&serving);
	fd = serve_connect(&serving);
	CHECK_INT(bide_sleep(TICK), 0);
	other = bide_spawn(cancel_again, &serving);
	serve_end(&serving);
	CHECK(bide_join(other) >= 0);
	CHECK_INT(serving.cut_short_count, 0);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

/* ---- two servers on one listener ---- */

IO_TEST(serve, shares_a_listener_with_another_server)
{
	struct serving one = { .handler = echo, .options.max_connections = 3 };
	struct serving other = { .handler = echo };
	int fds[8];

	serve_start(&one);
	other.listener = one.listener;
	other.task = bide_spawn(serve, &other);
	for (int i = 0; i < 8; i++) {
		fds[i] = serve_connect(&one);
		expect_echo(fds[i]);
	}
	CHECK_INT(one.begun_count + other.begun_count, 8);
	CHECK(one.begun_count <= 3);
	for (int i = 0; i < 8; i++)
		CHECK_INT(bide_close(fds[i]), 0);

	/* The other one goes on. */
	CHECK_INT(bide_cancel(one.task), 1);
	CHECK_INT(bide_join(one.task), -ECANCELED);
	fds[0] = serve_connect(&other);
	expect_echo(fds[0]);
	CHECK_INT(bide_close(fds[0]), 0);

	/* A close ends both: here the one that is left. */
	CHECK_INT(bide_close(other.listener), 0);
	CHECK_INT(bide_join(other.task), -EBADF);
	CHECK_INT(one.ended_count + other.ended_count, 9);
	return 0;
}

IO_TEST(serve, of_two_servers_both_notice_a_close)
{
	struct serving one = { .handler = echo };
	struct serving other = { .handler = echo };

	serve_start(&one);
	other.listener = one.listener;
	other.task = bide_spawn(serve, &other);
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_close(one.listener), 0);
	CHECK_INT(bide_join(one.task), -EBADF);
	CHECK_INT(bide_join(other.task), -EBADF);
	return 0;
}

/* Cancelled and closed at once: that it was cancelled is what its caller must see. */
IO_TEST(serve, that_is_cancelled_and_closed_tells_of_the_cancellation)
{
	struct serving serving = { .handler = echo };

	serve_start(&serving);
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_cancel(serving.task), 1);
	CHECK_INT(bide_close(serving.listener), 0);
	CHECK_INT(bide_join(serving.task), -ECANCELED);
	return 0;
}
