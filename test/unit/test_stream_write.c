/* SPDX-License-Identifier: MIT */

/* test_stream_write.c - what is written leaves in order, and by itself */
#include "stream_test.h"

#include <wchar.h>

#define LARGE 300000

static char pattern(size_t i)
{
	return (char)('a' + i % 23 + i / 23 % 3);
}

static char *make_pattern(size_t n)
{
	char *data = malloc(n);

	CHECK(data != NULL);
	for (size_t i = 0; i < n; i++)
		data[i] = pattern(i);
	return data;
}

/* Reads the pattern to the end. Returns how much it was. */
static int read_pattern(void *arg)
{
	int fd = *(int *)arg;
	char buf[5000];
	size_t done = 0;
	ssize_t n;

	while ((n = bide_read(fd, buf, sizeof buf)) > 0)
		for (ssize_t i = 0; i < n; i++)
			CHECK_INT(buf[i], pattern(done++));
	CHECK_INT(n, 0);
	CHECK_INT(bide_close(fd), 0);
	return (int)done;
}

/* ---- it leaves ---- */

IO_TEST(stream_write, leaves_without_a_flush_on_every_kind)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		int fd;
		bide_stream *stream = stream_to_write(kind, &fd);

		CHECK_INT(bide_stream_write(stream, "hel", 3), 3);
		CHECK_INT(bide_stream_write(stream, "", 0), 0);
		CHECK_INT(bide_stream_write(stream, "lo", 2), 2);
		stream_expect(fd, "hello");
		CHECK_INT(bide_stream_printf(stream, "%s %d", "again", 7), 7);
		stream_expect(fd, "again 7");
		stream_close_both(stream, fd);
	}
	return 0;
}

/* What each system call sends is a message of its own on such a socket. */
IO_TEST(stream_write, collects_what_is_written_in_one_round)
{
	bide_stream *stream;
	char buf[64] = "";
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	stream = bide_stream_open(fds[1]);
	for (int i = 0; i < 3; i++)
		CHECK_INT(bide_stream_printf(stream, "%d,", i), 2);
	CHECK_INT(bide_read(fds[0], buf, sizeof buf), 6);
	CHECK_STR(buf, "0,1,2,");
	CHECK_INT(bide_stream_close(stream), 0);
	return bide_close(fds[0]);
}

static int answer(void *arg)
{
	int fd = *(int *)arg;

	stream_expect(fd, "question");
	return (int)bide_write_all(fd, "answer", 6);
}

IO_TEST(stream_write, leaves_before_a_read_waits)
{
	int fd;
	bide_stream *stream = stream_to_write(PAIR_TCP, &fd);
	bide_task *task = bide_spawn(answer, &fd);

	CHECK_INT(bide_stream_write(stream, "question", 8), 8);
	stream_expect_read(stream, "answer");
	CHECK_INT(bide_join(task), 6);
	stream_close_both(stream, fd);
	return 0;
}

/* The part that the system takes at once is not all, and the rest is not forgotten. */
IO_TEST(stream_write, leaves_in_full_while_a_read_waits)
{
	char *data = make_pattern(LARGE);
	int fd;
	bide_stream *stream = stream_to_write(PAIR_UNIX, &fd);
	struct stream_call call = { .kind = STREAM_READ, .stream = stream };
	size_t done = 0;

	bide_stream_set_high_water(stream, LARGE, LARGE);
	CHECK_INT(bide_stream_write(stream, data, LARGE), LARGE);
	stream_call_start(&call);
	while (done < LARGE) {
		char buf[3000];
		ssize_t n = bide_read(fd, buf, sizeof buf);

		CHECK(n > 0);
		for (ssize_t i = 0; i < n; i++)
			CHECK_INT(buf[i], pattern(done++));
	}
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(stream_call_end(&call), 0);
	free(data);
	return bide_stream_close(stream);
}

IO_TEST(stream_write, keeps_the_order_of_any_sizes)
{
	static const size_t sizes[] = { 1, 70000, 3, 16384, 2, 2, 65536, 65537, 5000 };
	char *data = make_pattern(LARGE);
	int fd;

	for (int high = 0; high < 3; high++) {
		bide_stream *stream = stream_to_write(PAIR_UNIX, &fd);
		bide_task *task = bide_spawn(read_pattern, &fd);
		size_t done = 0;

		if (high < 2)
			bide_stream_set_high_water(stream, (size_t)high * 1000, 100);
		for (size_t i = 0; done < LARGE; i++) {
			size_t n = sizes[i % (sizeof sizes / sizeof *sizes)];

			n = n < LARGE - done ? n : LARGE - done;
			CHECK_INT(bide_stream_write(stream, data + done, n), n);
			done += n;
			if (i % 5 == 4)
				CHECK_INT(bide_yield(), 0);
		}
		CHECK_INT(bide_stream_close(stream), 0);
		CHECK_INT(bide_join(task), LARGE);
	}
	free(data);
	return 0;
}

