/* SPDX-License-Identifier: MIT */

/* test_message.c - several buffers at a time, datagrams, and what comes with messages */
#include "io_test.h"

#include <bide.h>
#include <limits.h>
#include <pty.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/un.h>

/* A buffer, as an iovec for reading or writing. */
#define PART(memory, n) ((struct iovec){ (void *)(memory), (n) })

static size_t total_of(const struct iovec *iov, int n)
{
	size_t total = 0;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	return total;
}

/* Moves the vector's beginning on. */
static void advance(struct iovec **iov, int *n, size_t bytes)
{
	while (*n > 0 && bytes >= (*iov)->iov_len) {
		bytes -= (*iov)->iov_len;
		(*iov)++;
		(*n)--;
	}
	if (*n > 0) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + bytes;
		(*iov)->iov_len -= bytes;
	}
}

struct vector_call {
	int fd;
	struct iovec *iov;
	int n;
	bool writes;
};

/* Goes on until all of it is transferred. */
static int transfer_all(void *arg)
{
	struct vector_call *call = arg;

	while (total_of(call->iov, call->n) > 0) {
		ssize_t r = call->writes ? bide_writev(call->fd, call->iov, call->n)
		                         : bide_readv(call->fd, call->iov, call->n);

		if (r <= 0)
			return (int)r;
		advance(&call->iov, &call->n, (size_t)r);
	}
	return 0;
}

IO_TEST(io_readv, fills_the_buffers_one_after_the_other)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		char a[3] = "", b[6] = "";
		struct iovec out[] = { PART("he", 2), PART("", 0), PART("llo ", 4), PART("x", 1) };
		struct iovec in[] = { PART(a, 2), PART(NULL, 0), PART(b, 5) };
		struct vector_call writer = { .iov = out, .n = 4, .writes = true };
		struct vector_call reader = { .iov = in, .n = 3 };
		int fds[2];

		make_pair(kind, fds);
		writer.fd = fds[1];
		reader.fd = fds[0];
		CHECK_INT(transfer_all(&writer), 0);
		CHECK_INT(transfer_all(&reader), 0);
		CHECK_STR(a, "he");
		CHECK_STR(b, "llo x");
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_readv, waits_for_the_data)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		char a[3] = "", b[4] = "";
		struct iovec in[] = { PART(a, 2), PART(b, 3) };
		struct vector_call reader = { .iov = in, .n = 2 };
		bide_task *task;
		int fds[2];

		make_pair(kind, fds);
		reader.fd = fds[0];
		task = bide_spawn(transfer_all, &reader);
		let_others_run();
		CHECK(!bide_done(task));
		CHECK_INT(bide_write_all(fds[1], "ab", 2), 2);
		let_others_run();
		CHECK(!bide_done(task));
		CHECK_INT(bide_write_all(fds[1], "cde", 3), 3);
		CHECK_INT(bide_join(task), 0);
		CHECK_STR(a, "ab");
		CHECK_STR(b, "cde");
		CHECK_INT(bide_close(fds[1]), 0);
		CHECK_INT(bide_readv(fds[0], &PART(a, 2), 1), 0);
		CHECK_INT(bide_close(fds[0]), 0);
	}
	return 0;
}

/* Far more than fits, in pieces on both sides of what a pipe takes at once. */
IO_TEST(io_writev, moves_big_vectors_whole_through_every_kind)
{
	static const size_t sizes[] = {
		1, 0, PIPE_BUF - 1, PIPE_BUF, 3, PIPE_BUF + 1, 70000, 40000
	};
	enum {
		PARTS = sizeof sizes / sizeof sizes[0]
	};
	static char sent[PARTS * 70000], got[sizeof sent];

	for (size_t i = 0; i < sizeof sent; i++)
		sent[i] = (char)(i * 31 + i / 251);
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct iovec out[PARTS], in[2] = { PART(got, 50000), PART(got + 50000, 0) };
		struct vector_call writer = { .iov = out, .n = PARTS, .writes = true };
		struct vector_call reader = { .iov = in, .n = 2 };
		size_t total = 0;
		bide_task *task;
		int fds[2];

		for (int i = 0; i < PARTS; total += sizes[i++])
			out[i] = PART(sent + total, sizes[i]);
		in[1].iov_len = total - 50000;
		memset(got, 0, sizeof got);
		make_pair(kind, fds);
		writer.fd = fds[1];
		reader.fd = fds[0];
		task = bide_spawn(transfer_all, &writer);
		CHECK_INT(transfer_all(&reader), 0);
		CHECK_INT(bide_join(task), 0);
		CHECK_INT(memcmp(sent, got, total), 0);
		close_pair(fds);
	}
	return 0;
}

