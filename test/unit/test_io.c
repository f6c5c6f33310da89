/* SPDX-License-Identifier: MIT */

/* test_io.c - what each transfer returns, on every kind of descriptor */
#include "io_test.h"

#include <bide.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Reads all n bytes, which may come in parts. */
static void expect_read(int fd, const char *text)
{
	size_t n = strlen(text);
	char buf[64] = "";

	CHECK(n < sizeof buf);
	CHECK_INT(bide_read_full(fd, buf, n), n);
	CHECK_STR(buf, text);
}

/* ---- reading and writing ---- */

IO_TEST(io_read, gets_what_was_written_on_every_kind)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		int fds[2];

		make_pair(kind, fds);
		CHECK_INT(bide_write_all(fds[1], "hello", 5), 5);
		expect_read(fds[0], "hello");
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_read, waits_for_the_data)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call call = { .kind = CALL_READ_FULL, .n = 5 };
		int fds[2];

		make_pair(kind, fds);
		call.fd = fds[0];
		call_start(&call);
		let_others_run();
		CHECK(!bide_done(call.task));
		CHECK_INT(bide_write_all(fds[1], "hello", 5), 5);
		CHECK_INT(call_end(&call), 5);
		CHECK_STR(call.buf, "hello");
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_write, waits_for_room)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call call = { .kind = CALL_WRITE_ALL, .n = 5, .buf = "hello" };
		size_t filled;
		int fds[2];

		make_pair(kind, fds);
		filled = fill(fds[1]);
		call.fd = fds[1];
		call_start(&call);
		let_others_run();
		CHECK(!bide_done(call.task));
		drain(fds[0], filled);
		CHECK_INT(call_end(&call), 5);
		expect_read(fds[0], "hello");
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_read, end_of_file_is_zero)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		char buf[8];
		int fds[2];

		make_pair(kind, fds);
		CHECK_INT(bide_write_all(fds[1], "x", 1), 1);
		CHECK_INT(bide_close(fds[1]), 0);
		expect_read(fds[0], "x");
		for (int i = 0; i < 3; i++)
			CHECK_INT(bide_read(fds[0], buf, sizeof buf), 0);
		CHECK_INT(bide_read_full(fds[0], buf, sizeof buf), 0);
		CHECK_INT(bide_close(fds[0]), 0);
	}
	return 0;
}

IO_TEST(io_read, end_of_file_wakes_a_waiting_reader)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call call = { .kind = CALL_READ };
		int fds[2];

		make_pair(kind, fds);
		call.fd = fds[0];
		call_start(&call);
		CHECK_INT(bide_close(fds[1]), 0);
		CHECK_INT(call_end(&call), 0);
		CHECK_INT(bide_close(fds[0]), 0);
	}
	return 0;
}

/* A short read says that there is no more, but the end may come in the same moment. */
IO_TEST(io_read, notices_a_half_close_behind_a_short_read)
{
	for (enum pair_kind kind = 0; kind < PAIR_PIPE; kind++) {
		struct call call = { .kind = CALL_READ_FULL };
		char buf[8];
		int fds[2];

		make_pair(kind, fds);
		call.fd = fds[0];
		call_start(&call);
		CHECK_INT(write(fds[1], "ab", 2), 2);
		let_others_run();
		CHECK_INT(shutdown(fds[1], SHUT_WR), 0);
		CHECK_INT(call_end(&call), 2);
		CHECK_INT(bide_read(fds[0], buf, sizeof buf), 0);
		CHECK_INT(bide_write_all(fds[0], "back", 4), 4);
		expect_read(fds[1], "back");
		close_pair(fds);

		make_pair(kind, fds);
		call.fd = fds[0];
		call_start(&call);
		CHECK_INT(write(fds[1], "ab", 2), 2);
		CHECK_INT(shutdown(fds[1], SHUT_WR), 0);
		CHECK_INT(call_end(&call), 2);
		CHECK_INT(bide_read(fds[0], buf, sizeof buf), 0);
		close_pair(fds);
	}
	return 0;
}

