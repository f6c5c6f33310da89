/* SPDX-License-Identifier: MIT */

/*
 * look.c - between two rounds: what came from outside, I/O, then timers
 */
#include "core/operation.h"
#include "core/wake.h"

/* How often memory that is not in use is given back. */
#define TRIM_INTERVAL BIDE_SECOND

static void take_attention(bide_loop *loop)
{
	/* Cleared before what it announces is read, or an announcement that
	 * comes in between would be lost. */
	__atomic_store_n(&loop->attention, 0, __ATOMIC_SEQ_CST);
	if (__atomic_exchange_n(&loop->sigint, 0, __ATOMIC_ACQ_REL) && loop->main != NULL) {
		loop->was_interrupted = true;
		(void)bide_cancel(loop->main);
	}
}

static bool has_idle_memory(const bide_loop *loop)
{
	for (unsigned i = 0; i < loop->pool_count; i++)
		if (stack_pool_has_idle(&loop->pools[i]))
			return true;
	return false;
}

static void trim(bide_loop *loop)
{
	loop->trimmed_at = loop->now;
	for (unsigned i = 0; i < loop->pool_count; i++)
		bide__stack_pool_trim(&loop->pools[i]);
	bide__slab_trim(&loop->slab);
	bide__ring_trim(&loop->ready, loop->live_count);
}

/* How long the back end may wait, given that no task is ready. */
static bide_time wait_limit(const bide_loop *loop)
{
	bide_time until = bide__wheel_next(&loop->wheel);
	bide_time now;

	/* Virtual time stands while somebody is at work in real time. */
	if (loop_is_virtual(loop)) {
		if (until <= loop->now)
			return 0;
		return until == BIDE_FOREVER || loop->job_count > 0 ? BIDE_FOREVER : 0;
	}
	if (has_idle_memory(loop) && loop->trimmed_at + TRIM_INTERVAL < until)
		until = loop->trimmed_at + TRIM_INTERVAL;
	if (until == BIDE_FOREVER)
		return BIDE_FOREVER;
	now = bide__clock_now();
	return until > now ? until - now : 0;
}

/* Takes what has come back, in the order in which it did. */
static void operations_settle(bide_loop *loop)
{
	while (!list_is_empty(&loop->done)) {
		struct bide_node *first = list_pop_front(&loop->done);

		bide__operation_complete(loop, container_of(first, struct io_op, node));
	}
}

static void look_at_io(bide_loop *loop, bide_time limit)
{
	int r = loop->backend->ops->wait(loop->backend, limit, &loop->done);

	bide__check(r == 0, "the loop cannot wait for its descriptors: %s", bide_strerror(r));
	operations_settle(loop);
}

/* When a wait begins, for the statistics; BIDE_FOREVER: the loop will not wait. */
static bide_time idle_begin(bide_loop *loop, bide_time limit)
{
	if (limit <= 0 || loop_is_virtual(loop))
		return BIDE_FOREVER;
	return start_clock_read(&loop->clock);
}

/* Where all wait and no I/O is ready, virtual time jumps to the next deadline. */
static void clock_update(bide_loop *loop, bide_time idle_since)
{
	bide_time next;

	if (!loop_is_virtual(loop)) {
		loop->now = bide__start_clock_look(&loop->clock);
		if (loop->now > idle_since)
			loop->idle_time += loop->now - idle_since;
		return;
	}
	next = bide__wheel_next(&loop->wheel);
	if (ring_is_empty(&loop->ready) && loop->job_count == 0 && next != BIDE_FOREVER &&
	    next > loop->now) {
		loop->idle_time += next - loop->now;
		loop->now = next;
	}
}

void bide__loop_look(bide_loop *loop, bool may_wait)
{
	bool has_ready = !ring_is_empty(&loop->ready);
	bool is_wanted = __atomic_load_n(&loop->attention, __ATOMIC_RELAXED);
	bool is_idle = may_wait && !has_ready && !is_wanted && bide__inbox_sleep(loop);
	bide_time limit = is_idle ? wait_limit(loop) : 0;
	bide_time idle_since = idle_begin(loop, limit);

	/* A foreign loop waits for our descriptor, which must not stay readable. */
	if (is_idle || is_wanted || loop->in_flight_count > 0 || !may_wait)
		look_at_io(loop, limit);
	if (__atomic_load_n(&loop->attention, __ATOMIC_RELAXED))
		take_attention(loop);
	bide__inbox_drain(loop);

	clock_update(loop, idle_since);
	bide__wheel_advance(&loop->wheel, loop->now);
	if (loop->now - loop->trimmed_at >= TRIM_INTERVAL)
		trim(loop);
}

/* Whether the loop itself has something that will go on. */
static bool has_work(const bide_loop *loop)
{
	return !ring_is_empty(&loop->ready) || loop->wheel.count > 0 || loop->outside_count > 0 ||
	       loop->in_flight_count > 0;
}

/* Whether somebody outside of it could wake it, or has. */
static bool may_hear(const bide_loop *loop)
{
	/* First: who sends a message and gives its reference back does so in this
	 * order, so that what was sent is seen below. */
	if (__atomic_load_n(&loop->reference_count, __ATOMIC_ACQUIRE) > 1 + loop->hidden_count)
		return true;
	return !bide__inbox_is_empty(loop) || __atomic_load_n(&loop->attention, __ATOMIC_RELAXED);
}

bool bide__loop_is_deadlocked(const bide_loop *loop)
{
	return !has_work(loop) && !may_hear(loop);
}
