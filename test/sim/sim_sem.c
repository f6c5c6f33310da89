/* SPDX-License-Identifier: MIT */

/*
 * sim_sem.c - random programs over semaphores, against a model of them
 *
 * Actors give back mostly what they hold; now and then they make a permit out of
 * nothing, as any task may. `total` is what there must be, free or held, by what
 * the calls have returned.
 */
#include "model_storm.h"

#define PERMITS_MAX 5

struct sem_model {
	bide_sem sem;
	int number;
	size_t value;
	size_t max;
	size_t total;
	size_t held[ACTORS_MAX];
	struct line line;
};

static struct sem_model sems[OBJECTS_MAX];
static int sem_count;

static struct sem_model *pick_sem(void)
{
	return &sems[pick((unsigned)sem_count)];
}

/* Serves the waiters in order, up to the first one for whom there are too few. */
static void sem_serve(struct sem_model *model)
{
	struct actor *first;

	while ((first = line_first(&model->line)) != NULL && first->want <= model->value) {
		model->value -= first->want;
		actor_settle(first, 0);
	}
}

static void sem_left(struct line *line, struct actor *actor)
{
	(void)actor;
	sem_serve(line->object);
}

static void sems_make(void)
{
	sem_count = 1 + (int)pick(OBJECTS_MAX);
	memset(sems, 0, sizeof sems);
	for (int i = 0; i < sem_count; i++) {
		struct sem_model *model = &sems[i];
		size_t value = pick(PERMITS_MAX);

		model->number = i;
		model->line.object = model;
		model->line.left = sem_left;
		model->max = pick(2) == 0 ? 1 + pick(PERMITS_MAX) : 0;
		model->value = model->max > 0 && value > model->max ? model->max : value;
		model->total = model->value;
		if (value > 0 || model->max > 0)
			bide_sem_init(&model->sem, value, model->max);
		say("s%d: %zu permits, at most %zu\n", i, value, model->max);
	}
}

/* Permits that are an actor's, whether its call has returned yet or not. */
static size_t count_taken(const struct sem_model *model)
{
	size_t taken = 0;

	for (int i = 0; i < sim.actor_count; i++) {
		const struct actor *actor = &sim.actors[i];

		taken += model->held[i];
		if (actor->state == ACTOR_SETTLED && actor->line == &model->line &&
		    actor->result == 0)
			taken += actor->want;
	}
	return taken;
}

static void sems_check(void)
{
	for (int i = 0; i < sem_count; i++) {
		const struct sem_model *model = &sems[i];
		const struct actor *first = line_first(&model->line);

		EXPECT(model->max == 0 || model->value <= model->max, "s%d: too many are free", i);
		EXPECT(first == NULL || first->want > model->value,
		       "s%d: a%d waits though there is enough for it", i, first->number);
		EXPECT(model->value + count_taken(model) == model->total,
		       "s%d: %zu free and %zu taken of %zu", i, model->value, count_taken(model),
		       model->total);
	}
}

static bool sem_has(const struct sem_model *model, size_t n)
{
	return model->line.count == 0 && n <= model->value;
}

/* The call gets n permits at once. */
static void sem_take(struct sem_model *model, struct actor *self, size_t n)
{
	model->value -= n;
	call_settle(self, 0);
	self->line = &model->line;
	self->want = n;
}

/* Tells the model that n permits are asked for. */
static void sem_ask(struct sem_model *model, struct actor *self, size_t n)
{
	if (actor_is_cut(self))
		call_settle(self, -ECANCELED);
	else if (model->max > 0 && n > model->max)
		call_settle(self, -EINVAL);
	else if (!sem_has(model, n))
		actor_wait(self, &model->line, n);
	else
		sem_take(model, self, n);
}

static void do_acquire(struct actor *self)
{
	struct sem_model *model = pick_sem();

	call_begin(self);
	say(" acquire(s%d)\n", model->number);
	sem_ask(model, self, 1);
	if (call_end(self, bide_sem_acquire(&model->sem)) == 0)
		model->held[self->number]++;
}

