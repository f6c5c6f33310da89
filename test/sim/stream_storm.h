/* SPDX-License-Identifier: MIT */

/*
 * stream_storm.h - actors that read and write over streams, and the check of each call
 *
 * A channel has a writer at one end and a reader at the other. The byte at each of its
 * positions is known, so whatever is read can be compared without being kept. The
 * actors make calls of every kind and size, each in a scope that others may cancel.
 */
#ifndef TEST_SIM_STREAM_STORM_H
#define TEST_SIM_STREAM_STORM_H

#include "io_test.h"

#include <stdarg.h>

#define CHANNEL_BYTES_MAX 30000
#define CALL_BYTES_MAX 20000
#define CHANNELS 2

struct end {
	bide_stream *stream;
	bool is_gone;                   /* it was closed, or is being closed */
};

struct channel {
	struct end *out;
	struct end *in;
	size_t total;                   /* what is to be written */
	size_t written;                 /* what has been taken, by what the calls returned */
	size_t offered;                 /* the same with the call that runs */
	size_t received;
	bool has_ended;                 /* its reader may find the end */
	bool is_torn;                   /* something may be missing at the end */
};

struct actor {
	char name[8];
	int (*move)(struct actor *self); /* one call, and its check; 0: it has done its work */
	struct channel *channel;
	bide_task *task;
	bide_scope *scope;              /* that its call is in; NULL: it is in none */
	bide_time due;                  /* when that ends at the latest, as it is cut short */
	int error;                      /* that its side has met; all later calls give it */
	int error_count;
	char *data;                     /* what its call reads into or writes from */
};

static struct {
	uint64_t random;
	uint64_t seed;
	bool is_replay;
	bool is_torn;                   /* a stream was closed or aborted before its time */
	struct end ends[2 * CHANNELS];
	size_t end_count;
	struct channel channels[CHANNELS];
	struct actor actors[2 * CHANNELS];
} sim;

static unsigned pick(unsigned n)
{
	sim.random ^= sim.random >> 12;
	sim.random ^= sim.random << 25;
	sim.random ^= sim.random >> 27;
	return (unsigned)((sim.random * 0x2545f4914f6cdd1dull) >> 33) % n;
}

/* Sizes of all magnitudes, around those of the buffers. */
static size_t pick_size(void)
{
	static const unsigned most[] = { 3, 30, 700, 700, 3000, CALL_BYTES_MAX };

	return pick(most[pick(sizeof most / sizeof *most)] + 1);
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	va_list args;

	if (!sim.is_replay)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
}