/* The descriptor is known to the back end already when data and end come one by one. */
IO_TEST(io_read, notices_data_and_end_one_by_one)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call call = { .kind = CALL_READ };
		char buf[8];
		int fds[2];

		make_pair(kind, fds);
		call.fd = fds[0];
		for (int i = 0; i < 5; i++) {
			call_start(&call);
			CHECK_INT(write(fds[1], "x", 1), 1);
			CHECK_INT(call_end(&call), 1);
		}
		CHECK_INT(write(fds[1], "yz", 2), 2);
		let_others_run();
		CHECK_INT(close(fds[1]), 0);
		expect_read(fds[0], "yz");
		CHECK_INT(bide_read(fds[0], buf, sizeof buf), 0);
		CHECK_INT(bide_close(fds[0]), 0);
	}
	return 0;
}

static void reset(int fd)
{
	const struct linger at_once = { .l_onoff = 1 };

	CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
	CHECK_INT(bide_close(fd), 0);
}

IO_TEST(io_read, of_a_reset_connection_fails)
{
	struct call call = { .kind = CALL_READ };
	char buf[8];
	int fds[2];

	make_pair(PAIR_TCP, fds);
	reset(fds[1]);
	CHECK_INT(bide_read(fds[0], buf, sizeof buf), -ECONNRESET);
	CHECK_INT(bide_read(fds[0], buf, sizeof buf), 0);
	CHECK_INT(bide_write(fds[0], buf, sizeof buf), -EPIPE);
	CHECK_INT(bide_close(fds[0]), 0);

	make_pair(PAIR_TCP, fds);
	call.fd = fds[0];
	call_start(&call);
	reset(fds[1]);
	CHECK_INT(call_end(&call), -ECONNRESET);
	CHECK_INT(bide_close(fds[0]), 0);
	return 0;
}

IO_TEST(io_write, of_a_reset_connection_fails_also_while_it_waits)
{
	struct call call = { .kind = CALL_WRITE };
	int fds[2];

	make_pair(PAIR_TCP, fds);
	(void)fill(fds[1]);
	call.fd = fds[1];
	call_start(&call);
	reset(fds[0]);
	CHECK_INT(call_end(&call), -ECONNRESET);
	CHECK_INT(bide_close(fds[1]), 0);
	return 0;
}

/* A connection with four bytes to read. */
static void make_short_pair(int fds[2])
{
	char buf[8];

	make_pair(PAIR_TCP, fds);
	CHECK_INT(bide_write_all(fds[1], "12345", 5), 5);
	CHECK_INT(bide_read(fds[0], buf, 1), 1);
}

struct full_read {
	int fd;
	char buf[10];
};

static int read_ten(void *arg)
{
	struct full_read *read = arg;

	return (int)bide_read_full(read->fd, read->buf, sizeof read->buf);
}

IO_TEST(io_read_full, gives_an_error_behind_some_bytes_to_the_next_call)
{
	struct full_read read;
	bide_task *task;
	char buf[8];
	int fds[2];

	make_short_pair(fds);
	read.fd = fds[0];
	task = bide_spawn(read_ten, &read);
	let_others_run();
	reset(fds[1]);
	CHECK_INT(bide_join(task), 4);
	CHECK_INT(bide_read(fds[0], buf, sizeof buf), -ECONNRESET);
	CHECK_INT(bide_read(fds[0], buf, sizeof buf), 0);
	CHECK_INT(bide_close(fds[0]), 0);
	return 0;
}

IO_TEST(io_read_full, leaves_no_error_to_the_next_descriptor_of_the_number)
{
	struct full_read read;
	bide_task *task;
	char buf[8];
	int fds[2], next[2];

	make_short_pair(fds);
	read.fd = fds[0];
	task = bide_spawn(read_ten, &read);
	let_others_run();
	reset(fds[1]);
	CHECK_INT(bide_join(task), 4);
	CHECK_INT(bide_close(fds[0]), 0);
	make_pair(PAIR_UNIX, next);
	CHECK_INT(dup2(next[0], read.fd), read.fd);
	CHECK_INT(bide_write(next[1], "x", 1), 1);
	CHECK_INT(bide_read(read.fd, buf, sizeof buf), 1);
	CHECK_INT(bide_close(read.fd), 0);
	close_pair(next);
	return 0;
}

