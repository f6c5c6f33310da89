/* SPDX-License-Identifier: MIT */

/* sim_lock.c - random programs over locks, against a model of them */
#include "lock_model.h"

/* Acquires by the block, sleeps inside, releases by leaving it. */
static void do_with_lock(struct actor *self)
{
	struct lock_model *model = pick_lock();
	bool was_inside = false;

	call_begin(self);
	say(" with(l%d) {\n", model->number);
	lock_ask(model, self);
	BIDE_WITH_LOCK(&model->lock) {
		was_inside = true;
		call_end(self, 0);
		lock_note_held(model, self);
		do_sleep(self);
		call_begin(self);
		say(" }\n");
		lock_pass(model);
		if (pick(2) == 0)
			break;
	}
	/* The block tells no error code, so any will do. */
	catch_up();
	if (!was_inside)
		call_end(self, self->result < 0 ? self->result : -EINVAL);
	locks_compare();
}

static actor_move *const moves[] = {
	do_acquire,   do_acquire, do_acquire, do_acquire, do_try,     do_with_lock,
	do_with_lock, do_release, do_release, do_release, do_release, do_yield,
	do_sleep,     do_sleep,   do_cancel,  do_scope,   do_timeout, do_scope_cancel,
};

static const struct model_kind kind = {
	.name = "sim_lock",
	.moves = moves,
	.move_count = sizeof moves / sizeof *moves,
	.make = locks_make,
	.check = locks_check,
	.give_up = locks_give_up,
	.finish = locks_finish,
};

MODEL_TESTS(sim_lock, kind)
