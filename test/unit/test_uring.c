/* SPDX-License-Identifier: MIT */

/*
 * test_uring.c - what is special where the kernel does the operations itself
 *
 * Where there is no io_uring the tests pass without having looked at anything: epoll
 * takes its place then, and has tests of its own.
 */
#include "io_test.h"

#include "base/fault.h"
#include "core/backend.h"

#include <linux/net_tstamp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

#define MANY 10000

static const bide_options uring = { .backend = BIDE_BACKEND_URING };

static void run(bide_fn *fn)
{
	int before = io_count_descriptors();

	if (!case_has_uring())
		return;
	CHECK_INT(bide_run_with(&uring, fn, NULL), 0);
	CHECK_INT(io_count_descriptors(), before);
}

#define URING_TEST(sentence)                                                                       \
	static int block_##sentence(void *arg);                                                    \
	TEST(uring, sentence)                                                                      \
	{                                                                                          \
		run(block_##sentence);                                                             \
	}                                                                                          \
	static int block_##sentence(void *arg __attribute__((unused)))

/* ---- buffers ---- */

URING_TEST(leaves_the_buffer_of_a_cancelled_read_alone)
{
	static const enum call_kind kinds[] = { CALL_READ, CALL_RECV };

	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		int fds[2];

		make_pair(kind, fds);
		for (int i = 0; i < (pair_is_socket(kind) ? 2 : 1); i++) {
			struct call call = { .kind = kinds[i], .fd = fds[0] };
			char later[4];

			call_start(&call);
			let_others_run();
			bide_cancel(call.task);
			CHECK_INT(call_end(&call), -ECANCELED);
			CHECK_INT(write(fds[1], "data", 4), 4);
			let_others_run();
			for (size_t k = 0; k < sizeof call.buf; k++)
				CHECK_INT(call.buf[k], 0);
			CHECK_INT(bide_read(fds[0], later, 4), 4);
			CHECK_INT(memcmp(later, "data", 4), 0);
		}
		close_pair(fds);
	}
	return 0;
}

/* ---- more than fits into the rings ---- */

static int shared_fd;

static int wait_readable(void *arg)
{
	(void)arg;
	return bide_wait_fd(shared_fd, BIDE_READABLE);
}

static void start_waits(bide_task **tasks, int count)
{
	for (int i = 0; i < count; i++) {
		tasks[i] = bide_spawn(wait_readable, NULL);
		CHECK(tasks[i] != NULL);
	}
	let_others_run();
}

URING_TEST(loses_no_completion_of_ten_thousand_waits)
{
	static bide_task *tasks[MANY];
	const int count = test_many(MANY);
	int fds[2];

	make_pair(PAIR_UNIX, fds);
	shared_fd = fds[0];
	start_waits(tasks, count);
	CHECK_INT(write(fds[1], "x", 1), 1);
	for (int i = 0; i < count; i++)
		CHECK_INT(bide_join(tasks[i]), BIDE_READABLE);
	drain(fds[0], 1);

	start_waits(tasks, count);
	for (int i = 0; i < count; i++)
		bide_cancel(tasks[i]);
	for (int i = 0; i < count; i++)
		CHECK_INT(bide_join(tasks[i]), -ECANCELED);

	start_waits(tasks, count);
	CHECK_INT(bide_close(fds[0]), 0);
	for (int i = 0; i < count; i++)
		CHECK_INT(bide_join(tasks[i]), -EBADF);
	CHECK_INT(bide_close(fds[1]), 0);
	return 0;
}

/* As many pairs as there may be descriptors, up to half of the waits above. */
static int pairs_max(void)
{
	struct rlimit limit;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max < MANY + 100 ? limit.rlim_max : MANY + 100;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return test_many((int)(limit.rlim_cur - 100) / 2);
}

URING_TEST(loses_no_completion_of_thousands_of_transfers)
{
	static struct call calls[MANY / 2];
	static int fds[MANY / 2][2];
	int count = pairs_max();

	for (int i = 0; i < count; i++) {
		make_pair(PAIR_UNIX, fds[i]);
		calls[i] = (struct call){ .kind = CALL_RECV, .fd = fds[i][0] };
		calls[i].task = bide_spawn(call_run, &calls[i]);
		CHECK(calls[i].task != NULL);
	}
	let_others_run();
	for (int i = 0; i < count; i++)
		CHECK_INT(write(fds[i][1], &i, sizeof i), sizeof i);
	for (int i = 0; i < count; i++) {
		CHECK_INT(call_end(&calls[i]), sizeof i);
		CHECK_INT(memcmp(calls[i].buf, &i, sizeof i), 0);
		close_pair(fds[i]);
	}
	return 0;
}

/* ---- before the kernel has an operation ---- */

static int wait_and_write(void *arg)
{
	const int *fds = arg;

	CHECK_INT(write(fds[1], "a", 1), 1);
	return 0;
}

