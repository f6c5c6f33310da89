/* SPDX-License-Identifier: MIT */

/*
 * stack.h - stacks for tasks, with a guard below each
 */
#ifndef BIDE_CORE_STACK_H
#define BIDE_CORE_STACK_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the last bytes of a slot hold; a task's frames begin below. */
typedef struct stack {
	char *low;                      /* where frames end and the guard begins */
	void *fiber;                    /* of the sanitizers: see bide__context_init() */
	unsigned valgrind_id;
} stack;

struct stack_chunk;

/* Stacks of one size. */
struct stack_pool {
	stack **idle;                   /* those not in use, the last used last; owned */
	size_t idle_count;
	size_t cold_count;              /* of the first so many the memory was given back */
	size_t idle_least;              /* the fewest idle ones since the last trim */
	size_t slot_bytes;              /* address space of a stack, guard included */
	size_t guard_bytes;
	char *fresh;                    /* slots never used: [fresh, fresh_end) */
	char *fresh_end;
	size_t slot_count;              /* slots ever used */
	size_t idle_capacity;           /* no less than slot_count */
	size_t chunk_slots;             /* how many the next chunk will have */
	struct stack_chunk *chunks;     /* owned */
};

/* slot_bytes is rounded up to an odd number of whole pages. */
void bide__stack_pool_init(struct stack_pool *pool, size_t slot_bytes);
void bide__stack_pool_fini(struct stack_pool *pool);

stack *bide__stack_acquire_cold(struct stack_pool *pool);

/* Returns NULL where neither memory nor address space nor a guard is to be had. */
static inline stack *stack_acquire(struct stack_pool *pool)
{
	if (unlikely(pool->idle_count <= pool->cold_count))
		return bide__stack_acquire_cold(pool);
	if (--pool->idle_count < pool->idle_least)
		pool->idle_least = pool->idle_count;
	return pool->idle[pool->idle_count];
}

static inline void stack_release(struct stack_pool *pool, stack *released)
{
	pool->idle[pool->idle_count++] = released;
}

/*
 * Gives the memory of those stacks back to the system that were not in use at
 * any time since the last call. To be called now and then.
 */
void bide__stack_pool_trim(struct stack_pool *pool);

/* Whether a trim would find something, sooner or later. */
#ifdef BIDE_HOSTILE
#define IDLE_WORTH 0
#else
#define IDLE_WORTH 16
#endif

static inline bool stack_pool_has_idle(const struct stack_pool *pool)
{
	/* For a few of them it is not worth a timer. */
	return pool->idle_count > pool->cold_count + IDLE_WORTH;
}

/* The bytes that frames may use. */
static inline size_t stack_usable(const stack *of)
{
	return (size_t)((const char *)of - of->low);
}

/* Whether the address lies in the guard below the stack. */
static inline bool stack_guards(const struct stack_pool *pool, const stack *of, const void *address)
{
	return (const char *)address < of->low &&
	       (const char *)address >= of->low - pool->guard_bytes;
}

#endif
