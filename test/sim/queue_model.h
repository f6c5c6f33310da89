/* SPDX-License-Identifier: MIT */

/*
 * queue_model.h - random programs over queues, and a model of what each call must do
 *
 * A program is a few actors, which are tasks, that make random calls on a few
 * queues. The model is told of each call just before it is made, and says which
 * item or error comes of it, or that the caller waits, and whom it serves. Tasks
 * are not interrupted between two suspensions, so the model knows everything but
 * which one of several ready cases bide_select() takes.
 *
 * Virtual time stands still while any task is ready: when it passes, everybody who
 * was served must have returned from the call.
 */
#ifndef TEST_SIM_QUEUE_MODEL_H
#define TEST_SIM_QUEUE_MODEL_H

#include "case.h"

#include <bide.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUEUES_MAX 4
#define ACTORS_MAX 12
#define ITEM_BYTES_MAX 64
#define ITEMS_MAX 4096
#define GUARD_BYTES 8

enum queue_kind {
	QUEUE_FIFO,
	QUEUE_LIFO,
	QUEUE_PRIORITY,
};

struct actor;

/* Those who wait for the same, in order of asking. */
struct line {
	struct actor *actors[ACTORS_MAX];
	int count;
};

struct model {
	bide_queue *queue;
	int number;
	enum queue_kind kind;
	size_t item_size;
	size_t maxsize;
	unsigned items[ITEMS_MAX];      /* their numbers, in order of arrival */
	size_t item_count;
	unsigned unfinished;
	bool is_shut;
	struct line getters;
	struct line putters;
	struct line joiners;
};

enum actor_state {
	ACTOR_RUNS,             /* or sleeps: the model does not care */
	ACTOR_WAITS,            /* in a call that nothing has happened to */
	ACTOR_SETTLED,          /* in a call whose outcome is fixed */
};

struct actor {
	bide_task *task;
	int number;
	int depth;              /* scopes around what it does */
	bide_scope *scope;      /* the innermost one that others may cancel, or NULL */
	bide_time limit;        /* when the first of its scopes runs out */
	uint64_t turn;          /* of the simulation, when its call began */

	enum actor_state state;
	bide_time timeout_at;   /* the call's own limit */
	unsigned offered[QUEUES_MAX];   /* what it would put into each queue */
	int result;             /* of the settled call, as the four below */
	struct model *by;       /* the queue that settled it, or NULL */
	int op;                 /* BIDE_GET or BIDE_PUT, where something was moved */
	unsigned item;          /* what it got */
};

typedef void actor_move(struct actor *self);

struct sim {
	const char *name;
	uint64_t seed;
	uint64_t random;
	actor_move *const *moves;
	unsigned move_count;
	bide_time now;
	uint64_t turn;          /* grows whenever anybody begins something */
	unsigned next_item;
	bool has_shutdowns;     /* most programs have none: they end what can happen */
	int queue_count;
	int actor_count;
	struct model queues[QUEUES_MAX];
	struct actor actors[ACTORS_MAX];
};

static struct sim sim;

/* How the calls that had to wait have ended, over all programs. */
static struct {
	unsigned served;
	unsigned shut;
	unsigned canceled;
	unsigned timed_out;
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
	fprintf(stderr, "%s\n%s: BIDE_TEST_SEED=%ju: %s\n", sim_log, sim.name, (uintmax_t)sim.seed,
	        message);
	test_fail(file, line, "%s: BIDE_TEST_SEED=%ju: %s", sim.name, (uintmax_t)sim.seed, message);
}

static unsigned pick(unsigned n)
{
	sim.random ^= sim.random >> 12;
	sim.random ^= sim.random << 25;
	sim.random ^= sim.random >> 27;
	return (unsigned)((sim.random * 0x2545f4914f6cdd1dull) >> 33) % n;
}

static struct model *pick_queue(void)
{
	return &sim.queues[pick((unsigned)sim.queue_count)];
}

/* ---- items ---- */

/* An item in memory, with room around it that nobody may touch. */
struct cell {
	unsigned char before[GUARD_BYTES];
	unsigned char bytes[ITEM_BYTES_MAX];
	unsigned char after[GUARD_BYTES];
};

static void cell_clear(struct cell *cell)
{
	memset(cell, 0xee, sizeof *cell);
}

