/* SPDX-License-Identifier: MIT */

/* test_serve.c - a task for each connection */
#include "serve_test.h"

#include <stdatomic.h>

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

/* ---- several loops ---- */

#define LOOPS 2
#define SHARED_CLIENTS 64

struct shared {
	char port[8];
	int first;                      /* keeps the port until the others have it */
	atomic_int ready_count;
	atomic_int served_count;
	atomic_int serving_loops;       /* that have served anybody */
};

/* A loop's part. */
struct share {
	struct shared *shared;
	int listener;
};

static int count_and_close(int fd, void *arg)
{
	struct shared *shared = arg;

	static _Thread_local bool has_served;

	if (!has_served)
		atomic_fetch_add(&shared->serving_loops, 1);
	has_served = true;
	atomic_fetch_add(&shared->served_count, 1);
	return bide_close(fd);
}

static int serve_shared(void *arg)
{
	struct share *share = arg;

	return bide_serve(share->listener, count_and_close, share->shared, NULL);
}

/* The last one that is ready plays the clients. */
static int serve_share(void *arg)
{
	const bide_listen_options options = { .reuse_port = true };
	struct shared *shared = arg;
	struct share share = { shared, bide_tcp_listen("127.0.0.1", shared->port, &options) };
	bide_task *task = bide_spawn(serve_shared, &share);

	CHECK(share.listener >= 0);
	if (atomic_fetch_add(&shared->ready_count, 1) == LOOPS - 1) {
		CHECK_INT(close(shared->first), 0);
		for (int i = 0; i < SHARED_CLIENTS; i++) {
			int fd = bide_tcp_connect("127.0.0.1", shared->port);

			CHECK(fd >= 0);
			CHECK_INT(bide_close(fd), 0);
		}
	}
	while (atomic_load(&shared->served_count) < SHARED_CLIENTS)
		CHECK_INT(bide_sleep(BIDE_MILLISECOND), 0);
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), -ECANCELED);
	return bide_close(share.listener);
}

TEST(serve, shares_a_port_among_loops)
{
	const bide_listen_options options = { .reuse_port = true };
	struct shared shared = { .first = bide_tcp_listen("127.0.0.1", "0", &options) };

	strcpy(shared.port, port_of(shared.first));
	CHECK_INT(bide_run_threads(LOOPS, serve_share, &shared), 0);
	CHECK_INT(atomic_load(&shared.served_count), SHARED_CLIENTS);
	CHECK_INT(atomic_load(&shared.serving_loops), LOOPS);
}
