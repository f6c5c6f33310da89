/* SPDX-License-Identifier: MIT */

/*
 * test_io_matrix.c - each kind of operation on each kind of descriptor, in each state
 *
 * What a back end is asked for are operations, and some kinds have no call of their
 * own that always takes the same way. So these tests run operations as the calls do.
 */
#include "core/operation.h"
#include "io_test.h"

#include <bide.h>

/* ---- descriptors: those of pairs, and some that keep messages apart ---- */

enum end_kind {
	END_DATAGRAM = PAIR_KIND_COUNT,
	END_PACKETS,
	END_KIND_COUNT,
};

static void make_ends(int kind, int fds[2])
{
	if (kind < PAIR_KIND_COUNT)
		make_pair((enum pair_kind)kind, fds);
	else
		CHECK_INT(socketpair(AF_UNIX, kind == END_DATAGRAM ? SOCK_DGRAM : SOCK_SEQPACKET, 0,
		                     fds),
		          0);
}

static bool is_socket(int kind)
{
	return kind >= PAIR_KIND_COUNT || pair_is_socket((enum pair_kind)kind);
}

/* ---- operations ---- */

static const enum io_kind readers[] = { IO_POLL, IO_READ, IO_READV, IO_RECV, IO_RECVMSG };
static const enum io_kind writers[] = { IO_POLL, IO_WRITE, IO_WRITEV, IO_SEND, IO_SENDMSG };

/* The last two of each are for sockets only. */
static int operation_count(int kind)
{
	return is_socket(kind) ? 5 : 3;
}

struct operation {
	struct io_op op;
	struct iovec iov[2];
	struct msghdr msg;
	char bytes[8];
	bide_task *task;
};

static void prepare(struct operation *operation, enum io_kind kind, int fd, bool reads)
{
	struct io_op *op = &operation->op;

	*operation = (struct operation){
		.op = { .kind = kind, .fd = fd },
		.iov = { { operation->bytes, 3 }, { operation->bytes + 3, 5 } },
		.msg = { .msg_iov = operation->iov, .msg_iovlen = 2 },
		.bytes = "abcdefg",
	};
	if (kind == IO_READV || kind == IO_WRITEV) {
		op->iov = operation->iov;
		op->n = 2;
	} else if (kind == IO_RECVMSG || kind == IO_SENDMSG) {
		op->msg = &operation->msg;
	} else if (kind != IO_POLL) {
		op->buf = operation->bytes;
		op->n = sizeof operation->bytes;
	}
	if (kind == IO_POLL)
		op->events = reads ? BIDE_READABLE : BIDE_WRITABLE;
	else if (kind == IO_READ || kind == IO_READV || kind == IO_WRITE || kind == IO_WRITEV)
		op->offset = IO_CURRENT;
}

static int operation_main(void *arg)
{
	return (int)bide__operation_run(arg);
}

/* Starts the operation in a task of its own, which has to wait. */
static void start(struct operation *operation)
{
	uint64_t before = bide_loop_stats(NULL).operations;

	operation->task = bide_spawn(operation_main, &operation->op);
	CHECK(operation->task != NULL);
	while (bide_loop_stats(NULL).operations == before) {
		CHECK(!bide_done(operation->task));
		CHECK_INT(bide_yield(), 0);
	}
}

static int end(struct operation *operation)
{
	return bide_join(operation->task);
}

/* The result of a reader that was given the text, or a part of it. */
static void expect_text(const struct operation *operation, int r, const char *text)
{
	if (operation->op.kind == IO_POLL) {
		CHECK_INT(r, BIDE_READABLE);
		return;
	}
	CHECK(r > 0 && r <= (int)strlen(text));
	CHECK_INT(memcmp(operation->bytes, text, (size_t)r), 0);
}

/* The result of a writer that had room. */
static void expect_written(const struct operation *operation, int r)
{
	if (operation->op.kind == IO_POLL)
		CHECK_INT(r, BIDE_WRITABLE);
	else
		CHECK(r > 0 && r <= (int)sizeof operation->bytes);
}

/* A test of one operation on fresh descriptors, all of which it closes. */
typedef void scene(enum io_kind kind, int end_kind, int fds[2]);

static int for_each(scene *play, const enum io_kind kinds[])
{
	for (int end_kind = 0; end_kind < END_KIND_COUNT; end_kind++) {
		for (int i = 0; i < operation_count(end_kind); i++) {
			int fds[2];

			make_ends(end_kind, fds);
			play(kinds[i], end_kind, fds);
		}
	}
	return 0;
}

/* ---- reading ---- */

static void read_ready(enum io_kind kind, int end_kind, int fds[2])
{
	struct operation reader;

	(void)end_kind;
	prepare(&reader, kind, fds[0], true);
	CHECK_INT(write(fds[1], "ready", 5), 5);
	expect_text(&reader, operation_main(&reader.op), "ready");
	close_pair(fds);
}

IO_TEST(io_matrix, readers_get_what_is_there)
{
	return for_each(read_ready, readers);
}

