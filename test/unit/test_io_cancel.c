/* SPDX-License-Identifier: MIT */

/* test_io_cancel.c - I/O that is cut short loses nothing */
#include "io_test.h"

#include <bide.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const enum call_kind reading[] = { CALL_READ, CALL_READ_FULL, CALL_WAIT, CALL_RECV };
static const enum call_kind writing[] = { CALL_WRITE, CALL_WRITE_ALL, CALL_WAIT, CALL_SEND };

/* The last one of each list is for sockets only. */
static int call_count(enum pair_kind kind)
{
	return pair_is_socket(kind) ? 4 : 3;
}

static void expect_later_data(const int fds[2])
{
	char buf[4];

	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(bide_read(fds[0], buf, sizeof buf), 1);
	CHECK_INT(buf[0], 'x');
}

IO_TEST(io_cancel, of_a_reader_loses_no_data)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		int fds[2];

		make_pair(kind, fds);
		for (int i = 0; i < call_count(kind); i++) {
			struct call call = {
				.kind = reading[i],
				.fd = fds[0],
				.events = BIDE_READABLE,
			};

			call_start(&call);
			bide_cancel(call.task);
			CHECK_INT(call_end(&call), -ECANCELED);
			expect_later_data(fds);
		}
		close_pair(fds);
	}
	return 0;
}

/* Data that came before the cancellation was seen is either returned or left. */
IO_TEST(io_cancel, in_the_moment_of_arrival_loses_no_data)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		int fds[2];

		make_pair(kind, fds);
		for (int yields = 0; yields < 20; yields++) {
			struct call call = { .kind = CALL_READ, .fd = fds[0], .n = 1 };
			char byte = 0;
			int r;

			call_start(&call);
			CHECK_INT(write(fds[1], "x", 1), 1);
			for (int i = 0; i < yields; i++)
				CHECK_INT(bide_yield(), 0);
			bide_cancel(call.task);
			r = call_end(&call);
			CHECK(r == 1 || r == -ECANCELED);
			if (r < 0)
				CHECK_INT(bide_read(fds[0], &byte, 1), 1);
			CHECK_INT(r < 0 ? byte : call.buf[0], 'x');
		}
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_cancel, of_a_writer_writes_nothing)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		size_t filled;
		char byte;
		int fds[2];

		make_pair(kind, fds);
		filled = fill(fds[1]);
		for (int i = 0; i < call_count(kind); i++) {
			struct call call = {
				.kind = writing[i],
				.fd = fds[1],
				.events = BIDE_WRITABLE,
			};

			call_start(&call);
			bide_cancel(call.task);
			CHECK_INT(call_end(&call), -ECANCELED);
		}
		drain(fds[0], filled);
		CHECK_INT(bide_close(fds[1]), 0);
		CHECK_INT(bide_read(fds[0], &byte, 1), 0);
		CHECK_INT(bide_close(fds[0]), 0);
	}
	return 0;
}

IO_TEST(io_cancel, comes_before_the_call_and_then_it_does_nothing)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	char buf[4] = "";
	int fds[2];

	make_pair(PAIR_UNIX, fds);
	CHECK_INT(write(fds[1], "x", 1), 1);
	bide_cancel(bide_self());
	CHECK_INT(bide_read(fds[0], buf, 1), -ECANCELED);
	CHECK_INT(bide_read_full(fds[0], buf, 1), -ECANCELED);
	CHECK_INT(bide_recv(fds[0], buf, 1, MSG_DONTWAIT), -ECANCELED);
	CHECK_INT(bide_write(fds[0], buf, 1), -ECANCELED);
	CHECK_INT(bide_write_all(fds[0], buf, 1), -ECANCELED);
	CHECK_INT(bide_send(fds[0], buf, 1, 0), -ECANCELED);
	CHECK_INT(bide_wait_fd(fds[0], BIDE_READABLE), -ECANCELED);
	CHECK_INT(bide_accept(fds[0], NULL, NULL), -ECANCELED);
	CHECK_INT(bide_connect(fds[0], (struct sockaddr *)&addr, sizeof addr), -ECANCELED);
	CHECK_INT(bide_tcp_connect("127.0.0.1", "1"), -ECANCELED);
	CHECK_INT(bide_uncancel(), 1);
	CHECK_INT(bide_read(fds[0], buf, sizeof buf), 1);
	CHECK_INT(recv(fds[1], buf, sizeof buf, MSG_DONTWAIT), -1);
	close_pair(fds);
	return 0;
}

