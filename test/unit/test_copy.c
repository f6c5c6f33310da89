/* SPDX-License-Identifier: MIT */

/* test_copy.c - everything from any descriptor to any other, and files to sockets */
#include "io_test.h"
#include "slow_disk.h"

#include <bide.h>
#include <stdio.h>
#include <sys/ioctl.h>

#define SIZE 300000

/* Ends of a copy: the pairs of io_test.h, and a file. */
#define END_FILE PAIR_KIND_COUNT
#define END_COUNT (PAIR_KIND_COUNT + 1)

static char sent[SIZE], got[SIZE + 1];

static void make_data(void)
{
	for (size_t i = 0; i < SIZE; i++)
		sent[i] = (char)(i * 31 + i / 251);
	memset(got, 0, sizeof got);
}

/* A file without a name, which holds n bytes of the data. */
static int make_file(size_t n)
{
	char path[] = "/tmp/bide-copy-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(pwrite(fd, sent, n, 0), n);
	return fd;
}

/* fds[0] is to be copied from; for a file there is no other one. */
static void make_in(int kind, int fds[2])
{
	fds[1] = -1;
	if (kind == END_FILE)
		fds[0] = make_file(SIZE);
	else
		make_pair((enum pair_kind)kind, fds);
}

static void make_out(int kind, int fds[2])
{
	fds[0] = -1;
	if (kind == END_FILE)
		fds[1] = make_file(0);
	else
		make_pair((enum pair_kind)kind, fds);
}

static int feed(void *arg)
{
	int fd = *(int *)arg;

	if (fd < 0)
		return 0;
	CHECK_INT(bide_write_all(fd, sent, SIZE), SIZE);
	return bide_close(fd);
}

static int collect(void *arg)
{
	int fd = *(int *)arg;

	return fd < 0 ? SIZE : (int)bide_read_full(fd, got, SIZE + 1);
}

static void expect_all(const int out[2])
{
	if (out[0] < 0)
		CHECK_INT(pread(out[1], got, SIZE + 1, 0), SIZE);
	CHECK_INT(memcmp(sent, got, SIZE), 0);
}

static void close_one(int fd)
{
	if (fd >= 0)
		CHECK_INT(bide_close(fd), 0);
}

static void copy_between(int from, int to)
{
	bide_task *feeder, *collector;
	int in[2], out[2];

	make_data();
	make_in(from, in);
	make_out(to, out);
	feeder = bide_spawn(feed, &in[1]);
	collector = bide_spawn(collect, &out[0]);
	CHECK_INT(bide_copy(out[1], in[0], SIZE_MAX), SIZE);
	CHECK_INT(bide_copy(out[1], in[0], SIZE_MAX), 0);
	if (out[0] >= 0)
		CHECK_INT(bide_close(out[1]), 0);
	CHECK_INT(bide_join(feeder), 0);
	CHECK_INT(bide_join(collector), SIZE);
	expect_all(out);
	close_one(in[0]);
	close_one(out[0] >= 0 ? out[0] : out[1]);
}

IO_TEST(io_copy, works_from_every_kind_to_every_kind)
{
	for (int from = 0; from < END_COUNT; from++)
		for (int to = 0; to < END_COUNT; to++)
			copy_between(from, to);
	return 0;
}

IO_TEST(io_copy, stops_after_so_many_bytes)
{
	for (int from = 0; from < END_COUNT; from++) {
		char rest[8] = "";
		int in[2], out[2];

		make_data();
		make_in(from, in);
		make_pair(PAIR_UNIX_NONBLOCK, out);
		if (in[1] >= 0)
			CHECK_INT(bide_write_all(in[1], sent, 1000), 1000);
		CHECK_INT(bide_copy(out[1], in[0], 0), 0);
		CHECK_INT(bide_copy(out[1], in[0], 600), 600);
		CHECK_INT(bide_read_full(in[0], rest, 8), 8);
		CHECK_INT(memcmp(rest, sent + 600, 8), 0);
		CHECK_INT(bide_read_full(out[0], got, 600), 600);
		CHECK_INT(memcmp(got, sent, 600), 0);
		close_pair(out);
		close_one(in[0]);
		close_one(in[1]);
	}
	return 0;
}

