/* SPDX-License-Identifier: MIT */

/*
 * io_test.h - a test of I/O, which runs on every back end
 *
 *   IO_TEST(io_read, end_of_file_is_zero)
 *   {
 *           …
 *           return 0;
 *   }
 *
 * The block is the main task of a loop, once in each of IO_CONFIG_COUNT
 * configurations: epoll, poll and, where the system has it, io_uring, each in virtual
 * and in real time; the simulator without a seed and with several. The number of the
 * configuration is that of the test's iteration. When the block has returned 0, neither
 * a task, an armed timer nor a descriptor may be left that was not there before.
 */
#ifndef TEST_SUPPORT_IO_TEST_H
#define TEST_SUPPORT_IO_TEST_H

#include "loop_test.h"

#include <bide.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Configurations: two of each back end, virtual and real; the simulator; its seeds. */
#define IO_SIM_CONFIG 6
#define IO_CONFIG_COUNT 15

/* How long waits that are to run into their limit last; short, as one clock is real. */
#define INSTANT (BIDE_MILLISECOND / 2)

#define IO_TEST(unit, sentence)                                                                    \
	static int block_##unit##_##sentence(void *arg);                                           \
	static void test_##unit##_##sentence(const void *data, int config)                         \
	{                                                                                          \
		(void)data;                                                                        \
		io_test_run(block_##unit##_##sentence, config);                                    \
	}                                                                                          \
	static struct test entry_##unit##_##sentence = {                                           \
		.name = #unit "." #sentence,                                                       \
		.file = __FILE__,                                                                  \
		.line = __LINE__,                                                                  \
		.last = IO_CONFIG_COUNT - 1,                                                       \
		.run = test_##unit##_##sentence,                                                   \
	};                                                                                         \
	__attribute__((constructor)) static void register_##unit##_##sentence(void)                \
	{                                                                                          \
		test_register(&entry_##unit##_##sentence);                                         \
	}                                                                                          \
	static int block_##unit##_##sentence(void *arg __attribute__((unused)))

static inline bide_options io_test_options(int config)
{
	static const int backends[] = { BIDE_BACKEND_EPOLL, BIDE_BACKEND_POLL, BIDE_BACKEND_URING };
	bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	if (config < IO_SIM_CONFIG) {
		options.backend = backends[config / 2];
		options.flags = config % 2 == 0 ? BIDE_VIRTUAL_CLOCK : 0;
	} else if (config > IO_SIM_CONFIG) {
		options.flags |= BIDE_SHUFFLE;
		options.seed = (uint64_t)(config - IO_SIM_CONFIG);
	}
	return options;
}

static inline int io_count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	CHECK(dir != NULL);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static inline void io_test_run(bide_fn *block, int config)
{
	bide_options options = io_test_options(config);
	int before = io_count_descriptors();

	if (options.backend == BIDE_BACKEND_URING && !case_has_uring())
		return;
	/* The other seeds make short transfers of megabytes: hours in a slow tool. */
	if (config > IO_SIM_CONFIG + 1 && getenv("BIDE_TEST_SLOW") != NULL)
		return;
	CHECK_INT(bide_run_with(&options, loop_test_main, &block), 0);
	CHECK_INT(io_count_descriptors(), before);
}

/* ---- pairs of descriptors: the first one is read from, the second one written to ---- */

enum pair_kind {
	PAIR_UNIX,
	PAIR_UNIX_NONBLOCK,
	PAIR_TCP,
	PAIR_PIPE,
	PAIR_PIPE_NONBLOCK,
	PAIR_KIND_COUNT,
};

static inline bool pair_is_socket(enum pair_kind kind)
{
	return kind < PAIR_PIPE;
}

/* A listener on the loopback, by plain calls, and its address. */
static inline int plain_listener(struct sockaddr_in *ret)
{
	socklen_t len = sizeof *ret;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*ret = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	CHECK(fd >= 0);
	CHECK_INT(bind(fd, (struct sockaddr *)ret, len), 0);
	CHECK_INT(listen(fd, 16), 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)ret, &len), 0);
	return fd;
}

static int tcp_receiver;                /* of the TCP pair that was made last */

static inline void make_tcp_pair(int fds[2])
{
	struct sockaddr_in addr;
	int listener = plain_listener(&addr);

	fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(fds[1] >= 0);
	CHECK_INT(connect(fds[1], (struct sockaddr *)&addr, sizeof addr), 0);
	fds[0] = accept(listener, NULL, NULL);
	CHECK(fds[0] >= 0);
	tcp_receiver = fds[0];
	CHECK_INT(close(listener), 0);
}