#define EXPECT(holds, format, ...)                                                                 \
	((holds) ? (void)0                                                                         \
	         : test_fail(__FILE__, __LINE__, "BIDE_TEST_SEED=%ju: %s: " format,                \
	                     (uintmax_t)sim.seed, #holds, __VA_ARGS__))

/* What stands at a position: few letters, without a period. */
static char letter(const struct channel *channel, size_t position)
{
	uint64_t x = (position + 1) * 0x9e3779b97f4a7c15ull + (uint64_t)(channel - sim.channels);

	x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9ull;
	x ^= x >> 32;
	return x % 97 == 0 ? '\n' : "aab-"[x % 4];
}

static bool is_at(const struct channel *channel, size_t position, const char *delimiter)
{
	for (size_t i = 0; delimiter[i] != '\0'; i++)
		if (letter(channel, position + i) != delimiter[i])
			return false;
	return true;
}

/* How much there is up to and with the next delimiter, however much is written yet. */
static size_t distance(const struct channel *channel, const char *delimiter)
{
	size_t n = 0;

	while (n <= CHANNEL_BYTES_MAX && !is_at(channel, channel->received + n, delimiter))
		n++;
	return n + strlen(delimiter);
}

/* ---- calls ---- */

/* What is known of a call once it has returned. */
struct outcome {
	ssize_t result;
	bool was_cut;                   /* a cancellation or a time limit has come */
};

typedef ssize_t call_fn(struct actor *self, size_t n, void *arg);

static bide_time pick_timeout(void)
{
	return pick(3) == 0 ? pick(4) * U : BIDE_FOREVER;
}

/* Makes the call in a scope, which others may cancel, with or without a time limit. */
static struct outcome call(struct actor *self, call_fn *fn, size_t n, void *arg)
{
	bide_time timeout = pick_timeout();
	struct outcome outcome;
	bide_scope scope;
	int left, dropped;

	bide_scope_enter(&scope, timeout);
	self->scope = &scope;
	self->due = timeout == BIDE_FOREVER ? BIDE_FOREVER : bide_now() + timeout;
	outcome.result = fn(self, n, arg);
	self->scope = NULL;
	left = bide_scope_leave(&scope);
	dropped = bide_uncancel();
	outcome.was_cut = left < 0 || dropped > 0;
	say("%s: %zd%s\n", self->name, outcome.result, outcome.was_cut ? ", cut" : "");
	EXPECT(outcome.result != -ECANCELED || outcome.was_cut, "%s", self->name);
	EXPECT(bide_now() <= self->due, "%s", self->name);
	return outcome;
}

/* Checks an error. Returns whether it makes sense to go on. */
static bool check_error(struct actor *self, int r, const struct end *own, const struct end *other)
{
	if (r == -ECANCELED)
		return true;
	if (r == -EBADF) {
		EXPECT(own->is_gone, "%s", self->name);
		return false;
	}
	EXPECT(r == -EPIPE || r == -ECONNRESET, "%s: %s", self->name, bide_strerror(r));
	EXPECT(other->is_gone, "%s: %s", self->name, bide_strerror(r));
	EXPECT(self->error == 0 || self->error == r, "%s: %s", self->name, bide_strerror(r));
	self->error = r;
	return ++self->error_count < 4;
}

static bool check_write_error(struct actor *self, struct outcome outcome)
{
	return check_error(self, (int)outcome.result, self->channel->out, self->channel->in);
}

/* ---- reading ---- */

static const char *const delimiters[] = { "\n", "aab", "abab", "aa-aa-" };

static ssize_t call_read(struct actor *self, size_t n, void *arg)
{
	(void)arg;
	return bide_stream_read(self->channel->in->stream, self->data, n);
}

static ssize_t call_exactly(struct actor *self, size_t n, void *arg)
{
	(void)arg;
	return bide_stream_read_exactly(self->channel->in->stream, self->data, n);
}

static ssize_t call_until(struct actor *self, size_t n, void *arg)
{
	return bide_stream_read_until(self->channel->in->stream, arg, strlen(arg), self->data, n);
}

static ssize_t call_line(struct actor *self, size_t n, void *arg)
{
	char *line;
	ssize_t r;

	(void)arg;
	bide_stream_set_limit(self->channel->in->stream, n);
	r = bide_stream_read_line(self->channel->in->stream, &line);
	if (r <= 0)
		return r;
	CHECK(line[r] == '\0');
	memcpy(self->data, line, (size_t)r);
	memset(line, 'X', (size_t)r);   /* it is the caller's to change */
	return r;
}

/* The result came because there is no more: that has to be so. */
static void check_end(const struct actor *self, size_t r)
{
	const struct channel *channel = self->channel;
	size_t end = channel->received + r;

	EXPECT(channel->has_ended, "%s", self->name);
	EXPECT(channel->is_torn || end >= channel->written, "%s: %zu of %zu", self->name, end,
	       channel->written);
}

static void check_read(const struct actor *self, size_t r, size_t n, bool is_whole)
{
	const struct channel *channel = self->channel;

	EXPECT(r <= n, "%s: %zu of %zu", self->name, r, n);
	EXPECT(channel->received + r <= channel->offered, "%s", self->name);
	for (size_t i = 0; i < r; i++)
		EXPECT(self->data[i] == letter(channel, channel->received + i), "%s: at %zu",
		       self->name, channel->received + i);
	if (!is_whole)
		check_end(self, r);
}

/* Returns 0 at the end of the stream, or where there is no going on. */
static int move_read(struct actor *self)
{
	static call_fn *const calls[] = { call_read, call_exactly, call_until, call_line };
	struct channel *channel = self->channel;
	unsigned kind = pick(4);
	const char *delimiter = kind == 2 ? delimiters[pick(4)] : "\n";
	size_t n = pick_size();
	size_t whole = kind < 2 ? n : distance(channel, delimiter);
	struct outcome outcome;
	size_t r;

	say("%s at %zu: read by %u, %zu\n", self->name, channel->received, kind, n);
	outcome = call(self, calls[kind], n, (void *)delimiter);
	if (outcome.result == -EMSGSIZE) {
		EXPECT(whole > n && channel->offered - channel->received > n, "%s", self->name);
		return 1;
	}
	if (outcome.result < 0)
		return check_error(self, (int)outcome.result, channel->in, channel->out);
	r = (size_t)outcome.result;
	/* What came before an error is still there, but no end behind that. */
	EXPECT(self->error == 0 || r > 0 || n == 0, "%s", self->name);
	check_read(self, r, n, r == whole || (kind == 0 && r > 0));
	channel->received += r;
	return r > 0 || n == 0;
}

/* ---- writing ---- */

static ssize_t call_write(struct actor *self, size_t n, void *arg)
{
	(void)arg;
	return bide_stream_write(self->channel->out->stream, self->data, n);
}

static ssize_t call_printf(struct actor *self, size_t n, void *arg)
{
	(void)arg;
	return bide_stream_printf(self->channel->out->stream, "%.*s", (int)n, self->data);
}

static ssize_t call_flush(struct actor *self, size_t n, void *arg)
{
	(void)n, (void)arg;
	return bide_stream_flush(self->channel->out->stream);
}

static ssize_t call_close_write(struct actor *self, size_t n, void *arg)
{
	(void)n, (void)arg;
	return bide_stream_close_write(self->channel->out->stream);
}

static ssize_t call_close(struct actor *self, size_t n, void *arg)
{
	(void)n, (void)arg;
	return bide_stream_close(self->channel->out->stream);
}

/* Pipes: only the close shows the reader the end. */
static int close_channel(struct actor *self)
{
	struct channel *channel = self->channel;
	struct outcome outcome;

	say("%s: close\n", self->name);
	channel->out->is_gone = true;
	channel->has_ended = true;
	/* Until it is known that all was sent. */
	channel->is_torn = true;
	outcome = call(self, call_close, 0, NULL);
	if (outcome.result == 0)
		channel->is_torn = channel->in->is_gone;
	else
		(void)check_write_error(self, outcome);         /* it was the last call */
	return 0;
}

static int end_channel(struct actor *self)
{
	struct channel *channel = self->channel;
	struct outcome outcome;

	if (sim.end_count > 2)
		return close_channel(self);
	say("%s: close_write\n", self->name);
	/* What is read while the call runs may be the last. */
	channel->has_ended = true;
	outcome = call(self, call_close_write, 0, NULL);
	if (outcome.result < 0)
		return check_write_error(self, outcome);
	EXPECT(outcome.result == 0, "%s: %zd", self->name, outcome.result);
	return 0;
}

static int move_flush(struct actor *self)
{
	struct outcome outcome;

	say("%s: flush\n", self->name);
	outcome = call(self, call_flush, 0, NULL);
	if (outcome.result < 0)
		return check_write_error(self, outcome);
	EXPECT(outcome.result == 0, "%s: %zd", self->name, outcome.result);
	return 1;
}

static int write_some(struct actor *self)
{
	struct channel *channel = self->channel;
	call_fn *fn = pick(3) == 0 ? call_printf : call_write;
	size_t left = channel->total - channel->written;
	size_t n = pick_size();
	struct outcome outcome;
	size_t r;

	n = n < left ? n : left;
	for (size_t i = 0; i < n; i++)
		self->data[i] = letter(channel, channel->written + i);
	channel->offered = channel->written + n;
	say("%s at %zu: write %zu\n", self->name, channel->written, n);
	outcome = call(self, fn, n, NULL);
	/* Of what has failed otherwise some may have been taken. */
	if (outcome.result == -ECANCELED)
		channel->offered = channel->written;
	if (outcome.result < 0)
		return check_write_error(self, outcome);
	r = (size_t)outcome.result;
	EXPECT(r == n || (outcome.was_cut && r > 0 && r < n && fn == call_write), "%s: %zu of %zu",
	       self->name, r, n);
	EXPECT(self->error == 0, "%s", self->name);
	channel->written += r;
	channel->offered = channel->written;
	return 1;
}

/* Returns 0 where all is written, or there is no going on. */
static int move_write(struct actor *self)
{
	const struct channel *channel = self->channel;

	if (pick(8) == 0)
		bide_stream_set_high_water(channel->out->stream, pick_size(), pick_size());
	if (channel->written == channel->total)
		return end_channel(self);
	return pick(8) == 0 ? move_flush(self) : write_some(self);
}

#endif