IO_TEST(io_write_all, gives_an_error_behind_some_bytes_to_the_next_call)
{
	struct call call = { .kind = CALL_WRITE_ALL, .n = 10000000 };
	int fds[2];
	int r;

	make_pair(PAIR_TCP, fds);
	call.fd = fds[1];
	call.data = calloc(1, call.n);
	CHECK(call.data != NULL);
	call_start(&call);
	let_others_run();
	reset(fds[0]);
	r = call_end(&call);
	CHECK(r > 0 && r < (int)call.n);
	CHECK_INT(bide_write(fds[1], "x", 1), -ECONNRESET);
	CHECK_INT(bide_write(fds[1], "x", 1), -EPIPE);
	CHECK_INT(bide_close(fds[1]), 0);
	free(call.data);
	return 0;
}

/* ---- nothing to transfer ---- */

IO_TEST(io_read, of_nothing_waits_for_nothing)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct call call = { .kind = CALL_READ };
		int fds[2];

		make_pair(kind, fds);
		CHECK_INT(bide_read(fds[0], NULL, 0), 0);
		CHECK_INT(bide_read_full(fds[0], NULL, 0), 0);
		/* Nor does it when another one waits, and it takes nothing. */
		call.fd = fds[0];
		call_start(&call);
		CHECK_INT(bide_read(fds[0], NULL, 0), 0);
		CHECK_INT(write(fds[1], "x", 1), 1);
		CHECK_INT(bide_read(fds[0], NULL, 0), 0);
		CHECK_INT(call_end(&call), 1);
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_write, of_nothing_writes_nothing)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		char buf[8];
		int fds[2];

		make_pair(kind, fds);
		CHECK_INT(bide_write(fds[1], "", 0), 0);
		CHECK_INT(bide_write_all(fds[1], "", 0), 0);
		CHECK_INT(bide_close(fds[1]), 0);
		CHECK_INT(bide_read(fds[0], buf, sizeof buf), 0);
		CHECK_INT(bide_close(fds[0]), 0);
	}
	return 0;
}

/* ---- flags of recv and send ---- */

