/* SPDX-License-Identifier: MIT */

/* test_stream_read.c - what reads of a stream return, and what they leave */
#include "stream_test.h"

#define LARGE 300000

/* Bytes that tell where they belong, with a newline now and then. */
static char pattern(size_t i)
{
	return i % 1009 == 1008 ? '\n' : (char)('a' + i % 23);
}

struct feed {
	int fd;
	size_t piece;
};

/* Writes LARGE bytes of the pattern and closes. */
static int feed_pattern(void *arg)
{
	const struct feed *feed = arg;
	char piece[4096];

	for (size_t done = 0; done < LARGE;) {
		size_t n = LARGE - done < feed->piece ? LARGE - done : feed->piece;

		for (size_t i = 0; i < n; i++)
			piece[i] = pattern(done + i);
		CHECK_INT(bide_write_all(feed->fd, piece, n), n);
		done += n;
	}
	return bide_close(feed->fd);
}

static void expect_pattern(const char *data, size_t from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		CHECK_INT(data[i], pattern(from + i));
}

IO_TEST(stream_read, hands_out_pieces_on_every_kind)
{
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		int fd;
		bide_stream *stream = stream_to_read(kind, &fd);
		char buf[8];

		stream_feed(fd, "abcdef");
		stream_expect_read(stream, "a");
		stream_expect_read(stream, "bc");
		CHECK_INT(bide_close(fd), 0);
		stream_expect_read(stream, "def");
		for (int i = 0; i < 3; i++)
			CHECK_INT(bide_stream_read(stream, buf, sizeof buf), 0);
		CHECK_INT(bide_stream_close(stream), 0);
	}
	return 0;
}

IO_TEST(stream_read, loses_nothing_of_much_in_any_size)
{
	static const size_t sizes[] = { 1000, 7, 511, 512, 20000 };
	static char buf[20000];

	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		struct feed feed = { .piece = sizes[s] < 4096 ? 4096 - sizes[s] : 100 };
		bide_stream *stream = stream_to_read(PAIR_UNIX, &feed.fd);
		bide_task *task = bide_spawn(feed_pattern, &feed);
		size_t done = 0;
		ssize_t n;

		while ((n = bide_stream_read(stream, buf, sizes[s])) > 0) {
			expect_pattern(buf, done, (size_t)n);
			done += (size_t)n;
		}
		CHECK_INT(n, 0);
		CHECK_INT(done, LARGE);
		CHECK_INT(bide_join(task), 0);
		CHECK_INT(bide_stream_close(stream), 0);
	}
	return 0;
}

IO_TEST(stream_read, mixes_with_lines_and_exact_reads)
{
	struct feed feed = { .piece = 3000 };
	bide_stream *stream = stream_to_read(PAIR_TCP, &feed.fd);
	bide_task *task = bide_spawn(feed_pattern, &feed);
	static char buf[5000];
	size_t done = 0;
	char *line;
	ssize_t n = 1;

	for (int turn = 0; n > 0; turn++) {
		line = buf;
		if (turn % 4 == 0)
			n = bide_stream_read(stream, buf, 600);
		else if (turn % 4 == 1)
			n = bide_stream_read_line(stream, &line);
		else if (turn % 4 == 2)
			n = bide_stream_read_exactly(stream, buf, sizeof buf);
		else
			n = bide_stream_read_until(stream, "wa", 2, buf, sizeof buf);
		CHECK(n >= 0);
		expect_pattern(line, done, (size_t)n);
		done += (size_t)n;
	}
	CHECK_INT(done, LARGE);
	CHECK_INT(bide_join(task), 0);
	return bide_stream_close(stream);
}

IO_TEST(stream_read, exactly_takes_more_than_any_buffer)
{
	struct feed feed = { .piece = 4096 };
	bide_stream *stream = stream_to_read(PAIR_UNIX, &feed.fd);
	bide_task *task = bide_spawn(feed_pattern, &feed);
	static char buf[LARGE + 1];

	CHECK_INT(bide_stream_read_exactly(stream, buf, 100), 100);
	CHECK_INT(bide_stream_read_exactly(stream, buf, LARGE - 200), LARGE - 200);
	expect_pattern(buf, 100, LARGE - 200);
	CHECK_INT(bide_stream_read_exactly(stream, buf, sizeof buf), 100);
	CHECK_INT(bide_stream_read_exactly(stream, buf, 0), 0);
	CHECK_INT(bide_join(task), 0);
	return bide_stream_close(stream);
}

/* ---- delimiters and lines ---- */

