/* SPDX-License-Identifier: MIT */

/*
 * sim_select.c - random programs of select over many queues, against a model of them
 *
 * BIDE_TEST_SEED=n replays one program and prints what it does; BIDE_TEST_LONG=1
 * runs ten thousand.
 */
#include "queue_storm.h"

#define CASES_MAX 12
#define NOT_SET 12345

/* One call of bide_select(), as it was made. */
struct choice {
	size_t n;
	bide_case cases[CASES_MAX];
	bide_case cases_before[CASES_MAX];
	struct model *models[CASES_MAX];        /* NULL: the case is switched off */
	struct cell cells[CASES_MAX];
	struct cell cells_before[CASES_MAX];
	bool is_ready[CASES_MAX];
	size_t ready_count;
	bide_time timeout;
};

static bide_time pick_timeout(void)
{
	switch (pick(4)) {
	case 0:
		return 0;
	case 1:
		return pick(8) == 0 ? -U : BIDE_FOREVER;
	default:
		return (1 + pick(3)) * U;
	}
}

/*
 * Gets and puts in all proportions, as both at once need seldom wait.
 *
 * A select that puts into the same queue by several cases puts the same item by
 * all of them: the model can't know by which, until the call has returned.
 */
static void make_choice(struct choice *choice, struct actor *self)
{
	unsigned bias = pick(5);

	for (int i = 0; i < sim.queue_count; i++)
		self->offered[i] = sim.next_item++;
	choice->n = 1 + pick(pick(3) == 0 ? CASES_MAX : 3);
	choice->timeout = pick_timeout();
	say(" select %d:", choice->timeout == BIDE_FOREVER ? -9 : (int)(choice->timeout / U));
	for (size_t i = 0; i < choice->n; i++) {
		struct model *model = pick(8) == 0 ? NULL : pick_queue();
		int op = pick(4) < bias ? BIDE_GET : BIDE_PUT;

		cell_clear(&choice->cells[i]);
		if (model != NULL && op == BIDE_PUT)
			cell_fill(&choice->cells[i], model, self->offered[model->number]);
		choice->models[i] = model;
		choice->cases[i] = (bide_case){
			.queue = model != NULL ? model->queue : NULL,
			.item = choice->cells[i].bytes,
			.op = op,
			.result = NOT_SET,
		};
		say(" %s q%d", op == BIDE_GET ? "get" : "put", model != NULL ? model->number : -1);
	}
	say(" (offers from #%u)\n", self->offered[0]);
	memcpy(choice->cases_before, choice->cases, sizeof choice->cases);
	memcpy(choice->cells_before, choice->cells, sizeof choice->cells);
}

static void find_ready(struct choice *choice)
{
	choice->ready_count = 0;
	for (size_t i = 0; i < choice->n; i++) {
		const struct model *model = choice->models[i];
		bool is_get = choice->cases[i].op == BIDE_GET;

		choice->is_ready[i] = model != NULL &&
		                      (is_get ? model_can_get(model) : model_can_put(model));
		choice->ready_count += choice->is_ready[i];
	}
}

static void wait_for_all(struct actor *self, const struct choice *choice)
{
	self->state = ACTOR_WAITS;
	self->timeout_at = BIDE_FOREVER;
	if (choice->timeout != BIDE_FOREVER)
		self->timeout_at = sim.now + choice->timeout;
	for (size_t i = 0; i < choice->n; i++) {
		struct model *model = choice->models[i];

		if (model == NULL)
			continue;
		line_add(choice->cases[i].op == BIDE_GET ? &model->getters : &model->putters, self);
	}
}

/* Every case but the one that happened is as it was, its item too. */
static void check_others(const struct actor *self, const struct choice *choice, ssize_t happened)
{
	for (size_t i = 0; i < choice->n; i++) {
		const struct cell *cell = &choice->cells[i];

		if ((ssize_t)i == happened)
			continue;
		EXPECT(memcmp(&choice->cases[i], &choice->cases_before[i], sizeof(bide_case)) == 0,
		       "a%d: case %zu has changed", self->number, i);
		EXPECT(memcmp(cell, &choice->cells_before[i], sizeof *cell) == 0,
		       "a%d: the item of case %zu has changed", self->number, i);
	}
}

