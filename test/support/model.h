/* SPDX-License-Identifier: MIT */

/*
 * model.h - actors, whose calls are checked against a model
 *
 * An actor is a task that makes random calls on a few objects, sleeps, opens
 * scopes and cancels others; model_storm.h makes programs of them. The model is
 * told of each call just before it is made, and then says what comes of it: a
 * result at once, or that the caller waits in a line; and which waiters it serves.
 * No task is interrupted between two suspensions, so the model knows everything,
 * in whatever order ready tasks run.
 *
 * Checked at every step:
 *   M1  a call returns what the model says, and not before the model says so
 *   M2  one that need not wait does not suspend
 *   M3  whoever was served or cancelled has returned before time passes: virtual
 *       time stands still while a task is ready
 *   M4  the object's own rules, which are model_kind.check()
 */
#ifndef TEST_SUPPORT_MODEL_H
#define TEST_SUPPORT_MODEL_H

#include "case.h"

#include <bide.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECTS_MAX 3
#define ACTORS_MAX 12

struct actor;

/* Those who wait for the same, in order of asking. */
struct line {
	struct actor *actors[ACTORS_MAX];
	int count;
	void *object;           /* whose line it is */
	/* Called when a cancellation has taken the actor out of the line. */
	void (*left)(struct line *line, struct actor *actor);
};

/* A scope that an actor is in. */
struct frame {
	struct frame *outer;
	bide_scope *scope;      /* NULL: a bide_timeout()'s own, which nobody can cancel */
	bide_time deadline;     /* BIDE_FOREVER: none */
	uint64_t number;        /* grows; equal deadlines expire in order of entering */
	bool is_shield;
	bool is_cancelled;
	bool is_expired;
};

enum actor_state {
	ACTOR_RUNS,             /* or sleeps: the model does not care */
	ACTOR_WAITS,            /* in a call that nothing has happened to */
	ACTOR_SETTLED,          /* in a call whose result is fixed */
};

struct actor {
	bide_task *task;
	int number;
	int depth;              /* of its frames */
	struct frame *frame;    /* the innermost, or NULL */
	int requests;           /* cancellations that it has not swallowed */
	uint64_t turn;          /* of the simulation, when its call began */
	bool is_at_once;        /* its call must not suspend */

	enum actor_state state;
	struct line *line;      /* where it waits, or did until it was settled */
	size_t want;            /* how much, or in which way; the line's business */
	bool is_deaf;           /* its waiting is not cut short */
	int result;             /* of a settled call */
};

typedef void actor_move(struct actor *self);

/* What the programs of one kind are made of. */
struct model_kind {
	const char *name;
	actor_move *const *moves;
	unsigned move_count;
	void (*make)(void);                     /* makes fresh objects */
	void (*check)(void);                    /* that nothing contradicts the rules */
	void (*give_up)(struct actor *self);    /* releases what the actor holds */
	void (*finish)(void);                   /* checks what is left, in the main task */
};

static struct {
	const struct model_kind *kind;
	uint64_t seed;
	uint64_t random;
	bide_time now;
	uint64_t turn;          /* grows whenever anybody begins something */
	uint64_t frame_count;
	int actor_count;
	struct actor actors[ACTORS_MAX];
} sim;

/* How the calls that had to wait have ended, over all programs. */
static struct {
	unsigned served;
	unsigned cut;
} waits;

/* What the program did so far; printed when something is wrong. */
static char sim_log[1 << 18];
static size_t sim_log_bytes;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	size_t room = sizeof sim_log - sim_log_bytes;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(sim_log + sim_log_bytes, room, format, args);
	va_end(args);
	if (n > 0)
		sim_log_bytes += (size_t)n < room ? (size_t)n : room - 1;
}

#define EXPECT(cond, ...) ((cond) ? (void)0 : sim_fail(__FILE__, __LINE__, __VA_ARGS__))

static void sim_fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
static void sim_fail(const char *file, int line, const char *format, ...)
{
	char message[500];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	fprintf(stderr, "%s\n%s: BIDE_TEST_SEED=%ju: %s\n", sim_log, sim.kind->name,
	        (uintmax_t)sim.seed, message);
	test_fail(file, line, "%s: BIDE_TEST_SEED=%ju: %s", sim.kind->name, (uintmax_t)sim.seed,
	          message);
}

static unsigned pick(unsigned n)
{
	sim.random ^= sim.random >> 12;
	sim.random ^= sim.random << 25;
	sim.random ^= sim.random >> 27;
	return (unsigned)((sim.random * 0x2545f4914f6cdd1dull) >> 33) % n;
}

/* ---- lines ---- */

