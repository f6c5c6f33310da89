/* SPDX-License-Identifier: MIT */

/*
 * hold.h - which locks a task holds
 */
#ifndef BIDE_CORE_HOLD_H
#define BIDE_CORE_HOLD_H

#include "core/loop.h"

/* So many fit into task->lock_count. */
#define HOLDS_MAX UINT16_MAX

/* Makes room to note one more lock. Returns 0 or -ENOMEM. */
int bide__hold_reserve(struct bide_task *task);

/*
 * Notes that the task, which counts it already, holds the lock, taken at a place in
 * its code. Room must have been reserved.
 */
void bide__hold_note(struct bide_task *task, const void *lock, const void *place);

/* Returns whether it was noted. */
bool bide__hold_forget(struct bide_task *task, const void *lock);

/* Whether it was noted that the task holds the lock. */
bool bide__hold_is_noted(const struct bide_task *task, const void *lock);

/* A task has ended that holds locks: says which, and aborts. */
__attribute__((noreturn, cold)) void bide__hold_misuse(const struct bide_task *task);

/* Describes a place in code, or a static object. Returns ret. diag/ implements it. */
const char *bide__place_describe(char *ret, size_t size, const void *place);

/* Most locks know their owner: that the task holds them is noted for people only. */
static inline void hold_begin(struct bide_task *self, const void *lock, const void *place)
{
	self->lock_count++;
	if (unlikely(bide__loop->options.flags & BIDE_DEBUG) && bide__hold_reserve(self) == 0)
		bide__hold_note(self, lock, place);     /* else the place is unknown */
}

static inline void hold_end(struct bide_task *self, const void *lock)
{
	self->lock_count--;
	if (unlikely(self->extra != NULL))
		(void)bide__hold_forget(self, lock);    /* false: was never noted */
}

#endif