static void read_late(enum io_kind kind, int end_kind, int fds[2])
{
	struct operation reader;

	(void)end_kind;
	/* The first wait makes the descriptor known, the second one finds it so. */
	for (int i = 0; i < 2; i++) {
		prepare(&reader, kind, fds[0], true);
		start(&reader);
		CHECK_INT(write(fds[1], "l", 1), 1);
		expect_text(&reader, end(&reader), "l");
		if (kind == IO_POLL)
			drain(fds[0], 1);
	}
	close_pair(fds);
}

IO_TEST(io_matrix, readers_wait_for_what_comes)
{
	return for_each(read_late, readers);
}

static void read_cancelled(enum io_kind kind, int end_kind, int fds[2])
{
	struct operation reader;
	char byte = 0;

	(void)end_kind;
	prepare(&reader, kind, fds[0], true);
	start(&reader);
	bide_cancel(reader.task);
	CHECK_INT(end(&reader), -ECANCELED);
	CHECK_STR(reader.bytes, "abcdefg");
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(bide_read(fds[0], &byte, 1), 1);
	CHECK_INT(byte, 'x');
	close_pair(fds);
}

IO_TEST(io_matrix, cancelled_readers_take_nothing)
{
	return for_each(read_cancelled, readers);
}

static void read_closed(enum io_kind kind, int end_kind, int fds[2])
{
	struct operation first, second;

	(void)end_kind;
	prepare(&first, kind, fds[0], true);
	prepare(&second, kind, fds[0], true);
	start(&first);
	start(&second);
	CHECK_INT(bide_close(fds[0]), 0);
	CHECK_INT(end(&first), -EBADF);
	CHECK_INT(end(&second), -EBADF);
	CHECK_STR(first.bytes, "abcdefg");
	CHECK_INT(bide_close(fds[1]), 0);
}

IO_TEST(io_matrix, closing_ends_readers_that_wait)
{
	return for_each(read_closed, readers);
}

/* The old descriptor lives on by a copy, and gets data while its number is another's. */
static void read_reused(enum io_kind kind, int end_kind, int fds[2])
{
	struct operation before, after;
	int copy = dup(fds[0]);
	int other[2];

	CHECK(copy >= 0);
	prepare(&before, kind, fds[0], true);
	start(&before);
	CHECK_INT(bide_close(fds[0]), 0);
	make_ends(end_kind, other);
	take_number(other, fds[0]);
	prepare(&after, kind, fds[0], true);
	start(&after);
	CHECK_INT(write(fds[1], "stale", 5), 5);
	CHECK_INT(end(&before), -EBADF);
	CHECK_STR(before.bytes, "abcdefg");
	for (int i = 0; i < 10; i++)
		CHECK_INT(bide_yield(), 0);
	CHECK(!bide_done(after.task));
	CHECK_INT(write(other[1], "new", 3), 3);
	expect_text(&after, end(&after), "new");
	close_pair(fds);
	CHECK_INT(bide_close(other[1]), 0);
	CHECK_INT(bide_close(copy), 0);
}

IO_TEST(io_matrix, readers_of_a_number_used_again_hear_nothing_old)
{
	return for_each(read_reused, readers);
}

static void expect_end(const struct operation *reader, int r)
{
	CHECK_INT(r, reader->op.kind == IO_POLL ? BIDE_READABLE : 0);
}

static void read_end(enum io_kind kind, int end_kind, int fds[2])
{
	struct operation reader;

	prepare(&reader, kind, fds[0], true);
	/* Datagrams have no end. */
	if (end_kind == END_DATAGRAM) {
		close_pair(fds);
		return;
	}
	start(&reader);
	CHECK_INT(bide_close(fds[1]), 0);
	expect_end(&reader, end(&reader));
	prepare(&reader, kind, fds[0], true);
	expect_end(&reader, operation_main(&reader.op));
	CHECK_INT(bide_close(fds[0]), 0);
}

IO_TEST(io_matrix, readers_see_the_end_before_and_while_they_wait)
{
	return for_each(read_end, readers);
}

/* ---- writing ---- */

static void write_ready(enum io_kind kind, int end_kind, int fds[2])
{
	struct operation writer;

	(void)end_kind;
	prepare(&writer, kind, fds[1], false);
	expect_written(&writer, operation_main(&writer.op));
	close_pair(fds);
}

IO_TEST(io_matrix, writers_fill_what_room_there_is)
{
	return for_each(write_ready, writers);
}

static void write_late(enum io_kind kind, int end_kind, int fds[2])
{
	struct operation writer;
	size_t filled = fill(fds[1]);

	(void)end_kind;
	prepare(&writer, kind, fds[1], false);
	start(&writer);
	drain(fds[0], filled);
	expect_written(&writer, end(&writer));
	close_pair(fds);
}

IO_TEST(io_matrix, writers_wait_for_room)
{
	return for_each(write_late, writers);
}