static void cell_fill(struct cell *cell, const struct model *model, unsigned item)
{
	cell_clear(cell);
	for (size_t i = 0; i < model->item_size; i++)
		cell->bytes[i] = (unsigned char)(item + i * (2 * (item >> 8) + 41));
}

static bool cell_is_clear(const struct cell *cell)
{
	struct cell clear;

	cell_clear(&clear);
	return memcmp(cell, &clear, sizeof clear) == 0;
}

static bool cell_holds(const struct cell *cell, const struct model *model, unsigned item)
{
	struct cell expected;

	cell_fill(&expected, model, item);
	return memcmp(cell, &expected, sizeof expected) == 0;
}

/* One of four ranks for each item, by its first byte. */
static unsigned rank(unsigned first_byte)
{
	return (first_byte * 167 >> 5) & 3;
}

static int compare_ranks(const void *a, const void *b)
{
	return (int)rank(*(const unsigned char *)a) - (int)rank(*(const unsigned char *)b);
}

/* ---- the model ---- */

static void line_add(struct line *line, struct actor *actor)
{
	for (int i = 0; i < line->count; i++)
		if (line->actors[i] == actor)
			return;
	line->actors[line->count++] = actor;
}

static void line_remove(struct line *line, const struct actor *actor)
{
	int kept = 0;

	for (int i = 0; i < line->count; i++)
		if (line->actors[i] != actor)
			line->actors[kept++] = line->actors[i];
	line->count = kept;
}

static void actor_wait(struct actor *self, struct line *line)
{
	self->state = ACTOR_WAITS;
	self->timeout_at = BIDE_FOREVER;
	line_add(line, self);
}

/* The call of a waiting actor ends with that result. */
static void actor_settle(struct actor *actor, int result, struct model *by)
{
	EXPECT(actor->state == ACTOR_WAITS, "the model settles a%d twice", actor->number);
	for (int i = 0; i < sim.queue_count; i++) {
		line_remove(&sim.queues[i].getters, actor);
		line_remove(&sim.queues[i].putters, actor);
		line_remove(&sim.queues[i].joiners, actor);
	}
	actor->state = ACTOR_SETTLED;
	actor->result = result;
	actor->by = by;
	actor->op = 0;
}

static void line_settle(struct line *line, int result, struct model *by)
{
	while (line->count > 0)
		actor_settle(line->actors[0], result, by);
}

static bool model_has_room(const struct model *model)
{
	if (model->maxsize == BIDE_QUEUE_RENDEZVOUS)
		return false;
	return model->maxsize == 0 || model->item_count < model->maxsize;
}

static bool model_can_put(const struct model *model)
{
	return model->is_shut || model->getters.count > 0 || model_has_room(model);
}

static bool model_can_get(const struct model *model)
{
	return model->is_shut || model->item_count > 0 || model->putters.count > 0;
}

static void model_append(struct model *model, unsigned item)
{
	EXPECT(model->item_count < ITEMS_MAX, "the model is full");
	model->items[model->item_count++] = item;
}

/* A put that need not wait. Returns its result. */
static int model_put(struct model *model, unsigned item)
{
	struct actor *getter = model->getters.count > 0 ? model->getters.actors[0] : NULL;

	if (model->is_shut)
		return -ESHUTDOWN;
	model->unfinished++;
	if (getter == NULL) {
		model_append(model, item);
		return 0;
	}
	actor_settle(getter, 0, model);
	getter->op = BIDE_GET;
	getter->item = item;
	return 0;
}

static unsigned model_take(struct model *model)
{
	size_t next = 0;
	unsigned item;

	if (model->kind == QUEUE_LIFO)
		next = model->item_count - 1;
	for (size_t i = 0; model->kind == QUEUE_PRIORITY && i < model->item_count; i++)
		if (rank(model->items[i] & 0xff) < rank(model->items[next] & 0xff))
			next = i;
	item = model->items[next];
	model->item_count--;
	memmove(model->items + next, model->items + next + 1,
	        (model->item_count - next) * sizeof model->items[0]);
	return item;
}