IO_TEST(io_copy, appends_and_reads_what_has_no_size)
{
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	int out = make_file(0);

	CHECK_INT(fcntl(out, F_SETFL, O_APPEND), 0);
	CHECK(bide_copy(out, fd, SIZE_MAX) > 100);
	CHECK_INT(pread(out, got, 5, 0), 5);
	CHECK_INT(memcmp(got, "Name:", 5), 0);
	close_one(fd);
	close_one(out);
	return 0;
}

IO_TEST(io_copy, says_what_is_wrong)
{
	int file = make_file(100);
	int fds[2], others[2];

	make_pair(PAIR_PIPE, fds);
	CHECK_INT(bide_copy(-1, file, 10), -EBADF);
	CHECK_INT(bide_copy(file, -1, 10), -EBADF);
	CHECK_INT(bide_copy(fds[0], file, 10), -EBADF);
	CHECK_INT(bide_copy(file, fds[1], 10), -EBADF);
	CHECK_INT(lseek(file, 0, SEEK_CUR), 0);
	close_pair(fds);
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		make_pair(kind, fds);
		make_pair(PAIR_UNIX_NONBLOCK, others);
		CHECK_INT(bide_write(fds[1], "abc", 3) > 0, 1);
		CHECK_INT(bide_close(others[0]), 0);
		CHECK_INT(bide_copy(others[1], fds[0], 3), -EPIPE);
		CHECK_INT(bide_copy(others[1], file, 3), -EPIPE);
		CHECK_INT(lseek(file, 0, SEEK_CUR), 0);
		CHECK_INT(bide_close(others[1]), 0);
		close_pair(fds);
	}
	CHECK_INT(bide_close(file), 0);
	return 0;
}

/* ---- cancelled ---- */

struct copy_call {
	int out;
	int in;
	ssize_t result;
};

static int copy_all(void *arg)
{
	struct copy_call *call = arg;

	call->result = bide_copy(call->out, call->in, SIZE_MAX);
	return 0;
}

/* One of them finds that another one has taken what it was told of. */
IO_TEST(io_copy, of_one_pipe_by_two_shares_it)
{
	struct copy_call calls[2];
	bide_task *tasks[2];
	int fds[2], left;

	make_pair(PAIR_PIPE, fds);
	for (int i = 0; i < 2; i++) {
		calls[i] = (struct copy_call){ make_file(0), fds[0], 0 };
		tasks[i] = bide_spawn(copy_all, &calls[i]);
	}
	for (int i = 0; i < 50; i++) {
		CHECK_INT(bide_write(fds[1], "x", 1), 1);
		do {
			CHECK_INT(bide_yield(), 0);
			CHECK_INT(ioctl(fds[0], FIONREAD, &left), 0);
		} while (left > 0);
	}
	CHECK_INT(bide_close(fds[1]), 0);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(bide_join(tasks[i]), 0);
		close_one(calls[i].out);
	}
	CHECK_INT(calls[0].result + calls[1].result, 50);
	close_one(fds[0]);
	return 0;
}

/* The copy is cut short again and again, while the other end reads bit by bit. */
static void copy_with_interruptions(int from, int to)
{
	bide_task *feeder;
	size_t copied = 0, read = 0;
	int in[2], out[2];

	make_data();
	make_in(from, in);
	make_out(to, out);
	feeder = bide_spawn(feed, &in[1]);
	while (read < SIZE) {
		struct copy_call call = { out[1], in[0], 0 };
		bide_task *task = bide_spawn(copy_all, &call);
		ssize_t r;

		for (int i = 0; i < 200; i++)
			CHECK_INT(bide_yield(), 0);
		(void)bide_cancel(task);
		(void)bide_join(task);
		CHECK(call.result >= 0 || call.result == -ECANCELED);
		copied += call.result > 0 ? (size_t)call.result : 0;
		while ((r = recv(out[0], got + read, 50000, MSG_DONTWAIT)) > 0)
			read += (size_t)r;
		CHECK_INT(read, copied);
	}
	CHECK_INT(bide_join(feeder), 0);
	CHECK_INT(memcmp(sent, got, SIZE), 0);
	close_one(in[0]);
	close_pair(out);
}

