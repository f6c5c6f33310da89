/* SPDX-License-Identifier: MIT */

/*
 * sim_stream.c - random programs of reads and writes over streams
 *
 * Two channels, each with a writer at one end and a reader at the other: the two
 * directions of a connection, or two pipes. They make calls of every kind and size,
 * under time limits, and are cancelled at random moments, as are the tasks that the
 * streams spawn. Now and then a stream is closed or aborted under them.
 *
 * The byte at each position of a channel is known, and the back end makes transfers
 * short and late. Checked at every call:
 *   - what is read is what comes next: nothing is lost, doubled or out of order,
 *     whatever was cut short, and no more than was written
 *   - it returns only what it may, at this position and with what has happened
 *   - what was cut short is told by the scope, or was a cancellation, and ends at once
 * And in the end: nobody is stuck, all that was taken has come where nothing was torn
 * down, and neither a task nor a descriptor is left.
 *
 * BIDE_TEST_SEED=n replays one program and prints what it does; BIDE_TEST_LONG=1
 * runs ten thousand.
 */
#include "stream_storm.h"

#define PROGRAMS 200                    /* for each of two tests */
#define PROGRAMS_SLOW 8
#define PROGRAMS_LONG 5000

static const struct end *own_end(const struct actor *actor)
{
	return actor->move == move_read ? actor->channel->in : actor->channel->out;
}

static int act(void *arg)
{
	struct actor *self = arg;
	unsigned laziness = 1 + pick(6);

	self->data = malloc(CALL_BYTES_MAX + 1);
	CHECK(self->data != NULL);
	for (;;) {
		if (pick(laziness) == 0)
			(void)bide_sleep(pick(3) * U);          /* cut short or not */
		(void)bide_uncancel();
		if (own_end(self)->is_gone || !self->move(self))
			break;
	}
	free(self->data);
	return 0;
}

/* Virtual time stands still while a task is ready, so the actor's call ends now. */
static void note_cut(struct actor *actor)
{
	if (bide_now() < actor->due)
		actor->due = bide_now();
}

/* Of all tasks but the caller, those of the streams among them. */
static void cancel_some(unsigned one_in)
{
	bide_task *tasks[16];
	size_t n = bide_tasks(tasks, 16);

	for (size_t i = 0; i < n && i < 16; i++) {
		if (tasks[i] == bide_self() || pick(one_in) > 0)
			continue;
		bide_cancel(tasks[i]);
		for (int j = 0; j < 2 * CHANNELS; j++)
			if (sim.actors[j].task == tasks[i])
				note_cut(&sim.actors[j]);
	}
}

/* Another one finds the reading side free, or busy with its reader. */
static void intrude(const struct actor *actor)
{
	const struct end *end = actor->channel->in;
	int r;

	if (end->is_gone)
		return;
	r = (int)bide_stream_read(end->stream, NULL, 0);
	EXPECT(r == 0 || (r == -EBUSY && actor->scope != NULL), "%s: %d", actor->name, r);
}

static int close_end(void *arg)
{
	struct end *end = arg;

	return bide_stream_close(end->stream);
}

/* Ends a stream, whoever is in a call on it. */
static void tear(struct end *end)
{
	if (end->is_gone)
		return;
	end->is_gone = true;
	sim.is_torn = true;
	for (int i = 0; i < CHANNELS; i++) {
		struct channel *channel = &sim.channels[i];

		if (channel->out == end || channel->in == end)
			channel->has_ended = channel->is_torn = true;
	}
	if (pick(2) == 0) {
		say("main: abort\n");
		bide_stream_abort(end->stream);
	} else {
		bide_time begun = bide_now();
		bide_time timeout = pick_timeout();
		int r = bide_timeout(timeout, close_end, end);

		say("main: close: %d\n", r);
		EXPECT(r == 0 || r == -ETIMEDOUT, "%d", r);
		EXPECT(bide_now() - begun <= timeout, "%d", r);
	}
}

static void disturb(void)
{
	struct actor *actor = &sim.actors[pick(2 * CHANNELS)];

	switch (pick(6)) {
	case 0:
		cancel_some(1 + pick(4));
		break;
	case 1:
		intrude(&sim.actors[1 + 2 * pick(CHANNELS)]);
		break;
	default:
		if (actor->scope == NULL)
			break;
		bide_scope_cancel(actor->scope);
		note_cut(actor);
	}
}