IO_TEST(io_cancel, of_one_reader_leaves_the_next_one_its_turn)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call calls[3];
		int fds[2];

		make_pair(kind, fds);
		for (int i = 0; i < 3; i++) {
			calls[i] = (struct call){ .kind = CALL_READ, .fd = fds[0], .n = 1 };
			call_start(&calls[i]);
		}
		CHECK_INT(write(fds[1], "ab", 2), 2);
		bide_cancel(calls[0].task);
		CHECK_INT(call_end(&calls[0]), -ECANCELED);
		CHECK_INT(call_end(&calls[1]), 1);
		CHECK_INT(call_end(&calls[2]), 1);
		CHECK_INT(calls[1].buf[0], 'a');
		CHECK_INT(calls[2].buf[0], 'b');
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_cancel, of_an_accept_leaves_the_connection)
{
	struct sockaddr_in addr;
	struct call call = { .kind = CALL_ACCEPT, .fd = plain_listener(&addr) };
	int client = socket(AF_INET, SOCK_STREAM, 0);
	int fd;

	call_start(&call);
	bide_cancel(call.task);
	CHECK_INT(call_end(&call), -ECANCELED);
	CHECK_INT(connect(client, (struct sockaddr *)&addr, sizeof addr), 0);
	fd = bide_accept(call.fd, NULL, NULL);
	CHECK(fd >= 0);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(client), 0);
	CHECK_INT(bide_close(call.fd), 0);
	return 0;
}

/* ---- deadlines ---- */

IO_TEST(io_deadline, cuts_every_reading_call_short)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		int fds[2];

		make_pair(kind, fds);
		for (int i = 0; i < call_count(kind); i++) {
			struct call call = {
				.kind = reading[i],
				.fd = fds[0],
				.events = BIDE_READABLE,
			};

			CHECK_INT(bide_timeout(INSTANT, call_run, &call), -ETIMEDOUT);
			expect_later_data(fds);
		}
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_deadline, cuts_every_writing_call_short)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		int fds[2];

		make_pair(kind, fds);
		(void)fill(fds[1]);
		for (int i = 0; i < call_count(kind); i++) {
			struct call call = {
				.kind = writing[i],
				.fd = fds[1],
				.events = BIDE_WRITABLE,
			};

			CHECK_INT(bide_timeout(INSTANT, call_run, &call), -ETIMEDOUT);
		}
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_deadline, cuts_an_accept_short)
{
	struct sockaddr_in addr;
	struct call call = { .kind = CALL_ACCEPT, .fd = plain_listener(&addr) };

	CHECK_INT(bide_timeout(INSTANT, call_run, &call), -ETIMEDOUT);
	CHECK_INT(bide_close(call.fd), 0);
	return 0;
}

/* ---- half-way ---- */

IO_TEST(io_cancel, of_read_full_gives_what_came_so_far)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call call = { .kind = CALL_READ_FULL, .n = 10 };
		int fds[2];

		make_pair(kind, fds);
		call.fd = fds[0];
		call_start(&call);
		CHECK_INT(write(fds[1], "abc", 3), 3);
		let_others_run();
		bide_cancel(call.task);
		CHECK_INT(call_end(&call), 3);
		CHECK_INT(memcmp(call.buf, "abc", 3), 0);
		expect_later_data(fds);
		close_pair(fds);
	}
	return 0;
}