IO_TEST(io_copy, loses_nothing_where_it_is_cancelled)
{
	for (int from = 0; from < END_COUNT; from++) {
		copy_with_interruptions(from, PAIR_UNIX_NONBLOCK);
		if (from < PAIR_PIPE || from == END_FILE)
			copy_with_interruptions(from, PAIR_UNIX);
	}
	return 0;
}

static int copy_cancelled(void *arg)
{
	int *fds = arg;

	CHECK(bide_cancel(bide_self()));
	CHECK_INT(bide_copy(fds[1], fds[0], 1), -ECANCELED);
	CHECK_INT(bide_sendfile(fds[1], fds[0], NULL, 1), -ECANCELED);
	return 0;
}

IO_TEST(io_copy, gives_an_error_behind_some_bytes_to_the_next_call)
{
	const struct linger hard = { .l_onoff = 1 };

	for (int kind = 0; kind < END_COUNT; kind++) {
		int from[2], to[2];
		struct copy_call call;
		bide_task *task;

		make_data();
		make_pair(PAIR_TCP, from);
		make_out(kind, to);
		call = (struct copy_call){ to[1], from[0], 0 };
		CHECK_INT(bide_write_all(from[1], "12345", 5), 5);
		task = bide_spawn(copy_all, &call);
		let_others_run();
		CHECK_INT(setsockopt(from[1], SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
		CHECK_INT(bide_close(from[1]), 0);
		CHECK_INT(bide_join(task), 0);
		CHECK_INT(call.result, 5);
		CHECK_INT(bide_copy(to[1], from[0], SIZE), -ECONNRESET);
		CHECK_INT(bide_copy(to[1], from[0], SIZE), 0);
		CHECK_INT(bide_close(from[0]), 0);
		CHECK_INT(bide_close(to[1]), 0);
		if (to[0] >= 0)
			CHECK_INT(bide_close(to[0]), 0);
	}
	return 0;
}

IO_TEST(io_copy, does_nothing_where_it_was_cancelled_before)
{
	int fds[2] = { make_file(10), make_file(0) };
	bide_task *task = bide_spawn(copy_cancelled, fds);

	CHECK_INT(bide_join(task), 0);
	CHECK_INT(lseek(fds[0], 0, SEEK_CUR), 0);
	CHECK_INT(lseek(fds[1], 0, SEEK_END), 0);
	close_pair(fds);
	return 0;
}

/* ---- sendfile ---- */

/* Sends in as many calls as that takes. */
static void send_all(int out, int file, off_t *offset, size_t n)
{
	while (n > 0) {
		ssize_t r = bide_sendfile(out, file, offset, n);

		CHECK(r > 0 && (size_t)r <= n);
		n -= (size_t)r;
	}
}

IO_TEST(io_sendfile, moves_the_offset_or_the_position)
{
	for (int to = 0; to < PAIR_KIND_COUNT; to++) {
		off_t offset = 5;
		int file, out[2];

		make_data();
		file = make_file(100);
		make_out(to, out);
		send_all(out[1], file, &offset, 10);
		CHECK_INT(offset, 15);
		CHECK_INT(lseek(file, 0, SEEK_CUR), 0);
		CHECK_INT(lseek(file, 90, SEEK_SET), 90);
		send_all(out[1], file, NULL, 10);
		CHECK_INT(bide_sendfile(out[1], file, NULL, 10), 0);
		CHECK_INT(lseek(file, 0, SEEK_CUR), 100);
		CHECK_INT(bide_read_full(out[0], got, 20), 20);
		CHECK_INT(memcmp(got, sent + 5, 10), 0);
		CHECK_INT(memcmp(got + 10, sent + 90, 10), 0);
		close_pair(out);
		close_one(file);
	}
	return 0;
}

IO_TEST(io_sendfile, sends_all_of_a_file_to_a_slow_reader)
{
	for (int to = 0; to < PAIR_KIND_COUNT; to++) {
		bide_task *collector;
		off_t offset = 0;
		ssize_t r;
		int file, out[2];

		make_data();
		file = make_file(SIZE);
		make_out(to, out);
		collector = bide_spawn(collect, &out[0]);
		while ((r = bide_sendfile(out[1], file, &offset, SIZE)) > 0)
			;
		CHECK_INT(r, 0);
		CHECK_INT(offset, SIZE);
		CHECK_INT(bide_close(out[1]), 0);
		CHECK_INT(bide_join(collector), SIZE);
		CHECK_INT(memcmp(sent, got, SIZE), 0);
		close_one(out[0]);
		close_one(file);
	}
	return 0;
}

IO_TEST(io_sendfile, a_slow_disk_does_not_stop_the_loop)
{
	off_t offset = 0;
	bide_task *ticker;
	int file, out[2];

	make_data();
	file = make_file(1000);
	make_out(PAIR_UNIX_NONBLOCK, out);
	ticker = disk_slow_down();
	CHECK(bide_sendfile(out[1], file, &offset, 1000) > 0);
	CHECK(disk_call_count > 0);
	disk_speed_up(ticker);
	close_pair(out);
	close_one(file);
	return 0;
}

IO_TEST(io_sendfile, says_what_is_wrong)
{
	off_t offset = -1;
	int file = make_file(100);
	int fds[2];

	make_pair(PAIR_UNIX_NONBLOCK, fds);
	CHECK_INT(bide_sendfile(fds[1], file, &offset, 10), -EINVAL);
	CHECK_INT(bide_sendfile(-1, file, NULL, 10), -EBADF);
	CHECK_INT(bide_sendfile(fds[1], -1, NULL, 10), -EBADF);
	offset = INT64_MAX - 10;
	CHECK(bide_sendfile(fds[1], file, &offset, 100) <= 0); /* what the system thinks of it */
	CHECK_INT(offset, INT64_MAX - 10);
	offset = 0;
	CHECK_INT(bide_sendfile(fds[1], fds[0], &offset, 10), -ESPIPE);
	CHECK_INT(bide_sendfile(fds[1], file, &offset, 0), 0);
	CHECK_INT(bide_close(fds[0]), 0);
	CHECK_INT(bide_sendfile(fds[1], file, &offset, 10), -EPIPE);
	CHECK_INT(offset, 0);
	CHECK_INT(bide_close(fds[1]), 0);
	CHECK_INT(bide_close(file), 0);
	return 0;
}

/* ---- closed, and the number given to another one ---- */

/* Of the other one nothing is taken, and its position stays. */
static void close_in_and_go_on(bide_fn *fn, int kind)
{
	bide_task *task;
	struct copy_call call;
	int file = make_file(SIZE);
	int in[2], out[2], other;
	size_t filled;

	make_data();
	make_in(kind, in);
	make_out(PAIR_UNIX_NONBLOCK, out);
	filled = fill(out[1]);
	if (in[1] >= 0)
		CHECK_INT(bide_write_all(in[1], sent, 1000), 1000);
	call = (struct copy_call){ out[1], in[0], 0 };
	task = bide_spawn(fn, &call);
	let_others_run();
	CHECK_INT(bide_close(in[0]), 0);
	other = fcntl(file, F_DUPFD_CLOEXEC, in[0]);    /* in[0], where a thread is not at that */
	drain(out[0], filled);
	CHECK_INT(bide_join(task), 0);
	CHECK(call.result <= 1000);
	CHECK_INT(lseek(file, 0, SEEK_CUR), 0);
	close_one(file);
	close_one(other);
	close_one(in[1]);
	close_pair(out);
}

static int send_once(void *arg)
{
	struct copy_call *call = arg;

	call->result = bide_sendfile(call->out, call->in, NULL, 1000);
	return 0;
}

IO_TEST(io_copy, takes_nothing_from_the_next_one_that_has_the_number_of_in)
{
	for (int from = 0; from < END_COUNT; from++)
		close_in_and_go_on(copy_all, from);
	close_in_and_go_on(send_once, END_FILE);
	return 0;
}

TEST(io_copy, needs_a_task)
{
	CHECK_INT(bide_copy(-1, -1, 1), -EPERM);
	CHECK_INT(bide_sendfile(-1, -1, NULL, 1), -EPERM);
}
