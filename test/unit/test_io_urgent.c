/* SPDX-License-Identifier: MIT */

/* test_io_urgent.c - errors, urgent data, and what else readiness does not tell of */
#include "io_test.h"

#include <bide.h>
#include <linux/net_tstamp.h>
#include <poll.h>
#include <sys/un.h>

/* A pair of datagram sockets, connected with each other. */
static void make_udp_pair(int fds[2])
{
	for (int i = 0; i < 2; i++) {
		struct sockaddr_in addr = {
			.sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};

		fds[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		CHECK(fds[i] >= 0);
		CHECK_INT(bind(fds[i], (struct sockaddr *)&addr, sizeof addr), 0);
	}
	for (int i = 0; i < 2; i++) {
		struct sockaddr_in addr;
		socklen_t len = sizeof addr;

		CHECK_INT(getsockname(fds[1 - i], (struct sockaddr *)&addr, &len), 0);
		CHECK_INT(connect(fds[i], (struct sockaddr *)&addr, len), 0);
	}
}

/* ---- an error that a call has kept back ---- */

/* The system tells of it once, and has. The wait does so once, too. */
IO_TEST(io_wait, ends_for_an_error_behind_some_bytes)
{
	struct call call = { .kind = CALL_READ_FULL };
	int fds[2];
	int r = 0;

	make_udp_pair(fds);
	call.fd = fds[0];
	call_start(&call);
	CHECK_INT(send(fds[1], "1234", 4, 0), 4);
	let_others_run();
	CHECK_INT(close(fds[1]), 0);
	CHECK_INT(send(fds[0], "x", 1, 0), 1);
	CHECK_INT(call_end(&call), 4);
	BIDE_TIMEOUT(INSTANT)
		r = bide_wait_fd(fds[0], BIDE_WRITABLE);
	CHECK_INT(r, BIDE_WRITABLE);
	BIDE_TIMEOUT(BIDE_SECOND)
		r = bide_wait_fd(fds[0], BIDE_READABLE);
	CHECK_INT(r, BIDE_READABLE);
	BIDE_TIMEOUT(INSTANT)
		r = bide_wait_fd(fds[0], BIDE_READABLE);
	CHECK_INT(r, -ECANCELED);
	CHECK_INT(bide_read(fds[0], call.buf, sizeof call.buf), -ECONNREFUSED);
	CHECK_INT(bide_close(fds[0]), 0);
	return 0;
}

/* ---- the queue of errors ---- */

/* What the first one sends puts a message into its queue of errors. */
static void make_stamped_pair(int fds[2])
{
	int flags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;

	make_udp_pair(fds);
	CHECK_INT(setsockopt(fds[0], SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags), 0);
}

static int look_for_error(void *arg)
{
	char room[256];
	struct msghdr msg = { .msg_control = room, .msg_controllen = sizeof room };
	ssize_t r = bide_recvmsg(*(int *)arg, &msg, MSG_ERRQUEUE);

	return r < 0 ? (int)r : 0;
}

/* Also where a thread of the kernel has a hand in it, and time is not real. */
static void expect_done(bide_task *task, int result)
{
	let_others_run();
	for (int i = 0; i < 1000 && !bide_done(task); i++) {
		CHECK_INT(poll(NULL, 0, 1), 0);
		let_others_run();
	}
	CHECK(bide_done(task));
	CHECK_INT(bide_join(task), result);
}

IO_TEST(io_errqueue, is_looked_at_beside_a_reader)
{
	struct call reader = { .kind = CALL_RECV };
	bide_task *looker;
	int fds[2];

	make_stamped_pair(fds);
	reader.fd = fds[0];
	call_start(&reader);
	looker = bide_spawn(look_for_error, &fds[0]);
	let_others_run();
	CHECK(!bide_done(looker));
	CHECK_INT(send(fds[0], "x", 1, 0), 1);
	expect_done(looker, 0);

	/* What has come while nobody looked. */
	CHECK_INT(send(fds[0], "x", 1, 0), 1);
	let_others_run();
	expect_done(bide_spawn(look_for_error, &fds[0]), 0);
	CHECK(!bide_done(reader.task));
	CHECK_INT(send(fds[1], "y", 1, 0), 1);
	expect_done(reader.task, 1);
	close_pair(fds);
	return 0;
}

IO_TEST(io_errqueue, holds_up_nobody_who_reads)
{
	struct call reader = { .kind = CALL_RECV };
	bide_task *looker;
	int fds[2];

	make_stamped_pair(fds);
	reader.fd = fds[0];
	looker = bide_spawn(look_for_error, &fds[0]);
	let_others_run();
	call_start(&reader);
	CHECK_INT(send(fds[1], "y", 1, 0), 1);
	expect_done(reader.task, 1);
	CHECK_INT(send(fds[1], "y", 1, 0), 1);
	let_others_run();
	expect_done(bide_spawn(call_run, &reader), 1);
	CHECK(!bide_done(looker));
	CHECK_INT(bide_close(fds[0]), 0);
	expect_done(looker, -EBADF);
	CHECK_INT(bide_close(fds[1]), 0);
	return 0;
}

/* ---- urgent data ---- */

IO_TEST(io_recv, of_urgent_data_does_not_wait_for_others)
{
	ssize_t r = 0;
	int fds[2];
	char byte;

	make_pair(PAIR_TCP, fds);
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(bide_read(fds[0], &byte, 1), 1);
	BIDE_TIMEOUT(INSTANT)
		r = bide_read(fds[0], &byte, 1);
	CHECK_INT(r, -ECANCELED);
	CHECK_INT(send(fds[1], "!", 1, MSG_OOB), 1);
	let_others_run();
	BIDE_TIMEOUT(BIDE_SECOND)
		r = bide_recv(fds[0], &byte, 1, MSG_OOB);
	CHECK_INT(r, 1);
	CHECK_INT(byte, '!');
	close_pair(fds);
	return 0;
}

/* ---- offsets of what has none ---- */

IO_TEST(io_pread, of_a_pipe_fails_also_where_nothing_is_in_it)
{
	ssize_t r = 0;
	int fds[2];
	char byte;

	make_pair(PAIR_PIPE, fds);
	BIDE_TIMEOUT(INSTANT)
		r = bide_read(fds[0], &byte, 1);
	CHECK_INT(r, -ECANCELED);
	BIDE_TIMEOUT(BIDE_SECOND)
		r = bide_pread(fds[0], &byte, 1, 0);
	CHECK_INT(r, -ESPIPE);
	close_pair(fds);
	return 0;
}

/* ---- reads that end early ---- */

/* Reads n bytes by calls that ask for more. */
static int read_text(int fd, char *text, size_t n)
{
	char room[16];
	size_t done = 0;
	ssize_t r = 1;

	BIDE_TIMEOUT(BIDE_SECOND) {
		while (done < n && (r = bide_read(fd, room, sizeof room)) > 0) {
			CHECK(done + (size_t)r <= n);
			memcpy(text + done, room, (size_t)r);
			done += (size_t)r;
		}
	}
	return r < 0 ? (int)r : (int)done;
}

struct text {
	int fd;
	char bytes[7];
};

static int read_six(void *arg)
{
	struct text *text = arg;

	return read_text(text->fd, text->bytes, 6);
}

static void expect_six(int fd, void (*send_six)(int fd), int peer)
{
	struct text text = { .fd = fd };
	bide_task *task = bide_spawn(read_six, &text);

	let_others_run();
	send_six(peer);
	CHECK_INT(bide_join(task), 6);
	CHECK_STR(text.bytes, "abcdef");
}

static void send_around_urgent(int fd)
{
	CHECK_INT(send(fd, "abc", 3, 0), 3);
	CHECK_INT(send(fd, "!", 1, MSG_OOB), 1);
	CHECK_INT(send(fd, "def", 3, 0), 3);
}

IO_TEST(io_read, goes_on_behind_urgent_data)
{
	int fds[2];

	make_pair(PAIR_TCP, fds);
	CHECK_INT(setsockopt(fds[1], IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)), 0);
	for (int i = 0; i < 2; i++)
		expect_six(fds[0], send_around_urgent, fds[1]);
	close_pair(fds);
	return 0;
}