static int fill_by_library(void *arg)
{
	static char zeroes[1 << 20];
	const int *fd = arg;
	ssize_t n;
	size_t total = 0;

	while ((n = bide_write_all(*fd, zeroes, sizeof zeroes)) == (ssize_t)sizeof zeroes)
		total += (size_t)n;
	CHECK(n > 0 || n == -ECANCELED);
	total += n > 0 ? (size_t)n : 0;
	CHECK_INT(bide_write(*fd, "", 1), -ECANCELED);
	return (int)total;
}

IO_TEST(io_cancel, of_write_all_gives_what_was_taken_so_far)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		bide_task *writer;
		char byte;
		int fds[2];
		int total;

		make_pair(kind, fds);
		writer = bide_spawn(fill_by_library, &fds[1]);
		let_others_run();
		bide_cancel(writer);
		total = bide_join(writer);
		CHECK(total > 0);
		drain(fds[0], (size_t)total);
		CHECK_INT(bide_close(fds[1]), 0);
		CHECK_INT(bide_read(fds[0], &byte, 1), 0);
		CHECK_INT(bide_close(fds[0]), 0);
	}
	return 0;
}

IO_TEST(io_read_full, stops_short_at_the_end_of_file)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		char buf[16];
		int fds[2];

		make_pair(kind, fds);
		CHECK_INT(write(fds[1], "abc", 3), 3);
		CHECK_INT(bide_close(fds[1]), 0);
		CHECK_INT(bide_read_full(fds[0], buf, sizeof buf), 3);
		CHECK_INT(bide_read_full(fds[0], buf, sizeof buf), 0);
		CHECK_INT(bide_close(fds[0]), 0);
	}
	return 0;
}

IO_TEST(io_write_all, gives_the_count_first_and_then_the_error)
{
	static char zeroes[1 << 23];

	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call call = { .kind = CALL_WRITE_ALL, .data = zeroes, .n = sizeof zeroes };
		int fds[2];
		int r;

		make_pair(kind, fds);
		call.fd = fds[1];
		call_start(&call);
		let_others_run();
		CHECK_INT(bide_close(fds[0]), 0);
		r = call_end(&call);
		CHECK(r > 0 && r < (int)sizeof zeroes);
		r = (int)bide_write_all(fds[1], zeroes, sizeof zeroes);
		CHECK(r == -EPIPE || r == -ECONNRESET);
		CHECK_INT(bide_write_all(fds[1], zeroes, sizeof zeroes), -EPIPE);
		CHECK_INT(bide_close(fds[1]), 0);
	}
	return 0;
}

/* ---- closed, and the number given to another one ---- */

/*
 * Goal: a call is not deceived by a descriptor that has the number of its own one.
 * Method: what it waited for has happened, but its task has not run yet.
 */
IO_TEST(io_close, of_what_is_half_written_lets_nothing_go_to_the_next_one_of_its_number)
{
	static char zeroes[1 << 23], rest[65536];

	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call call = { .kind = CALL_WRITE_ALL, .data = zeroes, .n = sizeof zeroes };
		int fds[2], others[2], left;

		make_pair(kind, fds);
		make_pair(PAIR_UNIX_NONBLOCK, others);
		call.fd = fds[1];
		call_start(&call);
		while (ioctl(fds[0], FIONREAD, &left) == 0 && left > 0)
			CHECK(read(fds[0], rest, sizeof rest) > 0);
		CHECK_INT(bide_yield(), 0);
		CHECK_INT(bide_close(fds[1]), 0);
		CHECK_INT(dup2(others[1], fds[1]), fds[1]);
		CHECK(call_end(&call) < (int)sizeof zeroes || kind == PAIR_TCP);
		CHECK_INT(recv(others[0], rest, 1, MSG_DONTWAIT), -1);
		close_pair(fds);
		close_pair(others);
	}
	return 0;
}
