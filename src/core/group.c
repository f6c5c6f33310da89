/* SPDX-License-Identifier: MIT */

/*
 * group.c - tasks that have ended before the code that opened their group goes on
 *
 * A group is a scope around the opener's code, and a list of tasks. It goes down
 * once: at the first failure, at bide_group_cancel(), or where its opener is
 * cancelled while it closes. Then its tasks are cancelled in order of spawning,
 * then the opener's code, and it takes no more tasks.
 *
 * What can be handed to one who waits is handed over at once: an ended task to
 * bide_group_next(), a free place to bide_group_spawn(). So nobody overtakes, and
 * a cancellation that comes later takes nothing back.
 *
 * Invariants
 *   P1  running holds running_count tasks, in order of spawning; ended holds those
 *       that are still to be given by bide_group_next(), in order of ending.
 *   P2  running_count + promised_count <= limit, but for tasks that were there
 *       when the limit was set.
 *   P3  Somebody waits in takers only while ended is empty, and in spawners only
 *       while no place is free.
 */
#include "core/join.h"
#include "core/scope.h"

/* One in bide_group_next(). */
struct taker {
	struct waiter waiter;
	bide_group *group;
	struct bide_task *taken;        /* NULL: none was left */
	bool is_member;                 /* it runs in the group itself */
};

/* One in bide_group_start(). */
struct start {
	struct join join;
	void *value;
	bool is_started;                /* else the task has ended, and is ours to give back */
	bool is_abandoned;              /* its caller was cancelled */
};

void bide_group_open(bide_group *group)
{
	bide_group_open_with(group, 0);
}

void bide_group_open_with(bide_group *group, unsigned flags)
{
	struct bide_task *self = task_current();

	bide__check((flags & ~(unsigned)(BIDE_KEEP_GOING | BIDE_REAP)) == 0,
	            "bide_group_open_with: %#x has unknown flags", flags);
	*group = (bide_group){ .owner = self, .flags = flags, .limit = SIZE_MAX };
	if (self == NULL)
		return;
	list_init(&group->running);
	list_init(&group->ended);
	list_init(&group->given);
	bide__scope_push(&group->scope, self);
	group->scope.is_group = true;
}

static void group_check_open(const bide_group *group, const char *caller)
{
	bide__check(group->owner != NULL, "%s: the group is not open", caller);
}

/* Gives free places to those who wait for them. */
static void places_offer(bide_group *group)
{
	while (group->running_count + group->promised_count < group->limit &&
	       bide__waitq_wake_one(&group->spawners, 0))
		group->promised_count++;
}

void bide_group_limit(bide_group *group, size_t n)
{
	group->limit = n > 0 ? n : SIZE_MAX;
	if (group->owner != NULL)
		places_offer(group);
}

static void group_take_down(bide_group *group)
{
	struct bide_node *node;

	if (group->is_down)
		return;
	group->is_down = true;
	for (node = group->running.next; node != &group->running; node = node->next)
		(void)bide_cancel(container_of(node, struct bide_task, group_node));
	bide__waitq_wake_all(&group->spawners, -ECANCELED);
	if (group->scope.task != NULL)
		bide_scope_cancel(&group->scope);
}

void bide_group_cancel(bide_group *group)
{
	if (group->owner == NULL && task_current() == NULL)
		return;
	group_check_open(group, "bide_group_cancel");
	group->was_canceled = true;
	group_take_down(group);
}

void bide__group_add(bide_group *group, struct bide_task *task)
{
	list_push_back(&group->running, &task->group_node);
	group->running_count++;
}

/*
 * Whether a task may still come for bide_group_next(). One of the group's own that
 * waits in there does not count: it cannot end before it has gone on.
 */
static bool group_has_more(const bide_group *group)
{
	return group->running_count > group->member_takers || group->promised_count > 0;
}