/* A message ends where descriptors came with it, also for those who don't take them. */
static void send_descriptor_first(int fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { "abc", 3 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control,
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);

	*header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	CHECK_INT(sendmsg(fd, &msg, 0), 3);
	CHECK_INT(send(fd, "def", 3, 0), 3);
}

IO_TEST(io_read, goes_on_behind_descriptors_that_came)
{
	int fds[2];

	make_pair(PAIR_UNIX, fds);
	for (int i = 0; i < 2; i++)
		expect_six(fds[0], send_descriptor_first, fds[1]);
	close_pair(fds);
	return 0;
}

/* ---- a receiver that others have filled ---- */

struct datagram {
	int fd;
	struct sockaddr_un addr;
	socklen_t len;
};

static int send_datagram(void *arg)
{
	const struct datagram *datagram = arg;

	return (int)bide_sendto(datagram->fd, "x", 1, 0, (const struct sockaddr *)&datagram->addr,
	                        datagram->len);
}

/* A receiver whose queue is full of another sender's datagrams, and a sender. */
static int make_full_receiver(struct datagram *ret)
{
	int receiver = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int other = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*ret = (struct datagram){
		.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0),
		.len = sizeof ret->addr,
	};
	/* The system finds a name. */
	CHECK_INT(bind(receiver, (struct sockaddr *)&(struct sockaddr_un){ .sun_family = AF_UNIX },
	               sizeof(sa_family_t)),
	          0);
	CHECK_INT(getsockname(receiver, (struct sockaddr *)&ret->addr, &ret->len), 0);
	while (sendto(other, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&ret->addr, ret->len) == 1)
		;
	CHECK_INT(errno, EAGAIN);
	CHECK_INT(close(other), 0);
	return receiver;
}

IO_TEST(io_sendto, waits_for_room_at_a_receiver_that_others_have_filled)
{
	struct datagram datagram;
	int receiver = make_full_receiver(&datagram);
	bide_task *task = bide_spawn(send_datagram, &datagram);
	int r = 0;
	char byte;

	let_others_run();
	CHECK(!bide_done(task));
	while (recv(receiver, &byte, 1, MSG_DONTWAIT) == 1)
		;
	BIDE_TIMEOUT(BIDE_SECOND)
		r = bide_join(task);
	CHECK_INT(r, 1);
	CHECK_INT(recv(receiver, &byte, 1, MSG_DONTWAIT), 1);
	CHECK_INT(bide_close(datagram.fd), 0);
	CHECK_INT(bide_close(receiver), 0);
	return 0;
}

IO_TEST(io_sendto, to_a_full_receiver_is_cut_short_by_a_deadline_and_a_close)
{
	struct datagram datagram;
	int receiver = make_full_receiver(&datagram);
	bide_task *task;
	int r = 0;

	BIDE_TIMEOUT(INSTANT)
		r = send_datagram(&datagram);
	CHECK_INT(r, -ECANCELED);
	task = bide_spawn(send_datagram, &datagram);
	let_others_run();
	CHECK_INT(bide_close(datagram.fd), 0);
	CHECK_INT(bide_join(task), -EBADF);
	CHECK_INT(bide_close(receiver), 0);
	return 0;
}
