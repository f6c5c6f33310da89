/* SPDX-License-Identifier: MIT */

/* test_serve.c - a task for each connection */
#include "net_test.h"

#include <stdatomic.h>

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

static int serve(void *arg)
{
	struct serving *serving = arg;

	return bide_serve(serving->listener, serving->handler, serving, &serving->options);
}

static void serve_start(struct serving *serving)
{
	serving->listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	CHECK(serving->listener >= 0);
	serving->task = bide_spawn(serve, serving);
	CHECK(serving->task != NULL);
}

static int serve_connect(const struct serving *serving)
{
	int fd = bide_tcp_connect("127.0.0.1", port_of(serving->listener));

	CHECK(fd >= 0);
	return fd;
}

static void serve_end(struct serving *serving)
{
	(void)bide_cancel(serving->task);
	CHECK_INT(bide_join(serving->task), -ECANCELED);
	CHECK_INT(bide_close(serving->listener), 0);
	CHECK_INT(serving->begun_count, serving->ended_count);
}

static int handler_end(struct serving *serving, int fd, int r)
{
	CHECK_INT(bide_close(fd), 0);
	serving->ended_count++;
	return r;
}

static void handler_begin(struct serving *serving)
{
	int now = ++serving->begun_count - serving->ended_count;

	if (now > serving->most)
		serving->most = now;
}

static int echo(int fd, void *arg)
{
	char buf[64];
	ssize_t n;

	handler_begin(arg);
	while ((n = bide_read(fd, buf, sizeof buf)) > 0)
		CHECK_INT(bide_write_all(fd, buf, (size_t)n), n);
	return handler_end(arg, fd, (int)n);
}

/* Says "x" after its work, or ends where it is cut short. */
static int work(int fd, void *arg)
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

static void expect_echo(int fd)
{
	char byte = 0;

	CHECK_INT(bide_write(fd, "e", 1), 1);
	CHECK_INT(bide_read(fd, &byte, 1), 1);
	CHECK_INT(byte, 'e');
}

#define CLIENTS 8

IO_TEST(serve, each_connection_has_a_task)
{
	struct serving serving = { .handler = echo };
	int fds[CLIENTS];

	serve_start(&serving);
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = serve_connect(&serving);
	for (int i = CLIENTS - 1; i >= 0; i--)
		expect_echo(fds[i]);
	CHECK_INT(serving.most, CLIENTS);
	for (int i = 0; i < CLIENTS; i++)
		CHECK_INT(bide_close(fds[i]), 0);
	serve_end(&serving);
	CHECK_INT(serving.begun_count, CLIENTS);
	return 0;
}

/* What there is no place for is left in the kernel's queue. */
IO_TEST(serve, takes_no_more_than_max_connections)
{
	struct serving serving = { .handler = echo, .options.max_connections = 2 };
	int fds[CLIENTS];

	serve_start(&serving);
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = serve_connect(&serving);
		CHECK_INT(bide_write(fds[i], "e", 1), 1);
	}
	let_others_run();
	CHECK_INT(serving.begun_count, 2);
	for (int i = 0; i < CLIENTS; i++) {
		char byte;

		CHECK_INT(bide_read(fds[i], &byte, 1), 1);
		CHECK_INT(bide_close(fds[i]), 0);
	}
	serve_end(&serving);
	CHECK_INT(serving.most, 2);
	CHECK_INT(serving.begun_count, CLIENTS);
	return 0;
}

IO_TEST(serve, can_be_cancelled_while_it_waits_for_a_place)
{
	struct serving serving = { .handler = echo, .options.max_connections = 1 };
	int one, other;

	serve_start(&serving);
	one = serve_connect(&serving);
	other = serve_connect(&serving);
	expect_echo(one);
	let_others_run();
	serve_end(&serving);
	CHECK_INT(serving.begun_count, 1);
	expect_end(one);
	expect_end(other);
	CHECK_INT(bide_close(one), 0);
	CHECK_INT(bide_close(other), 0);
	return 0;
}

