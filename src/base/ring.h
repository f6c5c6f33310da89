/* SPDX-License-Identifier: MIT */

/*
 * ring.h - a queue of pointers in an array
 *
 * Room is reserved when failure can still be reported, so that pushing cannot
 * fail. Positions only grow; a slot is a position modulo the capacity.
 */
#ifndef BIDE_BASE_RING_H
#define BIDE_BASE_RING_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

struct ring {
	uint64_t head;                  /* position of the first pointer */
	uint64_t tail;                  /* position behind the last */
	uint64_t mask;                  /* capacity - 1; the capacity is a power of two */
	void **slots;                   /* owned; NULL: no room was reserved yet */
};

/* Makes room for count pointers in all. Returns 0 or -ENOMEM. */
int bide__ring_reserve(struct ring *ring, uint64_t count);

/* Gives memory back where far more room is reserved than count pointers need. */
void bide__ring_trim(struct ring *ring, uint64_t count);

void bide__ring_fini(struct ring *ring);

static inline bool ring_is_empty(const struct ring *ring)
{
	return ring->head == ring->tail;
}

static inline uint64_t ring_capacity(const struct ring *ring)
{
	return ring->slots ? ring->mask + 1 : 0;
}

static inline void **ring_slot(const struct ring *ring, uint64_t position)
{
	return &ring->slots[position & ring->mask];
}

static inline void ring_push(struct ring *ring, void *pointer)
{
	assert(ring->tail - ring->head < ring_capacity(ring));
	*ring_slot(ring, ring->tail++) = pointer;
}

static inline void ring_push_front(struct ring *ring, void *pointer)
{
	assert(ring->tail - ring->head < ring_capacity(ring));
	*ring_slot(ring, --ring->head) = pointer;
}

static inline void *ring_pop(struct ring *ring)
{
	assert(!ring_is_empty(ring));
	return *ring_slot(ring, ring->head++);
}

#endif
