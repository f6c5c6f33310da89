/* SPDX-License-Identifier: MIT */

/*
 * place.c - what a place in code or a static object is called
 */
#include "core/hold.h"
#include "diag/symbol.h"

#include <stdio.h>

const char *bide__place_describe(char *ret, size_t size, const void *place)
{
	size_t offset;
	const char *name = bide__symbol_around(place, &offset);

	if (name == NULL)
		(void)snprintf(ret, size, "%p", place);
	else if (offset == 0)
		(void)snprintf(ret, size, "%s", name);
	else
		(void)snprintf(ret, size, "%s+%#zx", name, offset);
	return ret;
}