static void write_cancelled(enum io_kind kind, int end_kind, int fds[2])
{
	struct operation writer;
	size_t filled = fill(fds[1]);
	char byte;

	(void)end_kind;
	prepare(&writer, kind, fds[1], false);
	start(&writer);
	bide_cancel(writer.task);
	CHECK_INT(end(&writer), -ECANCELED);
	drain(fds[0], filled);
	CHECK_INT(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	CHECK_INT(read(fds[0], &byte, 1), -1);
	CHECK_INT(errno, EAGAIN);
	close_pair(fds);
}

IO_TEST(io_matrix, cancelled_writers_write_nothing)
{
	return for_each(write_cancelled, writers);
}

static void write_closed(enum io_kind kind, int end_kind, int fds[2])
{
	struct operation first, second;

	(void)end_kind;
	(void)fill(fds[1]);
	prepare(&first, kind, fds[1], false);
	prepare(&second, kind, fds[1], false);
	start(&first);
	start(&second);
	CHECK_INT(bide_close(fds[1]), 0);
	CHECK_INT(end(&first), -EBADF);
	CHECK_INT(end(&second), -EBADF);
	CHECK_INT(bide_close(fds[0]), 0);
}

IO_TEST(io_matrix, closing_ends_writers_that_wait)
{
	return for_each(write_closed, writers);
}

/* The code is the kind's own; a datagram's socket is no longer connected the next time. */
static void expect_broken(const struct operation *writer, int r)
{
	if (writer->op.kind == IO_POLL)
		CHECK_INT(r, BIDE_WRITABLE);
	else
		CHECK(r == -EPIPE || r == -ECONNRESET || r == -ECONNREFUSED || r == -ENOTCONN);
}

static void write_broken(enum io_kind kind, int end_kind, int fds[2])
{
	struct operation writer;

	(void)end_kind;
	(void)fill(fds[1]);
	prepare(&writer, kind, fds[1], false);
	start(&writer);
	CHECK_INT(bide_close(fds[0]), 0);
	expect_broken(&writer, end(&writer));
	prepare(&writer, kind, fds[1], false);
	expect_broken(&writer, operation_main(&writer.op));
	CHECK_INT(bide_close(fds[1]), 0);
}

IO_TEST(io_matrix, writers_are_told_that_nobody_reads_before_and_while_they_wait)
{
	return for_each(write_broken, writers);
}

/* ---- accepting and connecting: what test_net.c leaves ---- */

IO_TEST(io_matrix, an_acceptor_of_a_number_used_again_hears_nothing_old)
{
	struct sockaddr_in old_addr, new_addr;
	int old = plain_listener(&old_addr);
	int copy = dup(old);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	struct call before = { .kind = CALL_ACCEPT, .fd = old };
	struct call after = { .kind = CALL_ACCEPT, .fd = old };
	int fd;

	call_start(&before);
	CHECK_INT(bide_close(old), 0);
	CHECK_INT(plain_listener(&new_addr), old);
	call_start(&after);
	CHECK_INT(connect(client, (struct sockaddr *)&old_addr, sizeof old_addr), 0);
	CHECK_INT(call_end(&before), -EBADF);
	for (int i = 0; i < 10; i++)
		CHECK_INT(bide_yield(), 0);
	CHECK(!bide_done(after.task));
	fd = bide_accept(copy, NULL, NULL);
	CHECK(fd >= 0);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(client), 0);

	client = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_INT(bide_connect(client, (struct sockaddr *)&new_addr, sizeof new_addr), 0);
	fd = call_end(&after);
	CHECK(fd >= 0);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(client), 0);
	CHECK_INT(bide_close(old), 0);
	CHECK_INT(bide_close(copy), 0);
	return 0;
}

IO_TEST(io_matrix, an_acceptor_is_told_that_its_socket_was_shut_down)
{
	struct sockaddr_in addr;
	struct call call = { .kind = CALL_ACCEPT, .fd = plain_listener(&addr) };

	call_start(&call);
	CHECK_INT(shutdown(call.fd, SHUT_RDWR), 0);
	CHECK_INT(call_end(&call), -EINVAL);
	CHECK_INT(bide_close(call.fd), 0);
	return 0;
}

/* ---- a terminal ---- */

IO_TEST(io_matrix, a_terminal_is_read_and_hangs_up)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct call call = { .kind = CALL_READ, .fd = terminal };
	int user;

	if (terminal < 0)
		return 0;               /* a sandbox without them */
	CHECK_INT(grantpt(terminal), 0);
	CHECK_INT(unlockpt(terminal), 0);
	user = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK(user >= 0);
	call_start(&call);
	CHECK_INT(bide_write(user, "x", 1), 1);
	CHECK_INT(call_end(&call), 1);
	CHECK_INT(call.buf[0], 'x');
	call_start(&call);
	CHECK_INT(bide_close(user), 0);
	CHECK_INT(call_end(&call), -EIO);
	CHECK_INT(bide_close(terminal), 0);
	return 0;
}
