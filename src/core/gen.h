/* SPDX-License-Identifier: MIT */

/*
 * gen.h - generators, as the rest of the core sees them
 */
#ifndef BIDE_CORE_GEN_H
#define BIDE_CORE_GEN_H

#include <bide/gen.h>

/* Whether the address lies in the guard of the generator's stack; NULL has none. */
bool bide__gen_guards(const bide_gen *gen, const void *address);

#endif
