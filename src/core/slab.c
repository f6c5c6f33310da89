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

#define BLOCKS_BEGIN ((sizeof(struct slab_chunk) + 63) / 64 * 64)
#define BLOCKS ((SLAB_CHUNK_BYTES - BLOCKS_BEGIN) / sizeof(struct bide_task))

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

static struct bide_task *chunk_block(struct slab_chunk *chunk, uint32_t index)
{
	return (struct bide_task *)((char *)chunk + BLOCKS_BEGIN) + index;
}

/* The link between free blocks lies where a task has its list of groups' tasks. */
static void **free_link(struct bide_task *block)
{
	return (void **)&block->group_node;
}

static void list_push_front(struct bide_node *head, struct bide_node *node)
{
	node->prev = head;
	node->next = head->next;
	head->next->prev = node;
	head->next = node;
}

static struct slab_chunk *chunk_add(struct slab *slab)
{
	struct slab_chunk *chunk = bide__alloc_aligned(SLAB_CHUNK_BYTES, SLAB_CHUNK_BYTES);

	if (chunk == NULL)
		return NULL;
	*chunk = (struct slab_chunk){ .owner = slab->owner };
	list_push_front(&slab->partial, &chunk->node);
	slab->empty_count++;
	return chunk;
}

struct bide_task *bide__slab_alloc(struct slab *slab)
{
	struct slab_chunk *chunk = container_of(slab->partial.next, struct slab_chunk, node);
	struct bide_task *block;

	if (unlikely(list_is_empty(&slab->partial))) {
		chunk = chunk_add(slab);
		if (chunk == NULL)
			return NULL;
	}

	block = chunk->free;
	if (block != NULL)
		chunk->free = *free_link(block);
	else
		block = chunk_block(chunk, chunk->fresh++);
	slab->used_count++;
	if (chunk->used_count++ == 0)
		slab->empty_count--;
	if (unlikely(chunk->free == NULL && chunk->fresh == BLOCKS)) {
		list_remove(&chunk->node);
		list_push_back(&slab->full, &chunk->node);
	}
	return block;
}

void bide__slab_free(struct slab *slab, struct bide_task *block)
{
	uintptr_t base = (uintptr_t)block & ~(SLAB_CHUNK_BYTES - 1);
	struct slab_chunk *chunk = (struct slab_chunk *)base;
	bool was_full = chunk->free == NULL && chunk->fresh == BLOCKS;

	block->state = TASK_FREE;
	*free_link(block) = chunk->free;
	chunk->free = block;
	if (unlikely(was_full)) {
		list_remove(&chunk->node);
		list_push_front(&slab->partial, &chunk->node);
	}
	slab->used_count--;
	if (--chunk->used_count == 0)
		slab->empty_count++;
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
			if (chunk_block(chunk, i)->state != TASK_FREE)
				visit(chunk_block(chunk, i));
	}
}

void bide__slab_each(const struct slab *slab, void (*visit)(const struct bide_task *block))
{
	chunks_each(&slab->partial, visit);
	chunks_each(&slab->full, visit);
}
