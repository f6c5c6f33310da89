/* SPDX-License-Identifier: MIT */

/* test_io_wait.c - waiting for events, and descriptors that are closed meanwhile */
#include "io_test.h"

#include <bide.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define BOTH (BIDE_READABLE | BIDE_WRITABLE)

/* ---- bide_wait_fd() ---- */

IO_TEST(io_wait, tells_which_events_hold)
{
	for (enum pair_kind kind = 0; kind < PAIR_PIPE; kind++) {
		int fds[2];

		make_pair(kind, fds);
		CHECK_INT(bide_wait_fd(fds[0], BIDE_WRITABLE), BIDE_WRITABLE);
		CHECK_INT(bide_wait_fd(fds[0], BOTH), BIDE_WRITABLE);
		CHECK_INT(write(fds[1], "x", 1), 1);
		CHECK_INT(bide_wait_fd(fds[0], BIDE_READABLE), BIDE_READABLE);
		CHECK_INT(bide_wait_fd(fds[0], BOTH), BOTH);
		CHECK_INT(bide_wait_fd(fds[0], BOTH), BOTH);
		(void)fill(fds[0]);
		CHECK_INT(bide_wait_fd(fds[0], BOTH), BIDE_READABLE);
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_wait, refuses_events_that_there_are_not)
{
	int fds[2];

	make_pair(PAIR_UNIX, fds);
	CHECK_INT(bide_wait_fd(fds[0], 0), -EINVAL);
	CHECK_INT(bide_wait_fd(fds[0], 4), -EINVAL);
	CHECK_INT(bide_wait_fd(fds[0], BOTH | 64), -EINVAL);
	CHECK_INT(bide_wait_fd(fds[0], -1), -EINVAL);
	close_pair(fds);
	return 0;
}

IO_TEST(io_wait, serves_all_waiters_of_both_directions)
{
	for (enum pair_kind kind = 0; kind < PAIR_PIPE; kind++) {
		struct call calls[6];
		size_t filled;
		int fds[2];

		make_pair(kind, fds);
		filled = fill(fds[0]);
		for (int i = 0; i < 6; i++) {
			calls[i] = (struct call){
				.kind = CALL_WAIT,
				.fd = fds[0],
				.events = 1 + i % 3,
			};
			call_start(&calls[i]);
		}
		let_others_run();
		CHECK_INT(bide_tasks(NULL, 0), 7);
		CHECK_INT(write(fds[1], "x", 1), 1);
		for (int i = 0; i < 6; i++)
			if (i % 3 != 1)
				CHECK_INT(call_end(&calls[i]), BIDE_READABLE);
		CHECK_INT(bide_tasks(NULL, 0), 3);
		drain(fds[1], filled);
		CHECK_INT(call_end(&calls[1]), BIDE_WRITABLE);
		CHECK_INT(call_end(&calls[4]), BIDE_WRITABLE);
		close_pair(fds);
	}
	return 0;
}

/* One that waits for both directions stands behind a reader, whom nothing wakes. */
IO_TEST(io_wait, for_both_is_not_held_up_by_a_reader)
{
	struct call reader = { .kind = CALL_READ };
	struct call poller = { .kind = CALL_WAIT, .events = BOTH };
	size_t filled;
	int fds[2];

	make_pair(PAIR_UNIX, fds);
	filled = fill(fds[0]);
	reader.fd = poller.fd = fds[0];
	call_start(&reader);
	call_start(&poller);
	drain(fds[1], filled);
	CHECK_INT(call_end(&poller), BIDE_WRITABLE);
	CHECK(!bide_done(reader.task));
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(call_end(&reader), 1);
	close_pair(fds);
	return 0;
}

IO_TEST(io_wait, counts_a_hang_up_as_all_that_was_asked_for)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call call = { .kind = CALL_WAIT, .events = BIDE_READABLE };
		int fds[2];

		make_pair(kind, fds);
		call.fd = fds[0];
		call_start(&call);
		CHECK_INT(bide_close(fds[1]), 0);
		CHECK_INT(call_end(&call), BIDE_READABLE);
		CHECK_INT(bide_wait_fd(fds[0], BIDE_READABLE), BIDE_READABLE);
		CHECK_INT(bide_close(fds[0]), 0);

		make_pair(kind, fds);
		(void)fill(fds[1]);
		call = (struct call){ .kind = CALL_WAIT, .fd = fds[1], .events = BIDE_WRITABLE };
		call_start(&call);
		CHECK_INT(bide_close(fds[0]), 0);
		CHECK_INT(call_end(&call), BIDE_WRITABLE);
		CHECK_INT(bide_close(fds[1]), 0);
	}
	return 0;
}

