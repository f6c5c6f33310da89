/* SPDX-License-Identifier: MIT */

/* test_stream_end.c - how streams begin and end, whoever is in a call on them */
#include "stream_test.h"

#define LARGE 1000000

IO_TEST(stream_open, refuses_what_is_no_descriptor)
{
	errno = 0;
	CHECK(bide_stream_open(-1) == NULL);
	CHECK_INT(errno, EBADF);
	return 0;
}

IO_TEST(stream_connect, says_why_it_failed)
{
	errno = 0;
	CHECK(bide_stream_connect("127.0.0.1", "no port") == NULL);
	CHECK(errno != 0);
	return 0;
}

IO_TEST(stream_close, ignores_null)
{
	bide_stream_abort(NULL);
	return bide_stream_close(NULL);
}

/* ---- others are in a call ---- */

IO_TEST(stream_close, ends_the_calls_of_others)
{
	for (enum stream_call_kind kind = 0; kind < STREAM_CLOSE; kind++) {
		static char data[LARGE];
		int fd;
		bide_stream *stream = stream_to_read(PAIR_UNIX, &fd);
		struct stream_call call = { .kind = kind, .stream = stream };

		if (kind >= STREAM_WRITE) {
			(void)fill(bide_stream_fd(stream));
			CHECK_INT(bide_stream_write(stream, "x", 1), 1);
			call.data = data;
			call.n = sizeof data;
		}
		stream_call_start(&call);
		if (kind >= STREAM_WRITE)
			bide_stream_abort(stream);
		else
			CHECK_INT(bide_stream_close(stream), 0);
		CHECK_INT(stream_call_end(&call), -EBADF);
		CHECK_INT(bide_close(fd), 0);
		/* The stream's own task may get its operation back later. */
		let_others_run();
	}
	return 0;
}

/* Both wait for the same room; the writer is not let on behind the close. */
IO_TEST(stream_close, stops_a_write_half_way)
{
	static char data[LARGE];
	int fd;
	bide_stream *stream = stream_to_write(PAIR_UNIX, &fd);
	struct stream_call call = {
		.kind = STREAM_WRITE,
		.stream = stream,
		.data = data,
		.n = sizeof data,
	};
	struct stream_call end = { .kind = STREAM_CLOSE, .stream = stream };
	char buf[4096];
	size_t total = 0;
	ssize_t n;

	CHECK_INT(bide_stream_write(stream, "x", 1), 1);
	stream_call_start(&call);
	end.task = bide_spawn(stream_call_run, &end);
	while ((n = bide_read(fd, buf, sizeof buf)) > 0)
		total += (size_t)n;
	CHECK_INT(n, 0);
	CHECK(total < LARGE);
	CHECK_INT(stream_call_end(&call), -EBADF);
	CHECK_INT(stream_call_end(&end), 0);
	return bide_close(fd);
}

IO_TEST(stream_abort, ends_a_close_that_waits)
{
	int fd;
	bide_stream *stream = stream_to_write(PAIR_UNIX, &fd);
	struct stream_call call = { .kind = STREAM_CLOSE, .stream = stream };

	(void)fill(bide_stream_fd(stream));
	CHECK_INT(bide_stream_write(stream, "x", 1), 1);
	stream_call_start(&call);
	/* It is on its way out: nobody else may begin anything. */
	CHECK_INT(bide_stream_write(stream, "y", 1), -EBADF);
	CHECK_INT(bide_stream_close(stream), -EBADF);
	bide_stream_abort(stream);
	CHECK_INT(stream_call_end(&call), -EBADF);
	return bide_close(fd);
}

/* The read has got something already when it goes on, and wants more. */
IO_TEST(stream_abort, keeps_a_read_from_writing_to_a_later_descriptor)
{
	int fd;
	bide_stream *stream = stream_to_read(PAIR_UNIX, &fd);
	struct stream_call call = { .kind = STREAM_READ_EXACTLY, .stream = stream };
	int number = bide_stream_fd(stream);
	char buf[8];
	int fds[2];

	stream_call_start(&call);
	CHECK_INT(bide_stream_write(stream, "lost", 4), 4);
	stream_feed(fd, "some");
	bide_stream_abort(stream);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	take_number(fds, number);
	CHECK_INT(stream_call_end(&call), -EBADF);
	let_others_run();
	CHECK_INT(recv(fds[1], buf, sizeof buf, MSG_DONTWAIT), -1);
	close_pair(fds);
	return bide_close(fd);
}