static inline void make_pair(enum pair_kind kind, int fds[2])
{
	if (kind == PAIR_TCP)
		make_tcp_pair(fds);
	else if (kind == PAIR_PIPE || kind == PAIR_PIPE_NONBLOCK)
		CHECK_INT(pipe2(fds, kind == PAIR_PIPE ? 0 : O_NONBLOCK), 0);
	else
		CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | (kind == PAIR_UNIX ? 0 : SOCK_NONBLOCK),
		                     0, fds),
		          0);
}

static inline void close_pair(const int fds[2])
{
	CHECK_INT(bide_close(fds[0]), 0);
	CHECK_INT(bide_close(fds[1]), 0);
}

/* Makes the descriptor that is read from the one of that number. */
static inline void take_number(int fds[2], int number)
{
	if (fds[0] == number)
		return;
	if (fds[1] == number)
		fds[1] = dup(number);
	CHECK_INT(dup2(fds[0], number), number);
	CHECK_INT(close(fds[0]), 0);
	fds[0] = number;
}

/* Whether TCP waits to hear that what it has sent is there: then it has room again. */
static inline bool is_in_flight(int fd)
{
	int unsettled = 0, unsent = 0;

	return ioctl(fd, SIOCOUTQNSD, &unsent) == 0 && ioctl(fd, SIOCOUTQ, &unsettled) == 0 &&
	       unsettled > unsent;
}

static inline size_t write_until_full(int fd)
{
	static char zeroes[65536];
	size_t total = 0;

	for (size_t size = sizeof zeroes; size > 0; size /= 2)
		for (ssize_t n; (n = write(fd, zeroes, size)) > 0; total += (size_t)n)
			;
	CHECK_INT(errno, EAGAIN);
	return total;
}

/* Writes by plain calls until no more fits, and stays so. Returns the number of bytes. */
static inline size_t fill(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	size_t total = 0, more;

	CHECK_INT(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
	do {
		more = write_until_full(fd);
		total += more;
		/* The receiver would tell 40 ms later: it hopes for an answer to go with it. */
		while (is_in_flight(fd))
			CHECK_INT(setsockopt(tcp_receiver, IPPROTO_TCP, TCP_QUICKACK, &(int){ 1 },
			                     sizeof(int)),
			          0);
	} while (more > 0);
	CHECK_INT(fcntl(fd, F_SETFL, flags), 0);
	return total;
}

/* Reads and drops so many bytes. */
static inline void drain(int fd, size_t n)
{
	static char rest[65536];

	while (n > 0) {
		ssize_t r = bide_read(fd, rest, n < sizeof rest ? n : sizeof rest);

		CHECK(r > 0);
		n -= (size_t)r;
	}
}

/* ---- calls made by another task ---- */

enum call_kind {
	CALL_READ,
	CALL_READ_FULL,
	CALL_RECV,
	CALL_WRITE,
	CALL_WRITE_ALL,
	CALL_SEND,
	CALL_WAIT,
	CALL_ACCEPT,
};

struct call {
	enum call_kind kind;
	int fd;
	int events;             /* CALL_WAIT */
	size_t n;               /* 0: all of buf */
	char *data;             /* NULL: buf */
	char buf[16];
	bide_task *task;
};

static inline int call_run(void *arg)
{
	struct call *call = arg;
	char *data = call->data != NULL ? call->data : call->buf;
	size_t n = call->n != 0 ? call->n : sizeof call->buf;

	switch (call->kind) {
	case CALL_READ:
		return (int)bide_read(call->fd, data, n);
	case CALL_READ_FULL:
		return (int)bide_read_full(call->fd, data, n);
	case CALL_RECV:
		return (int)bide_recv(call->fd, data, n, 0);
	case CALL_WRITE:
		return (int)bide_write(call->fd, data, n);
	case CALL_WRITE_ALL:
		return (int)bide_write_all(call->fd, data, n);
	case CALL_SEND:
		return (int)bide_send(call->fd, data, n, 0);
	case CALL_WAIT:
		return bide_wait_fd(call->fd, call->events);
	case CALL_ACCEPT:
		return bide_accept(call->fd, NULL, NULL);
	}
	return -EINVAL;
}

/* Starts the call in a task of its own, and goes on when that waits for the back end. */
static inline void call_start(struct call *call)
{
	uint64_t before = bide_loop_stats(NULL).operations;

	call->task = bide_spawn(call_run, call);
	CHECK(call->task != NULL);
	while (bide_loop_stats(NULL).operations == before) {
		CHECK(!bide_done(call->task));
		CHECK_INT(bide_yield(), 0);
	}
}

static inline int call_end(struct call *call)
{
	return bide_join(call->task);
}

/* Lets the others run, and the loop look at I/O, without waiting for anything. */
static inline void let_others_run(void)
{
	uint64_t until = bide_loop_stats(NULL).rounds + 3000;

	while (bide_loop_stats(NULL).rounds < until)
		CHECK_INT(bide_yield(), 0);
}

#endif
