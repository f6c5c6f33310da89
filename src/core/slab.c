/* SPDX-License-Identifier: MIT */

/*
 * slab.c - memory for control blocks
 *
 * A chunk hands out the blocks given back to it before ones never used, the last
 * given back first. Only tasks are kept here; that the block type is known makes
 * its size a constant.
 *
 * Invariants
 *   B1  A chunk is in partial if and only if it has a block to hand out.
 *   B2  A block given back has state TASK_FREE.
 */
#include "slab.h"

#include "base/mem.h"
#include "core/task.h"

#ifdef BIDE_HOSTILE
#define EMPTY_KEEP 0
#else
#define EMPTY_KEEP 16
#endif

void bide__slab_init(struct slab *slab, void *owner)
{
	*slab = (struct slab){ .owner = owner };
	list_init(&slab->partial);
	list_init(&slab->full);
}

static void chunks_free(struct bide_node *list)
{
	while (!list_is_empty(list))
		bide__free(container_of(list_pop_front(list), struct slab_chunk, node));
}

void bide__slab_fini(struct slab *slab)
{
	chunks_free(&slab->partial);
	chunks_free(&slab->full);
	slab->empty_count = 0;
}

struct slab_chunk *bide__slab_grow(struct slab *slab)
{
	struct slab_chunk *chunk = bide__alloc_aligned(SLAB_CHUNK_BYTES, SLAB_CHUNK_BYTES);

	if (chunk == NULL)
		return NULL;
	*chunk = (struct slab_chunk){ .owner = slab->owner };
	list_push_front(&slab->partial, &chunk->node);
	slab->empty_count++;
	return chunk;
}

void bide__slab_note_full(struct slab *slab, struct slab_chunk *chunk)
{
	list_remove(&chunk->node);
	list_push_back(&slab->full, &chunk->node);
}

void bide__slab_note_partial(struct slab *slab, struct slab_chunk *chunk)
{
	list_remove(&chunk->node);
	list_push_front(&slab->partial, &chunk->node);
}

void bide__slab_trim(struct slab *slab)
{
	struct bide_node *node = slab->partial.prev;

	while (slab->empty_count > EMPTY_KEEP && node != &slab->partial) {
		struct slab_chunk *chunk = container_of(node, struct slab_chunk, node);

		node = node->prev;
		if (chunk->used_count > 0)
			continue;
		list_remove(&chunk->node);
		bide__free(chunk);
		slab->empty_count--;
	}
}

static void chunks_each(const struct bide_node *list, void (*visit)(const struct bide_task *block))
{
	const struct bide_node *node;

	for (node = list->next; node != list; node = node->next) {
		struct slab_chunk *chunk = container_of(node, struct slab_chunk, node);

		for (uint32_t i = 0; i < chunk->fresh; i++)
			if (slab_block(chunk, i)->state != TASK_FREE)
				visit(slab_block(chunk, i));
	}
}

void bide__slab_each(const struct slab *slab, void (*visit)(const struct bide_task *block))
{
	chunks_each(&slab->partial, visit);
	chunks_each(&slab->full, visit);
}