IO_TEST(io_recv, dontwait_never_waits)
{
	for (enum pair_kind kind = 0; kind < PAIR_PIPE; kind++) {
		char buf[4];
		int fds[2];

		make_pair(kind, fds);
		for (int i = 0; i < 300; i++)
			CHECK_INT(bide_recv(fds[0], buf, sizeof buf, MSG_DONTWAIT), -EAGAIN);
		CHECK_INT(bide_send(fds[1], "x", 1, MSG_DONTWAIT), 1);
		CHECK_INT(bide_recv(fds[0], buf, sizeof buf, MSG_DONTWAIT), 1);
		(void)fill(fds[1]);
		CHECK_INT(bide_send(fds[1], "x", 1, MSG_DONTWAIT), -EAGAIN);
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_recv, dontwait_takes_no_data_out_of_sight)
{
	struct call call = { .kind = CALL_READ };
	char buf[4];
	int fds[2];

	make_pair(PAIR_UNIX, fds);
	CHECK_INT(bide_recv(fds[0], buf, sizeof buf, MSG_DONTWAIT), -EAGAIN);
	call.fd = fds[0];
	call_start(&call);
	CHECK_INT(bide_recv(fds[0], buf, sizeof buf, MSG_DONTWAIT), -EAGAIN);
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(call_end(&call), 1);
	CHECK_INT(bide_recv(fds[0], buf, sizeof buf, MSG_DONTWAIT), -EAGAIN);
	CHECK_INT(write(fds[1], "y", 1), 1);
	CHECK_INT(bide_recv(fds[0], buf, sizeof buf, 0), 1);
	close_pair(fds);
	return 0;
}

IO_TEST(io_recv, peek_leaves_the_data)
{
	for (enum pair_kind kind = 0; kind < PAIR_PIPE; kind++) {
		struct call call = { .kind = CALL_RECV };
		char buf[16] = "";
		int fds[2];

		make_pair(kind, fds);
		/* The back end gets to know the descriptor. */
		call.fd = fds[0];
		call_start(&call);
		CHECK_INT(write(fds[1], "x", 1), 1);
		CHECK_INT(call_end(&call), 1);

		CHECK_INT(write(fds[1], "abc", 3), 3);
		for (int i = 0; i < 3; i++) {
			CHECK(bide_recv(fds[0], buf, sizeof buf, MSG_PEEK) > 0);
			CHECK_INT(buf[0], 'a');
			let_others_run();
		}
		expect_read(fds[0], "abc");
		close_pair(fds);
	}
	return 0;
}

/* ---- other kinds of descriptors ---- */

IO_TEST(io_recv, keeps_datagrams_apart)
{
	static const int types[] = { SOCK_DGRAM, SOCK_SEQPACKET };
	char buf[16];
	int fds[2];

	for (int i = 0; i < 2; i++) {
		struct call call = { .kind = CALL_RECV, .n = 16 };

		CHECK_INT(socketpair(AF_UNIX, types[i], 0, fds), 0);
		CHECK_INT(bide_send(fds[1], "one", 3, 0), 3);
		CHECK_INT(bide_send(fds[1], "three", 5, 0), 5);
		CHECK_INT(bide_write(fds[1], "x", 1), 1);
		CHECK_INT(bide_recv(fds[0], buf, sizeof buf, 0), 3);
		CHECK_INT(bide_recv(fds[0], buf, 2, 0), 2);
		CHECK_INT(bide_read(fds[0], buf, sizeof buf), 1);
		call.fd = fds[0];
		call_start(&call);
		CHECK_INT(bide_send(fds[1], "seven", 5, 0), 5);
		CHECK_INT(bide_send(fds[1], "eight", 5, 0), 5);
		CHECK_INT(call_end(&call), 5);
		CHECK_INT(bide_recv(fds[0], buf, sizeof buf, 0), 5);
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_read, works_on_an_eventfd)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	struct call call = { .kind = CALL_READ, .fd = fd, .n = 8 };
	uint64_t one = 1;

	CHECK(fd >= 0);
	for (int i = 0; i < 3; i++) {
		call_start(&call);
		CHECK_INT(bide_write(fd, &one, sizeof one), 8);
		CHECK_INT(call_end(&call), 8);
		CHECK_INT(call.buf[0], 1);
	}
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

IO_TEST(io_read, works_on_a_packet_pipe)
{
	struct call call = { .kind = CALL_READ };
	char buf[16];
	int fds[2];

	CHECK_INT(pipe2(fds, O_DIRECT | O_NONBLOCK), 0);
	call.fd = fds[0];
	call_start(&call);
	CHECK_INT(write(fds[1], "a", 1), 1);
	CHECK_INT(write(fds[1], "b", 1), 1);
	CHECK_INT(write(fds[1], "c", 1), 1);
	CHECK_INT(call_end(&call), 1);
	CHECK_INT(bide_read(fds[0], buf, sizeof buf), 1);
	CHECK_INT(bide_read(fds[0], buf, sizeof buf), 1);
	close_pair(fds);
	return 0;
}

IO_TEST(io_read, works_on_a_regular_file)
{
	char path[] = "/tmp/bide-test-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	char buf[8];

	CHECK(fd >= 0);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(bide_write_all(fd, "hello", 5), 5);
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	expect_read(fd, "hello");
	CHECK_INT(bide_read(fd, buf, sizeof buf), 0);
	CHECK_INT(bide_wait_fd(fd, BIDE_READABLE | BIDE_WRITABLE), BIDE_READABLE | BIDE_WRITABLE);
	CHECK_INT(bide_recv(fd, buf, sizeof buf, 0), -ENOTSOCK);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

IO_TEST(io_read, works_on_dev_null)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	static char zeroes[100000];

	CHECK(fd >= 0);
	CHECK_INT(bide_read(fd, zeroes, sizeof zeroes), 0);
	CHECK_INT(bide_write_all(fd, zeroes, sizeof zeroes), sizeof zeroes);
	CHECK_INT(bide_wait_fd(fd, BIDE_READABLE), BIDE_READABLE);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

IO_TEST(io_read, of_a_directory_fails)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char buf[8];

	CHECK(fd >= 0);
	CHECK_INT(bide_read(fd, buf, sizeof buf), -EISDIR);
	CHECK_INT(bide_write(fd, buf, sizeof buf), -EBADF);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

/* ---- what cannot work ---- */

static void expect_bad(int fd)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	char buf[4] = "";

	CHECK_INT(bide_read(fd, buf, sizeof buf), -EBADF);
	CHECK_INT(bide_write(fd, buf, sizeof buf), -EBADF);
	CHECK_INT(bide_read_full(fd, buf, sizeof buf), -EBADF);
	CHECK_INT(bide_write_all(fd, buf, sizeof buf), -EBADF);
	CHECK_INT(bide_recv(fd, buf, sizeof buf, 0), -EBADF);
	CHECK_INT(bide_send(fd, buf, sizeof buf, 0), -EBADF);
	CHECK_INT(bide_wait_fd(fd, BIDE_READABLE), -EBADF);
	CHECK_INT(bide_wait_fd(fd, BIDE_WRITABLE), -EBADF);
	CHECK_INT(bide_accept(fd, NULL, NULL), -EBADF);
	CHECK_INT(bide_connect(fd, (struct sockaddr *)&addr, sizeof addr), -EBADF);
	CHECK_INT(bide_close(fd), -EBADF);
}

IO_TEST(io, a_bad_descriptor_is_told)
{
	int fds[2];

	expect_bad(-1);
	expect_bad(-100);
	expect_bad(12345);
	make_pair(PAIR_PIPE, fds);
	close_pair(fds);
	expect_bad(fds[0]);
	return 0;
}

IO_TEST(io, the_wrong_direction_is_told)
{
	char buf[4] = "";
	int fds[2];

	for (enum pair_kind kind = PAIR_PIPE; kind < PAIR_KIND_COUNT; kind++) {
		make_pair(kind, fds);
		CHECK_INT(bide_read(fds[1], buf, sizeof buf), -EBADF);
		CHECK_INT(bide_write(fds[0], buf, sizeof buf), -EBADF);
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io, calls_for_sockets_refuse_pipes)
{
	char buf[4] = "";
	int fds[2];

	make_pair(PAIR_PIPE, fds);
	CHECK_INT(bide_write(fds[1], "x", 1), 1);
	CHECK_INT(bide_recv(fds[0], buf, sizeof buf, 0), -ENOTSOCK);
	CHECK_INT(bide_send(fds[1], buf, sizeof buf, 0), -ENOTSOCK);
	CHECK_INT(bide_accept(fds[0], NULL, NULL), -ENOTSOCK);
	close_pair(fds);
	return 0;
}

TEST(io, outside_of_a_task_nothing_is_done)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	char buf[4] = "";
	int fds[2];

	make_pair(PAIR_UNIX, fds);
	CHECK_INT(bide_read(fds[0], buf, sizeof buf), -EPERM);
	CHECK_INT(bide_write(fds[0], buf, sizeof buf), -EPERM);
	CHECK_INT(bide_read_full(fds[0], buf, sizeof buf), -EPERM);
	CHECK_INT(bide_write_all(fds[0], buf, sizeof buf), -EPERM);
	CHECK_INT(bide_recv(fds[0], buf, sizeof buf, MSG_DONTWAIT), -EPERM);
	CHECK_INT(bide_send(fds[0], buf, sizeof buf, MSG_DONTWAIT), -EPERM);
	CHECK_INT(bide_wait_fd(fds[0], BIDE_WRITABLE), -EPERM);
	CHECK_INT(bide_accept(fds[0], NULL, NULL), -EPERM);
	CHECK_INT(bide_connect(fds[0], (struct sockaddr *)&addr, sizeof addr), -EPERM);
	CHECK_INT(bide_tcp_connect("127.0.0.1", "1"), -EPERM);
	close_pair(fds);
	CHECK_INT(bide_close(fds[0]), -EBADF);
	return;
}
