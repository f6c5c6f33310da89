/* SPDX-License-Identifier: MIT */

/*
 * stack.c - address space carved into slots, one a stack
 *
 *      | guard | <------ frames grow down ------ | colour | struct stack |
 *
 * A chunk is one mapping of many slots, without reserve: only pages that a task
 * has touched cost memory, and a task that sleeps has touched one. Slots are
 * handed out from the chunk in order; those no longer in use lie in an array, from
 * whose end they are taken again, so that the next new task runs in a warm cache, and
 * from whose beginning memory is given back.
 *
 * Invariants
 *   K1  Of idle[0 … cold_count) the system has the memory, the struct stack included;
 *       cold_count <= idle_count.
 *   K2  No stack is handed out without a guard below it.
 *   K3  idle has room for every slot ever used: releasing cannot fail.
 *
 * The guard is made by MADV_GUARD_INSTALL where the kernel has it: it needs no
 * mapping of its own. Else mprotect() makes it, which splits the mapping, so that
 * vm.max_map_count bounds the number of stacks; then acquiring fails.
 *
 * The tops of the stacks are coloured: shifted by some cache lines each, or the
 * hot frames of all tasks would compete for the same few sets of the cache.
 */
#include "stack.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/switch.h"

#include <string.h>

#ifdef BIDE_HAVE_VALGRIND
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(low, high) 0
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#define RUNNING_ON_VALGRIND 0
#endif

#if SWITCH_TSAN
#define IS_TSAN 1
#else
#define IS_TSAN 0
#endif

#define COLOUR_BYTES 64
#define COLOURS 24
#define SLOT_BYTES_MIN ((size_t)16 * 1024)
#define COLOURED_BYTES_MIN ((size_t)32 * 1024)
#define CHUNK_SLOTS_FIRST 16
#define CHUNK_BYTES_MAX ((size_t)1 << 30)
#define GUARD_PAGES 4

struct stack_chunk {
	struct stack_chunk *next;
	char *memory;
	size_t size;
};

void bide__stack_pool_init(struct stack_pool *pool, size_t slot_bytes)
{
	size_t page = bide__sys_page_size();

	if (slot_bytes < SLOT_BYTES_MIN)
		slot_bytes = SLOT_BYTES_MIN;
	/* No address space has that much; and no sum below overflows. */
	if (slot_bytes > SIZE_MAX / 4)
		slot_bytes = SIZE_MAX / 4;
	/* An odd number of pages: stacks that stand a power of two apart compete for
	 * a few sets of the TLB, and switching takes half as long again. */
	slot_bytes = (slot_bytes + page - 1) / page * page | page;
	*pool = (struct stack_pool){
		.slot_bytes = slot_bytes,
		.guard_bytes = slot_bytes >= 32 * page ? GUARD_PAGES * page : page,
		.chunk_slots = CHUNK_SLOTS_FIRST,
	};
}

/* The same slot always gets the same colour. */
static stack *stack_in(const struct stack_pool *pool, char *slot)
{
	char *end = slot + pool->slot_bytes;

	/* Small stacks have no room for colours. */
	if (pool->slot_bytes >= COLOURED_BYTES_MIN)
		end -= (uintptr_t)slot / pool->slot_bytes % COLOURS * COLOUR_BYTES;
	return (stack *)((uintptr_t)(end - sizeof(stack)) / COLOUR_BYTES * COLOUR_BYTES);
}

/* Colours take less than a page, so the slot's end is the next page's beginning. */
static char *low_of(const struct stack_pool *pool, const stack *of)
{
	size_t page = bide__sys_page_size();
	char *end = (char *)(((uintptr_t)of + page) / page * page);

	return end - pool->slot_bytes + pool->guard_bytes;
}

static stack *stack_begin(const struct stack_pool *pool, stack *fresh)
{
	fresh->low = low_of(pool, fresh);
	fresh->fiber = NULL;
	fresh->valgrind_id = VALGRIND_STACK_REGISTER(fresh->low, fresh);
	return fresh;
}

void bide__stack_pool_fini(struct stack_pool *pool)
{
	for (size_t i = pool->cold_count; i < pool->idle_count; i++) {
		bide__context_forget(&pool->idle[i]->fiber);
		VALGRIND_STACK_DEREGISTER(pool->idle[i]->valgrind_id);
	}
	bide__free(pool->idle);
	while (pool->chunks != NULL) {
		struct stack_chunk *chunk = pool->chunks;

		pool->chunks = chunk->next;
#if SWITCH_ASAN
		__asan_unpoison_memory_region(chunk->memory, chunk->size);
#endif
		bide__sys_unmap(chunk->memory, chunk->size);
		bide__free(chunk);
	}
	bide__stack_pool_init(pool, pool->slot_bytes);
}

