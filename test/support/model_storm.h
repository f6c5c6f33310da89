/* SPDX-License-Identifier: MIT */

/*
 * model_storm.h - random programs of tasks, each step checked against a model
 *
 * A program is a few actors of model.h and a main task that cancels them, too. It
 * ends when all actors have; those that wait for ever are cancelled in the end.
 *
 * MODEL_TESTS() makes the tests of one kind of object. BIDE_TEST_SEED=n replays one
 * program and prints what it does; BIDE_TEST_LONG=1 runs ten thousand.
 */
#ifndef TEST_SUPPORT_MODEL_STORM_H
#define TEST_SUPPORT_MODEL_STORM_H

#include "model.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define DEPTH_MAX 3
#define TIME_MAX 40             /* u; then all are cancelled, again and again */
#define PASSES_MAX 2000

#define PROGRAMS 300            /* for each of two tests */
#define PROGRAMS_SLOW 8
#define PROGRAMS_LONG 5000

/* ---- moves that have nothing to do with the objects ---- */

static void actor_play(struct actor *self, unsigned move_count);

static void do_sleep(struct actor *self)
{
	int d = (int)pick(4);
	bool was_cut;

	call_begin(self);
	say(" sleep(%du)\n", d);
	was_cut = actor_is_cut(self);
	call_end_free(self, was_cut, bide_sleep(d * U));
}

static void do_yield(struct actor *self)
{
	bool was_cut;

	call_begin(self);
	say(" yield\n");
	was_cut = actor_is_cut(self);
	call_end_free(self, was_cut, bide_yield());
}

static void cancel_actor(struct actor *actor)
{
	bool is_done = bide_done(actor->task);

	actor->requests++;
	CHECK_INT(bide_cancel(actor->task), is_done ? 0 : 1);
	actor_cut(actor);
	sim.kind->check();
}

static void do_cancel(struct actor *self)
{
	struct actor *other = &sim.actors[pick((unsigned)sim.actor_count)];

	call_begin(self);
	say(" cancel(a%d)\n", other->number);
	cancel_actor(other);
}

static void do_uncancel(struct actor *self)
{
	int requests = self->requests;

	if (requests == 0)
		return;
	call_begin(self);
	say(" uncancel\n");
	self->requests = 0;
	CHECK_INT(bide_uncancel(), requests);
}

static void cancel_frame(struct actor *actor, struct frame *frame)
{
	frame->is_cancelled = true;
	bide_scope_cancel(frame->scope);
	actor_cut(actor);
	sim.kind->check();
}

/* Cancels the innermost scope of any actor. */
static void do_scope_cancel(struct actor *self)
{
	struct actor *other = &sim.actors[pick((unsigned)sim.actor_count)];
	struct frame *frame = other->frame;

	if (frame == NULL || frame->scope == NULL)
		return;
	call_begin(self);
	say(" scope_cancel(a%d's)\n", other->number);
	cancel_frame(other, frame);
}

static void frame_enter(struct actor *self, struct frame *frame, bide_time timeout)
{
	frame->outer = self->frame;
	frame->number = sim.frame_count++;
	frame->deadline = sim.now + timeout;
	frame->is_expired = timeout <= 0;
	self->frame = frame;
	self->depth++;
}

static void frame_leave(struct actor *self, const struct frame *frame)
{
	self->frame = frame->outer;
	self->depth--;
}

/* A scope with a time limit around some moves; one in four is a shield. */
static void do_scope(struct actor *self)
{
	bide_time timeout = ((int)pick(5) - 1) * U;
	bide_scope scope;
	struct frame frame = { .scope = &scope, .is_shield = pick(4) == 0 };
	int r;

	if (self->depth >= DEPTH_MAX)
		return;
	call_begin(self);
	say(" scope(%du%s) {\n", (int)(timeout / U), frame.is_shield ? ", shield" : "");
	bide_scope_enter(&scope, timeout);
	bide_scope_shield(&scope, frame.is_shield);
	frame_enter(self, &frame, timeout);
	actor_play(self, 1 + pick(3));
	catch_up();
	frame_leave(self, &frame);
	r = bide_scope_leave(&scope);
	call_begin(self);
	say(" } %s\n", ERR(r));
	EXPECT(r == 0 || (r == -ETIMEDOUT && frame.is_expired) ||
	               (r == -ECANCELED && frame.is_cancelled),
	       "a%d leaves with %s", self->number, ERR(r));
}

