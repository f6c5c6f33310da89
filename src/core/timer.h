/* SPDX-License-Identifier: MIT */

/*
 * timer.h - what is to happen at a point in time
 */
#ifndef BIDE_CORE_TIMER_H
#define BIDE_CORE_TIMER_H

#include "base/check.h"
#include "base/list.h"

#include <bide/base.h>

#define WHEEL_LEVEL_BITS 6
#define WHEEL_SLOTS (1 << WHEEL_LEVEL_BITS)
#define WHEEL_LEVELS 11                 /* 66 bits: all of bide_time */

/* So many timers may be armed before they are placed, which are still in the cache then. */
#ifdef BIDE_HOSTILE
#define FRESH_MAX 2
#else
#define FRESH_MAX 64
#endif

struct timer_slot {
	struct bide_node timers;        /* struct bide_timer.node, in order of arming */
	bide_time earliest;             /* no timer in here is due before */
};

struct timer_wheel {
	bide_time time;                 /* all that was due up to here has fired */
	uint64_t count;                 /* timers armed */
	struct bide_node fresh;         /* struct bide_timer.node: armed and not placed yet */
	unsigned armed_count;           /* since fresh was last made empty */
	uint32_t levels;                /* bit i: level i is not empty */
	uint64_t busy[WHEEL_LEVELS];    /* bit i: slot i is not empty */
	struct timer_slot slots[WHEEL_LEVELS][WHEEL_SLOTS];
};

void bide__wheel_init(struct timer_wheel *wheel, bide_time now);

/* Places what was armed since the last time. */
void bide__wheel_settle(struct timer_wheel *wheel);

/* What timer_disarm() does with the last timer of a slot. */
void bide__timer_displace(struct timer_wheel *wheel, struct bide_timer *timer);

static inline bool timer_is_armed(const struct bide_timer *timer)
{
	return timer->node.next != NULL;
}

/* The timer must not be armed. A deadline that has passed is due at once. */
static inline void timer_arm(struct timer_wheel *wheel, struct bide_timer *timer,
                             bide_time deadline)
{
	assert(!timer_is_armed(timer));

	timer->deadline = deadline;
	wheel->count++;
	list_push_back(&wheel->fresh, &timer->node);
	if (unlikely(++wheel->armed_count >= FRESH_MAX))
		bide__wheel_settle(wheel);
}

/* A timer that is not armed is left alone. */
static inline void timer_disarm(struct timer_wheel *wheel, struct bide_timer *timer)
{
	const struct bide_node *next = timer->node.next;

	if (next == NULL)
		return;
	if (likely(next != timer->node.prev || next == &wheel->fresh))
		list_remove(&timer->node);
	else
		bide__timer_displace(wheel, timer);
	wheel->count--;
}

/* Fires whatever is due at now, by deadline, and those of one deadline as they were armed. */
void bide__wheel_advance(struct timer_wheel *wheel, bide_time now);

/*
 * When to advance next: never later than the first deadline, and perhaps earlier
 * where a timer was disarmed. BIDE_FOREVER where no timer is armed.
 */
bide_time bide__wheel_next(const struct timer_wheel *wheel);

#endif