/* The first reader is cancelled in the round in which it asks; the second one gets on. */
URING_TEST(takes_an_operation_back_that_was_not_handed_over)
{
	struct call calls[2];
	bide_task *writer;
	int fds[2];

	make_pair(PAIR_UNIX, fds);
	for (int i = 0; i < 2; i++) {
		calls[i] = (struct call){ .kind = CALL_READ, .fd = fds[0], .n = 1 };
		calls[i].task = bide_spawn(call_run, &calls[i]);
	}
	writer = bide_spawn(wait_and_write, fds);
	CHECK_INT(bide_yield(), 0);
	bide_cancel(calls[0].task);
	CHECK_INT(call_end(&calls[0]), -ECANCELED);
	CHECK_INT(call_end(&calls[1]), 1);
	CHECK_INT(bide_join(writer), 0);
	close_pair(fds);
	return 0;
}

/* ---- files ---- */

URING_TEST(reads_a_file_that_is_not_in_memory)
{
	static char text[1 << 16], found[1 << 16];
	char path[] = "test_uring.XXXXXX";
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	CHECK_INT(unlink(path), 0);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)(i * 7);
	CHECK_INT(bide_write_all(fd, text, sizeof text), sizeof text);
	CHECK_INT(fsync(fd), 0);
	CHECK_INT(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	CHECK_INT(bide_read_full(fd, found, sizeof found), sizeof found);
	CHECK_INT(memcmp(text, found, sizeof text), 0);
	CHECK_INT(bide_read(fd, found, sizeof found), 0);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

/* ---- ready, and yet nothing can be done ---- */

static int look_for_errors(void *arg)
{
	char byte;

	return (int)bide_recv(*(int *)arg, &byte, 1, MSG_ERRQUEUE);
}

URING_TEST(does_not_spin_where_a_ready_descriptor_is_not_enough)
{
	const struct linger at_once = { .l_onoff = 1 };
	bide_task *task;
	uint64_t rounds;
	int fds[2];

	make_pair(PAIR_TCP, fds);
	task = bide_spawn(look_for_errors, &fds[0]);
	let_others_run();
	CHECK_INT(setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
	CHECK_INT(close(fds[1]), 0);
	rounds = bide_loop_stats(NULL).rounds;
	CHECK_INT(bide_sleep(20 * BIDE_MILLISECOND), 0);
	CHECK(bide_loop_stats(NULL).rounds - rounds < 200);
	CHECK(!bide_done(task));
	bide_cancel(task);
	CHECK_INT(bide_join(task), -ECANCELED);

	task = bide_spawn(look_for_errors, &fds[0]);
	CHECK_INT(bide_sleep(5 * BIDE_MILLISECOND), 0);
	CHECK_INT(bide_close(fds[0]), 0);
	CHECK_INT(bide_join(task), -EBADF);
	return 0;
}

/* Errors that nobody looks at make a socket ready, and a read is tried again and again. */
static int make_socket_with_error(void)
{
	int flags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(9),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags), 0);
	CHECK_INT(sendto(fd, "x", 1, 0, (struct sockaddr *)&addr, sizeof addr), 1);
	return fd;
}

/* The kernel finds no such read while it is between two tries. */
URING_TEST(ends_a_read_that_is_about_to_be_tried_again)
{
	for (int i = 0; i < 200; i++) {
		struct call call = { .kind = CALL_RECV, .fd = make_socket_with_error() };

		call_start(&call);
		for (int k = 0; k < i * 20; k++)
			CHECK_INT(bide_yield(), 0);
		if (i % 2 == 0)
			bide_cancel(call.task);
		CHECK_INT(bide_close(call.fd), 0);
		CHECK_INT(call_end(&call), i % 2 == 0 ? -ECANCELED : -EBADF);
	}
	return 0;
}

/* ---- a loop that changes its thread ---- */

static int pair[2];
static char received;

static int receive_and_stop(void *arg)
{
	(void)arg;
	if (bide_read(pair[0], &received, 1) == 1)
		bide_loop_stop(bide_loop_current());
	return 0;
}

static int leave_a_reader(void *arg)
{
	(void)arg;
	CHECK_INT(bide_go(receive_and_stop, NULL), 0);
	return bide_sleep(BIDE_MILLISECOND);
}

struct runner {
	bide_loop *loop;
	pthread_t thread;
	pthread_barrier_t barrier;
};

static void *run_and_stay(void *arg)
{
	struct runner *runner = arg;

	if (runner->loop == NULL)
		runner->loop = bide_loop_new(&uring);
	CHECK(runner->loop != NULL);
	CHECK_INT(bide_loop_run(runner->loop, leave_a_reader, NULL), 0);
	pthread_barrier_wait(&runner->barrier);
	pthread_barrier_wait(&runner->barrier);
	return NULL;
}