/* POSIX: up to PIPE_BUF bytes are one piece, also where they come from many buffers. */
IO_TEST(io_writev, up_to_pipe_buf_bytes_are_one_piece)
{
	static char half[PIPE_BUF / 2], got[PIPE_BUF + 1];
	struct iovec out[] = { PART(half, sizeof half), PART(NULL, 0), PART(half, sizeof half) };
	struct iovec more[] = { PART(half, sizeof half), PART(got, sizeof got) };

	for (enum pair_kind kind = PAIR_PIPE; kind <= PAIR_PIPE_NONBLOCK; kind++) {
		int fds[2];

		make_pair(kind, fds);
		CHECK_INT(bide_writev(fds[1], out, 3), PIPE_BUF);
		CHECK(bide_writev(fds[1], more, 2) >= (ssize_t)sizeof half);
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_writev, waits_for_room)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct iovec out[] = { PART("wor", 3), PART("ld", 2) };
		struct vector_call writer = { .iov = out, .n = 2, .writes = true };
		char got[6] = "";
		bide_task *task;
		size_t filled;
		int fds[2];

		/* TCP moves on what is in its buffers, and has room again. */
		if (kind == PAIR_TCP)
			continue;
		make_pair(kind, fds);
		filled = fill(fds[1]);
		writer.fd = fds[1];
		task = bide_spawn(transfer_all, &writer);
		let_others_run();
		CHECK(!bide_done(task));
		drain(fds[0], filled);
		CHECK_INT(bide_join(task), 0);
		CHECK_INT(bide_read_full(fds[0], got, 5), 5);
		CHECK_STR(got, "world");
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_writev, to_nobody_gives_epipe_and_no_signal)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		struct iovec out[] = { PART("a", 1), PART("b", 1) };
		ssize_t r = 0;
		int fds[2];

		make_pair(kind, fds);
		CHECK_INT(bide_close(fds[0]), 0);
		for (int i = 0; i < 10 && r >= 0; i++) {
			r = bide_writev(fds[1], out, 2);
			let_others_run();
		}
		CHECK(r == -EPIPE || r == -ECONNRESET);
		CHECK_INT(bide_close(fds[1]), 0);
	}
	return 0;
}

IO_TEST(io_readv, of_nothing_never_waits)
{
	struct iovec empty[] = { PART("", 0), PART(NULL, 0) };

	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		int fds[2];

		make_pair(kind, fds);
		(void)fill(fds[1]);
		CHECK_INT(bide_writev(fds[1], empty, 2), 0);
		CHECK_INT(bide_writev(fds[1], NULL, 0), 0);
		close_pair(fds);
		make_pair(kind, fds);
		CHECK_INT(bide_readv(fds[0], empty, 2), 0);
		CHECK_INT(bide_readv(fds[0], NULL, 0), 0);
		close_pair(fds);
	}
	return 0;
}

IO_TEST(io_writev, of_nothing_sends_no_datagram)
{
	struct iovec empty = PART("", 0);
	char byte = 0;
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	CHECK_INT(bide_writev(fds[1], &empty, 1), 0);
	CHECK_INT(bide_recv(fds[0], &byte, 1, MSG_DONTWAIT), -EAGAIN);
	CHECK_INT(bide_sendto(fds[1], "", 0, 0, NULL, 0), 0);
	CHECK_INT(bide_recv(fds[0], &byte, 1, MSG_DONTWAIT), 0);
	close_pair(fds);
	return 0;
}

IO_TEST(io_readv, refuses_what_is_no_vector)
{
	static struct iovec many[IOV_MAX + 1];
	char buf[4];
	int fds[2];

	make_pair(PAIR_UNIX, fds);
	CHECK_INT(bide_readv(fds[0], many, IOV_MAX + 1), -EINVAL);
	CHECK_INT(bide_writev(fds[1], many, IOV_MAX + 1), -EINVAL);
	CHECK_INT(bide_readv(fds[0], many, -1), -EINVAL);
	CHECK_INT(bide_readv(fds[0], many, IOV_MAX), 0);
	close_pair(fds);
	CHECK_INT(bide_readv(-1, &PART(buf, 4), 1), -EBADF);
	CHECK_INT(bide_writev(-1, &PART(buf, 4), 1), -EBADF);
	CHECK_INT(pipe(fds), 0);
	CHECK_INT(bide_readv(fds[1], &PART(buf, 4), 1), -EBADF);
	CHECK_INT(bide_writev(fds[0], &PART(buf, 4), 1), -EBADF);
	close_pair(fds);
	return 0;
}