IO_TEST(stream_printf, formats_texts_of_any_length)
{
	static const int widths[] = { 1, 100, 127, 128, 500, 1000, 20000, 100000 };
	int fd;
	bide_stream *stream = stream_to_write(PAIR_PIPE, &fd);
	static char buf[100000];

	CHECK_INT(bide_stream_printf(stream, "%s", ""), 0);
	for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
		int n = widths[i];

		bide_stream_set_high_water(stream, 200000, 0);
		CHECK_INT(bide_stream_printf(stream, "%*d", n, 7), n);
		CHECK_INT(bide_stream_printf(stream, "."), 1);
		CHECK_INT(bide_read_full(fd, buf, (size_t)n), n);
		CHECK_INT(buf[n - 1], '7');
		stream_expect(fd, ".");
	}
	stream_close_both(stream, fd);
	return 0;
}

IO_TEST(stream_printf, writes_nothing_of_what_cannot_be_printed)
{
	static const wchar_t alien[] = { 0x10ffff, 0 };
	int fd;
	bide_stream *stream = stream_to_write(PAIR_PIPE, &fd);

	for (int i = 0; i < 2; i++) {
		CHECK_INT(bide_stream_printf(stream, "some %ls", alien), -EINVAL);
		CHECK_INT(bide_stream_printf(stream, "%s", "all"), 3);
	}
	stream_expect(fd, "allall");
	stream_close_both(stream, fd);
	return 0;
}

/* ---- it waits ---- */

IO_TEST(stream_write, suspends_past_the_high_water_mark)
{
	int fd;
	bide_stream *stream = stream_to_write(PAIR_UNIX, &fd);
	size_t filled = fill(bide_stream_fd(stream));
	struct stream_call call = { .kind = STREAM_WRITE, .stream = stream, .n = 2 };
	struct stream_call second = { .kind = STREAM_WRITE, .stream = stream };

	bide_stream_set_high_water(stream, 10, 5);
	CHECK_INT(bide_stream_write(stream, "0123456789", 10), 10);
	memcpy(call.buf, "xy", 2);
	stream_call_start(&call);
	CHECK_INT(stream_call_run(&second), -EBUSY);
	second.kind = STREAM_FLUSH;
	CHECK_INT(stream_call_run(&second), -EBUSY);
	drain(fd, filled);
	CHECK_INT(stream_call_end(&call), 2);
	stream_expect(fd, "0123456789xy");
	stream_close_both(stream, fd);
	return 0;
}

IO_TEST(stream_flush, returns_when_all_is_out)
{
	int fd;
	bide_stream *stream = stream_to_write(PAIR_PIPE, &fd);
	size_t filled = fill(bide_stream_fd(stream));
	struct stream_call call = { .kind = STREAM_FLUSH, .stream = stream };

	CHECK_INT(bide_stream_flush(stream), 0);
	CHECK_INT(bide_stream_write(stream, "last", 4), 4);
	stream_call_start(&call);
	drain(fd, filled);
	CHECK_INT(stream_call_end(&call), 0);
	stream_expect(fd, "last");
	stream_close_both(stream, fd);
	return 0;
}

/* ---- it is cut short ---- */

IO_TEST(stream_write, counts_what_was_taken_where_it_is_cut_short)
{
	char *data = make_pattern(LARGE);
	int fd;

	/* One that is buffered whole, one that is not, after nothing or something. */
	for (int i = 0; i < 4; i++) {
		bide_stream *stream = stream_to_write(PAIR_UNIX, &fd);
		size_t before = i % 2 == 0 ? 0 : 30000;
		struct stream_call call = {
			.kind = STREAM_WRITE,
			.stream = stream,
			.n = i < 2 ? LARGE - before : 40000,
			.data = data + before,
		};
		size_t filled = i < 2 ? 0 : fill(bide_stream_fd(stream));
		bide_task *task;
		int taken = 40000;

		if (i >= 2)
			bide_stream_set_high_water(stream, 50000, 0);
		if (i == 2)
			bide_stream_set_high_water(stream, 40000 - 1, 0);
		CHECK_INT(bide_stream_write(stream, data, before), before);
		stream_call_start(&call);
		bide_cancel(call.task);
		taken = stream_call_end(&call);
		/* Nothing of what is written in place, all of what was copied. */
		if (i >= 2)
			CHECK_INT(taken, i == 2 ? -ECANCELED : 40000);
		else
			CHECK(taken > 0 && taken < (int)call.n);
		drain(fd, filled);
		task = bide_spawn(read_pattern, &fd);
		CHECK_INT(bide_stream_close(stream), 0);
		CHECK_INT(bide_join(task), (int)before + (taken > 0 ? taken : 0));
	}
	free(data);
	return 0;
}

IO_TEST(stream_flush, leaves_the_rest_to_leave_by_itself)
{
	int fd;
	bide_stream *stream = stream_to_write(PAIR_UNIX, &fd);
	size_t filled = fill(bide_stream_fd(stream));
	struct stream_call call = { .kind = STREAM_FLUSH, .stream = stream };

	CHECK_INT(bide_stream_write(stream, "last", 4), 4);
	for (int i = 0; i < 3; i++) {
		stream_call_start(&call);
		bide_cancel(call.task);
		CHECK_INT(stream_call_end(&call), -ECANCELED);
	}
	drain(fd, filled);
	stream_expect(fd, "last");
	stream_close_both(stream, fd);
	return 0;
}