/* As with epoll and poll the wait itself takes nothing: it may be asked again. */
IO_TEST(io_wait, for_a_copy_sees_the_same)
{
	struct call call = { .kind = CALL_WAIT, .events = BIDE_READABLE };
	struct call copy = { .kind = CALL_WAIT, .events = BIDE_READABLE };
	int fds[2];

	make_pair(PAIR_UNIX, fds);
	call.fd = fds[0];
	copy.fd = dup(fds[0]);
	call_start(&call);
	call_start(&copy);
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(call_end(&call), BIDE_READABLE);
	CHECK_INT(call_end(&copy), BIDE_READABLE);

	/* Closing the one leaves the other one as it is. */
	CHECK_INT(bide_close(fds[0]), 0);
	drain(copy.fd, 1);
	call_start(&copy);
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(call_end(&copy), BIDE_READABLE);
	CHECK_INT(bide_close(copy.fd), 0);
	CHECK_INT(bide_close(fds[1]), 0);
	return 0;
}

/* With close(2) the library is not told; waits for the number work all the same. */
IO_TEST(io_wait, trusts_no_number_that_was_closed_behind_its_back)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call call = { .kind = CALL_WAIT, .events = BIDE_READABLE };
		int fds[2];

		make_pair(kind, fds);
		for (int i = 0; i < 5; i++) {
			call.fd = fds[0];
			call_start(&call);
			CHECK_INT(write(fds[1], "x", 1), 1);
			CHECK_INT(call_end(&call), BIDE_READABLE);
			CHECK_INT(close(fds[0]), 0);
			CHECK_INT(close(fds[1]), 0);
			make_pair((kind + (enum pair_kind)i) % PAIR_KIND_COUNT, fds);
		}
		close_pair(fds);
	}
	return 0;
}

static int hang_up_fd;

static void hang_up(int signo)
{
	(void)signo;
	(void)shutdown(hang_up_fd, SHUT_WR);
}

/* More waits than the process may have descriptors. The end comes from a signal, so that
 * all of them wait before. */
IO_TEST(io_wait, serves_any_number_of_waiters)
{
	const struct itimerval soon = { .it_value = { .tv_usec = 1000 } };
	const struct rlimit few = { 100, 100 };
	static struct call calls[300];
	int fds[2];

	make_pair(PAIR_UNIX, fds);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (int i = 0; i < 300; i++) {
		calls[i] =
			(struct call){ .kind = CALL_WAIT, .fd = fds[0], .events = BIDE_READABLE };
		call_start(&calls[i]);
	}
	hang_up_fd = fds[1];
	CHECK(signal(SIGALRM, hang_up) == SIG_DFL);
	CHECK_INT(setitimer(ITIMER_REAL, &soon, NULL), 0);
	for (int i = 0; i < 300; i++)
		CHECK_INT(call_end(&calls[i]), BIDE_READABLE);
	close_pair(fds);
	return 0;
}

/* ---- bide_close() ---- */

IO_TEST(io_close, ends_whatever_waits)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call calls[] = {
			{ .kind = CALL_READ },
			{ .kind = CALL_READ_FULL },
			{ .kind = CALL_WAIT, .events = BIDE_READABLE },
			{ .kind = CALL_WRITE },
			{ .kind = CALL_WRITE_ALL },
			{ .kind = CALL_WAIT, .events = BIDE_WRITABLE },
			{ .kind = pair_is_socket(kind) ? CALL_RECV : CALL_READ },
			{ .kind = pair_is_socket(kind) ? CALL_SEND : CALL_WRITE },
		};
		bool is_reader[] = { true, true, true, false, false, false, true, false };
		int fds[2];

		make_pair(kind, fds);
		(void)fill(fds[1]);
		drain(fds[0], 0);
		/* Sockets go both ways: the full one is read from, too. */
		for (int i = 0; i < 8; i++) {
			int other[2];

			if (!is_reader[i])
				continue;
			make_pair(kind, other);
			calls[i].fd = other[0];
			call_start(&calls[i]);
			CHECK_INT(bide_close(other[0]), 0);
			CHECK_INT(call_end(&calls[i]), -EBADF);
			CHECK_INT(bide_close(other[1]), 0);
		}
		for (int i = 0; i < 8; i++) {
			calls[i].fd = fds[1];
			if (!is_reader[i] || pair_is_socket(kind))
				call_start(&calls[i]);
		}
		CHECK_INT(bide_close(fds[1]), 0);
		for (int i = 0; i < 8; i++)
			if (!is_reader[i] || pair_is_socket(kind))
				CHECK_INT(call_end(&calls[i]), -EBADF);
		CHECK_INT(bide_close(fds[0]), 0);
	}
	return 0;
}