/* ---- failures of handlers ---- */

struct report {
	int count;
	int last;
};

static void note_error(bide_task *task, int result, void *ctx)
{
	struct report *report = ctx;

	CHECK(task != NULL);
	CHECK(bide_self() == NULL);
	report->count++;
	report->last = result;
}

static int fail(int fd, void *arg)
{
	struct serving *serving = arg;

	handler_begin(serving);
	return handler_end(serving, fd, serving->result);
}

static int serve_failing(void *arg)
{
	struct report *report = arg;
	struct serving serving = { .handler = fail, .result = -EIO };

	serve_start(&serving);
	for (int i = 0; i < 3; i++) {
		int fd = serve_connect(&serving);

		expect_end(fd);
		CHECK_INT(bide_close(fd), 0);
		CHECK_INT(report->count, i + 1);
		CHECK_INT(report->last, -EIO);
	}
	serving.handler = echo;
	serving.result = 7;
	CHECK(!bide_done(serving.task));
	serve_end(&serving);
	CHECK_INT(report->count, 3);
	return 0;
}

TEST(serve, reports_each_failure_and_goes_on)
{
	struct report report = { .count = 0 };
	const bide_options options = {
		.flags = BIDE_VIRTUAL_CLOCK,
		.on_error = note_error,
		.ctx = &report,
	};

	CHECK_INT(bide_run_with(&options, serve_failing, &report), 0);
}

static int serve_and_cancel(void *arg)
{
	struct serving serving = { .handler = work, .work = BIDE_FOREVER };
	int fd;

	(void)arg;
	serve_start(&serving);
	fd = serve_connect(&serving);
	let_others_run();
	serve_end(&serving);
	CHECK_INT(serving.cut_short_count, 1);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

TEST(serve, does_not_report_who_was_cancelled)
{
	struct report report = { .count = 0 };
	const bide_options options = {
		.flags = BIDE_VIRTUAL_CLOCK,
		.on_error = note_error,
		.ctx = &report,
	};

	CHECK_INT(bide_run_with(&options, serve_and_cancel, NULL), 0);
	CHECK_INT(report.count, 0);
}

/* ---- the end ---- */

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

/* ---- shortage ---- */

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

/* ---- several loops ---- */

#define LOOPS 2

struct shared {
	char port[8];
	atomic_int ready_count;
	atomic_int served_count;
};

static int count_and_close(int fd, void *arg)
{
	struct shared *shared = arg;

	atomic_fetch_add(&shared->served_count, 1);
	return bide_close(fd);
}

/* The last one that is ready plays the clients, and ends the serving of all. */
static int serve_share(void *arg)
{
	const bide_listen_options options = { .reuse_port = true };
	struct shared *shared = arg;
	int listener = bide_tcp_listen("127.0.0.1", shared->port, &options);
	int r;

	CHECK(listener >= 0);
	if (atomic_fetch_add(&shared->ready_count, 1) == LOOPS - 1) {
		for (int i = 0; i < 64; i++) {
			int fd = bide_tcp_connect("127.0.0.1", shared->port);

			CHECK(fd >= 0);
			CHECK_INT(bide_close(fd), 0);
		}
	}
	{
		bide_scope scope;

		bide_scope_enter(&scope, 50 * BIDE_MILLISECOND);
		r = bide_serve(listener, count_and_close, shared, NULL);
		CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);
	}
	CHECK_INT(r, -ECANCELED);
	return bide_close(listener);
}

TEST(serve, shares_a_port_among_loops)
{
	const bide_listen_options options = { .reuse_port = true };
	struct shared shared = { .port = "" };
	int fd = bide_tcp_listen("127.0.0.1", "0", &options);

	strcpy(shared.port, port_of(fd));
	/* Until the others have it, or somebody else might get the port. */
	CHECK_INT(bide_run_threads(LOOPS, serve_share, &shared), 0);
	CHECK_INT(close(fd), 0);
	CHECK(atomic_load(&shared.served_count) > 0);
}
