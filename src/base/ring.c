/* SPDX-License-Identifier: MIT */

/*
 * ring.c - room for the pointers in a ring
 */
#include "ring.h"

#include "mem.h"

#include "error.h"

#define RING_CAPACITY_MIN 16

/* Positions stay as they are: callers hold some. */
static int ring_resize(struct ring *ring, uint64_t capacity)
{
	struct ring bigger = { ring->head, ring->tail, capacity - 1, NULL };

	bigger.slots = bide__alloc(capacity * sizeof *bigger.slots);
	if (bigger.slots == NULL)
		return -ENOMEM;

	for (uint64_t i = ring->head; i != ring->tail; i++)
		*ring_slot(&bigger, i) = *ring_slot(ring, i);
	bide__free(ring->slots);
	*ring = bigger;
	return 0;
}

static uint64_t capacity_for(uint64_t count)
{
	uint64_t capacity = RING_CAPACITY_MIN;

	while (capacity < count)
		capacity *= 2;
	return capacity;
}

int bide__ring_reserve(struct ring *ring, uint64_t count)
{
	if (count <= ring_capacity(ring))
		return 0;
	return ring_resize(ring, capacity_for(count));
}

void bide__ring_trim(struct ring *ring, uint64_t count)
{
	/* Twice the need is left, or a ring near a power of two would be
	 * resized back and forth. Failure leaves the ring as it is. */
	if (ring_capacity(ring) > 8 * capacity_for(count))
		(void)ring_resize(ring, 2 * capacity_for(count));
}

void bide__ring_fini(struct ring *ring)
{
	bide__free(ring->slots);
	*ring = (struct ring){ 0 };
}