static void do_acquire_many(struct actor *self)
{
	struct sem_model *model = pick_sem();
	size_t n = pick(PERMITS_MAX);

	call_begin(self);
	say(" acquire(s%d, %zu)\n", model->number, n);
	sem_ask(model, self, n);
	if (call_end(self, bide_sem_acquire_many(&model->sem, n)) == 0)
		model->held[self->number] += n;
}

static void do_try(struct actor *self)
{
	struct sem_model *model = pick_sem();

	call_begin(self);
	say(" try(s%d)\n", model->number);
	if (sem_has(model, 1))
		sem_take(model, self, 1);
	else
		call_settle(self, -EAGAIN);
	if (call_end(self, bide_sem_try(&model->sem)) == 0)
		model->held[self->number]++;
}

/* How many would be free when n more have been given to those who wait. */
static size_t sem_value_after(const struct sem_model *model, size_t n)
{
	size_t value = model->value + n;

	for (int i = 0; i < model->line.count && model->line.actors[i]->want <= value; i++)
		value -= model->line.actors[i]->want;
	return value;
}

static void sem_release(struct sem_model *model, struct actor *self, size_t n)
{
	size_t *held = &model->held[self->number];
	size_t returned = n < *held ? n : *held;

	call_begin(self);
	say(" release(s%d, %zu), has %zu\n", model->number, n, *held);
	if (model->max > 0 && sem_value_after(model, n) > model->max) {
		call_settle(self, -EOVERFLOW);
	} else {
		call_settle(self, 0);
		model->value += n;
		model->total += n - returned;
		*held -= returned;
		sem_serve(model);
	}
	if (n == 1 && pick(2) == 0)
		call_end(self, bide_sem_release(&model->sem));
	else
		call_end(self, bide_sem_release_many(&model->sem, n));
}

/* Releases some of what the actor holds; one in six more than that. */
static void do_release(struct actor *self)
{
	struct sem_model *model = pick_sem();
	size_t n;

	for (int i = 0; model->held[self->number] == 0 && i < sem_count; i++)
		if (sems[i].held[self->number] > 0)
			model = &sems[i];
	n = pick((unsigned)model->held[self->number] + 1);
	if (pick(6) == 0)
		sem_release(model, self, n + pick(PERMITS_MAX));
	else if (n > 0)
		sem_release(model, self, n);
}

/* What others have given back for the actor may have filled the semaphore up. */
static void sems_give_up(struct actor *self)
{
	for (int i = 0; i < sem_count; i++) {
		struct sem_model *model = &sems[i];
		size_t *held = &model->held[self->number];

		if (*held > 0)
			sem_release(model, self, *held);
		model->total -= *held;
		*held = 0;
	}
}

/* What is free can be taken, and no more. */
static void sems_finish(void)
{
	for (int i = 0; i < sem_count; i++) {
		struct sem_model *model = &sems[i];

		EXPECT(model->line.count == 0, "s%d: somebody waits still", i);
		EXPECT(bide_sem_acquire_many(&model->sem, model->value) == 0,
		       "s%d: no %zu permits are free", i, model->value);
		EXPECT(bide_sem_try(&model->sem) == -EAGAIN, "s%d: more than %zu permits are free",
		       i, model->value);
	}
}

static actor_move *const moves[] = {
	do_acquire, do_acquire, do_acquire, do_acquire_many, do_acquire_many, do_try,
	do_release, do_release, do_release, do_release,      do_release,      do_yield,
	do_sleep,   do_sleep,   do_cancel,  do_scope,        do_timeout,      do_scope_cancel,
};

static const struct model_kind kind = {
	.name = "sim_sem",
	.moves = moves,
	.move_count = sizeof moves / sizeof *moves,
	.make = sems_make,
	.check = sems_check,
	.give_up = sems_give_up,
	.finish = sems_finish,
};

MODEL_TESTS(sim_sem, kind)