/* The thread that asked has ended before the data come, after, or stays. */
static void check_moves(int variant)
{
	struct runner runner = { .loop = bide_loop_new(&uring) };

	CHECK(runner.loop != NULL);
	received = 0;
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	CHECK_INT(pthread_barrier_init(&runner.barrier, NULL, 2), 0);
	CHECK_INT(pthread_create(&runner.thread, NULL, run_and_stay, &runner), 0);
	pthread_barrier_wait(&runner.barrier);
	if (variant == 1)
		CHECK_INT(write(pair[1], "x", 1), 1);
	if (variant < 2) {
		pthread_barrier_wait(&runner.barrier);
		CHECK_INT(pthread_join(runner.thread, NULL), 0);
	}
	if (variant != 1)
		CHECK_INT(write(pair[1], "x", 1), 1);
	CHECK_INT(bide_loop_run_forever(runner.loop), 0);
	CHECK_INT(received, 'x');
	if (variant == 2) {
		pthread_barrier_wait(&runner.barrier);
		CHECK_INT(pthread_join(runner.thread, NULL), 0);
	}
	CHECK_INT(bide_loop_close(runner.loop), 0);
	CHECK_INT(close(pair[0]), 0);
	CHECK_INT(close(pair[1]), 0);
	pthread_barrier_destroy(&runner.barrier);
}

TEST(uring, goes_on_with_a_read_on_another_thread)
{
	for (int variant = 0; variant < 3 && case_has_uring(); variant++)
		check_moves(variant);
}

/* ---- a foreign loop ---- */

static bool is_readable(const bide_loop *loop, int timeout)
{
	struct pollfd item = { .fd = bide_loop_fd(loop), .events = POLLIN };

	return poll(&item, 1, timeout) == 1;
}

/* The request that waits for interrupts was that of a thread that has ended. */
TEST(uring, is_interrupted_on_another_thread)
{
	struct runner runner = { .loop = NULL };

	if (!case_has_uring())
		return;
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	CHECK_INT(pthread_barrier_init(&runner.barrier, NULL, 2), 0);
	CHECK_INT(pthread_create(&runner.thread, NULL, run_and_stay, &runner), 0);
	pthread_barrier_wait(&runner.barrier);
	pthread_barrier_wait(&runner.barrier);
	CHECK_INT(pthread_join(runner.thread, NULL), 0);
	/* The kernel gives such a request up when it is answered for the first time. */
	for (int i = 0; i < 3; i++) {
		bide_loop_stop(runner.loop);
		CHECK(is_readable(runner.loop, 1000));
		while (is_readable(runner.loop, 0))
			CHECK_INT(bide_loop_step(runner.loop), 1);
	}
	CHECK_INT(bide_loop_close(runner.loop), 0);
	CHECK_INT(close(pair[0]), 0);
	CHECK_INT(close(pair[1]), 0);
	pthread_barrier_destroy(&runner.barrier);
}

static int receive(void *arg)
{
	(void)arg;
	CHECK_INT(bide_read(pair[0], &received, 1), 1);
	return 0;
}

static int go_receive(void *arg)
{
	(void)arg;
	return bide_go(receive, NULL);
}

TEST(uring, tells_a_foreign_loop_of_completions_and_interrupts)
{
	bide_loop *loop = bide_loop_new(&uring);

	CHECK(loop != NULL);
	CHECK(!is_readable(loop, 0));
	bide_loop_stop(loop);
	CHECK(is_readable(loop, 1000));
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	CHECK_INT(bide_loop_run(loop, go_receive, NULL), 0);
	while (bide_loop_timeout(loop) == 0)
		CHECK_INT(bide_loop_step(loop), 1);
	CHECK(!is_readable(loop, 0));
	CHECK_INT(write(pair[1], "x", 1), 1);
	CHECK(is_readable(loop, 1000));
	while (bide_loop_step(loop) > 0)
		CHECK(is_readable(loop, 0) || bide_loop_timeout(loop) == 0);
	CHECK_INT(received, 'x');
	CHECK(!is_readable(loop, 0));
	CHECK_INT(bide_loop_close(loop), 0);
	CHECK_INT(close(pair[0]), 0);
	CHECK_INT(close(pair[1]), 0);
}

/* ---- where it cannot be had ---- */

static void check_open(bool stays_on_one_thread)
{
	const struct backend_options options = { .stays_on_one_thread = stays_on_one_thread };
	int before = io_count_descriptors();
	int r = -ENOSYS;

	for (long nth = 1; r < 0; nth++) {
		struct backend *backend = NULL;

		bide__fault_arm(nth);
		r = bide__backend_uring.open(&backend, &options);
		bide__fault_arm(0);
		CHECK_INT(r < 0, backend == NULL);
		if (r == 0)
			bide__backend_uring.close(backend);
		CHECK_INT(io_count_descriptors(), before);
	}
}

TEST(uring, says_why_it_cannot_be_opened_and_leaves_nothing)
{
	if (!case_has_uring())
		return;
	check_open(false);
	check_open(true);
}