/* Takes the waiting taker out of the queue, with what it gets; NULL: none is left. */
static void taker_serve(struct taker *taker, struct bide_task *task)
{
	bide_group *group = taker->group;

	taker->taken = task;
	group->member_takers -= taker->is_member;
	group->served_takers++;
	list_remove(&taker->waiter.node);
	bide__settle(&taker->waiter, 0);
}

static bool taker_withdraw(struct waiter *waiter)
{
	struct taker *taker = container_of(waiter, struct taker, waiter);

	taker->group->member_takers -= taker->is_member;
	return bide__waitq_withdraw(waiter);
}

/*
 * Sends away those for whom nobody will come: the group's own where only such are
 * left, the opener where nobody is.
 */
static void takers_send_away(bide_group *group)
{
	struct bide_node *node = group->takers.waiters.next;

	if (group_has_more(group))
		return;
	while (node != NULL && node != &group->takers.waiters) {
		struct taker *taker = container_of(node, struct taker, waiter.node);

		node = node->next;
		if (taker->is_member || group->running_count == 0)
			taker_serve(taker, NULL);
	}
}

/*
 * Whether the group is still needed: by its tasks, by who is about to spawn one, or by
 * who has been served and yet has to run.
 */
static bool group_is_needed(const bide_group *group)
{
	return group->running_count > 0 || group->promised_count > 0 || group->served_takers > 0;
}

/* Lets those go on who can, now that a task has ended or a place is free. */
static void group_note_change(bide_group *group)
{
	places_offer(group);
	takers_send_away(group);
	if (!group_is_needed(group))
		(void)bide__waitq_wake_one(&group->closer, 0);
}

static void ended_offer(bide_group *group, struct bide_task *task)
{
	struct bide_node *first = group->takers.waiters.next;

	if (list_is_empty(&group->takers.waiters))
		list_push_back(&group->ended, &task->group_node);
	else
		taker_serve(container_of(first, struct taker, waiter.node), task);
}

void bide__group_note_end(bide_group *group, struct bide_task *task)
{
	bool is_starting = task->flags & TASK_START_PENDING;

	list_remove(&task->group_node);
	group->running_count--;
	if (group->flags & GROUP_REPORT)
		bide__task_report_failure(task_loop(task), task);
	if (task_has_failed(task) && !is_starting) {
		if (group->failure == 0 && !group->was_canceled)
			group->failure = task->result;
		if (!(group->flags & BIDE_KEEP_GOING))
			group_take_down(group);
	}

	/* One that has not started is bide_group_start()'s to give back. */
	if (is_starting)
		task->group = NULL;
	else if (group->flags & BIDE_REAP)
		bide__task_give_back(task);
	else
		ended_offer(group, task);

	group_note_change(group);
}

/* Waits for a place in a group with a limit. Returns 0 with a place promised, or a failure. */
static int place_acquire(bide_group *group, struct bide_task *self)
{
	int r = cancellation_point(self);

	if (r < 0)
		return r;
	if (group->is_down)
		return -ECANCELED;
	if (group->running_count + group->promised_count < group->limit) {
		group->promised_count++;
		return 0;
	}
	return bide__waitq_park(&group->spawners, PARK_GROUP_SPAWN, group);
}

int bide__group_await_place(bide_group *group)
{
	int r = place_acquire(group, task_current());

	group->promised_count -= r == 0;
	return r;
}

/* Spawns into the group, waiting for a place where it has a limit. */
static int group_spawn(const struct spawn *how, struct bide_task **ret)
{
	bide_group *group = how->group;
	struct bide_task *self = task_current();
	bool has_place = false;
	int r;

	if (self == NULL)
		return -EPERM;
	group_check_open(group, "bide_group_spawn");
	if (group->limit != SIZE_MAX) {
		r = place_acquire(group, self);
		if (r < 0)
			return r;
		has_place = true;
	}

	/* Nothing suspends between the promise's end and the task's being there. */
	group->promised_count -= has_place;
	r = group->is_down ? -ECANCELED : bide__task_spawn(how, ret);
	if (has_place && r < 0)
		group_note_change(group);
	return r;
}