/* ---- what is buffered ---- */

IO_TEST(stream_close, of_a_cancelled_task_drops_what_would_wait)
{
	int fd;
	bide_stream *stream = stream_to_write(PAIR_UNIX, &fd);
	size_t filled = fill(bide_stream_fd(stream));
	struct stream_call call = { .kind = STREAM_CLOSE, .stream = stream };
	char buf[8];

	CHECK_INT(bide_stream_write(stream, "lost", 4), 4);
	stream_call_start(&call);
	bide_cancel(call.task);
	CHECK_INT(stream_call_end(&call), -ECANCELED);
	drain(fd, filled);
	CHECK_INT(bide_read(fd, buf, sizeof buf), 0);
	let_others_run();
	return bide_close(fd);
}

static int close_when_canceled(void *arg)
{
	bide_cancel(bide_self());
	return bide_stream_close(arg);
}

/* Nor for the stream's own task, which is in the middle of a write. */
IO_TEST(stream_close, of_a_cancelled_task_waits_for_nobody)
{
	int fd;
	bide_stream *stream = stream_to_write(PAIR_UNIX, &fd);
	bide_task *task;

	(void)fill(bide_stream_fd(stream));
	CHECK_INT(bide_stream_write(stream, "lost", 4), 4);
	let_others_run();
	task = bide_spawn(close_when_canceled, stream);
	let_others_run();
	CHECK(bide_done(task));
	CHECK_INT(bide_join(task), -ECANCELED);
	let_others_run();
	return bide_close(fd);
}

static int write_and_close_canceled(void *arg)
{
	CHECK_INT(bide_stream_write(arg, "sent", 4), 4);
	bide_cancel(bide_self());
	return bide_stream_close(arg);
}

static int close_canceled(void *arg)
{
	int fd;
	bide_stream *stream = stream_to_write(PAIR_UNIX, &fd);
	bide_task *task = bide_spawn(write_and_close_canceled, stream);
	char buf[8];

	(void)arg;
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(bide_read_full(fd, buf, sizeof buf), 4);
	return bide_close(fd);
}

/* Without a seed, which may decide that it has to wait. */
TEST(stream_close, of_a_cancelled_task_sends_what_need_not_wait)
{
	const bide_options options = { .backend = BIDE_BACKEND_EPOLL };

	CHECK_INT(bide_run_with(&options, close_canceled, NULL), 0);
}

IO_TEST(stream_abort, resets_a_connection)
{
	int fd;
	bide_stream *stream = stream_to_write(PAIR_TCP, &fd);
	char buf[8];

	CHECK_INT(bide_stream_write(stream, "half", 4), 4);
	bide_stream_abort(stream);
	CHECK_INT(bide_read(fd, buf, sizeof buf), -ECONNRESET);
	let_others_run();
	return bide_close(fd);
}

/* ---- outside of tasks ---- */

static bide_stream *left;
static int left_fd;

static int leave_a_stream(void *arg)
{
	(void)arg;
	left = stream_to_write(PAIR_UNIX, &left_fd);
	CHECK_INT(bide_stream_write(left, "x", 1), 1);
	return 0;
}

TEST(stream, outlives_its_loop_until_it_is_aborted)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };
	int before = io_count_descriptors();

	CHECK_INT(bide_run_with(&options, leave_a_stream, NULL), 0);
	for (enum stream_call_kind kind = 0; kind < STREAM_CALL_KIND_COUNT; kind++) {
		struct stream_call call = { .kind = kind, .stream = left };

		CHECK_INT(stream_call_run(&call), -EPERM);
	}
	CHECK_INT(bide_stream_printf(left, "x"), -EPERM);
	CHECK_INT(bide_stream_close_write(left), -EPERM);
	bide_stream_abort(left);
	CHECK_INT(close(left_fd), 0);
	CHECK_INT(io_count_descriptors(), before);
}