TEST(io_readv, needs_a_task)
{
	char byte;
	socklen_t len = 0;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct msghdr msg = { .msg_iov = &PART(&byte, 1), .msg_iovlen = 1 };

	CHECK_INT(bide_readv(0, &PART(&byte, 1), -1), -EPERM);
	CHECK_INT(bide_writev(0, &PART(&byte, 1), 1), -EPERM);
	CHECK_INT(bide_recvmsg(0, &msg, 0), -EPERM);
	CHECK_INT(bide_sendmsg(0, &msg, 0), -EPERM);
	CHECK_INT(bide_recvfrom(0, &byte, 1, 0, (struct sockaddr *)&addr, &len), -EPERM);
	CHECK_INT(bide_sendto(0, &byte, 1, 0, (struct sockaddr *)&addr, sizeof addr), -EPERM);
}

IO_TEST(io_readv, works_on_files_and_counters)
{
	char a[2], b[8] = "";
	struct iovec out[] = { PART("ab", 2), PART("cdef", 4) };
	struct iovec in[] = { PART(a, 2), PART(b, 7) };
	uint64_t count = 7;
	FILE *file = tmpfile();
	int fd = eventfd(0, 0);

	CHECK(file != NULL && fd >= 0);
	CHECK_INT(bide_writev(fileno(file), out, 2), 6);
	CHECK_INT(lseek(fileno(file), 0, SEEK_SET), 0);
	CHECK_INT(bide_readv(fileno(file), in, 2), 6);
	CHECK_INT(a[0], 'a');
	CHECK_STR(b, "cdef");
	CHECK_INT(bide_readv(fileno(file), in, 2), 0);
	fclose(file);

	CHECK_INT(bide_writev(fd, &PART(&count, 8), 1), 8);
	count = 0;
	CHECK_INT(bide_readv(fd, &PART(&count, 8), 1), 8);
	CHECK_INT((int)count, 7);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

IO_TEST(io_readv, works_on_terminals)
{
	char a[2], b[16] = "";
	struct iovec out[] = { PART("li", 2), PART("ne\n", 3) };
	struct iovec in[] = { PART(a, 2), PART(b, 15) };
	struct vector_call reader = { .iov = in, .n = 2 };
	bide_task *task;
	int fds[2];

	CHECK_INT(openpty(&fds[0], &fds[1], NULL, NULL, NULL), 0);
	CHECK_INT(bide_writev(fds[0], out, 2), 5);
	CHECK_INT(bide_readv(fds[1], in, 2), 5);
	CHECK_INT(a[1], 'i');
	CHECK_STR(b, "ne\n");
	in[1].iov_len = 1;
	reader.fd = fds[1];
	task = bide_spawn(transfer_all, &reader);
	let_others_run();
	CHECK(!bide_done(task));
	CHECK_INT(bide_writev(fds[0], out, 2), 5);
	CHECK_INT(bide_join(task), 0);
	close_pair(fds);
	return 0;
}

/* ---- cancelled ---- */

static int receive_message(void *arg)
{
	char byte;
	struct msghdr msg = { .msg_iov = &PART(&byte, 1), .msg_iovlen = 1 };

	return (int)bide_recvmsg(*(int *)arg, &msg, 0);
}

static int read_vector(void *arg)
{
	char byte;

	return (int)bide_readv(*(int *)arg, &PART(&byte, 1), 1);
}

IO_TEST(io_recvmsg, ends_early_where_it_is_cancelled_or_closed)
{
	bide_fn *const calls[] = { receive_message, read_vector };

	for (int i = 0; i < 4; i++) {
		bide_task *task;
		int fds[2];

		make_pair(PAIR_UNIX, fds);
		task = bide_spawn(calls[i / 2], &fds[0]);
		let_others_run();
		if (i % 2 == 0)
			CHECK(bide_cancel(task));
		else
			CHECK_INT(bide_close(fds[0]), 0);
		CHECK_INT(bide_join(task), i % 2 == 0 ? -ECANCELED : -EBADF);
		if (i % 2 == 0)
			CHECK_INT(bide_close(fds[0]), 0);
		CHECK_INT(bide_close(fds[1]), 0);
	}
	return 0;
}

/* ---- messages ---- */

static int udp_socket(struct sockaddr_in *ret)
{
	socklen_t len = sizeof *ret;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*ret = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	CHECK(fd >= 0);
	CHECK_INT(bind(fd, (struct sockaddr *)ret, len), 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)ret, &len), 0);
	return fd;
}

