/* SPDX-License-Identifier: MIT */

/*
 * schedule.c - which task gets the thread next
 *
 * A task that parks or ends hands the thread straight to the next one in the ready
 * ring. Only where the round is over, or the next task needs more than a switch,
 * does the scheduler run, on the thread's own stack. While tasks keep each other
 * ready, a parking task also begins the next round by itself, unless something
 * from outside wants attention or the last look at I/O and timers is too long ago.
 *
 * A task that runs for the first time takes over the stack of one that has just
 * ended, without a switch.
 *
 * Invariants
 *   R1  loop->current is set before its task runs, by whoever switches to it.
 *   R2  The tasks of this round are those from ready.head up to round_end.
 */
#include "base/random.h"
#include "core/loop.h"

/* How far ahead of their turn tasks are fetched into the cache. */
#define PREFETCH_TASK 8
#define PREFETCH_STACK 4

/* How many steps of tasks may go by between two looks at the processor's counter. */
#define UNTIMED_STEPS_MAX 8

/* Swaps a random task of the round to its head, unless the head is not to be overtaken. */
static void round_shuffle(bide_loop *loop)
{
	struct ring *ready = &loop->ready;
	struct bide_task *first = *ring_slot(ready, ready->head);
	uint64_t chosen;

	if (first->flags & TASK_NEXT_IN_TURN)
		return;
	chosen = ready->head + random_next(&loop->random) % (loop->round_end - ready->head);
	*ring_slot(ready, ready->head) = *ring_slot(ready, chosen);
	*ring_slot(ready, chosen) = first;
}

static inline bool is_look_due(const bide_loop *loop, uint64_t ticks)
{
	return ticks - loop->clock.looked_ticks >= loop->look_interval;
}

/*
 * Reads the counter, and sets how many steps may go by until it is read again: where
 * little time has passed since it was read last, twice as many as then, up to
 * UNTIMED_STEPS_MAX. How long a step is going to take is anybody's guess, and the best
 * one is what the last ones took.
 */
static __attribute__((noinline)) bool steps_are_over(bide_loop *loop, uint64_t steps)
{
	uint64_t ticks = bide__ticks();
	uint64_t passed = ticks - loop->timed_at;
	uint64_t limit = loop->untimed_limit * 2 + 1;

	if (limit > UNTIMED_STEPS_MAX)
		limit = UNTIMED_STEPS_MAX;
	if (passed >= loop->look_interval / 2)
		limit = 0;
	loop->timed_at = ticks;
	loop->untimed_limit = limit;
	loop->untimed_left = limit > steps ? limit - steps : 0;
	return is_look_due(loop, ticks);
}

/* Whether the round that has ended is to be followed by a look at I/O and timers. */
static inline bool round_is_due(bide_loop *loop, uint64_t steps)
{
	if (loop->round_is_timed) {
		loop->round_is_timed = false;
		return is_look_due(loop, bide__ticks());
	}
	if (unlikely(steps > loop->untimed_left))
		return steps_are_over(loop, steps);
	loop->untimed_left -= steps;
	return false;
}

/* Whether the next round may begin without a look at I/O and timers. */
static inline bool round_renew(bide_loop *loop)
{
	uint64_t steps = loop->ready.tail - loop->ready.head;

	if (steps == 0)
		return false;
	if (__atomic_load_n(&loop->attention, __ATOMIC_RELAXED))
		return false;
	if (round_is_due(loop, steps))
		return false;
	loop->round_end = loop->ready.tail;
	loop->round_count++;
	return true;
}

/* gcc drops the call of a function that does nothing else, unless it must be inlined. */
static inline __attribute__((always_inline)) void prefetch(const bide_loop *loop)
{
	const struct ring *ready = &loop->ready;
	uint64_t ahead = ready->tail - ready->head;

	/* The slots behind tail hold tasks of earlier rounds or nothing, so they
	 * must not be followed. */
	if (ahead > PREFETCH_TASK) {
		const struct bide_task *next = *ring_slot(ready, ready->head + PREFETCH_STACK);
		uintptr_t stands = (uintptr_t)next->context.sp;

		__builtin_prefetch(*ring_slot(ready, ready->head + PREFETCH_TASK));
		if (next->state == TASK_NEW) {
			__builtin_prefetch((const char *)next + 64);
			__builtin_prefetch((const char *)next + 128);
		} else {
			__builtin_prefetch((const void *)(stands));
			__builtin_prefetch((const void *)(stands + 64));
			__builtin_prefetch((const void *)(stands + 128));
		}
	}
}

/* The next task of the round, NULL where the scheduler is to go on. */
static inline struct bide_task *pick(bide_loop *loop)
{
	if (unlikely(!loop->is_direct))
		return NULL;
	if (loop->ready.head == loop->round_end && !round_renew(loop))
		return NULL;
	prefetch(loop);
	return ring_pop(&loop->ready);
}

