/* SPDX-License-Identifier: MIT */

/*
 * check.c - reports to stderr, and the end of a program that was misused
 *
 * A message is composed first and written at once, so that those of several
 * threads don't mix, and without stdio's buffers, so that nothing is lost in the
 * abort that follows.
 */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *(*bide__check_who)(void);

static void print(const char *prefix, const char *who, const char *format, va_list args)
{
	char line[1024];
	int room = (int)sizeof line - 1;
	int n = snprintf(line, sizeof line, "bide: %s%s%s%s", prefix, who ? "task '" : "",
	                 who ? who : "", who ? "': " : "");

	if (n > room)
		n = room;
	n += vsnprintf(line + n, sizeof line - (size_t)n, format, args);
	if (n > room)
		n = room;
	line[n++] = '\n';
	/* There is nowhere to report that stderr is gone. */
	(void)!write(STDERR_FILENO, line, (size_t)n);
}

void bide__misuse(const char *format, ...)
{
	const char *(*name)(void) = __atomic_load_n(&bide__check_who, __ATOMIC_RELAXED);
	const char *who = name != NULL ? name() : NULL;
	va_list args;

	va_start(args, format);
	print(who ? "misuse by " : "misuse: ", who, format, args);
	va_end(args);
	abort();
}

void bide__report(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print("", NULL, format, args);
	va_end(args);
}