IO_TEST(io_close, gives_what_was_ready_already)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call first = { .kind = CALL_READ, .n = 2 };
		struct call second = { .kind = CALL_READ, .n = 2 };
		int fds[2];
		int r;

		make_pair(kind, fds);
		first.fd = second.fd = fds[0];
		call_start(&first);
		call_start(&second);
		CHECK_INT(write(fds[1], "ab", 2), 2);
		CHECK_INT(bide_close(fds[0]), 0);
		r = call_end(&first);
		CHECK(r == 1 || r == 2);
		if (r == 2)
			CHECK_INT(call_end(&second), -EBADF);
		else
			CHECK_INT(call_end(&second), 1);
		CHECK_INT(bide_close(fds[1]), 0);
	}
	return 0;
}

IO_TEST(io_close, ends_a_wait_for_a_connection)
{
	struct sockaddr_in addr;
	struct call call = { .kind = CALL_ACCEPT, .fd = plain_listener(&addr) };

	call_start(&call);
	CHECK_INT(bide_close(call.fd), 0);
	CHECK_INT(call_end(&call), -EBADF);
	return 0;
}

IO_TEST(io_close, leaves_nothing_to_whoever_gets_the_number_next)
{
	for (int i = 0; i < PAIR_KIND_COUNT * PAIR_KIND_COUNT; i++) {
		enum pair_kind before = i / PAIR_KIND_COUNT;
		enum pair_kind after = i % PAIR_KIND_COUNT;
		struct call call = { .kind = CALL_READ };
		int fds[2], copy, old;

		/* Its event is under way when it is closed, and a copy keeps it alive. */
		make_pair(before, fds);
		call.fd = fds[0];
		call_start(&call);
		CHECK_INT(write(fds[1], "x", 1), 1);
		CHECK_INT(call_end(&call), 1);
		copy = dup(fds[0]);
		CHECK_INT(write(fds[1], "stale", 5), 5);
		old = fds[0];
		close_pair(fds);

		make_pair(after, fds);
		take_number(fds, old);
		call_start(&call);
		let_others_run();
		CHECK(!bide_done(call.task));
		CHECK_INT(write(fds[1], "new", 3), 3);
		CHECK(call_end(&call) > 0);
		CHECK_INT(call.buf[0], 'n');
		close_pair(fds);
		CHECK_INT(bide_close(copy), 0);
	}
	return 0;
}

IO_TEST(io_close, while_cancelled_still_closes)
{
	int fds[2];

	make_pair(PAIR_UNIX, fds);
	bide_cancel(bide_self());
	CHECK_INT(bide_close(fds[0]), 0);
	CHECK_INT(bide_close(fds[1]), 0);
	CHECK_INT(bide_close(fds[1]), -EBADF);
	CHECK_INT(bide_uncancel(), 1);
	return 0;
}

/* ---- several readers ---- */

IO_TEST(io_read, serves_readers_in_the_order_of_asking)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call calls[8];
		int fds[2];

		make_pair(kind, fds);
		for (int i = 0; i < 8; i++) {
			calls[i] = (struct call){ .kind = CALL_READ, .fd = fds[0], .n = 1 };
			call_start(&calls[i]);
		}
		CHECK_INT(write(fds[1], "abcd", 4), 4);
		for (int i = 0; i < 4; i++)
			CHECK_INT(call_end(&calls[i]), 1);
		CHECK_INT(bide_tasks(NULL, 0), 5);
		CHECK_INT(write(fds[1], "efgh", 4), 4);
		for (int i = 4; i < 8; i++)
			CHECK_INT(call_end(&calls[i]), 1);
		for (int i = 0; i < 8; i++)
			CHECK_INT(calls[i].buf[0], 'a' + i);
		close_pair(fds);
	}
	return 0;
}
