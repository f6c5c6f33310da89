/* SPDX-License-Identifier: MIT */

/*
 * sim_cond.c - random programs over conditions and their locks, against a model
 *
 * Who waits for a condition moves, when it is notified or cancelled, into the line
 * of the lock, where no cancellation reaches it any more.
 */
#include "lock_model.h"

struct cond_model {
	bide_cond cond;
	int number;
	struct lock_model *lock;
	struct line line;
};

static struct cond_model conds[OBJECTS_MAX];
static int cond_count;

static struct cond_model *pick_cond(void)
{
	return &conds[pick((unsigned)cond_count)];
}

/* The wait is over; the actor is next for the lock, behind those who wait for that. */
static void cond_relock(struct cond_model *model, struct actor *actor, int result)
{
	actor_wait(actor, &model->lock->line, 1);
	actor->is_deaf = true;
	actor->result = result;
	if (model->lock->owner == NULL)
		lock_pass(model->lock);
}

static void cond_left(struct line *line, struct actor *actor)
{
	cond_relock(line->object, actor, -ECANCELED);
}

static void conds_make(void)
{
	locks_make();
	cond_count = 1 + (int)pick(OBJECTS_MAX);
	memset(conds, 0, sizeof conds);
	for (int i = 0; i < cond_count; i++) {
		conds[i].number = i;
		conds[i].lock = pick_lock();
		conds[i].line.object = &conds[i];
		conds[i].line.left = cond_left;
		say("c%d: with l%d\n", i, conds[i].lock->number);
	}
}

/* Waits, which is a mistake where the actor does not hold the lock. */
static void cond_wait(struct cond_model *model, struct actor *self)
{
	struct lock_model *lock = model->lock;
	bool has_lock = lock->owner == self;
	int r;

	call_begin(self);
	say(" wait(c%d)\n", model->number);
	if (!has_lock) {
		call_settle(self, -EPERM);
	} else if (actor_is_cut(self)) {
		call_settle(self, -ECANCELED);
	} else {
		actor_wait(self, &model->line, 1);
		lock_pass(lock);
	}

	r = call_end(self, bide_cond_wait(&model->cond, &lock->lock));
	EXPECT((lock->owner == self) == has_lock, "a%d: the lock was another's", self->number);
	if (has_lock && lock->holder != self)
		lock_note_held(lock, self);
	EXPECT(!has_lock || bide_lock_try(&lock->lock) == -EDEADLK,
	       "a%d does not hold l%d after %s", self->number, lock->number, ERR(r));
	locks_compare();
}

/* Waits for a condition whose lock the actor holds, if any; one in eight any. */
static void do_wait(struct actor *self)
{
	struct cond_model *model = pick_cond();

	for (int i = 0; model->lock->owner != self && i < cond_count; i++)
		if (conds[i].lock->owner == self)
			model = &conds[i];
	if (model->lock->owner == self || pick(8) == 0)
		cond_wait(model, self);
}

/* Acquires a condition's lock and waits, as most do. */
static void do_acquire_and_wait(struct actor *self)
{
	struct cond_model *model = pick_cond();

	if (model->lock->owner == self) {
		cond_wait(model, self);
		return;
	}
	call_begin(self);
	say(" acquire(l%d) for c%d\n", model->lock->number, model->number);
	lock_ask(model->lock, self);
	if (call_end(self, bide_lock_acquire(&model->lock->lock)) < 0)
		return;
	lock_note_held(model->lock, self);
	cond_wait(model, self);
}

/* Returns how many of n were there to be notified. */
static int cond_notify(struct cond_model *model, size_t n)
{
	int count = 0;

	for (; n > 0 && model->line.count > 0; n--) {
		struct actor *first = line_first(&model->line);

		actor_settle(first, 0);
		cond_relock(model, first, 0);
		count++;
	}
	return count;
}

static void do_notify(struct actor *self)
{
	struct cond_model *model = pick_cond();
	size_t n = pick(4);

	call_begin(self);
	say(" notify(c%d, %zu)\n", model->number, n);
	call_settle(self, cond_notify(model, n));
	call_end(self, bide_cond_notify(&model->cond, n));
	locks_compare();
}

static void do_notify_all(struct actor *self)
{
	struct cond_model *model = pick_cond();

	call_begin(self);
	say(" notify_all(c%d)\n", model->number);
	call_settle(self, cond_notify(model, ACTORS_MAX));
	call_end(self, bide_cond_notify_all(&model->cond));
	locks_compare();
}

static void conds_finish(void)
{
	for (int i = 0; i < cond_count; i++) {
		EXPECT(conds[i].line.count == 0, "c%d: somebody waits still", i);
		EXPECT(bide_cond_notify_all(&conds[i].cond) == 0, "c%d: nobody waits", i);
	}
	locks_finish();
}

static actor_move *const moves[] = {
	do_acquire,
	do_acquire_and_wait,
	do_acquire_and_wait,
	do_wait,
	do_wait,
	do_wait,
	do_try,
	do_notify,
	do_notify,
	do_notify,
	do_yield,
	do_notify_all,
	do_sleep,
	do_sleep,
	do_release,
	do_release,
	do_scope,
	do_release,
	do_cancel,
	do_timeout,
	do_scope_cancel,
};

static const struct model_kind kind = {
	.name = "sim_cond",
	.moves = moves,
	.move_count = sizeof moves / sizeof *moves,
	.make = conds_make,
	.check = locks_check,
	.give_up = locks_give_up,
	.finish = conds_finish,
};

MODEL_TESTS(sim_cond, kind)
