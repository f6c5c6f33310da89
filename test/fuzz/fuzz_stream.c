/* SPDX-License-Identifier: MIT */

/*
 * fuzz_stream.c - streams against a model that holds everything in one piece
 *
 * The input is a program: which bytes arrive and in which chunks, which reads are
 * made, what is written. A read may only return what the model, which knows all that
 * has arrived, says; one that would have to wait is cut short, and must consume
 * nothing. The simulator makes transfers short and late by a seed of the input's.
 */
#include "fuzz.h"

#include <bide.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define BYTES_MAX 32768                 /* each way: what a socket holds at least */
#define READ_MAX 5000

static struct {
	const uint8_t *data;            /* the input */
	size_t size;
	size_t next;
	bide_stream *stream;
	int peer;                       /* the other end */
	bool has_ended;                 /* the peer sends no more */
	char fed[BYTES_MAX];            /* all that has arrived */
	size_t fed_bytes;
	size_t read_bytes;
	char written[BYTES_MAX];
	size_t written_bytes;
	size_t received_bytes;          /* by the peer */
} run;

static unsigned take(void)
{
	return run.next < run.size ? run.data[run.next++] : 0;
}

/* Sizes of all magnitudes. */
static size_t take_size(void)
{
	unsigned n = take();

	return n < 200 ? n % 24 : (n - 199) * (size_t)(take() % 80 + 1);
}

/* Few different bytes, so that delimiters are frequent. */
static char letter(unsigned n)
{
	return "ab\r\n-\0cd"[n % 8];
}

static void feed(void)
{
	size_t n = take_size();
	char *chunk = run.fed + run.fed_bytes;

	if (run.has_ended)
		return;
	n = n < BYTES_MAX - run.fed_bytes ? n : BYTES_MAX - run.fed_bytes;
	for (size_t i = 0; i < n; i++)
		chunk[i] = letter(n > 64 ? (unsigned)(i * i / 7) : take());
	run.fed_bytes += n;
	EXPECT(send(run.peer, chunk, n, MSG_DONTWAIT) == (ssize_t)n, "the socket is full");
}

static void end(void)
{
	if (take() % 8 != 0)
		return;
	run.has_ended = true;
	shutdown(run.peer, SHUT_WR);
}

/* ---- reading ---- */

struct read_call {
	ssize_t (*call)(struct read_call *read);
	size_t n;
	const char *delimiter;
	size_t len;
	char *data;                     /* where the result lies */
	char buf[READ_MAX];
	ssize_t result;
};

static ssize_t call_read(struct read_call *read)
{
	return bide_stream_read(run.stream, read->buf, read->n);
}

static ssize_t call_exactly(struct read_call *read)
{
	return bide_stream_read_exactly(run.stream, read->buf, read->n);
}

static ssize_t call_until(struct read_call *read)
{
	return bide_stream_read_until(run.stream, read->delimiter, read->len, read->buf, read->n);
}

static ssize_t call_line(struct read_call *read)
{
	bide_stream_set_limit(run.stream, read->n);
	return bide_stream_read_line(run.stream, &read->data);
}

static int read_run(void *arg)
{
	struct read_call *read = arg;

	read->result = read->call(read);
	return 0;
}

/* What there is, where the call has to be content with less than it asked for. */
static ssize_t model_rest(size_t there)
{
	return run.has_ended ? (ssize_t)there : -ECANCELED;
}

static ssize_t model_of(const struct read_call *read)
{
	const char *data = run.fed + run.read_bytes;
	size_t there = run.fed_bytes - run.read_bytes;
	size_t within = there < read->n ? there : read->n;

	if (read->call == call_read)
		return read->n == 0 ? 0 : within > 0 ? (ssize_t)within : model_rest(0);
	if (read->call == call_exactly)
		return there >= read->n ? (ssize_t)read->n : model_rest(there);
	for (size_t i = 0; i + read->len <= within; i++)
		if (memcmp(data + i, read->delimiter, read->len) == 0)
			return (ssize_t)(i + read->len);
	return there > read->n ? -EMSGSIZE : model_rest(there);
}

