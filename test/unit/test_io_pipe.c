/* SPDX-License-Identifier: MIT */

/* test_io_pipe.c - blocking descriptors that must not block, and SIGPIPE */
#include "io_test.h"

#include <bide.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- blocking or not, the flags stay ---- */

static void expect_flags(const int fds[2], const int flags[2])
{
	for (int i = 0; i < 2; i++)
		CHECK_INT(fcntl(fds[i], F_GETFL), flags[i]);
}

IO_TEST(io_flags, stay_as_they_are)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call reader = { .kind = CALL_READ };
		struct call writer = { .kind = CALL_WRITE_ALL };
		int fds[2], flags[2];
		size_t filled;

		make_pair(kind, fds);
		for (int i = 0; i < 2; i++)
			flags[i] = fcntl(fds[i], F_GETFL);
		reader.fd = fds[0];
		writer.fd = fds[1];
		call_start(&reader);
		expect_flags(fds, flags);
		CHECK_INT(write(fds[1], "x", 1), 1);
		CHECK_INT(call_end(&reader), 1);
		filled = fill(fds[1]);
		call_start(&writer);
		expect_flags(fds, flags);
		drain(fds[0], filled);
		CHECK_INT(call_end(&writer), sizeof writer.buf);
		drain(fds[0], sizeof writer.buf);
		expect_flags(fds, flags);
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_flags, of_a_socket_that_connects_stay_as_they_are)
{
	struct sockaddr_in addr;
	int listener = plain_listener(&addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int flags = fcntl(fd, F_GETFL);

	CHECK_INT(bide_connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
	CHECK_INT(fcntl(fd, F_GETFL), flags);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

/* A writer with more than a page would block in the middle of its write. */
IO_TEST(io_write, of_much_to_a_blocking_descriptor_lets_others_run)
{
	static char zeroes[1 << 22];

	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call call = { .kind = CALL_WRITE_ALL, .data = zeroes, .n = sizeof zeroes };
		int fds[2];

		make_pair(kind, fds);
		/* Or TCP might take it all. Pipes refuse, and need no limit. */
		(void)setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &(int){ 65536 }, sizeof(int));
		(void)setsockopt(fds[0], SOL_SOCKET, SO_RCVBUF, &(int){ 65536 }, sizeof(int));
		call.fd = fds[1];
		call_start(&call);
		let_others_run();
		CHECK(!bide_done(call.task));
		drain(fds[0], sizeof zeroes);
		CHECK_INT(call_end(&call), sizeof zeroes);
		close_pair(fds);
	}
	return 0;
}

/* One free page is enough to be writable, and not for what is left of the buffer. */
IO_TEST(io_write, to_a_blocking_pipe_with_a_free_page_takes_that)
{
	static char zeroes[3 * PIPE_BUF + 1];
	struct call call = { .kind = CALL_WRITE_ALL, .data = zeroes, .n = sizeof zeroes };
	size_t filled;
	int fds[2];

	make_pair(PAIR_PIPE, fds);
	filled = fill(fds[1]);
	drain(fds[0], PIPE_BUF);
	call.fd = fds[1];
	call_start(&call);
	let_others_run();
	CHECK(!bide_done(call.task));
	drain(fds[0], filled - PIPE_BUF + sizeof zeroes);
	CHECK_INT(call_end(&call), sizeof zeroes);
	close_pair(fds);
	return 0;
}

/* ---- SIGPIPE ---- */

static bool sigpipe_is_pending(void)
{
	sigset_t pending;

	CHECK_INT(sigpending(&pending), 0);
	return sigismember(&pending, SIGPIPE);
}

static void expect_pipe_error(void)
{
	char buf[8] = "";

	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		int fds[2];

		make_pair(kind, fds);
		CHECK_INT(bide_close(fds[0]), 0);
		/* The first one may be what makes the peer answer that it is gone. */
		if (kind == PAIR_TCP)
			CHECK_INT(bide_write(fds[1], buf, 1), 1);
		if (kind == PAIR_TCP)
			CHECK_INT(bide_wait_fd(fds[1], BIDE_READABLE), BIDE_READABLE);
		(void)bide_write(fds[1], buf, sizeof buf);
		CHECK_INT(bide_write(fds[1], buf, sizeof buf), -EPIPE);
		CHECK_INT(bide_write_all(fds[1], buf, sizeof buf), -EPIPE);
		if (pair_is_socket(kind))
			CHECK_INT(bide_send(fds[1], buf, sizeof buf, 0), -EPIPE);
		CHECK_INT(bide_close(fds[1]), 0);
	}
}

IO_TEST(io_sigpipe, is_never_raised)
{
	CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	expect_pipe_error();
	CHECK(!sigpipe_is_pending());
	return 0;
}

IO_TEST(io_sigpipe, is_never_raised_while_a_writer_waits)
{
	CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call call = { .kind = CALL_WRITE };
		int fds[2];
		int r;

		make_pair(kind, fds);
		(void)fill(fds[1]);
		call.fd = fds[1];
		call_start(&call);
		CHECK_INT(bide_close(fds[0]), 0);
		r = call_end(&call);
		CHECK(r == -EPIPE || (pair_is_socket(kind) && r == -ECONNRESET));
		CHECK_INT(bide_close(fds[1]), 0);
	}
	CHECK(!sigpipe_is_pending());
	return 0;
}

