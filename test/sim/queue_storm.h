/* SPDX-License-Identifier: MIT */

/*
 * queue_storm.h - what actors do besides calls on queues, and programs of them
 *
 * The queues' model stands in queue_model.h. A program ends when all its actors
 * have; those that wait for ever are cancelled in the end. Then what is left in the
 * queues must be what the model says.
 */
#ifndef TEST_SIM_QUEUE_STORM_H
#define TEST_SIM_QUEUE_STORM_H

#include "queue_model.h"

#define DEPTH_MAX 3
#define TIME_MAX 40             /* u; then all are cancelled */
#define PASSES_MAX 2000

#define PROGRAMS 300            /* for each of two tests */
#define PROGRAMS_SLOW 8
#define PROGRAMS_LONG 5000

static void actor_play(struct actor *self, unsigned call_count);

/* Yields with a d of 0 or less. */
static void do_sleep(struct actor *self)
{
	int d = (int)pick(4);
	int r;

	call_begin(self);
	say(" sleep %du\n", d);
	r = bide_sleep(d * U);
	sim.turn++;
	EXPECT(r == 0 || r == -ECANCELED, "a%d: sleep gives %d", self->number, r);
}

static void do_yield(struct actor *self)
{
	int r;

	call_begin(self);
	say(" yield\n");
	r = bide_yield();
	sim.turn++;
	EXPECT(r == 0 || r == -ECANCELED, "a%d: yield gives %d", self->number, r);
}

static void do_cancel(struct actor *self)
{
	struct actor *other = &sim.actors[pick((unsigned)sim.actor_count)];
	int expected = bide_done(other->task) ? 0 : 1;
	int r;

	call_begin(self);
	say(" cancel a%d\n", other->number);
	r = bide_cancel(other->task);
	if (other->state == ACTOR_WAITS)
		actor_settle(other, -ECANCELED, NULL);
	check_result(self, r, call_end(self, expected));
}

static void do_uncancel(struct actor *self)
{
	int expected = bide_cancel_requested(bide_self());

	call_begin(self);
	say(" uncancel\n");
	check_result(self, bide_uncancel(), call_end(self, expected));
}

/* Cancels a scope that another actor is in. */
static void do_scope_cancel(struct actor *self)
{
	struct actor *other = &sim.actors[pick((unsigned)sim.actor_count)];

	if (other->scope == NULL)
		return;
	call_begin(self);
	say(" cancel a%d's scope\n", other->number);
	bide_scope_cancel(other->scope);
	if (other->state == ACTOR_WAITS)
		actor_settle(other, -ECANCELED, NULL);
	check_result(self, 0, call_end(self, 0));
}

/* Some calls within a time limit, that of the scopes around it included. */
static void play_limited(struct actor *self, bide_time timeout)
{
	bide_time limit_before = self->limit;
	bide_time limit = sim.now + (timeout > 0 ? timeout : 0);

	if (limit < self->limit)
		self->limit = limit;
	self->depth++;
	actor_play(self, 1 + pick(3));
	self->depth--;
	self->limit = limit_before;
}

static void do_scope(struct actor *self)
{
	bide_scope *scope_before = self->scope;
	bide_time timeout = ((int)pick(5) - 1) * U;
	bide_scope scope;
	int r;

	if (self->depth >= DEPTH_MAX)
		return;
	call_begin(self);
	say(" {%du\n", (int)(timeout / U));
	bide_scope_enter(&scope, timeout);
	self->scope = &scope;
	play_limited(self, timeout);
	self->scope = scope_before;
	r = bide_scope_leave(&scope);
	EXPECT(r == 0 || r == -ETIMEDOUT || r == -ECANCELED, "a%d: leave gives %d", self->number,
	       r);
	call_begin(self);
	say(" } %s\n", ERR(r));
}

struct limited {
	struct actor *actor;
	bide_time timeout;
};

static int play_in_timeout(void *arg)
{
	struct limited *limited = arg;

	play_limited(limited->actor, limited->timeout);
	return bide_checkpoint();
}

static void do_timeout(struct actor *self)
{
	struct limited limited = { self, ((int)pick(5) - 1) * U };
	bide_scope *scope_before = self->scope;
	int r;

	if (self->depth >= DEPTH_MAX)
		return;
	call_begin(self);
	say(" timeout {%du\n", (int)(limited.timeout / U));
	self->scope = NULL;
	r = bide_timeout(limited.timeout, play_in_timeout, &limited);
	self->scope = scope_before;
	EXPECT(r == 0 || r == -ETIMEDOUT || r == -ECANCELED, "a%d: timeout gives %d", self->number,
	       r);
	call_begin(self);
	say(" } %s\n", ERR(r));
}

static void actor_play(struct actor *self, unsigned call_count)
{
	for (; call_count > 0; call_count--) {
		sim.moves[pick(sim.move_count)](self);
		if (bide_cancel_requested(bide_self()) > 0 && pick(2) == 0)
			do_uncancel(self);
	}
}

static int act(void *arg)
{
	struct actor *self = arg;

	actor_play(self, 5 + pick(26));
	call_begin(self);
	say(" ends\n");
	return 0;
}

/* ---- a program ---- */