/* A get that need not wait. Returns its result. */
static int model_get(struct model *model, unsigned *ret)
{
	struct actor *putter = model->putters.count > 0 ? model->putters.actors[0] : NULL;
	bool has_items = model->item_count > 0;

	if (!has_items && putter == NULL)
		return -ESHUTDOWN;
	if (has_items)
		*ret = model_take(model);
	if (putter == NULL)
		return 0;
	actor_settle(putter, 0, model);
	putter->op = BIDE_PUT;
	model->unfinished++;
	if (has_items)
		model_append(model, putter->offered[model->number]);
	else
		*ret = putter->offered[model->number];
	return 0;
}

static void model_finish(struct model *model, size_t n)
{
	model->unfinished -= n < model->unfinished ? (unsigned)n : model->unfinished;
	if (model->unfinished == 0)
		line_settle(&model->joiners, 0, model);
}

static void model_shutdown(struct model *model, bool immediate)
{
	size_t dropped = immediate ? model->item_count : 0;

	model->is_shut = true;
	line_settle(&model->getters, -ESHUTDOWN, model);
	line_settle(&model->putters, -ESHUTDOWN, model);
	model->item_count -= dropped;
	model_finish(model, dropped);
}

static void model_check(const struct model *model)
{
	bool is_rendezvous = model->maxsize == BIDE_QUEUE_RENDEZVOUS;
	bool is_full = is_rendezvous || (model->maxsize > 0 && model->item_count == model->maxsize);
	size_t size = bide_queue_size(model->queue);

	EXPECT(size == model->item_count, "q%d holds %zu items, not %zu", model->number, size,
	       model->item_count);
	EXPECT(bide_queue_empty(model->queue) == (size == 0), "q%d: empty is wrong", model->number);
	EXPECT(bide_queue_full(model->queue) == is_full, "q%d: full is wrong", model->number);
	EXPECT(size == 0 || !is_rendezvous, "q%d holds something", model->number);
}

/* ---- calls ---- */

/* Everybody whose time is up is settled when time passes, before anybody runs. */
static void catch_up(void)
{
	bide_time now = bide_now();

	if (now == sim.now)
		return;
	for (int i = 0; i < sim.actor_count; i++)
		EXPECT(sim.actors[i].state != ACTOR_SETTLED, "a%d was not woken before time passed",
		       i);
	sim.now = now;
	for (int i = 0; i < sim.actor_count; i++) {
		struct actor *actor = &sim.actors[i];

		if (actor->state != ACTOR_WAITS)
			continue;
		if (actor->limit <= now)
			actor_settle(actor, -ECANCELED, NULL);
		else if (actor->timeout_at <= now)
			actor_settle(actor, -ETIMEDOUT, NULL);
	}
}

/* Must come before every call that an actor makes. */
static void call_begin(struct actor *self)
{
	catch_up();
	EXPECT(self->state == ACTOR_RUNS, "a%d runs though its call has not ended", self->number);
	self->turn = ++sim.turn;
	say("%2d a%d", case_now(), self->number);
}

static void count_wait(int result)
{
	waits.served += result == 0;
	waits.shut += result == -ESHUTDOWN;
	waits.canceled += result == -ECANCELED;
	waits.timed_out += result == -ETIMEDOUT;
}

/*
 * Comes after a call that the model knows. Returns what the call must have
 * returned: expected where it did not wait.
 */
static int call_end(struct actor *self, int expected)
{
	catch_up();
	if (self->state == ACTOR_RUNS) {
		EXPECT(sim.turn == self->turn, "a%d was suspended for nothing", self->number);
		return expected;
	}
	EXPECT(self->state == ACTOR_SETTLED, "a%d: its call ended, but why?", self->number);
	self->state = ACTOR_RUNS;
	sim.turn++;
	count_wait(self->result);
	return self->result;
}

static void check_result(const struct actor *self, int r, int expected)
{
	say("%2d a%d -> %s\n", case_now(), self->number, ERR(r));
	EXPECT(r == expected, "a%d: the result is %s, not %s", self->number, ERR(r), ERR(expected));
	for (int i = 0; i < sim.queue_count; i++)
		model_check(&sim.queues[i]);
}

