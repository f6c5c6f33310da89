/* SPDX-License-Identifier: MIT */

/*
 * symbol.h - what a function is called in the program's own symbol table
 */
#ifndef BIDE_DIAG_SYMBOL_H
#define BIDE_DIAG_SYMBOL_H

/* Returns the name of the function at the address, valid for ever, or NULL. */
const char *bide__symbol_of(const void *function);

#endif
