/* SPDX-License-Identifier: MIT */

/*
 * mem.h - heap memory; every allocation is a fault point
 */
#ifndef BIDE_BASE_MEM_H
#define BIDE_BASE_MEM_H

#include <stddef.h>

/* All return NULL where memory has run out; what they return is for bide__free(). */
void *bide__alloc(size_t size);
void *bide__calloc(size_t count, size_t size);
void *bide__realloc(void *memory, size_t size);  /* memory may be NULL; stays on failure */
void *bide__alloc_aligned(size_t alignment, size_t size);
char *bide__strdup(const char *string);

/* NULL is ignored. */
void bide__free(void *memory);

#endif
