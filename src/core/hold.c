/* SPDX-License-Identifier: MIT */

/*
 * hold.c - which locks a task holds
 *
 * A task counts the locks that it holds, which is enough to notice that it ends
 * with one. A list says which they are, where a lock does not know its owners, and
 * under BIDE_DEBUG where each was taken. It is short: a task that holds more than a
 * few locks is rare.
 *
 * Invariants
 *   K1  lock_count is the number of locks that the task holds; the list has no
 *       more than those.
 */
#include "core/hold.h"

#include "base/mem.h"

#include <string.h>

#define HOLDS_AT_FIRST 4

struct hold {
	const void *lock;
	const void *place;
};

struct holds {
	uint32_t count;
	uint32_t capacity;
	struct hold list[];             /* in order of taking */
};

static __attribute__((noinline)) int grow(struct bide_task *task)
{
	struct task_extra *extra = bide__task_extra(task);
	struct holds *grown;
	uint32_t capacity;

	if (extra == NULL)
		return -ENOMEM;
	capacity = extra->holds != NULL ? extra->holds->capacity * 2 : HOLDS_AT_FIRST;
	grown = bide__alloc(sizeof *grown + capacity * sizeof grown->list[0]);
	if (grown == NULL)
		return -ENOMEM;
	grown->count = 0;
	grown->capacity = capacity;
	if (extra->holds != NULL) {
		grown->count = extra->holds->count;
		memcpy(grown->list, extra->holds->list, grown->count * sizeof grown->list[0]);
	}
	bide__free(extra->holds);
	extra->holds = grown;
	return 0;
}

int bide__hold_reserve(struct bide_task *task)
{
	const struct holds *holds = task->extra != NULL ? task->extra->holds : NULL;

	return likely(holds != NULL && holds->count < holds->capacity) ? 0 : grow(task);
}

void bide__hold_note(struct bide_task *task, const void *lock, const void *place)
{
	struct holds *holds = task->extra->holds;

	assert(holds->count < holds->capacity && holds->count < task->lock_count); /* K1 */
	holds->list[holds->count++] = (struct hold){ lock, place };
}

/* Returns its index from the end, the last taken being 1; 0: was not noted. */
static uint32_t find(const struct bide_task *task, const void *lock)
{
	const struct holds *holds = task->extra != NULL ? task->extra->holds : NULL;
	uint32_t count = holds != NULL ? holds->count : 0;

	for (uint32_t i = 1; i <= count; i++)
		if (holds->list[count - i].lock == lock)
			return i;
	return 0;
}

bool bide__hold_is_noted(const struct bide_task *task, const void *lock)
{
	return find(task, lock) > 0;
}

bool bide__hold_forget(struct bide_task *task, const void *lock)
{
	uint32_t i = find(task, lock);
	struct holds *holds;
	struct hold *hold;

	if (i == 0)
		return false;
	holds = task->extra->holds;
	hold = &holds->list[holds->count - i];
	if (i > 1)
		memmove(hold, hold + 1, (i - 1) * sizeof *hold);
	holds->count--;
	return true;
}

void bide__hold_misuse(const struct bide_task *task)
{
	const struct holds *holds = task->extra != NULL ? task->extra->holds : NULL;
	const struct hold *last = holds != NULL && holds->count > 0 ? &holds->list[holds->count - 1]
	                                                            : NULL;
	char lock[128], place[128];

	bide__check(last != NULL,
	            "a task's function must release the locks that it holds before it returns; it "
	            "still holds %u (BIDE_DEBUG=1 tells which, and where it took them)",
	            task->lock_count);
	bide__misuse("a task's function must release the locks that it holds before it returns; it "
	             "still holds %u, %s %s, which it took in %s",
	             task->lock_count,
	             holds->count == task->lock_count ? "the last one" : "one of them",
	             bide__place_describe(lock, sizeof lock, last->lock),
	             bide__place_describe(place, sizeof place, last->place));
}