static void do_put(struct actor *self)
{
	struct model *model = pick_queue();
	unsigned item = sim.next_item++;
	struct cell cell;
	int expected = 0;
	int r;

	cell_fill(&cell, model, item);
	call_begin(self);
	say(" put #%u q%d\n", item, model->number);
	if (bide_checkpoint() < 0) {
		expected = -ECANCELED;
	} else if (model_can_put(model)) {
		expected = model_put(model, item);
	} else {
		self->offered[model->number] = item;
		actor_wait(self, &model->putters);
	}
	r = bide_queue_put(model->queue, cell.bytes);
	expected = call_end(self, expected);
	EXPECT(cell_holds(&cell, model, item), "a%d: put changed the item", self->number);
	check_result(self, r, expected);
}

static void do_try_put(struct actor *self)
{
	struct model *model = pick_queue();
	unsigned item = sim.next_item++;
	struct cell cell;
	int expected = -EAGAIN;
	int r;

	cell_fill(&cell, model, item);
	call_begin(self);
	say(" try_put #%u q%d\n", item, model->number);
	if (model_can_put(model))
		expected = model_put(model, item);
	r = bide_queue_try_put(model->queue, cell.bytes);
	expected = call_end(self, expected);
	EXPECT(cell_holds(&cell, model, item), "a%d: try_put changed the item", self->number);
	check_result(self, r, expected);
}

/* Whether the cell is what a get must leave, that should have returned r. */
static void check_got(const struct actor *self, const struct model *model, const struct cell *cell,
                      unsigned item)
{
	say("%2d a%d #%u?\n", case_now(), self->number, item);
	EXPECT(cell_holds(cell, model, item), "a%d: got another item than #%u, of first byte %#x",
	       self->number, item, cell->bytes[0]);
}

static void do_get(struct actor *self)
{
	struct model *model = pick_queue();
	bool is_dropped = pick(10) == 0;
	struct cell cell;
	int expected = 0;
	int r;

	cell_clear(&cell);
	call_begin(self);
	say(" get q%d\n", model->number);
	if (bide_checkpoint() < 0)
		expected = -ECANCELED;
	else if (model_can_get(model))
		expected = model_get(model, &self->item);
	else
		actor_wait(self, &model->getters);
	r = bide_queue_get(model->queue, is_dropped ? NULL : cell.bytes);
	expected = call_end(self, expected);
	if (r < 0 || is_dropped)
		EXPECT(cell_is_clear(&cell), "a%d: a get that failed changed *item", self->number);
	check_result(self, r, expected);
	if (r == 0 && !is_dropped)
		check_got(self, model, &cell, self->item);
}

static void do_try_get(struct actor *self)
{
	struct model *model = pick_queue();
	struct cell cell;
	int expected = -EAGAIN;
	int r;

	cell_clear(&cell);
	call_begin(self);
	say(" try_get q%d\n", model->number);
	if (model_can_get(model))
		expected = model_get(model, &self->item);
	r = bide_queue_try_get(model->queue, cell.bytes);
	expected = call_end(self, expected);
	if (r < 0)
		EXPECT(cell_is_clear(&cell), "a%d: try_get changed *item", self->number);
	check_result(self, r, expected);
	if (r == 0)
		check_got(self, model, &cell, self->item);
}

static void do_task_done(struct actor *self)
{
	struct model *model = pick_queue();
	int expected = model->unfinished > 0 ? 0 : -EINVAL;
	int r;

	call_begin(self);
	say(" task_done q%d\n", model->number);
	model_finish(model, 1);
	r = bide_queue_task_done(model->queue);
	check_result(self, r, call_end(self, expected));
}

static void do_join(struct actor *self)
{
	struct model *model = pick_queue();
	int expected = 0;
	int r;

	call_begin(self);
	say(" join q%d\n", model->number);
	if (bide_checkpoint() < 0)
		expected = -ECANCELED;
	else if (model->unfinished > 0)
		actor_wait(self, &model->joiners);
	r = bide_queue_join(model->queue);
	check_result(self, r, call_end(self, expected));
}

static void do_shutdown(struct actor *self)
{
	struct model *model = pick_queue();
	bool immediate = pick(2) == 0;

	if (!sim.has_shutdowns || pick(3) != 0)
		return;
	call_begin(self);
	say(" shutdown%s q%d\n", immediate ? " immediate" : "", model->number);
	model_shutdown(model, immediate);
	bide_queue_shutdown(model->queue, immediate);
	check_result(self, 0, call_end(self, 0));
}

#endif
