/* SPDX-License-Identifier: MIT */

/*
 * mem.c - the one place that asks the heap for memory
 */
#include "mem.h"

#include "fault.h"

#include <stdlib.h>
#include <string.h>

void *bide__alloc(size_t size)
{
	return bide__fault() ? NULL : malloc(size);
}

void *bide__calloc(size_t count, size_t size)
{
	return bide__fault() ? NULL : calloc(count, size);
}

void *bide__realloc(void *memory, size_t size)
{
	return bide__fault() ? NULL : realloc(memory, size);
}

void *bide__alloc_aligned(size_t alignment, size_t size)
{
	return bide__fault() ? NULL : aligned_alloc(alignment, size);
}

char *bide__strdup(const char *string)
{
	size_t size = strlen(string) + 1;
	char *copy = bide__alloc(size);

	return copy ? memcpy(copy, string, size) : NULL;
}

void bide__free(void *memory)
{
	free(memory);
}
