/* SPDX-License-Identifier: MIT */

/*
 * slab.h - memory for control blocks
 *
 * Blocks of one size come from aligned chunks, so that a block's owner is found
 * by its address, and a freed block keeps saying that it is free.
 */
#ifndef BIDE_CORE_SLAB_H
#define BIDE_CORE_SLAB_H

#include <bide/base.h>

#define SLAB_CHUNK_BYTES ((uintptr_t)1 << 16)

struct slab_chunk {
	void *owner;                    /* what slab_owner() returns */
	struct bide_node node;          /* in slab.partial or slab.full */
	struct bide_task *free;         /* blocks given back, the last one first */
	uint32_t fresh;                 /* blocks never used begin at this index */
	uint32_t used_count;
};

struct slab {
	struct bide_node partial;       /* chunks with free blocks, the last used first */
	struct bide_node full;
	void *owner;
	uint64_t used_count;            /* blocks in use */
	uint32_t empty_count;           /* chunks without a block in use */
};

void bide__slab_init(struct slab *slab, void *owner);

/* Every block is given back to the system, in use or not. */
void bide__slab_fini(struct slab *slab);

/* What the inline calls in task.h leave to do. */
struct slab_chunk *bide__slab_grow(struct slab *slab);
void bide__slab_note_full(struct slab *slab, struct slab_chunk *chunk);
void bide__slab_note_partial(struct slab *slab, struct slab_chunk *chunk);

/* Gives chunks back to the system that no block is in use of. */
void bide__slab_trim(struct slab *slab);

/* Calls visit with each block in use, in no particular order. */
void bide__slab_each(const struct slab *slab, void (*visit)(const struct bide_task *block));

static inline void *slab_owner(const void *block)
{
	const struct slab_chunk *chunk = (const void *)((uintptr_t)block & ~(SLAB_CHUNK_BYTES - 1));

	return chunk->owner;
}

#endif