IO_TEST(io_recvfrom, tells_who_sent_it)
{
	struct sockaddr_in addrs[2], from = { 0 };
	socklen_t len = sizeof from;
	char buf[8] = "";
	int fds[2] = { udp_socket(&addrs[0]), udp_socket(&addrs[1]) };

	CHECK_INT(bide_sendto(fds[1], "hello", 5, 0, (struct sockaddr *)&addrs[0], sizeof from), 5);
	CHECK_INT(bide_recvfrom(fds[0], buf, sizeof buf, 0, (struct sockaddr *)&from, &len), 5);
	CHECK_STR(buf, "hello");
	CHECK_INT(len, sizeof from);
	CHECK_INT(from.sin_port, addrs[1].sin_port);

	/* No more than there is room for is stored, and the whole length told. */
	from = (struct sockaddr_in){ 0 };
	len = 2;
	CHECK_INT(bide_sendto(fds[1], "", 0, 0, (struct sockaddr *)&addrs[0], sizeof from), 0);
	CHECK_INT(bide_recvfrom(fds[0], buf, sizeof buf, 0, (struct sockaddr *)&from, &len), 0);
	CHECK_INT(len, sizeof from);
	CHECK_INT(from.sin_family, AF_INET);
	CHECK_INT(from.sin_port, 0);

	/* Nothing changes where nothing comes. */
	len = sizeof from;
	CHECK_INT(bide_recvfrom(fds[0], buf, 8, MSG_DONTWAIT, (struct sockaddr *)&from, &len),
	          -EAGAIN);
	CHECK_INT(len, sizeof from);
	CHECK_INT(bide_sendto(fds[1], "x", 1, 0, (struct sockaddr *)&addrs[0], 3), -EINVAL);
	close_pair(fds);
	return 0;
}

struct late_send {
	int fd;
	struct sockaddr_in to;
};

static int send_late(void *arg)
{
	struct late_send *send = arg;

	let_others_run();
	return (int)bide_sendto(send->fd, "late", 4, 0, (struct sockaddr *)&send->to,
	                        sizeof send->to);
}

IO_TEST(io_recvfrom, waits_for_a_datagram)
{
	struct late_send send;
	struct sockaddr_in own, from;
	socklen_t len = sizeof from;
	char buf[8];
	int fds[2] = { udp_socket(&send.to), udp_socket(&own) };
	bide_task *task;

	send.fd = fds[1];
	task = bide_spawn(send_late, &send);
	CHECK_INT(bide_recvfrom(fds[0], buf, sizeof buf, 0, (struct sockaddr *)&from, &len), 4);
	CHECK_INT(from.sin_port, own.sin_port);
	CHECK_INT(bide_join(task), 4);
	close_pair(fds);
	return 0;
}

IO_TEST(io_recvfrom, without_an_address_is_recv)
{
	char buf[8] = "";
	int fds[2];

	for (enum pair_kind kind = 0; kind < PAIR_PIPE; kind++) {
		make_pair(kind, fds);
		CHECK_INT(bide_sendto(fds[1], "a", 1, 0, NULL, 0), 1);
		CHECK_INT(bide_recvfrom(fds[0], buf, 1, 0, NULL, NULL), 1);
		CHECK_INT(bide_recvfrom(fds[0], buf, 1, MSG_DONTWAIT, NULL, NULL), -EAGAIN);
		close_pair(fds);
	}
	CHECK_INT(pipe(fds), 0);
	CHECK_INT(bide_recvfrom(fds[0], buf, 1, 0, NULL, NULL), -ENOTSOCK);
	CHECK_INT(bide_sendto(fds[1], buf, 1, 0, NULL, 0), -ENOTSOCK);
	close_pair(fds);
	return 0;
}

IO_TEST(io_recvmsg, peeks_and_says_what_was_cut_off)
{
	char a[2], b[3] = "";
	struct iovec in[] = { PART(a, 2), PART(b, 2) };
	struct msghdr msg = { .msg_iov = in, .msg_iovlen = 2 };
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	CHECK_INT(bide_send(fds[1], "abcdef", 6, 0), 6);
	CHECK_INT(bide_recvmsg(fds[0], &msg, MSG_PEEK), 4);
	CHECK(msg.msg_flags & MSG_TRUNC);
	CHECK_STR(b, "cd");
	msg.msg_flags = 0;
	CHECK_INT(bide_recvmsg(fds[0], &msg, MSG_TRUNC), 6);
	CHECK(msg.msg_flags & MSG_TRUNC);
	CHECK_INT(bide_recvmsg(fds[0], &msg, MSG_DONTWAIT), -EAGAIN);
	close_pair(fds);
	return 0;
}