static void check_happened(struct actor *self, const struct choice *choice, size_t i, int expected)
{
	const bide_case *happened = &choice->cases[i];
	const struct model *model = choice->models[i];
	const struct cell *cell = &choice->cells[i];

	EXPECT(happened->result == expected, "a%d: case %zu has %s, not %s", self->number, i,
	       ERR(happened->result), ERR(expected));
	if (expected == 0 && happened->op == BIDE_GET)
		check_got(self, model, cell, self->item);
	else
		EXPECT(memcmp(cell, &choice->cells_before[i], sizeof *cell) == 0,
		       "a%d: the item of case %zu has changed", self->number, i);
}

/* The call did not wait: it did one of the ready cases, and the model follows. */
static void check_at_once(struct actor *self, const struct choice *choice, ssize_t r)
{
	struct model *model;
	int expected;

	call_end(self, 0);
	EXPECT(r >= 0 && r < (ssize_t)choice->n && choice->is_ready[r],
	       "a%d: select gives %s, which is not ready", self->number, ERR(r));
	model = choice->models[r];
	if (choice->cases[r].op == BIDE_GET)
		expected = model_get(model, &self->item);
	else
		expected = model_put(model, self->offered[model->number]);
	check_happened(self, choice, (size_t)r, expected);
}

/* The call waited, or there was nothing that it might have done. */
static void check_later(struct actor *self, const struct choice *choice, ssize_t r, int expected)
{
	bool has_waited = self->state != ACTOR_RUNS;

	expected = call_end(self, expected);
	if (!has_waited || self->by == NULL) {
		EXPECT(r == expected, "a%d: select gives %s, not %s", self->number, ERR(r),
		       ERR(expected));
		return;
	}
	EXPECT(r >= 0 && r < (ssize_t)choice->n, "a%d: select gives %s", self->number, ERR(r));
	EXPECT(choice->models[r] == self->by, "a%d: q%d ended the select, not case %zd",
	       self->number, self->by->number, r);
	EXPECT(expected < 0 || choice->cases[r].op == self->op,
	       "a%d: select did case %zd, not its opposite", self->number, r);
	check_happened(self, choice, (size_t)r, expected);
}

static void do_select(struct actor *self)
{
	struct choice choice;
	int expected = 0;
	bool is_at_once = false;
	ssize_t r;

	call_begin(self);
	make_choice(&choice, self);
	find_ready(&choice);
	if (choice.timeout > 0 && bide_checkpoint() < 0)
		expected = -ECANCELED;
	else if (choice.ready_count > 0)
		is_at_once = true;
	else if (choice.timeout <= 0)
		expected = -EAGAIN;
	else
		wait_for_all(self, &choice);
	r = bide_select(choice.n, choice.cases, choice.timeout);
	say("%2d a%d => %s\n", case_now(), self->number, ERR(r));
	if (is_at_once)
		check_at_once(self, &choice, r);
	else
		check_later(self, &choice, r, expected);
	check_others(self, &choice, r);
	check_result(self, 0, 0);
}

static actor_move *const moves[] = {
	do_select,  do_select,  do_select,    do_select, do_select, do_select,       do_select,
	do_select,  do_select,  do_select,    do_put,    do_put,    do_get,          do_get,
	do_try_put, do_try_get, do_task_done, do_join,   do_yield,  do_sleep,        do_sleep,
	do_cancel,  do_cancel,  do_shutdown,  do_scope,  do_scope,  do_scope_cancel, do_timeout,
};

static void run_selects(uint64_t first)
{
	sim.name = "sim_select";
	sim.moves = moves;
	sim.move_count = sizeof moves / sizeof *moves;
	run_programs(first);
}

TEST(sim_select, follows_the_model_in_order_of_arrival)
{
	run_selects(1000);
}

/* Odd seeds shuffle the ready tasks. */
TEST(sim_select, follows_the_model_in_random_order)
{
	run_selects(1001);
}