static int cancel_all_others(void)
{
	bide_task *tasks[8];
	size_t n = bide_tasks(tasks, 8);
	int count = 0;

	for (size_t i = 0; i < n; i++)
		count += tasks[i] != bide_self() && bide_cancel(tasks[i]);
	return count;
}

IO_TEST(stream_write, does_without_the_task_that_would_have_written)
{
	int fd;
	bide_stream *stream = stream_to_write(PAIR_UNIX, &fd);

	/* Before it has begun, and while it waits. */
	CHECK_INT(bide_stream_write(stream, "a", 1), 1);
	CHECK_INT(cancel_all_others(), 1);
	CHECK_INT(bide_stream_write(stream, "b", 1), 1);
	stream_expect(fd, "ab");
	let_others_run();
	(void)fill(bide_stream_fd(stream));
	CHECK_INT(bide_stream_write(stream, "c", 1), 1);
	let_others_run();
	CHECK_INT(cancel_all_others(), 1);
	let_others_run();
	drain(fd, 1);
	CHECK_INT(bide_tasks(NULL, 0), 1);
	bide_stream_abort(stream);
	return bide_close(fd);
}

struct farewell {
	bide_stream *stream;
	int fd;
	bool has_arrived;
};

static int expect_farewell(void *arg)
{
	stream_expect(*(int *)arg, "bye");
	return 0;
}

static void say_farewell(void *arg)
{
	struct farewell *farewell = arg;

	CHECK_INT(bide_stream_write(farewell->stream, "bye", 3), 3);
	CHECK_INT(bide_timeout(BIDE_SECOND, expect_farewell, &farewell->fd), 0);
	farewell->has_arrived = true;
	stream_close_both(farewell->stream, farewell->fd);
}

static int wait_until_canceled(void *arg)
{
	CHECK_INT(bide_defer(say_farewell, arg), 0);
	return bide_sleep(BIDE_FOREVER);
}

static int leave_a_task(void *arg)
{
	struct farewell *farewell = arg;

	farewell->stream = stream_to_write(PAIR_UNIX, &farewell->fd);
	CHECK_INT(bide_go(wait_until_canceled, farewell), 0);
	return bide_yield();
}

/* Whatever the stream spawned then would never run. */
TEST(stream_write, leaves_also_while_the_loop_ends)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };
	struct farewell farewell = { 0 };

	CHECK_INT(bide_run_with(&options, leave_a_task, &farewell), 0);
	CHECK(farewell.has_arrived);
}

/* ---- errors ---- */

IO_TEST(stream_write, reports_an_error_that_its_own_task_has_met)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		int fd;
		bide_stream *stream = stream_to_write(kind, &fd);

		if (kind == PAIR_TCP)
			stream_reset(fd);
		else
			CHECK_INT(bide_close(fd), 0);
		let_others_run();
		CHECK_INT(bide_stream_write(stream, "x", 1), 1);
		let_others_run();
		for (int i = 0; i < 2; i++) {
			int r = (int)bide_stream_write(stream, "y", 1);

			CHECK(r == -EPIPE || (kind == PAIR_TCP && r == -ECONNRESET));
			CHECK_INT(bide_stream_printf(stream, "y"), r);
			CHECK_INT(bide_stream_flush(stream), r);
			CHECK_INT(bide_stream_close_write(stream), r);
		}
		CHECK(bide_stream_close(stream) < 0);
	}
	return 0;
}

IO_TEST(stream_close_write, ends_one_direction_once)
{
	int fd;
	bide_stream *stream = stream_to_write(PAIR_TCP, &fd);
	char buf[8];

	CHECK_INT(bide_stream_write(stream, "bye", 3), 3);
	CHECK_INT(bide_stream_close_write(stream), 0);
	CHECK_INT(bide_stream_close_write(stream), 0);
	CHECK_INT(bide_stream_write(stream, "x", 1), -EPIPE);
	CHECK_INT(bide_stream_printf(stream, "x"), -EPIPE);
	CHECK_INT(bide_stream_flush(stream), 0);
	stream_expect(fd, "bye");
	CHECK_INT(bide_read(fd, buf, sizeof buf), 0);
	CHECK_INT(bide_write_all(fd, "back", 4), 4);
	stream_expect_read(stream, "back");
	stream_close_both(stream, fd);
	return 0;
}

IO_TEST(stream_close_write, is_for_sockets)
{
	int fd;
	bide_stream *stream = stream_to_write(PAIR_PIPE, &fd);

	CHECK_INT(bide_stream_write(stream, "x", 1), 1);
	CHECK_INT(bide_stream_close_write(stream), -ENOTSOCK);
	CHECK_INT(bide_stream_write(stream, "y", 1), 1);
	stream_expect(fd, "xy");
	stream_close_both(stream, fd);
	return 0;
}
