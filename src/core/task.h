/* SPDX-License-Identifier: MIT */

/*
 * task.h - the control block of a task
 *
 * A million tasks are a million of these, so nothing stands here that can stand
 * on the task's stack or be allocated by the few that need it. What a switch
 * touches comes first.
 */
#ifndef BIDE_CORE_TASK_H
#define BIDE_CORE_TASK_H

#include "base/error.h"
#include "base/list.h"
#include "core/slab.h"
#include "core/stack.h"
#include "core/switch.h"

#include <bide/group.h>

struct waiter;
struct join;
struct watcher;
struct local_values;
struct deferred;
struct holds;
struct remote;
struct bide_gen;

/*
 *   spawn                             function has returned
 *  -------> NEW ------> ACTIVE -------------------------> DONE ---> FREE
 *            ^   pick   |    ^                              ^  given back
 *            |     park |    | settle                       |
 *   delay    |          v    |                              |
 *  -------> DELAYED    PARKED             NEW, cancelled ---+
 *
 * NEW to ACTIVE: task_adopt_stack() in schedule.c; park, settle: wait.c
 * NEW to DONE: bide__task_end_unstarted(), DELAYED to NEW: delay_fire() in task.c
 * ACTIVE to DONE: task_end(), DONE to FREE: bide__task_give_back() in task.c
 */
enum task_state {
	TASK_FREE,                      /* not a task: memory that the slab keeps */
	TASK_DELAYED,                   /* its delay runs; has no stack */
	TASK_NEW,                       /* in loop->ready for the first time; has no stack */
	TASK_ACTIVE,                    /* in loop->ready, or loop->current */
	TASK_PARKED,                    /* task->waiter is set and not yet settled */
	TASK_DONE,                      /* result is set; has no stack */
	TASK_REMOTE,                    /* no task: the handle of one elsewhere; see remote.h */
};

enum {
	TASK_DETACHED = 1 << 0,         /* given back by its owner; freed when it ends */
	TASK_WAS_CANCELED = 1 << 1,     /* bide_cancel() was called, also if swallowed since */
	TASK_COPY_ON_HEAP = 1 << 2,     /* arg is ours to free */
	TASK_NEXT_IN_TURN = 1 << 3,     /* not to be overtaken, not even under BIDE_SHUFFLE */
	TASK_TIMED_OUT = 1 << 4,        /* the scope left last was cut short by its deadline */
	TASK_START_PENDING = 1 << 5,    /* of bide_group_start(), bide_started() not yet called */
	TASK_REFUSALS_REPORTED = 1 << 6,
	TASK_IN_JOIN = 1 << 7,          /* waits for others' ends: may stand on a path of joins */
	TASK_POSTED = 1 << 8,           /* was accepted by bide_post(): runs also where cancelled */
	TASK_HAS_REMOTE = 1 << 9,       /* extra->remote waits for its end */
};

/* What few tasks have. Allocated with the first of them, freed with the task. */
struct task_extra {
	char *name;                     /* owned; NULL: the function's symbol */
	void (*drop)(void *arg);
	struct deferred *deferred;      /* owned, the last one first */
	struct holds *holds;            /* owned; NULL: none was ever noted */
	struct remote *remote;          /* a reference; whom its end is told; NULL: nobody */
};

#define TASK_COPY_INLINE 16

struct bide_task {
	union {
		struct {
			struct context context; /* while it is not running */
			struct waiter *waiter;  /* on its stack, while PARKED */
			bide_scope *scope;      /* the innermost, on its stack; NULL: none */
			stack *stack;           /* owned from its first step to its end */
		};
		struct bide_timer delay;        /* while DELAYED */
		uint64_t end_order;             /* while DONE: how many had ended before */
	};
	uint8_t state;                  /* enum task_state */
	bool is_interrupted;            /* a cancellation point returns -ECANCELED */
	uint16_t flags;                 /* TASK_DETACHED, … */
	uint8_t pool_index;             /* which of the loop's stack pools; 0: the default */
	uint8_t refusals;               /* -ECANCELED in a row, without having suspended */
	uint16_t lock_count;            /* locks that it holds: hold.h */
	int cancel_count;               /* bide_cancel() not swallowed */
	int result;                     /* once DONE */
	bide_fn *fn;
	void *arg;
	struct bide_node all_node;      /* in loop->tasks until DONE, in order of spawning */
	struct bide_node group_node;    /* in group->running, then group->ended */
	bide_group *group;              /* NULL: none, or has been given by group_next */
	struct join *joiner;            /* on the stack of who waits for the end; NULL: nobody */
	struct watcher *watchers;       /* in bide_wait(), one each */
	struct local_values *locals;    /* a reference; NULL: none were set */
	_Alignas(16) char copy[TASK_COPY_INLINE];
	struct task_extra *extra;       /* owned; NULL: has nothing of it */
	struct bide_gen *gen;           /* the innermost generator that it runs in */
};