bide_task *bide_group_spawn(bide_group *group, bide_fn *fn, void *arg)
{
	return bide_group_spawn_with(group, NULL, fn, arg);
}

bide_task *bide_group_spawn_copy(bide_group *group, bide_fn *fn, const void *arg, size_t n)
{
	const bide_task_options options = { .copy = n };

	return bide_group_spawn_with(group, &options, fn, (void *)arg);
}

bide_task *bide_group_spawn_with(bide_group *group, const bide_task_options *options, bide_fn *fn,
                                 void *arg)
{
	const struct spawn how = { .fn = fn, .arg = arg, .options = options, .group = group };
	struct bide_task *task;
	int r = group_spawn(&how, &task);

	return r < 0 ? bide__null_with(-r) : task;
}

/* The handles that bide_group_next() has given are not good any longer. */
static void given_release(bide_group *group)
{
	while (!list_is_empty(&group->given)) {
		struct bide_node *first = list_pop_front(&group->given);

		bide__task_give_back(container_of(first, struct bide_task, group_node));
	}
}

/* Waits for the next task that ends. Returns 0, also where none is left, or -ECANCELED. */
static int taker_park(bide_group *group, struct taker *taker)
{
	int r;

	group->member_takers += taker->is_member;
	/* Where the last of the group's own begins to wait, nobody will come for any
	 * of them. */
	if (!group_has_more(group)) {
		takers_send_away(group);
		group->member_takers -= taker->is_member;
		return 0;
	}
	list_push_back(&group->takers.waiters, &taker->waiter.node);
	r = bide__park_interruptible(&taker->waiter);
	if (r == 0) {
		group->served_takers--;
		group_note_change(group);
	}
	return r;
}

bide_task *bide_group_next(bide_group *group)
{
	struct bide_task *self = task_current();
	struct taker taker = {
		.waiter = {
			.withdraw = taker_withdraw,
			.object = group,
			.reason = PARK_GROUP_NEXT,
		},
		.group = group,
	};
	int r = cancellation_point(self);

	if (r == -EPERM)
		return bide__null_with(EPERM);
	group_check_open(group, "bide_group_next");
	if (group->flags & BIDE_REAP)
		return bide__null_with(EINVAL);
	given_release(group);
	if (r < 0)
		return bide__null_with(ECANCELED);

	taker.is_member = self->group == group;
	if (!list_is_empty(&group->ended)) {
		struct bide_node *first = list_pop_front(&group->ended);

		taker.taken = container_of(first, struct bide_task, group_node);
	} else if (group_has_more(group)) {
		if (taker_park(group, &taker) < 0)
			return bide__null_with(ECANCELED);
	}
	if (taker.taken == NULL)
		return bide__null_with(0);
	list_push_back(&group->given, &taker.taken->group_node);
	return taker.taken;
}

static bool start_withdraw(struct waiter *waiter)
{
	(void)waiter;                   /* the task knows it, no queue does */
	return true;
}

/* Waits until the task has told that it started, or has ended. */
static int start_wait(struct start *start, struct bide_task *task)
{
	if (start->join.left == 0)
		return 0;
	start->join.waiter.withdraw = start_withdraw;
	/* The caller may have been cancelled while it waited for its place. A start
	 * that came behind a cancellation, before we ran, is one all the same (W3). */
	if (!start->join.waiter.task->is_interrupted && bide__park(&start->join.waiter) == 0)
		return 0;
	if (start->is_started)
		return 0;

	start->is_abandoned = true;
	(void)bide_cancel(task);
	start->join.waiter.withdraw = NULL;
	while (start->join.left > 0)
		(void)bide__park(&start->join.waiter);
	return -ECANCELED;
}

