/* SPDX-License-Identifier: MIT */

/*
 * fault_copy.c - copies and messages fail
 */
#include "fault.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIZE 1000

/* The ends of a copy. What is to be copied lies ready, and its writer has gone. */
enum end {
	END_FILE,
	END_PIPE,
	END_SOCKET,
};

static int make_file(void)
{
	char path[] = "/tmp/bide-fault-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_INT(unlink(path), 0);
	return fd;
}

static void make_ends(enum end end, int fds[2])
{
	if (end == END_FILE) {
		fds[0] = make_file();
		fds[1] = dup(fds[0]);
	} else if (end == END_PIPE) {
		CHECK_INT(pipe2(fds, O_NONBLOCK), 0);
	} else {
		CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	}
}

static int copy_between(enum end from, enum end to)
{
	static const char data[SIZE];
	char got[SIZE];
	int in[2], out[2];
	ssize_t r;

	make_ends(from, in);
	make_ends(to, out);
	CHECK_INT(write(in[1], data, SIZE), SIZE);
	CHECK_INT(close(in[1]), 0);
	if (from == END_FILE)
		CHECK_INT(lseek(in[0], 0, SEEK_SET), 0);
	r = bide_copy(out[1], in[0], SIZE_MAX);
	/* What it says has arrived. */
	if (to == END_FILE)
		CHECK_INT(lseek(out[0], 0, SEEK_SET), 0);
	CHECK_INT(read(out[0], got, SIZE), r > 0 ? r : to == END_FILE ? 0 : -1);
	bide_close(in[0]);
	bide_close(out[0]);
	bide_close(out[1]);
	return r < 0 ? (int)r : 0;
}

static int copy_on_loop(void *arg)
{
	const enum end *ends = arg;

	return copy_between(ends[0], ends[1]);
}

static int copy_ends(enum end from, enum end to)
{
	enum end ends[2] = { from, to };
	const bide_options options = { .backend = BIDE_BACKEND_EPOLL };

	return bide_run_with(&options, copy_on_loop, ends);
}

static int file_to_file(void)
{
	return copy_ends(END_FILE, END_FILE);
}
FAULT_SWEEP(copy, from_file_to_file_reports_every_failure, file_to_file)

static int file_to_socket(void)
{
	return copy_ends(END_FILE, END_SOCKET);
}
FAULT_SWEEP(copy, from_file_to_socket_reports_every_failure, file_to_socket)

static int pipe_to_file(void)
{
	return copy_ends(END_PIPE, END_FILE);
}
FAULT_SWEEP(copy, from_pipe_to_file_reports_every_failure, pipe_to_file)

static int pipe_to_socket(void)
{
	return copy_ends(END_PIPE, END_SOCKET);
}
FAULT_SWEEP(copy, from_pipe_to_socket_reports_every_failure, pipe_to_socket)

static int socket_to_pipe(void)
{
	return copy_ends(END_SOCKET, END_PIPE);
}
FAULT_SWEEP(copy, from_socket_to_pipe_reports_every_failure, socket_to_pipe)

/* ---- what was read and cannot be put back ---- */

#define PACKETS_SIZE ((size_t)20000)

/* A pipe that blocks takes PIPE_BUF bytes at a time. What arrives has no gap. */
static int copy_packets(void *arg)
{
	static char sent[PACKETS_SIZE], got[PACKETS_SIZE];
	int in[2], out[2];
	ssize_t r, n;

	(void)arg;
	for (size_t i = 0; i < PACKETS_SIZE; i++)
		sent[i] = (char)(i * 31 + i / 251);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, in), 0);
	CHECK_INT(pipe(out), 0);
	for (size_t i = 0; i < PACKETS_SIZE; i += PACKETS_SIZE / 2)
		CHECK_INT(write(in[1], sent + i, PACKETS_SIZE / 2), PACKETS_SIZE / 2);
	CHECK_INT(close(in[1]), 0);
	r = bide_copy(out[1], in[0], SIZE_MAX);
	bide_close(in[0]);
	bide_close(out[1]);
	n = read(out[0], got, PACKETS_SIZE);
	bide_close(out[0]);
	CHECK_INT(n, r > 0 ? r : 0);
	CHECK_INT(memcmp(got, sent, (size_t)n), 0);
	return r < 0 ? (int)r : r == (ssize_t)PACKETS_SIZE ? 0 : -EIO;
}

static int packets_to_pipe(void)
{
	return bide_run(copy_packets, NULL);
}
FAULT_SWEEP(copy, that_is_cut_short_in_a_write_leaves_no_gap, packets_to_pipe)

/* ---- messages ---- */

static int exchange(void *arg)
{
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[2];
	ssize_t r;

	(void)arg;
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	r = bide_sendmsg(fds[1], &msg, 0);
	if (r >= 0)
		r = bide_recvmsg(fds[0], &msg, 0);
	if (r >= 0)
		r = bide_writev(fds[1], &iov, 1);
	if (r >= 0)
		r = bide_readv(fds[0], &iov, 1);
	bide_close(fds[0]);
	bide_close(fds[1]);
	return r < 0 ? (int)r : 0;
}

static int messages(void)
{
	return bide_run(exchange, NULL);
}
FAULT_SWEEP(message, reports_every_failure, messages)
