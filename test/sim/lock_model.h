/* SPDX-License-Identifier: MIT */

/*
 * lock_model.h - what a lock must do, for the programs of model_storm.h
 *
 * `holder` says who holds the lock by what the calls have returned, and not by what
 * the model made of it: two tasks that both believe to hold it are found by that.
 */
#ifndef TEST_SIM_LOCK_MODEL_H
#define TEST_SIM_LOCK_MODEL_H

#include "model_storm.h"

struct lock_model {
	bide_lock lock;
	int number;
	struct actor *owner;            /* also one that has yet to run; NULL: free */
	const struct actor *holder;     /* whose call has returned; NULL: nobody's */
	struct line line;
};

static struct lock_model locks[OBJECTS_MAX];
static int lock_count;

static struct lock_model *pick_lock(void)
{
	return &locks[pick((unsigned)lock_count)];
}

static void lock_left(struct line *line, struct actor *actor)
{
	(void)line;
	(void)actor;
}

static void locks_make(void)
{
	lock_count = 1 + (int)pick(OBJECTS_MAX);
	memset(locks, 0, sizeof locks);
	for (int i = 0; i < lock_count; i++) {
		locks[i].number = i;
		locks[i].line.object = &locks[i];
		locks[i].line.left = lock_left;
	}
}

static void locks_check(void)
{
	for (int i = 0; i < lock_count; i++) {
		const struct lock_model *model = &locks[i];

		EXPECT(model->owner != NULL || model->line.count == 0,
		       "l%d is free, and a%d waits for it", i, model->line.actors[0]->number);
		EXPECT(model->holder == NULL || model->holder == model->owner,
		       "l%d is a%d's no longer", i, model->holder->number);
	}
}

/* What the library says must agree wherever the model has caught up with it. */
static void locks_compare(void)
{
	for (int i = 0; i < lock_count; i++)
		EXPECT(bide_lock_held(&locks[i].lock) == (locks[i].owner != NULL), "l%d: held", i);
}

/* The owner has gone: the one who has waited longest has the lock. */
static void lock_pass(struct lock_model *model)
{
	struct actor *next = line_first(&model->line);

	model->owner = next;
	model->holder = NULL;
	if (next != NULL)
		actor_settle(next, next->is_deaf ? next->result : 0);
}

static void lock_note_held(struct lock_model *model, const struct actor *self)
{
	EXPECT(model->holder == NULL, "a%d and a%d hold l%d", model->holder->number, self->number,
	       model->number);
	model->holder = self;
}

/* Tells the model that the lock is asked for. */
static void lock_ask(struct lock_model *model, struct actor *self)
{
	if (actor_is_cut(self)) {
		call_settle(self, -ECANCELED);
	} else if (model->owner == self) {
		call_settle(self, -EDEADLK);
	} else if (model->owner != NULL) {
		actor_wait(self, &model->line, 1);
	} else {
		model->owner = self;
		call_settle(self, 0);
	}
}

static void do_acquire(struct actor *self)
{
	struct lock_model *model = pick_lock();

	call_begin(self);
	say(" acquire(l%d)\n", model->number);
	lock_ask(model, self);
	if (call_end(self, bide_lock_acquire(&model->lock)) == 0)
		lock_note_held(model, self);
	locks_compare();
}

static void do_try(struct actor *self)
{
	struct lock_model *model = pick_lock();
	int expected = 0;

	call_begin(self);
	say(" try(l%d)\n", model->number);
	if (model->owner != NULL)
		expected = model->owner == self ? -EDEADLK : -EBUSY;
	else
		model->owner = self;
	call_settle(self, expected);
	if (call_end(self, bide_lock_try(&model->lock)) == 0)
		lock_note_held(model, self);
	locks_compare();
}

static void lock_release(struct lock_model *model, struct actor *self)
{
	int expected = model->owner == self ? 0 : -EPERM;

	call_begin(self);
	say(" release(l%d)\n", model->number);
	if (expected == 0)
		lock_pass(model);
	call_settle(self, expected);
	call_end(self, bide_lock_release(&model->lock));
	locks_compare();
}

/* Releases a lock that the actor holds, if any; one in eight whichever it is. */
static void do_release(struct actor *self)
{
	struct lock_model *model = pick_lock();

	for (int i = 0; model->owner != self && i < lock_count; i++)
		if (locks[i].owner == self)
			model = &locks[i];
	if (model->owner == self || pick(8) == 0)
		lock_release(model, self);
}

static void locks_give_up(struct actor *self)
{
	for (int i = 0; i < lock_count; i++)
		if (locks[i].owner == self)
			lock_release(&locks[i], self);
}

/* Every lock is free and of use. */
static void locks_finish(void)
{
	for (int i = 0; i < lock_count; i++) {
		bide_lock *lock = &locks[i].lock;

		EXPECT(locks[i].owner == NULL, "l%d is a%d's", i, locks[i].owner->number);
		EXPECT(!bide_lock_held(lock), "l%d is held by nobody", i);
		EXPECT(bide_lock_acquire(lock) == 0, "l%d can't be acquired", i);
		EXPECT(bide_lock_release(lock) == 0, "l%d can't be released", i);
	}
}

#endif