static void make_queue(int number)
{
	static const char *const kinds[] = { "fifo", "lifo", "priority" };
	static const size_t limits[] = { 0, 1, 1, 2, 3, 4, 5, BIDE_QUEUE_RENDEZVOUS };
	struct model *model = &sim.queues[number];

	model->number = number;
	model->kind = (enum queue_kind)pick(3);
	model->item_size = 1 + pick(ITEM_BYTES_MAX);
	model->maxsize = limits[pick(sizeof limits / sizeof *limits)];
	if (model->kind == QUEUE_FIFO)
		model->queue = bide_queue_new(model->item_size, model->maxsize);
	else if (model->kind == QUEUE_LIFO)
		model->queue = bide_queue_new_lifo(model->item_size, model->maxsize);
	else
		model->queue = bide_queue_new_priority(model->item_size, model->maxsize,
		                                       compare_ranks);
	EXPECT(model->queue != NULL, "no memory");
	say("q%d: %s of %zd, items of %zu bytes\n", number, kinds[model->kind],
	    (ssize_t)model->maxsize, model->item_size);
}

/* What is left comes out as the model says; every item not yet done can be told done. */
static void check_rest(struct model *model)
{
	struct cell cell;
	unsigned item;

	catch_up();
	EXPECT(model->getters.count + model->putters.count + model->joiners.count == 0,
	       "q%d: somebody waits still", model->number);
	model_check(model);
	while (model->item_count > 0) {
		cell_clear(&cell);
		model_get(model, &item);
		CHECK_INT(bide_queue_try_get(model->queue, cell.bytes), 0);
		EXPECT(cell_holds(&cell, model, item), "q%d: #%u was not next", model->number,
		       item);
	}
	CHECK_INT(bide_queue_try_get(model->queue, cell.bytes),
	          model->is_shut ? -ESHUTDOWN : -EAGAIN);
	for (; model->unfinished > 0; model->unfinished--)
		CHECK_INT(bide_queue_task_done(model->queue), 0);
	CHECK_INT(bide_queue_task_done(model->queue), -EINVAL);
	bide_queue_free(model->queue);
}

static int count_living(void)
{
	int count = 0;

	for (int i = 0; i < sim.actor_count; i++)
		count += !bide_done(sim.actors[i].task);
	return count;
}

static void cancel_all(void)
{
	for (int i = 0; i < sim.actor_count; i++) {
		struct actor *actor = &sim.actors[i];

		say("%2d main cancels a%d\n", case_now(), i);
		bide_cancel(actor->task);
		if (actor->state == ACTOR_WAITS)
			actor_settle(actor, -ECANCELED, NULL);
	}
}

static int direct(void *arg)
{
	(void)arg;
	for (int i = 0; i < sim.queue_count; i++)
		make_queue(i);
	for (int i = 0; i < sim.actor_count; i++) {
		sim.actors[i].number = i;
		sim.actors[i].limit = BIDE_FOREVER;
		sim.actors[i].task = bide_spawn(act, &sim.actors[i]);
		EXPECT(sim.actors[i].task != NULL, "no memory");
	}
	for (int passes = 0; count_living() > 0; passes++) {
		EXPECT(passes < PASSES_MAX, "somebody never ends");
		if (passes >= TIME_MAX)
			cancel_all();
		CHECK_INT(bide_sleep(U), 0);
		sim.turn++;
		catch_up();
	}
	for (int i = 0; i < sim.actor_count; i++) {
		int r = bide_join(sim.actors[i].task);

		EXPECT(r == 0 || r == -ECANCELED, "a%d ends with %d", i, r);
	}
	for (int i = 0; i < sim.queue_count; i++)
		check_rest(&sim.queues[i]);
	CHECK_INT(bide_tasks(NULL, 0), 1);
	CHECK_INT(bide_loop_stats(NULL).timers, 0);
	return 0;
}

/* With an odd seed ready tasks run in random order. */
static void run_program(uint64_t seed)
{
	bide_options options = {
		.flags = BIDE_VIRTUAL_CLOCK | (seed % 2 ? BIDE_SHUFFLE : 0),
		.seed = seed,
	};

	sim.seed = seed;
	sim.random = seed * 0x9e3779b97f4a7c15ull + 1;
	sim.now = 0;
	sim.turn = 0;
	sim.next_item = 0;
	memset(sim.queues, 0, sizeof sim.queues);
	memset(sim.actors, 0, sizeof sim.actors);
	sim_log_bytes = 0;
	pick(2);
	sim.has_shutdowns = pick(3) == 0;
	sim.queue_count = 1 + (int)pick(QUEUES_MAX);
	sim.actor_count = 2 + (int)pick(ACTORS_MAX - 1);
	CHECK_INT(bide_run_with(&options, direct, NULL), 0);
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
		run_program(strtoull(text, NULL, 0));
		fputs(sim_log, stderr);
		return;
	}
	for (uint64_t i = 0; i < count; i++)
		run_program(first + 2 * i);
	fprintf(stderr, "%s: %ju programs from BIDE_TEST_SEED=%ju on\n", sim.name, (uintmax_t)count,
	        (uintmax_t)first);
	fprintf(stderr,
	        "%s: of those who waited %u were served, %u met a shutdown, %u were "
	        "cancelled, %u ran out of time\n",
	        sim.name, waits.served, waits.shut, waits.canceled, waits.timed_out);
}

#endif