IO_TEST(stream_read_until, finds_a_delimiter_at_every_split)
{
	static const char text[] = "--\r--\r\n-\r\n.\r\n";

	for (size_t split = 1; split < sizeof text - 1; split++) {
		int fd;
		bide_stream *stream = stream_to_read(PAIR_UNIX, &fd);
		struct stream_call call = {
			.kind = STREAM_READ_EXACTLY,
			.stream = stream,
			.n = 100,
		};
		char buf[32] = "";

		CHECK_INT(write(fd, text, split), split);
		CHECK_INT(bide_stream_read_until(stream, "-", 1, buf, 1), 1);
		let_others_run();
		CHECK_INT(write(fd, text + split, sizeof text - 1 - split),
		          sizeof text - 1 - split);
		CHECK_INT(bide_close(fd), 0);
		CHECK_INT(bide_stream_read_until(stream, "\r\n.\r\n", 5, buf, sizeof buf), 12);
		CHECK_STR(buf, text + 1);
		CHECK_INT(stream_call_run(&call), 0);
		CHECK_INT(bide_stream_close(stream), 0);
	}
	return 0;
}

IO_TEST(stream_read_until, counts_the_delimiter_against_n)
{
	int fd;
	bide_stream *stream = stream_to_read(PAIR_UNIX, &fd);
	char buf[16] = "";

	stream_feed(fd, "abc\r\nrest");
	CHECK_INT(bide_stream_read_until(stream, "\r\n", 2, buf, 0), -EMSGSIZE);
	CHECK_INT(bide_stream_read_until(stream, "\r\n", 2, buf, 4), -EMSGSIZE);
	CHECK_INT(bide_stream_read_until(stream, "\r\n", 0, buf, 5), -EINVAL);
	CHECK_INT(bide_stream_read_until(stream, "\r\n", 2, buf, 5), 5);
	CHECK_STR(buf, "abc\r\n");
	CHECK_INT(bide_close(fd), 0);
	/* Without a delimiter the rest counts alone. */
	CHECK_INT(bide_stream_read_until(stream, "\r\n", 2, buf, 3), -EMSGSIZE);
	CHECK_INT(bide_stream_read_until(stream, "\r\n", 2, buf, 4), 4);
	CHECK_INT(memcmp(buf, "rest", 4), 0);
	CHECK_INT(bide_stream_read_until(stream, "\r\n", 2, buf, 4), 0);
	return bide_stream_close(stream);
}

IO_TEST(stream_read_line, ends_each_line_with_a_nul_of_its_own)
{
	int fd;
	bide_stream *stream = stream_to_read(PAIR_PIPE, &fd);
	char *line;

	CHECK_INT(write(fd, "\n\nx\0y\nz", 7), 7);
	CHECK_INT(bide_close(fd), 0);
	stream_expect_line(stream, "\n");
	stream_expect_line(stream, "\n");
	CHECK_INT(bide_stream_read_line(stream, &line), 4);
	CHECK_INT(memcmp(line, "x\0y\n", 5), 0);
	stream_expect_line(stream, "z");
	CHECK_INT(bide_stream_read_line(stream, &line), 0);
	return bide_stream_close(stream);
}

IO_TEST(stream_read_line, past_the_limit_can_be_tried_again)
{
	int fd;
	bide_stream *stream = stream_to_read(PAIR_UNIX, &fd);
	char *line = NULL;

	stream_feed(fd, "12345\n1234567\n1234567\nend");
	bide_stream_set_limit(stream, 6);
	stream_expect_line(stream, "12345\n");
	CHECK_INT(bide_stream_read_line(stream, &line), -EMSGSIZE);
	CHECK_INT(bide_stream_read_line(stream, &line), -EMSGSIZE);
	CHECK(line == NULL);
	bide_stream_set_limit(stream, 8);
	stream_expect_line(stream, "1234567\n");
	bide_stream_set_limit(stream, 3);
	CHECK_INT(bide_stream_read_line(stream, &line), -EMSGSIZE);
	stream_expect_read(stream, "1234567\n");
	CHECK_INT(bide_close(fd), 0);
	stream_expect_line(stream, "end");
	return bide_stream_close(stream);
}

IO_TEST(stream_read_line, has_a_limit_of_64_kib)
{
	struct feed feed = { .piece = 4096 };
	bide_stream *stream;
	bide_task *task;
	char *line;
	int fd;
	static char text[65536];

	memset(text, 'x', sizeof text);
	text[65535] = '\n';
	for (int extra = 0; extra < 2; extra++) {
		struct stream_call call = {
			.kind = STREAM_WRITE,
			.data = text,
			.n = sizeof text,
		};

		stream = stream_to_read(PAIR_UNIX, &fd);
		call.stream = bide_stream_open(fd);
		CHECK_INT(bide_stream_write(call.stream, "y", (size_t)extra), extra);
		task = bide_spawn(stream_call_run, &call);
		CHECK_INT(bide_stream_read_line(stream, &line), extra ? -EMSGSIZE : 65536);
		CHECK_INT(bide_join(task), 65536);
		CHECK_INT(bide_stream_close(call.stream), 0);
		CHECK_INT(bide_stream_close(stream), 0);
	}
	/* What a huge line took does not stand in the way of later ones. */
	stream = stream_to_read(PAIR_UNIX, &feed.fd);
	task = bide_spawn(feed_pattern, &feed);
	CHECK_INT(bide_stream_read_exactly(stream, (char[1]){ 0 }, 1), 1);
	while (bide_stream_read_line(stream, &line) > 0)
		;
	CHECK_INT(bide_join(task), 0);
	return bide_stream_close(stream);
}