struct limited {
	struct actor *actor;
	struct frame frame;
	bide_time timeout;
	int result;             /* what play_limited() returned */
};

static int play_limited(void *arg)
{
	struct limited *limited = arg;

	frame_enter(limited->actor, &limited->frame, limited->timeout);
	actor_play(limited->actor, 1 + pick(3));
	catch_up();
	EXPECT(bide_checkpoint() == (actor_is_cut(limited->actor) ? -ECANCELED : 0),
	       "a%d: checkpoint", limited->actor->number);
	limited->result = pick(2) == 0 ? bide_checkpoint() : 0;
	frame_leave(limited->actor, &limited->frame);
	return limited->result;
}

static void do_timeout(struct actor *self)
{
	struct limited limited = { .actor = self, .timeout = ((int)pick(5) - 1) * U };
	int r;

	if (self->depth >= DEPTH_MAX)
		return;
	call_begin(self);
	say(" timeout(%du) {\n", (int)(limited.timeout / U));
	r = bide_timeout(limited.timeout, play_limited, &limited);
	call_begin(self);
	say(" } %s\n", ERR(r));
	EXPECT(r == limited.result || (r == -ETIMEDOUT && limited.frame.is_expired &&
	                               limited.result == -ECANCELED),
	       "a%d: timeout gives %s", self->number, ERR(r));
}

static void actor_play(struct actor *self, unsigned move_count)
{
	for (; move_count > 0; move_count--) {
		sim.kind->moves[pick(sim.kind->move_count)](self);
		if (self->requests > 0 && pick(2) == 0)
			do_uncancel(self);
	}
}

static int act(void *arg)
{
	struct actor *self = arg;

	actor_play(self, 5 + pick(26));
	sim.kind->give_up(self);
	call_begin(self);
	say(" ends\n");
	return 0;
}

/* ---- a program ---- */

static int count_living(void)
{
	int count = 0;

	for (int i = 0; i < sim.actor_count; i++)
		count += !bide_done(sim.actors[i].task);
	return count;
}

/* Cancels the actor, behind its shields, too. */
static void cancel_wholly(struct actor *actor)
{
	say("%3d main cancels all of a%d\n", (int)(sim.now / U), actor->number);
	for (struct frame *frame = actor->frame; frame != NULL; frame = frame->outer)
		if (frame->is_shield)
			cancel_frame(actor, frame);
	cancel_actor(actor);
}

static void cancel_some(void)
{
	struct actor *actor = &sim.actors[pick((unsigned)sim.actor_count)];

	if (pick(4) != 0)
		return;
	say("%3d main cancels a%d\n", (int)(sim.now / U), actor->number);
	cancel_actor(actor);
}

static void spawn_actors(void)
{
	for (int i = 0; i < sim.actor_count; i++) {
		struct actor *actor = &sim.actors[i];
		bide_task_options options = { .delay = pick(3) == 0 ? pick(8) * U : 0 };

		actor->number = i;
		actor->task = bide_spawn_with(&options, act, actor);
		EXPECT(actor->task != NULL, "no memory");
	}
}