IO_TEST(io_sigpipe, that_was_pending_before_stays)
{
	sigset_t pipe_only, mask;

	CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	CHECK_INT(sigprocmask(SIG_BLOCK, &pipe_only, NULL), 0);
	expect_pipe_error();
	CHECK(!sigpipe_is_pending());
	CHECK_INT(raise(SIGPIPE), 0);
	expect_pipe_error();
	CHECK(sigpipe_is_pending());
	CHECK_INT(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
	CHECK(sigismember(&mask, SIGPIPE));
	CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	CHECK(!sigpipe_is_pending());
	return 0;
}

/* ---- much and many ---- */

#define BULK_BYTES (getenv("BIDE_TEST_SLOW") != NULL ? 1u << 20 : 10u << 20)

static uint64_t bulk_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static char pattern(size_t place)
{
	return (char)(place * 2654435761u >> 11);
}

static void expect_pattern(const char *buf, size_t n, size_t place)
{
	for (size_t i = 0; i < n; i++)
		if (buf[i] != pattern(place + i))
			test_fail(__FILE__, __LINE__, "byte %zu is wrong", place + i);
}

static int bulk_write(void *arg)
{
	static char buf[100000];
	uint64_t state = 7;
	size_t done = 0;

	while (done < BULK_BYTES) {
		size_t n = 1 + bulk_random(&state) % sizeof buf;

		n = n < BULK_BYTES - done ? n : BULK_BYTES - done;
		for (size_t i = 0; i < n; i++)
			buf[i] = pattern(done + i);
		CHECK_INT(bide_write_all(INT(arg), buf, n), n);
		done += n;
	}
	CHECK_INT(bide_close(INT(arg)), 0);
	return 0;
}

IO_TEST(io_bulk, arrives_whole_and_in_order)
{
	static const enum pair_kind kinds[] = { PAIR_UNIX, PAIR_PIPE, PAIR_PIPE_NONBLOCK,
		                                PAIR_TCP };
	static char buf[100000];

	for (int k = 0; k < 4; k++) {
		uint64_t state = 99;
		size_t done = 0;
		bide_task *writer;
		ssize_t n;
		int fds[2];

		make_pair(kinds[k], fds);
		writer = bide_spawn(bulk_write, ARG(fds[1]));
		do {
			size_t wanted = 1 + bulk_random(&state) % sizeof buf;

			n = bide_read_full(fds[0], buf, wanted);
			CHECK(n >= 0);
			CHECK(n == (ssize_t)wanted || done + (size_t)n == BULK_BYTES);
			expect_pattern(buf, (size_t)n, done);
			done += (size_t)n;
		} while (n > 0);
		CHECK_INT(done, BULK_BYTES);
		CHECK_INT(bide_join(writer), 0);
		CHECK_INT(bide_close(fds[0]), 0);
	}
	return 0;
}

static bool others_ran;

static int note_turn(void *arg)
{
	(void)arg;
	others_ran = true;
	return 0;
}

IO_TEST(io_budget, keeps_a_busy_descriptor_from_starving_others)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		bide_task *other;
		char byte = 'x';
		int fds[2];
		int count = 0;

		make_pair(kind, fds);
		others_ran = false;
		other = bide_spawn(note_turn, NULL);
		for (; !others_ran && count < 1000; count++) {
			CHECK_INT(bide_write(fds[1], &byte, 1), 1);
			CHECK_INT(bide_read(fds[0], &byte, 1), 1);
		}
		CHECK(others_ran);
		CHECK_INT(bide_join(other), 0);
		close_pair(fds);
	}
	return 0;
}

/* A timer and other descriptors get their turn, too. */
IO_TEST(io_budget, lets_a_deadline_end_a_busy_loop)
{
	struct call call = { .kind = CALL_READ };
	int busy[2], other[2];
	char byte = 'x';

	make_pair(PAIR_UNIX, busy);
	make_pair(PAIR_UNIX, other);
	call.fd = other[0];
	call_start(&call);
	CHECK_INT(write(other[1], "x", 1), 1);
	while (!bide_done(call.task)) {
		CHECK_INT(bide_write(busy[1], &byte, 1), 1);
		CHECK_INT(bide_read(busy[0], &byte, 1), 1);
	}
	CHECK_INT(call_end(&call), 1);
	close_pair(busy);
	close_pair(other);
	return 0;
}

#define MANY_PAIRS 2000

IO_TEST(io_many, descriptors_are_waited_for_at_once)
{
	static struct call calls[MANY_PAIRS];
	static int fds[MANY_PAIRS][2];
	struct rlimit limit;
	int count;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	count = limit.rlim_cur / 2 > MANY_PAIRS + 50 ? MANY_PAIRS : (int)limit.rlim_cur / 2 - 50;
	for (int i = 0; i < count; i++) {
		make_pair(PAIR_UNIX_NONBLOCK, fds[i]);
		calls[i] = (struct call){ .kind = CALL_READ, .fd = fds[i][0], .n = 1 };
		calls[i].task = bide_spawn(call_run, &calls[i]);
	}
	for (int i = 0; i < 5; i++)
		CHECK_INT(bide_yield(), 0);
	for (int i = 0; i < count; i++)
		CHECK_INT(bide_write(fds[i][1], &(char){ (char)i }, 1), 1);
	for (int i = 0; i < count; i++) {
		CHECK_INT(call_end(&calls[i]), 1);
		CHECK_INT(calls[i].buf[0], (char)i);
		close_pair(fds[i]);
	}
	return 0;
}