static void check_read(struct read_call *read)
{
	ssize_t expected = model_of(read);
	ssize_t r;

	read->data = read->buf;
	bide_timeout(1, read_run, read);
	r = read->result;
	/* A plain read may return less. */
	if (read->call == call_read && expected > 0)
		EXPECT(r > 0 && r <= expected, "%zd, at most %zd", r, expected);
	else
		EXPECT(r == expected, "%zd, not %zd", r, expected);
	if (r <= 0)
		return;
	EXPECT(memcmp(read->data, run.fed + run.read_bytes, (size_t)r) == 0, "other bytes");
	EXPECT(read->call != call_line || read->data[r] == '\0', "a line without a NUL");
	run.read_bytes += (size_t)r;
}

static void read_by(ssize_t (*call)(struct read_call *read))
{
	static const char *const delimiters[] = { "\n", "\r\n", "a-a-b", "\r\n\r\n" };
	static struct read_call read;
	size_t n = take_size();

	read.call = call;
	read.n = n < READ_MAX ? n : READ_MAX;
	read.delimiter = call == call_until ? delimiters[take() % 4] : "\n";
	read.len = strlen(read.delimiter);
	check_read(&read);
}

/* ---- writing ---- */

static void put(bool is_printed)
{
	size_t n = take_size();
	char *data = run.written + run.written_bytes;

	n = n < BYTES_MAX - run.written_bytes ? n : BYTES_MAX - run.written_bytes;
	memset(data, (int)('A' + run.written_bytes % 26), n);
	run.written_bytes += n;
	if (is_printed)
		EXPECT(bide_stream_printf(run.stream, "%.*s", (int)n, data) == (ssize_t)n, "%zu",
		       n);
	else
		EXPECT(bide_stream_write(run.stream, data, n) == (ssize_t)n, "%zu", n);
}

/* Compares what has come to the peer. Returns whether anything has. */
static bool receive(void)
{
	char buf[4096];
	ssize_t n = recv(run.peer, buf, sizeof buf, MSG_DONTWAIT);

	if (n <= 0)
		return false;
	EXPECT((size_t)n <= run.written_bytes - run.received_bytes, "more than was written");
	EXPECT(memcmp(buf, run.written + run.received_bytes, (size_t)n) == 0, "other bytes");
	run.received_bytes += (size_t)n;
	return true;
}

/* ---- the program ---- */

static void step(void)
{
	switch (take() % 12) {
	case 0:
	case 1:
	case 2:
		feed();
		break;
	case 3:
		read_by(call_read);
		break;
	case 4:
		read_by(call_exactly);
		break;
	case 5:
		read_by(call_until);
		break;
	case 6:
		read_by(call_line);
		break;
	case 7:
		put(false);
		break;
	case 8:
		put(true);
		break;
	case 9:
		receive();
		break;
	case 10:
		bide_stream_set_high_water(run.stream, take_size(), take_size());
		break;
	default:
		end();
	}
}

static int play(void *arg)
{
	static struct read_call rest = { .call = call_exactly, .n = READ_MAX };
	int fds[2];

	(void)arg;
	EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0, "no sockets");
	run.stream = bide_stream_open(fds[0]);
	run.peer = fds[1];
	while (run.next < run.size)
		step();

	if (!run.has_ended)
		shutdown(run.peer, SHUT_WR);
	run.has_ended = true;
	while (run.read_bytes < run.fed_bytes)
		check_read(&rest);
	check_read(&rest);
	EXPECT(bide_stream_close(run.stream) == 0, "closing");
	while (receive())
		;
	EXPECT(run.received_bytes == run.written_bytes, "%zu of %zu have come", run.received_bytes,
	       run.written_bytes);
	return bide_close(run.peer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	memset(&run, 0, sizeof run);
	run.data = data;
	run.size = size;
	options.seed = take();
	if (options.seed % 2 != 0)
		options.flags |= BIDE_SHUFFLE;
	EXPECT(bide_run_with(&options, play, NULL) == 0, "the run failed");
	return 0;
}