/* ---- reads that are cut short or refused ---- */

IO_TEST(stream_read, consumes_nothing_where_it_is_cut_short)
{
	for (enum stream_call_kind kind = STREAM_READ_EXACTLY; kind <= STREAM_READ_LINE; kind++) {
		int fd;
		bide_stream *stream = stream_to_read(PAIR_UNIX, &fd);

		for (int i = 0; i < 3; i++) {
			struct stream_call call = { .kind = kind, .stream = stream };

			stream_feed(fd, "ab");
			stream_call_start(&call);
			bide_cancel(call.task);
			CHECK_INT(stream_call_end(&call), -ECANCELED);
		}
		stream_feed(fd, "\n");
		stream_expect_line(stream, "ababab\n");
		CHECK_INT(bide_close(fd), 0);
		CHECK_INT(bide_stream_close(stream), 0);
	}
	return 0;
}

static int read_canceled(void *arg)
{
	struct stream_call *call = arg;

	bide_cancel(bide_self());
	return stream_call_run(call);
}

IO_TEST(stream_read, does_nothing_where_the_task_is_cancelled)
{
	int fd;
	bide_stream *stream = stream_to_read(PAIR_UNIX, &fd);

	stream_feed(fd, "first\nsecond\n");
	stream_expect_line(stream, "first\n");
	for (enum stream_call_kind kind = 0; kind <= STREAM_FLUSH; kind++) {
		struct stream_call call = { .kind = kind, .stream = stream };

		call.task = bide_spawn(read_canceled, &call);
		CHECK_INT(stream_call_end(&call), -ECANCELED);
	}
	stream_expect_line(stream, "second\n");
	CHECK_INT(bide_close(fd), 0);
	return bide_stream_close(stream);
}

IO_TEST(stream_read, is_for_one_task_at_a_time)
{
	int fd;
	bide_stream *stream = stream_to_read(PAIR_UNIX, &fd);
	struct stream_call first = { .kind = STREAM_READ_LINE, .stream = stream };

	stream_call_start(&first);
	for (enum stream_call_kind kind = 0; kind <= STREAM_READ_LINE; kind++) {
		struct stream_call second = { .kind = kind, .stream = stream };

		CHECK_INT(stream_call_run(&second), -EBUSY);
	}
	/* Another one may write meanwhile. */
	CHECK_INT(bide_stream_write(stream, "hello", 5), 5);
	stream_expect(fd, "hello");
	stream_feed(fd, "x\n");
	CHECK_INT(stream_call_end(&first), 2);
	CHECK_INT(bide_close(fd), 0);
	return bide_stream_close(stream);
}

/* ---- errors ---- */

IO_TEST(stream_read, hands_out_what_came_before_an_error)
{
	int fd;
	bide_stream *stream = stream_to_read(PAIR_TCP, &fd);
	char buf[16] = "";
	char *line;

	stream_feed(fd, "line\nrest");
	stream_expect_line(stream, "line\n");
	/* A seed may have made transfers short. */
	stream_expect_read(stream, "r");
	stream_expect_read(stream, "es");
	stream_reset(fd);
	CHECK_INT(bide_stream_read(stream, buf, sizeof buf), 1);
	CHECK_INT(buf[0], 't');
	for (int i = 0; i < 2; i++) {
		CHECK_INT(bide_stream_read(stream, buf, sizeof buf), -ECONNRESET);
		CHECK_INT(bide_stream_read_line(stream, &line), -ECONNRESET);
	}
	/* Nothing was lost that had been written. */
	return bide_stream_close(stream);
}

IO_TEST(stream_read, keeps_an_unfinished_line_behind_an_error)
{
	int fd;
	bide_stream *stream = stream_to_read(PAIR_TCP, &fd);
	struct stream_call call = { .kind = STREAM_READ_LINE, .stream = stream };
	char buf[16];

	stream_feed(fd, "unfinished");
	stream_call_start(&call);
	stream_reset(fd);
	CHECK_INT(stream_call_end(&call), -ECONNRESET);
	CHECK_INT(bide_stream_read_exactly(stream, buf, 11), -ECONNRESET);
	CHECK_INT(bide_stream_read_exactly(stream, buf, 10), 10);
	CHECK_INT(memcmp(buf, "unfinished", 10), 0);
	CHECK_INT(bide_stream_read(stream, buf, 1), -ECONNRESET);
	return bide_stream_close(stream);
}
