/* SPDX-License-Identifier: MIT */

/*
 * gen.c - generators: coroutines by themselves
 *
 * A generator is a stack that bide_gen_next() switches to and bide_gen_yield()
 * switches back from, within whatever called the former: a task or a plain thread.
 * To the loop the generator's code is the task's own; what suspends in there
 * suspends the task.
 *
 * Invariants
 *   N1  The generators that a task, or a thread outside of tasks, is running form a
 *       chain along outer, the innermost first.
 *   N2  A generator's stack is given back by whoever runs on another one.
 */
#include "core/gen.h"

#include "base/mem.h"
#include "core/loop.h"

#include <pthread.h>
#include <string.h>

#define GEN_STACK_BYTES ((size_t)256 * 1024)

enum gen_state {
	GEN_NEW,
	GEN_STANDING,                   /* in bide_gen_yield() */
	GEN_RUNNING,                    /* in bide_gen_next(), or suspended inside it */
	GEN_DONE,                       /* result is set */
};

struct bide_gen {
	struct context context;         /* while STANDING or NEW */
	struct context caller;          /* of bide_gen_next(), while RUNNING */
	void *item;                     /* where it wants the item; NULL: nowhere */
	size_t item_size;
	bide_gen **place;               /* where its caller keeps its innermost generator */
	bide_gen *outer;                /* the generator that runs this one; NULL: none */
	int value;                      /* where contexts cannot cross: what is handed over */
	bide_scope *scope;              /* the caller's innermost scope */
	stack *stack;                   /* owned, of the pool below, until it is freed */
	enum gen_state state;
	int result;
	bool is_ending;                 /* being freed */
	bide_fn *fn;
	void *arg;
};

/* Generators need no loop, so their stacks come from a pool of the process. */
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static struct stack_pool pool;

/* The innermost generator of a thread outside of tasks. */
static __thread bide_gen *thread_gen __attribute__((tls_model("initial-exec")));

/* In the child of a fork, whose other threads are gone. */
static void pool_reset(void)
{
	(void)pthread_mutex_init(&pool_lock, NULL);
}

static stack *pool_acquire(void)
{
	stack *acquired;

	(void)pthread_mutex_lock(&pool_lock);
	if (pool.slot_bytes == 0) {
		bide__stack_pool_init(&pool, GEN_STACK_BYTES);
		(void)pthread_atfork(NULL, NULL, pool_reset);   /* no memory: not reset */
	}
	acquired = stack_acquire(&pool);
	(void)pthread_mutex_unlock(&pool_lock);
	return acquired;
}

static void pool_release(stack *released)
{
	(void)pthread_mutex_lock(&pool_lock);
	stack_release(&pool, released);
	(void)pthread_mutex_unlock(&pool_lock);
}

bool bide__gen_guards(const bide_gen *gen, const void *address)
{
	return gen != NULL && stack_guards(&pool, gen->stack, address);
}

/* Where the innermost generator of what runs here is kept (N1). */
static inline bide_gen **innermost(const bide_loop *loop)
{
	return loop != NULL && loop->current != NULL ? &loop->current->gen : &thread_gen;
}

static inline bide_scope *innermost_scope(const bide_loop *loop)
{
	return loop != NULL && loop->current != NULL ? loop->current->scope : NULL;
}

/* The sanitizers want to know which stack a context stands on, a task's included. */
static inline void bounds_enter(bide_gen *gen)
{
#if SWITCH_ASAN || SWITCH_TSAN
	struct bide_task *self = task_current();

	if (self != NULL) {
		gen->caller = self->context;
		self->context = gen->context;
	} else if (gen->outer != NULL) {
		gen->caller = gen->outer->context;
	} else {
		bide__context_of_thread(&gen->caller);
	}
#endif
	(void)gen;
}

static inline void bounds_leave(bide_gen *gen)
{
#if SWITCH_ASAN || SWITCH_TSAN
	if (task_current() != NULL)
		task_current()->context = gen->caller;
#endif
	(void)gen;
}