#if !SWITCH_ASAN && !SWITCH_TSAN
_Static_assert(sizeof(struct bide_task) <= 176, "a task's control block has grown");
#endif

/* Blocks of a slab's chunk begin behind its head, and are as many as fit. */
#define SLAB_BLOCKS_BEGIN ((sizeof(struct slab_chunk) + 63) / 64 * 64)
#define SLAB_BLOCKS ((SLAB_CHUNK_BYTES - SLAB_BLOCKS_BEGIN) / sizeof(struct bide_task))

static inline struct bide_task *slab_block(struct slab_chunk *chunk, uint32_t index)
{
	return (struct bide_task *)((char *)chunk + SLAB_BLOCKS_BEGIN) + index;
}

/* The link between free blocks lies where a task has its place in a group. */
static inline struct bide_task **slab_link(struct bide_task *block)
{
	return (struct bide_task **)&block->group_node;
}

static inline bool slab_is_full(const struct slab_chunk *chunk)
{
	return chunk->free == NULL && chunk->fresh == SLAB_BLOCKS;
}

/* Returns NULL where memory has run out. The block's contents are undefined. */
static inline struct bide_task *slab_alloc(struct slab *slab)
{
	struct slab_chunk *chunk = container_of(slab->partial.next, struct slab_chunk, node);
	struct bide_task *block;

	if (unlikely(list_is_empty(&slab->partial))) {
		chunk = bide__slab_grow(slab);
		if (chunk == NULL)
			return NULL;
	}

	block = chunk->free;
	if (likely(block != NULL))
		chunk->free = *slab_link(block);
	else
		block = slab_block(chunk, chunk->fresh++);
	slab->used_count++;
	if (chunk->used_count++ == 0)
		slab->empty_count--;
	if (unlikely(slab_is_full(chunk)))
		bide__slab_note_full(slab, chunk);
	return block;
}

/* The block's state stays readable, until the chunk is given back to the system. */
static inline void slab_free(struct slab *slab, struct bide_task *block)
{
	uintptr_t base = (uintptr_t)block & ~(SLAB_CHUNK_BYTES - 1);
	struct slab_chunk *chunk = (struct slab_chunk *)base;

	if (unlikely(slab_is_full(chunk)))
		bide__slab_note_partial(slab, chunk);
	block->state = TASK_FREE;
	*slab_link(block) = chunk->free;
	chunk->free = block;
	slab->used_count--;
	if (--chunk->used_count == 0)
		slab->empty_count++;
}

/* Spawning, with all that the public calls offer. */
struct spawn {
	bide_fn *fn;
	void *arg;
	const bide_task_options *options;   /* NULL: the default ones */
	bide_group *group;                  /* NULL: none */
	struct join *joiner;                /* NULL: none yet */
	uint16_t flags;
};

/* Returns 0, or a negative errno, and nothing has happened. */
int bide__task_spawn(const struct spawn *how, struct bide_task **ret);

/* A main task, made outside of any task. */
struct bide_task *bide__task_spawn_main(bide_loop *loop, bide_fn *fn, void *arg);

/*
 * A detached task, made outside of any task; remote, which may be NULL, is told its
 * end. Returns NULL where memory has run out.
 */
struct bide_task *bide__task_spawn_detached(bide_loop *loop, bide_fn *fn, void *arg, unsigned flags,
                                            struct remote *remote);

/* Reports the failure of a detached task, if it is one. */
void bide__task_report_failure(bide_loop *loop, struct bide_task *task);

/* Gives the handle back: frees the task now, or as soon as it has ended. */
void bide__task_give_back(struct bide_task *task);

__attribute__((noreturn, cold)) void bide__task_misuse(const struct bide_task *task,
                                                       const char *caller);

/* Frees what an ended task owns beside its control block. */
void bide__task_fini(const struct bide_task *task);

/* Ends a task that never gets to run, with a result that says why. */
void bide__task_end_unstarted(struct bide_task *task, int result);

/* Whether its end counts as a failure for groups and for bide_wait(). */
static inline bool task_has_failed(const struct bide_task *task)
{
	return task->result < 0 &&
	       !(task->result == -ECANCELED && (task->flags & TASK_WAS_CANCELED));
}

/* Returns the extra part, made where there is none yet; NULL where memory has run out. */
struct task_extra *bide__task_extra(struct bide_task *task);

/*
 * On a thread that runs a call for a task of another one: that task, which stands
 * still meanwhile, or NULL where it does not; and its values.
 */
extern __thread struct bide_task *bide__caller __attribute__((tls_model("initial-exec")));
extern __thread struct local_values *bide__caller_locals __attribute__((tls_model("initial-exec")));

/* local.c */
struct local_values *bide__locals_share(struct local_values *values);
struct local_values *bide__locals_copy(const struct local_values *values); /* NULL: no memory */
void bide__locals_unref(struct local_values *values);   /* NULL is ignored */

/* defer.c */
void bide__deferred_run(struct bide_task *task);

/* The entry function of every task's stack. */
void bide__task_main(void);

#endif
