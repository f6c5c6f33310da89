/* SPDX-License-Identifier: MIT */

/*
 * sim_rwlock.c - random programs over reader-writer locks, against a model of them
 *
 * `told` is what the calls have returned, not what the model made of it: who
 * excludes each other and yet holds the lock is found by that.
 */
#include "model_storm.h"

enum rwlock_way {
	RWLOCK_NOT,
	RWLOCK_READ,
	RWLOCK_WRITE,
};

struct rwlock_model {
	bide_rwlock lock;
	int number;
	enum rwlock_way held[ACTORS_MAX];       /* also by those who have yet to run */
	enum rwlock_way told[ACTORS_MAX];
	struct line line;
};

static struct rwlock_model rwlocks[OBJECTS_MAX];
static int rwlock_count;

static struct rwlock_model *pick_rwlock(void)
{
	return &rwlocks[pick((unsigned)rwlock_count)];
}

static int count_ways(const enum rwlock_way *ways, enum rwlock_way way)
{
	int count = 0;

	for (int i = 0; i < ACTORS_MAX; i++)
		count += ways[i] == way;
	return count;
}

/* Whether one more could hold the lock so. */
static bool rwlock_admits(const struct rwlock_model *model, enum rwlock_way way)
{
	if (count_ways(model->held, RWLOCK_WRITE) > 0)
		return false;
	return way == RWLOCK_READ || count_ways(model->held, RWLOCK_READ) == 0;
}

/* Serves the waiters in order, up to the first one who is excluded. */
static void rwlock_serve(struct rwlock_model *model)
{
	struct actor *first;

	while ((first = line_first(&model->line)) != NULL) {
		enum rwlock_way way = (enum rwlock_way)first->want;

		if (!rwlock_admits(model, way))
			return;
		model->held[first->number] = way;
		actor_settle(first, 0);
	}
}

static void rwlock_left(struct line *line, struct actor *actor)
{
	(void)actor;
	rwlock_serve(line->object);
}

static void rwlocks_make(void)
{
	rwlock_count = 1 + (int)pick(OBJECTS_MAX);
	memset(rwlocks, 0, sizeof rwlocks);
	for (int i = 0; i < rwlock_count; i++) {
		rwlocks[i].number = i;
		rwlocks[i].line.object = &rwlocks[i];
		rwlocks[i].line.left = rwlock_left;
	}
}

static void rwlocks_check(void)
{
	for (int i = 0; i < rwlock_count; i++) {
		const struct rwlock_model *model = &rwlocks[i];
		const struct actor *first = line_first(&model->line);
		int writers = count_ways(model->told, RWLOCK_WRITE);
		int readers = count_ways(model->told, RWLOCK_READ);

		EXPECT(writers <= (readers == 0), "rw%d: %d write and %d read", i, writers,
		       readers);
		EXPECT(first == NULL || !rwlock_admits(model, (enum rwlock_way)first->want),
		       "rw%d: a%d waits though nobody excludes it", i, first->number);
		for (int k = 0; k < ACTORS_MAX; k++)
			EXPECT(model->told[k] == RWLOCK_NOT || model->told[k] == model->held[k],
			       "rw%d is a%d's no longer", i, k);
	}
}

static void rwlock_acquire(struct actor *self, enum rwlock_way way)
{
	struct rwlock_model *model = pick_rwlock();
	int r;

	call_begin(self);
	say(" %s(rw%d)\n", way == RWLOCK_READ ? "read" : "write", model->number);
	if (actor_is_cut(self)) {
		call_settle(self, -ECANCELED);
	} else if (model->held[self->number] != RWLOCK_NOT) {
		call_settle(self, -EDEADLK);
	} else if (model->line.count > 0 || !rwlock_admits(model, way)) {
		actor_wait(self, &model->line, way);
	} else {
		model->held[self->number] = way;
		call_settle(self, 0);
	}

	if (way == RWLOCK_READ)
		r = bide_rwlock_read(&model->lock);
	else
		r = bide_rwlock_write(&model->lock);
	if (call_end(self, r) == 0)
		model->told[self->number] = way;
	sim.kind->check();
}

static void do_read(struct actor *self)
{
	rwlock_acquire(self, RWLOCK_READ);
}

static void do_write(struct actor *self)
{
	rwlock_acquire(self, RWLOCK_WRITE);
}

static void rwlock_release(struct rwlock_model *model, struct actor *self)
{
	bool is_held = model->held[self->number] != RWLOCK_NOT;

	call_begin(self);
	say(" release(rw%d)\n", model->number);
	model->held[self->number] = RWLOCK_NOT;
	model->told[self->number] = RWLOCK_NOT;
	rwlock_serve(model);
	call_settle(self, is_held ? 0 : -EPERM);
	call_end(self, bide_rwlock_release(&model->lock));
}

/* Releases a lock that the actor holds, if any; one in eight whichever it is. */
static void do_release(struct actor *self)
{
	struct rwlock_model *model = pick_rwlock();

	for (int i = 0; model->held[self->number] == RWLOCK_NOT && i < rwlock_count; i++)
		if (rwlocks[i].held[self->number] != RWLOCK_NOT)
			model = &rwlocks[i];
	if (model->held[self->number] != RWLOCK_NOT || pick(8) == 0)
		rwlock_release(model, self);
}

static void rwlocks_give_up(struct actor *self)
{
	for (int i = 0; i < rwlock_count; i++)
		if (rwlocks[i].held[self->number] != RWLOCK_NOT)
			rwlock_release(&rwlocks[i], self);
}

/* Every lock is free and of use. */
static void rwlocks_finish(void)
{
	for (int i = 0; i < rwlock_count; i++) {
		bide_rwlock *lock = &rwlocks[i].lock;

		EXPECT(rwlocks[i].line.count == 0, "rw%d: somebody waits still", i);
		EXPECT(bide_rwlock_release(lock) == -EPERM, "rw%d is main's", i);
		EXPECT(bide_rwlock_write(lock) == 0, "rw%d can't be acquired", i);
		EXPECT(bide_rwlock_release(lock) == 0, "rw%d can't be released", i);
		EXPECT(bide_rwlock_read(lock) == 0, "rw%d can't be acquired", i);
		EXPECT(bide_rwlock_release(lock) == 0, "rw%d can't be released", i);
	}
}

static actor_move *const moves[] = {
	do_read,    do_read,  do_read,  do_read,  do_write,  do_write, do_release, do_release,
	do_release, do_yield, do_sleep, do_sleep, do_cancel, do_scope, do_timeout, do_scope_cancel,
};

static const struct model_kind kind = {
	.name = "sim_rwlock",
	.moves = moves,
	.move_count = sizeof moves / sizeof *moves,
	.make = rwlocks_make,
	.check = rwlocks_check,
	.give_up = rwlocks_give_up,
	.finish = rwlocks_finish,
};

MODEL_TESTS(sim_rwlock, kind)
