/* SPDX-License-Identifier: MIT */

/*
 * bide/gen.h - generators: coroutines by themselves
 *
 * A generator is a function that hands out items one at a time and stands still
 * between them. It needs no loop. Inside a task its function may suspend like
 * any other: then the task that called bide_gen_next() waits.
 */
#ifndef BIDE_GEN_H
#define BIDE_GEN_H

#include <bide/base.h>

BIDE_BEGIN_DECLS

typedef struct bide_gen bide_gen;

/*
 * Creates a generator of items of item_size bytes, which the caller owns. fn(arg)
 * starts at the first bide_gen_next(). Returns NULL and sets errno: ENOMEM.
 */
BIDE_API BIDE_MUST_CHECK bide_gen *bide_gen_new(size_t item_size, bide_fn *fn, void *arg);

/*
 * Runs the generator's function up to its next bide_gen_yield() and copies the
 * item to *item; NULL drops it.
 *
 * Returns 1 and an item; 0 once the function has returned, or what it returned
 * where that is negative; -EBUSY where the generator is running already.
 */
BIDE_API int bide_gen_next(bide_gen *gen, void *item);

/*
 * Inside a generator's function: hands the item to bide_gen_next() and stands
 * still until the next call of that. Returns 0, or
 *   -ECANCELED  the generator is being freed
 *   -EPERM      no generator runs here
 * Scopes and groups that the function has entered must be left before.
 */
BIDE_API int bide_gen_yield(const void *item);

/*
 * Frees the generator. A function that has started is first run to its end,
 * with bide_gen_yield() returning -ECANCELED in it; one never started never
 * runs. NULL is ignored. Freeing a generator from inside it is misuse.
 */
BIDE_API void bide_gen_free(bide_gen *gen);

BIDE_END_DECLS

#endif