static void line_remove(struct line *line, const struct actor *actor)
{
	int kept = 0;

	for (int i = 0; i < line->count; i++)
		if (line->actors[i] != actor)
			line->actors[kept++] = line->actors[i];
	line->count = kept;
}

static struct actor *line_first(const struct line *line)
{
	return line->count > 0 ? line->actors[0] : NULL;
}

/* The actor's call must wait. */
static void actor_wait(struct actor *actor, struct line *line, size_t want)
{
	actor->state = ACTOR_WAITS;
	actor->line = line;
	actor->want = want;
	line->actors[line->count++] = actor;
}

/* The call of a waiting actor ends with that result. */
static void actor_settle(struct actor *actor, int result)
{
	EXPECT(actor->state == ACTOR_WAITS, "the model settles a%d twice", actor->number);
	line_remove(actor->line, actor);
	actor->state = ACTOR_SETTLED;
	actor->result = result;
	say("\t\t\t\t-> a%d %s\n", actor->number, ERR(result));
}

/* Returns whether the actor's next call is cut short. */
static bool actor_is_cut(const struct actor *actor)
{
	for (const struct frame *frame = actor->frame; frame != NULL; frame = frame->outer) {
		if (frame->is_cancelled || frame->is_expired)
			return true;
		if (frame->is_shield)
			return false;
	}
	return actor->requests > 0;
}

/* To be called when anything has happened to the actor's frames or requests. */
static void actor_cut(struct actor *actor)
{
	struct line *line = actor->line;

	if (actor->state != ACTOR_WAITS || actor->is_deaf || !actor_is_cut(actor))
		return;
	actor_settle(actor, -ECANCELED);
	line->left(line, actor);
}

/* ---- time ---- */

/* The frame that expires next and has not been seen to, and whose it is. */
static struct frame *find_due(bide_time now, struct actor **ret)
{
	struct frame *due = NULL;

	for (int i = 0; i < sim.actor_count; i++) {
		struct frame *frame = sim.actors[i].frame;

		for (; frame != NULL; frame = frame->outer) {
			if (frame->is_expired || frame->deadline > now)
				continue;
			if (due != NULL && due->deadline < frame->deadline)
				continue;
			if (due != NULL && due->deadline == frame->deadline &&
			    due->number < frame->number)
				continue;
			due = frame;
			*ret = &sim.actors[i];
		}
	}
	return due;
}

/* Tells the model how late it is. Deadlines come before any task runs. */
static void catch_up(void)
{
	bide_time now = bide_now();
	struct actor *actor = NULL;
	struct frame *due;

	for (int i = 0; now > sim.now && i < sim.actor_count; i++)
		EXPECT(sim.actors[i].state != ACTOR_SETTLED,
		       "a%d sleeps though its call has ended with %s", i,
		       ERR(sim.actors[i].result));
	sim.now = now;
	while ((due = find_due(now, &actor)) != NULL) {
		due->is_expired = true;
		actor_cut(actor);
	}
	sim.kind->check();
}

/* ---- calls ---- */

/* Begins whatever an actor does; the caller says what. */
static void call_begin(struct actor *self)
{
	catch_up();
	self->turn = ++sim.turn;
	self->is_deaf = false;
	self->is_at_once = false;
	say("%3d a%d", (int)(sim.now / U), self->number);
}

/* The call that was begun is to give that result, without a suspension. */
static void call_settle(struct actor *self, int result)
{
	self->state = ACTOR_SETTLED;
	self->line = NULL;
	self->is_at_once = true;
	self->result = result;
}

/* Ends a call that has returned r; returns r. */
static int call_end(struct actor *self, int r)
{
	catch_up();
	say("%3d a%d: %s\n", (int)(sim.now / U), self->number, ERR(r));
	EXPECT(self->state == ACTOR_SETTLED, "a%d's call gives %s, but it has to wait",
	       self->number, ERR(r));
	EXPECT(r == self->result, "a%d's call gives %s, not %s", self->number, ERR(r),
	       ERR(self->result));
	if (self->is_at_once)
		EXPECT(sim.turn == self->turn, "a%d's call suspends", self->number);
	else if (r == 0)
		waits.served++;
	else
		waits.cut++;
	self->state = ACTOR_RUNS;
	return r;
}

/* Ends a call of another kind that may suspend, or be cut short. */
static int call_end_free(struct actor *self, bool was_cut, int r)
{
	catch_up();
	sim.turn++;
	say("%3d a%d: %s\n", (int)(sim.now / U), self->number, ERR(r));
	EXPECT(r == (was_cut ? -ECANCELED : 0) || (r == -ECANCELED && actor_is_cut(self)),
	       "a%d gets %s", self->number, ERR(r));
	return r;
}

#endif