/* A look for errors that finds none must not make the loop believe that no data is there. */
IO_TEST(io_recvmsg, that_finds_no_errors_still_finds_the_data)
{
	struct sockaddr_in addrs[2];
	char buf[8];
	struct msghdr msg = { .msg_iov = &PART(buf, 8), .msg_iovlen = 1 };
	int fds[2] = { udp_socket(&addrs[0]), udp_socket(&addrs[1]) };
	int idle[2];
	bide_task *waits;

	/* While this waits the loop looks at events. */
	make_pair(PAIR_UNIX, idle);
	waits = bide_spawn(receive_message, &idle[0]);
	CHECK_INT(connect(fds[1], (struct sockaddr *)&addrs[0], sizeof addrs[0]), 0);
	for (int i = 0; i < 3; i++) {
		bide_task *task;

		CHECK_INT(bide_send(fds[1], "x", 1, 0), 1);
		let_others_run();
		CHECK_INT(bide_recvmsg(fds[0], &msg, MSG_ERRQUEUE | MSG_DONTWAIT), -EAGAIN);
		task = bide_spawn(receive_message, &fds[0]);
		let_others_run();
		CHECK(bide_done(task));
		bide_cancel(task);
		CHECK_INT(bide_join(task), 1);
	}
	bide_cancel(waits);
	CHECK_INT(bide_join(waits), -ECANCELED);
	close_pair(idle);
	close_pair(fds);
	return 0;
}

IO_TEST(io_sendmsg, carries_descriptors)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	char byte = 'f', got = 0;
	struct msghdr msg = {
		.msg_iov = &PART(&byte, 1),
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control,
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);
	int fds[2], carried[2], copy;

	make_pair(PAIR_UNIX, fds);
	CHECK_INT(pipe(carried), 0);
	*header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(header), &carried[0], sizeof(int));
	CHECK_INT(bide_sendmsg(fds[1], &msg, 0), 1);

	control.room[0] = 0;
	msg.msg_controllen = sizeof control;
	CHECK_INT(bide_recvmsg(fds[0], &msg, MSG_CMSG_CLOEXEC), 1);
	header = CMSG_FIRSTHDR(&msg);
	CHECK(header != NULL && header->cmsg_type == SCM_RIGHTS);
	memcpy(&copy, CMSG_DATA(header), sizeof copy);
	CHECK(copy != carried[0]);
	CHECK(fcntl(copy, F_GETFD) & FD_CLOEXEC);
	CHECK_INT(bide_write_all(carried[1], "through", 7), 7);
	CHECK_INT(bide_read(copy, &got, 1), 1);
	CHECK_INT(got, 't');
	CHECK_INT(bide_close(copy), 0);
	close_pair(carried);
	close_pair(fds);
	return 0;
}

static int send_message(void *arg)
{
	struct msghdr msg = { .msg_iov = (struct iovec[]){ PART("ab", 2), PART("c", 1) },
		              .msg_iovlen = 2 };

	return (int)bide_sendmsg(*(int *)arg, &msg, 0);
}

IO_TEST(io_sendmsg, waits_for_room_or_gives_epipe)
{
	for (enum pair_kind kind = 0; kind < PAIR_TCP; kind++) {
		char got[4] = "";
		struct msghdr msg = { .msg_iov = &PART("x", 1), .msg_iovlen = 1 };
		bide_task *task;
		size_t filled;
		int fds[2];

		make_pair(kind, fds);
		filled = fill(fds[1]);
		CHECK_INT(bide_sendmsg(fds[1], &msg, MSG_DONTWAIT), -EAGAIN);
		task = bide_spawn(send_message, &fds[1]);
		let_others_run();
		CHECK(!bide_done(task));
		drain(fds[0], filled);
		CHECK_INT(bide_join(task), 3);
		CHECK_INT(bide_read_full(fds[0], got, 3), 3);
		CHECK_STR(got, "abc");
		CHECK_INT(bide_close(fds[0]), 0);
		CHECK_INT(send_message(&fds[1]), -EPIPE);
		CHECK_INT(bide_close(fds[1]), 0);
	}
	return 0;
}
