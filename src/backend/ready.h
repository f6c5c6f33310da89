/* SPDX-License-Identifier: MIT */

/*
 * ready.h - descriptors, what is believed of their readiness, and who waits for them
 */
#ifndef BIDE_BACKEND_READY_H
#define BIDE_BACKEND_READY_H

#include "backend/perform.h"
#include "base/list.h"

struct fd_entry {
	struct bide_node readers;       /* operations, first come, first served */
	struct bide_node writers;
	uint32_t either_count;          /* of the readers, those that wait for room as well */
	uint32_t generation;            /* how often a descriptor of this number was closed */
	uint32_t place;                 /* the back end's: where it looks at the descriptor;
	                                 * 0: nowhere */
	struct fd_traits traits;
	bool may_read;                  /* what is believed */
	bool may_write;
	bool reads_on;                  /* a short read was not the last one: the end follows it,
	                                 * or what is behind urgent data */
};

#define BLOCK_ENTRIES 64

/* Entries hold list heads, so they never move. */
struct fd_block {
	struct fd_entry entries[BLOCK_ENTRIES];
};

/* A back end that is told of readiness has this as its first member. */
struct ready {
	struct backend backend;
	struct fd_block **blocks;       /* owned; by descriptor / entries of a block; may be NULL */
	size_t block_count;
	struct bide_node done;          /* operations that have completed since the last wait */
};

/* What has become of a descriptor. */
enum {
	READY_TO_READ = 1 << 0,
	READY_TO_WRITE = 1 << 1,
	READY_HUNG_UP = 1 << 2,
	READY_URGENT = 1 << 3,
};

void bide__ready_init(struct ready *ready, const struct backend_ops *ops);
void bide__ready_fini(struct ready *ready);

/* The descriptor's entry, which stays where it is; NULL where it was never needed. */
static inline struct fd_entry *bide__ready_entry(const struct ready *ready, int fd)
{
	size_t block = (size_t)(unsigned)fd / BLOCK_ENTRIES;

	/* A negative one is a very large one. */
	if (block >= ready->block_count || ready->blocks[block] == NULL)
		return NULL;
	return &ready->blocks[block]->entries[(unsigned)fd % BLOCK_ENTRIES];
}

/* These are the back end's own, if it has nothing to add. */
enum attempt bide__ready_attempt(struct backend *backend, struct io_op *op);
bool bide__ready_cancel(struct backend *backend, struct io_op *op);

/* Tries the operation, and learns from that. True: it is done, and its result is set. */
bool bide__ready_try(struct fd_entry *entry, struct io_op *op);

/* The first operation of the queue for whose turn others wait; NULL: there is none. */
struct io_op *bide__ready_first(const struct bide_node *queue);

/* Has the operation wait for the descriptor of the entry. */
void bide__ready_enqueue(struct fd_entry *entry, struct io_op *op);

/* The operation, which waits for nothing, comes out of the next wait(). */
void bide__ready_complete(struct ready *ready, struct io_op *op, ssize_t result);

/* Does what can be done now that the descriptor is READY_…. */
void bide__ready_serve(struct ready *ready, struct fd_entry *entry, unsigned what);

/*
 * Ends all that waits for the descriptor, with -EBADF where it is not ready, and
 * begins the next generation. The back end no longer looks at it.
 */
void bide__ready_forget(struct ready *ready, struct fd_entry *entry);

#endif