static void run(bide_loop *loop, struct bide_task *task)
{
	loop->current = task;
	loop->switches++;
	context_switch(&loop->scheduler, &task->context);
	loop->current = NULL;
}

/* Its first step lies ahead: NEW becomes ACTIVE. */
static inline void task_adopt_stack(struct bide_task *task, stack *own)
{
	task->waiter = NULL;
	task->scope = NULL;
	task->stack = own;
	task->state = TASK_ACTIVE;
}

int bide__schedule_begin(bide_loop *loop, struct bide_task *task)
{
	struct stack_pool *pool = &loop->pools[task->pool_index];
	stack *own = stack_acquire(pool);

	if (own == NULL)
		return -ENOMEM;
	task_adopt_stack(task, own);
	bide__context_init(&task->context, own->low, stack_usable(own), bide__task_main,
	                   &own->fiber);
	return 0;
}

/* Gives the task, which was picked, the thread from the scheduler. */
static void dispatch(bide_loop *loop, struct bide_task *task)
{
	if (task->state == TASK_NEW) {
		bool may_run = task->cancel_count == 0 || (task->flags & TASK_POSTED);
		int r = may_run ? bide__schedule_begin(loop, task) : -ECANCELED;

		if (r < 0) {
			bide__task_end_unstarted(task, r);
			return;
		}
	}
	task->flags &= (uint16_t)~TASK_NEXT_IN_TURN;
	run(loop, task);
}

static void dispatch_timed(bide_loop *loop, struct bide_task *task)
{
	bide_time limit = loop->options.slow_task;
	bide_time begun = loop_clock(loop);
	bide_time held;
	char name[128];

	if (limit == 0) {
		dispatch(loop, task);
		return;
	}
	/* It may be gone afterwards. */
	(void)__builtin_snprintf(name, sizeof name, "%s", bide_name(task));
	dispatch(loop, task);
	held = loop_clock(loop) - begun;
	if (held > limit)
		bide__report("task '%s' held the thread for %lld ms", name,
		             (long long)(held / BIDE_MILLISECOND));
}

void bide__schedule_round(bide_loop *loop)
{
	uint64_t steps = loop->ready.tail - loop->ready.head;

	loop->untimed_left -= steps < loop->untimed_left ? steps : loop->untimed_left;
	loop->round_end = loop->ready.tail;
	loop->round_count++;
	while (loop->ready.head != loop->round_end) {
		if (loop->options.flags & BIDE_SHUFFLE)
			round_shuffle(loop);
		if (loop->is_direct)
			dispatch(loop, ring_pop(&loop->ready));
		else
			dispatch_timed(loop, ring_pop(&loop->ready));
	}
}

/*
 * Out of line and small, so that few registers are saved for the switch, and all
 * parked tasks stand at the same place.
 */
__attribute__((noinline)) int bide__suspend(bide_loop *loop, struct bide_task *self)
{
	struct bide_task *next = pick(loop);

	if (next == self)
		return 0;
	if (likely(next != NULL && next->state == TASK_ACTIVE)) {
		loop->current = next;
		loop->switches++;
		context_switch(&self->context, &next->context);
		return 0;
	}
	if (next != NULL && next->cancel_count == 0 && bide__schedule_begin(loop, next) == 0) {
		loop->current = next;
		loop->switches++;
		context_switch(&self->context, &next->context);
		return 0;
	}
	/* The scheduler ends what cannot begin. */
	if (next != NULL)
		ring_push_front(&loop->ready, next);
	context_switch(&self->context, &loop->scheduler);
	return 0;
}

struct context *bide__schedule_successor(bide_loop *loop, stack *own, unsigned pool_index)
{
	struct bide_task *next = pick(loop);

	if (likely(next != NULL && next->state == TASK_NEW)) {
		if (next->pool_index == pool_index && next->cancel_count == 0) {
			task_adopt_stack(next, own);
			context_adopt(&next->context, own->low, stack_usable(own), own->fiber);
			loop->current = next;
			loop->switches++;
			return NULL;
		}
		ring_push_front(&loop->ready, next);
		next = NULL;
	}

	stack_release(&loop->pools[pool_index], own);
	if (next == NULL)
		return &loop->scheduler;
	loop->current = next;
	loop->switches++;
	return &next->context;
}

void bide__schedule_eager(bide_loop *loop, struct bide_task *task)
{
	struct bide_task *self = loop->current;

	/* Whatever the task does first, its spawner is next. */
	self->flags |= TASK_NEXT_IN_TURN;
	ring_push_front(&loop->ready, self);
	loop->current = task;
	loop->switches++;
	context_switch(&self->context, &task->context);
}