static void make_ends(void)
{
	const int small = 1;
	int fds[2 * CHANNELS];
	bool is_pipe = pick(3) == 0;

	sim.end_count = is_pipe ? 4 : 2;
	for (size_t i = 0; i < sim.end_count; i += 2)
		make_pair(is_pipe ? PAIR_PIPE + pick(2) : PAIR_UNIX + pick(2), &fds[i]);
	for (size_t i = 0; i < sim.end_count; i++) {
		if (!is_pipe)
			CHECK_INT(setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof small),
			          0);
		else if (i % 2 != 0)
			CHECK(fcntl(fds[i], F_SETPIPE_SZ, 4096) > 0);
		sim.ends[i] = (struct end){ .stream = bide_stream_open(fds[i]) };
		CHECK(sim.ends[i].stream != NULL);
	}
	for (size_t i = 0; i < CHANNELS; i++) {
		sim.channels[i] = (struct channel){
			.out = &sim.ends[is_pipe ? 2 * i + 1 : i],
			.in = &sim.ends[is_pipe ? 2 * i : 1 - i],
			.total = pick(2) == 0 ? pick(CHANNEL_BYTES_MAX) : pick_size(),
		};
		if (pick(2) == 0)
			bide_stream_set_high_water(sim.channels[i].out->stream, pick_size(),
			                           pick_size());
	}
}

static void start_actors(void)
{
	for (int i = 0; i < 2 * CHANNELS; i++) {
		struct actor *actor = &sim.actors[i];

		*actor = (struct actor){
			.move = i % 2 == 0 ? move_write : move_read,
			.channel = &sim.channels[i / 2],
		};
		snprintf(actor->name, sizeof actor->name, "%s%d", i % 2 == 0 ? "out" : "in", i / 2);
		actor->task = bide_spawn(act, actor);
		CHECK(actor->task != NULL);
	}
}

/* Nobody is left behind, nor is anything that the streams have taken. */
static void finish(void)
{
	for (int i = 0; i < 2 * CHANNELS; i++)
		EXPECT(bide_join_for(sim.actors[i].task, BIDE_HOUR) == 0, "%s is stuck",
		       sim.actors[i].name);
	for (size_t i = 0; i < sim.end_count; i++) {
		int r = sim.ends[i].is_gone ? 0 : bide_stream_close(sim.ends[i].stream);

		EXPECT(r == 0 || sim.is_torn, "%s", bide_strerror(r));
	}
	for (int i = 0; i < CHANNELS; i++) {
		const struct channel *channel = &sim.channels[i];

		EXPECT(channel->is_torn || channel->received == channel->total, "%zu of %zu",
		       channel->received, channel->total);
	}
	for (int i = 0; bide_tasks(NULL, 0) > 1; i++) {
		CHECK(i < 1000);
		CHECK_INT(bide_yield(), 0);
	}
}

static int direct(void *arg)
{
	unsigned moves = pick(60);

	(void)arg;
	make_ends();
	start_actors();
	/* One that is cancelled before it has begun would never run. */
	CHECK_INT(bide_yield(), 0);
	for (unsigned i = 0; i < moves; i++) {
		CHECK_INT(pick(2) == 0 ? bide_yield() : bide_sleep(pick(2) * U), 0);
		disturb();
	}
	if (pick(4) == 0)
		tear(&sim.ends[pick((unsigned)sim.end_count)]);
	finish();
	return 0;
}

/* With an odd seed ready tasks run in random order. */
static void run_program(uint64_t seed)
{
	bide_options options = {
		.flags = BIDE_VIRTUAL_CLOCK | (seed % 2 ? BIDE_SHUFFLE : 0),
		.seed = seed,
	};
	int before = io_count_descriptors();

	sim.seed = seed;
	sim.is_torn = false;
	sim.random = seed * 0x9e3779b97f4a7c15ull + 1;
	EXPECT(bide_run_with(&options, direct, NULL) == 0, "%s", "the run");
	EXPECT(io_count_descriptors() == before, "%s", "a descriptor is left");
}

static bool is_set(const char *name)
{
	const char *text = getenv(name);

	return text != NULL && text[0] != '\0' && text[0] != '0';
}

/* Runs every second seed from first on, or the one that BIDE_TEST_SEED names. */
static void run_programs(uint64_t first)
{
	const char *text = getenv("BIDE_TEST_SEED");
	uint64_t count = PROGRAMS;

	if (is_set("BIDE_TEST_SLOW"))
		count = PROGRAMS_SLOW;
	if (is_set("BIDE_TEST_LONG"))
		count = PROGRAMS_LONG;
	if (text != NULL) {
		sim.is_replay = true;
		run_program(strtoull(text, NULL, 0));
		return;
	}
	for (uint64_t i = 0; i < count; i++)
		run_program(first + 2 * i);
}

TEST(sim_stream, loses_and_doubles_nothing_in_order_of_arrival)
{
	run_programs(1000);
}

/* Odd seeds shuffle the ready tasks. */
TEST(sim_stream, loses_and_doubles_nothing_in_random_order)
{
	run_programs(1001);
}