int bide_group_start(bide_group *group, bide_fn *fn, void *arg, void **value)
{
	struct bide_task *self = task_current();
	struct start start = {
		.join = {
			.waiter = { .task = self, .object = group, .reason = PARK_GROUP_START },
			.left = 1,
		},
	};
	const struct spawn how = {
		.fn = fn,
		.arg = arg,
		.group = group,
		.joiner = &start.join,
		.flags = TASK_START_PENDING,
	};
	struct bide_task *task;
	int r = cancellation_point(self);

	if (r < 0)
		return r;
	r = group_spawn(&how, &task);
	if (r < 0)
		return r;

	r = start_wait(&start, task);
	if (!start.is_started) {
		int result = task->result;

		task->joiner = NULL;
		bide__task_give_back(task);
		return r < 0 ? bide__cut_short(self) : result;
	}
	if (value != NULL)
		*value = start.value;
	return 0;
}

int bide_started(void *value)
{
	struct bide_task *self = task_current();
	struct start *start;

	if (self == NULL)
		return -EPERM;
	if (!(self->flags & TASK_START_PENDING))
		return -EINVAL;
	start = container_of(self->joiner, struct start, join);
	if (start->is_abandoned)
		return -ECANCELED;

	start->value = value;
	start->is_started = true;
	self->flags &= (uint16_t)~TASK_START_PENDING;
	join_note_end(self->joiner);
	self->joiner = NULL;
	return 0;
}

/*
 * Where a task of the group waits, straight or through others, for the end of the
 * opener, who is about to wait for the group: breaks that off.
 */
static void cycle_break(struct bide_task *owner)
{
	struct bide_task *task = owner;
	struct bide_task *joined = NULL;

	do {
		if (joined == NULL && task->joiner != NULL &&
		    task->joiner->waiter.reason != PARK_GROUP_START)
			joined = task;
		task = bide__task_awaited_by(task);
	} while (task != NULL && task != owner);
	if (task == owner && joined != NULL)
		bide__join_refuse(joined);
}

/* Returns 0 once all have ended, -ECANCELED where the opener was cancelled as well. */
static int close_wait(bide_group *group, struct bide_task *self)
{
	struct waiter waiter = {
		.withdraw = bide__waitq_withdraw,
		.object = group,
		.reason = PARK_GROUP_CLOSE,
	};
	bool is_canceled = self->is_interrupted;

	for (;;) {
		if (is_canceled) {
			group_take_down(group);
			waiter.withdraw = NULL;
		}
		if (!group_is_needed(group))
			return is_canceled ? -ECANCELED : 0;
		list_push_back(&group->closer.waiters, &waiter.node);
		if (bide__park(&waiter) == -ECANCELED)
			is_canceled = true;
		/* Whoever waited for a place may have come in behind our wake-up. */
		else if (group_is_needed(group) && self->is_interrupted)
			is_canceled = true;
	}
}

int bide_group_close(bide_group *group)
{
	struct bide_task *self = task_current();
	uint64_t switches;
	int r;

	if (self == NULL && group->owner == NULL)
		return -EPERM;
	group_check_open(group, "bide_group_close");
	bide__check(self == group->owner && self->scope == &group->scope,
	            "bide_group_close: the group is not the innermost one that the task has "
	            "opened; scopes and groups are left in the reverse order of entering them");

	switches = bide__loop->switches;
	(void)bide__scope_pop(&group->scope, self);     /* the group's result tells why */
	group->in_close = true;
	self->flags |= TASK_IN_JOIN;
	cycle_break(self);
	r = close_wait(group, self);
	self->flags &= (uint16_t)~TASK_IN_JOIN;

	given_release(group);
	while (!list_is_empty(&group->ended)) {
		struct bide_node *first = list_pop_front(&group->ended);

		bide__task_give_back(container_of(first, struct bide_task, group_node));
	}
	group->in_close = false;
	group->owner = NULL;
	if (group->failure < 0)
		return group->failure;
	if (r < 0)
		return canceled_since(self, switches);
	self->refusals = 0;
	return 0;
}
