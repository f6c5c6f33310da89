/* SPDX-License-Identifier: MIT */

/*
 * symbol.h - what addresses are called in the program's own symbol table
 */
#ifndef BIDE_DIAG_SYMBOL_H
#define BIDE_DIAG_SYMBOL_H

#include <stddef.h>

/* Returns the name of the function at the address, valid for ever, or NULL. */
const char *bide__symbol_of(const void *function);

/*
 * Returns the name of the function or static object that the address lies in, and
 * how far behind its begin; NULL where there is none.
 */
const char *bide__symbol_around(const void *address, size_t *ret_offset);

#endif