static int direct(void *arg)
{
	(void)arg;
	sim.kind->make();
	spawn_actors();
	for (int passes = 0; count_living() > 0; passes++) {
		EXPECT(passes < PASSES_MAX, "somebody never ends");
		EXPECT(bide_sleep(U) == 0, "main is cancelled");
		catch_up();
		sim.turn++;
		if (passes < TIME_MAX)
			cancel_some();
		for (int i = 0; passes >= TIME_MAX && i < sim.actor_count; i++)
			cancel_wholly(&sim.actors[i]);
	}
	for (int i = 0; i < sim.actor_count; i++) {
		int r = bide_join(sim.actors[i].task);

		EXPECT(r == 0 || r == -ECANCELED, "a%d ends with %s", i, ERR(r));
	}
	catch_up();
	sim.kind->finish();
	EXPECT(bide_tasks(NULL, 0) == 1, "there are tasks left");
	EXPECT(bide_loop_stats(NULL).timers == 0, "there are timers left");
	return 5;
}

/* The library itself found fault and aborts. */
static void sim_tell_abort(int number)
{
	ssize_t n = write(STDERR_FILENO, sim_log, sim_log_bytes);

	(void)n;
	signal(number, SIG_DFL);
}

/* With an odd seed ready tasks run in random order. */
static void run_program(uint64_t seed)
{
	bide_options options = {
		.flags = BIDE_VIRTUAL_CLOCK | (seed % 2 ? BIDE_SHUFFLE : 0),
		.seed = seed,
	};
	int r;

	sim.seed = seed;
	sim.random = seed * 0x9e3779b97f4a7c15ull + 1;
	sim.now = 0;
	sim.turn = 0;
	sim.frame_count = 0;
	memset(sim.actors, 0, sizeof sim.actors);
	sim_log_bytes = 0;
	say("%s: BIDE_TEST_SEED=%ju\n", sim.kind->name, (uintmax_t)seed);
	signal(SIGABRT, sim_tell_abort);
	pick(2);
	sim.actor_count = 2 + (int)pick(ACTORS_MAX - 1);
	r = bide_run_with(&options, direct, NULL);
	EXPECT(r == 5, "bide_run gives %s", ERR(r));
}

static bool is_set(const char *name)
{
	const char *text = getenv(name);

	return text != NULL && text[0] != '\0' && text[0] != '0';
}

/* Runs every second seed from first on, or the one that BIDE_TEST_SEED names. */
static void run_programs(const struct model_kind *kind, uint64_t first)
{
	const char *text = getenv("BIDE_TEST_SEED");
	uint64_t count = PROGRAMS;

	sim.kind = kind;
	if (is_set("BIDE_TEST_SLOW"))
		count = PROGRAMS_SLOW;
	if (is_set("BIDE_TEST_LONG"))
		count = PROGRAMS_LONG;
	if (text != NULL) {
		run_program(strtoull(text, NULL, 0));
		fputs(sim_log, stderr);
		return;
	}
	for (uint64_t i = 0; i < count; i++)
		run_program(first + 2 * i);
	fprintf(stderr,
	        "%s: %ju programs from BIDE_TEST_SEED=%ju on; of the calls that waited %u "
	        "were served, %u cut short\n",
	        kind->name, (uintmax_t)count, (uintmax_t)first, waits.served, waits.cut);
}

/* A seed gives the same program again, step by step. */
static void run_twice(const struct model_kind *kind, uint64_t seed)
{
	char *first;

	sim.kind = kind;
	run_program(seed);
	first = strdup(sim_log);
	CHECK(first != NULL);
	run_program(seed);
	CHECK_STR(sim_log, first);
	free(first);
}

/* The tests of a kind: name is the file's, kind a struct model_kind. */
#define MODEL_TESTS(name, kind)                                                                    \
	TEST(name, follows_the_model_in_order_of_arrival)                                          \
	{                                                                                          \
		run_programs(&(kind), 1000);                                                       \
	}                                                                                          \
	TEST(name, follows_the_model_in_random_order)                                              \
	{                                                                                          \
		run_programs(&(kind), 1001);                                                       \
	}                                                                                          \
	TEST(name, does_the_same_again_with_the_same_seed)                                         \
	{                                                                                          \
		run_twice(&(kind), 1003);                                                          \
	}

#endif