static int chunk_map(struct stack_pool *pool, size_t slots)
{
	struct stack_chunk *chunk = bide__alloc(sizeof *chunk);

	if (chunk == NULL)
		return -ENOMEM;
	chunk->memory = NULL;
	if (!__builtin_mul_overflow(slots, pool->slot_bytes, &chunk->size))
		chunk->memory = bide__sys_map(chunk->size);
	if (chunk->memory == NULL) {
		bide__free(chunk);
		return -ENOMEM;
	}
	chunk->next = pool->chunks;
	pool->chunks = chunk;
	pool->fresh = chunk->memory;
	pool->fresh_end = chunk->memory + chunk->size;
	return 0;
}

/* Where address space is short, a smaller chunk may still fit. */
static int chunk_add(struct stack_pool *pool)
{
	size_t slots = pool->chunk_slots;

	while (chunk_map(pool, slots) < 0) {
		if (slots == 1)
			return -ENOMEM;
		slots /= 2;
	}
	if (slots * 2 <= CHUNK_BYTES_MAX / pool->slot_bytes)
		pool->chunk_slots = slots * 2;
	return 0;
}

enum guard_kind {
	GUARD_UNPROVED,                 /* no guard was made yet */
	GUARD_ADVICE,                   /* MADV_GUARD_INSTALL guards */
	GUARD_MAPPING,                  /* it does not: mprotect() has to */
};

static int guard_make(char *slot, size_t guard_bytes)
{
#ifndef BIDE_GUARD_MPROTECT
	/* Atomic; set once, by whichever thread finds out. */
	static enum guard_kind kind = GUARD_UNPROVED;
	enum guard_kind known = __atomic_load_n(&kind, __ATOMIC_RELAXED);
	int r = known != GUARD_MAPPING ? bide__sys_guard_install(slot, guard_bytes) : -EINVAL;

	if (r < 0 && r != -EINVAL)
		return r;
	/* An emulated kernel may take advice that it does not know. */
	if (known == GUARD_UNPROVED) {
		known = r == 0 && !bide__sys_is_accessible(slot) ? GUARD_ADVICE : GUARD_MAPPING;
		__atomic_store_n(&kind, known, __ATOMIC_RELAXED);
	}
	if (known == GUARD_ADVICE)
		return 0;
#endif
	if (bide__sys_protect_none(slot, guard_bytes) == 0)
		return 0;
	bide__report("no guard for another stack: vm.max_map_count may be too small");
	return -ENOMEM;
}

/* K3. The memory is touched only as far as stacks become idle. */
static int idle_reserve(struct stack_pool *pool)
{
	size_t capacity = pool->idle_capacity ? pool->idle_capacity * 2 : CHUNK_SLOTS_FIRST;
	stack **bigger;

	if (pool->slot_count < pool->idle_capacity)
		return 0;
	bigger = bide__alloc(capacity * sizeof *bigger);
	if (bigger == NULL)
		return -ENOMEM;
	if (pool->idle_count > 0)
		memcpy(bigger, pool->idle, pool->idle_count * sizeof *bigger);
	bide__free(pool->idle);
	pool->idle = bigger;
	pool->idle_capacity = capacity;
	return 0;
}

static char *slot_begin(struct stack_pool *pool)
{
	char *slot;

	if (idle_reserve(pool) < 0)
		return NULL;
	if (pool->fresh == pool->fresh_end && chunk_add(pool) < 0)
		return NULL;
	slot = pool->fresh;
	if (guard_make(slot, pool->guard_bytes) < 0)
		return NULL;
	pool->fresh += pool->slot_bytes;
	pool->slot_count++;
	return slot;
}

stack *bide__stack_acquire_cold(struct stack_pool *pool)
{
	char *slot;

	if (pool->idle_count > 0) {
		pool->idle_count--;
		pool->cold_count = pool->idle_count;
		pool->idle_least = pool->idle_count;
		return stack_begin(pool, pool->idle[pool->idle_count]);
	}
	slot = slot_begin(pool);
	return slot != NULL ? stack_begin(pool, stack_in(pool, slot)) : NULL;
}

void bide__stack_pool_trim(struct stack_pool *pool)
{
	/* The tools remember each stack in its own memory. */
	if (RUNNING_ON_VALGRIND || IS_TSAN)
		return;

	while (pool->cold_count < pool->idle_least) {
		char *low = pool->idle[pool->cold_count++]->low;

		bide__sys_discard(low, pool->slot_bytes - pool->guard_bytes);
	}
	pool->idle_least = pool->idle_count;
}