/* Must be the last call of a function: see bide__context_cross(). */
static inline int gen_cross(bide_gen *gen, struct context *from, struct context *to, int value)
{
#if SWITCH_HAS_CROSS
	(void)gen;
	return bide__context_cross(from, to, value);
#else
	gen->value = value;
	context_switch(from, to);
	return gen->value;
#endif
}

static inline void gen_enter(bide_gen *gen, const bide_loop *loop, bide_gen **place, void *item)
{
	gen->state = GEN_RUNNING;
	gen->item = item;
	gen->place = place;
	gen->outer = *place;
	gen->scope = innermost_scope(loop);
	bounds_enter(gen);
	*place = gen;
}

/* The other end, so that bide_gen_next() has nothing left to do after the crossing. */
static inline void gen_leave(bide_gen *gen, enum gen_state state)
{
	gen->state = state;
	*gen->place = gen->outer;
	bounds_leave(gen);
}

static void gen_main(void)
{
	bide_gen *gen = *innermost(bide__loop);

	context_announce_arrival(&gen->context);
	gen->result = gen->fn(gen->arg);
	bide__check(gen->scope == innermost_scope(bide__loop),
	            "a generator's function must leave the scopes and close the groups that it has "
	            "entered before it returns");
	if (gen->result > 0)
		gen->result = 0;
	gen_leave(gen, GEN_DONE);
	(void)gen_cross(gen, &gen->context, &gen->caller, gen->result);
	__builtin_unreachable();
}

bide_gen *bide_gen_new(size_t item_size, bide_fn *fn, void *arg)
{
	bide_gen *gen = bide__calloc(1, sizeof *gen);

	if (gen == NULL)
		return bide__null_with(ENOMEM);
	gen->stack = pool_acquire();
	if (gen->stack == NULL) {
		bide__free(gen);
		return bide__null_with(ENOMEM);
	}
	gen->item_size = item_size;
	gen->fn = fn;
	gen->arg = arg;
	bide__context_init(&gen->context, gen->stack->low, stack_usable(gen->stack), gen_main,
	                   &gen->stack->fiber);
	context_init_crossing(&gen->context);
	return gen;
}

static inline void item_copy(void *to, const void *from, size_t size)
{
	/* Most items are a pointer or a number: not worth a call. */
	if (size == sizeof(uint64_t))
		memcpy(to, from, sizeof(uint64_t));
	else if (size == sizeof(uint32_t))
		memcpy(to, from, sizeof(uint32_t));
	else
		memcpy(to, from, size);
}

int bide_gen_next(bide_gen *gen, void *item)
{
	bide_loop *loop = bide__loop;
	bide_gen **place = innermost(loop);

	if (unlikely(gen->state == GEN_RUNNING))
		return -EBUSY;
	if (unlikely(gen->state == GEN_DONE))
		return gen->result;

	gen_enter(gen, loop, place, item);
	return gen_cross(gen, &gen->caller, &gen->context, 0);
}

int bide_gen_yield(const void *item)
{
	bide_loop *loop = bide__loop;
	bide_gen *gen = *innermost(loop);

	if (unlikely(gen == NULL))
		return -EPERM;
	if (unlikely(gen->is_ending))
		return -ECANCELED;
	bide__check(gen->scope == innermost_scope(loop),
	            "bide_gen_yield: a scope or group that the generator has opened is still open, "
	            "and would be left around its caller");
	if (gen->item != NULL)
		item_copy(gen->item, item, gen->item_size);
	gen_leave(gen, GEN_STANDING);
	return gen_cross(gen, &gen->context, &gen->caller, 1);
}

/* Goes on for the last time: bide_gen_yield() returns -ECANCELED, there and from now on. */
static int gen_end(bide_gen *gen)
{
	gen->is_ending = true;
	gen_enter(gen, bide__loop, innermost(bide__loop), NULL);
	return gen_cross(gen, &gen->caller, &gen->context, -ECANCELED);
}

void bide_gen_free(bide_gen *gen)
{
	if (gen == NULL)
		return;
	bide__check(gen->state != GEN_RUNNING, "bide_gen_free: the generator is running");
	if (gen->state == GEN_STANDING)
		(void)gen_end(gen);             /* its result is of no interest any more */
	pool_release(gen->stack);               /* N2 */
	bide__free(gen);
}
