/* SPDX-License-Identifier: MIT */

/*
 * check.h - misuse that would corrupt memory: say so, and abort
 */
#ifndef BIDE_BASE_CHECK_H
#define BIDE_BASE_CHECK_H

#include <assert.h>
#include <stdbool.h>

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Always compiled in. The words say what was done, to what, and the rule. */
#define bide__check(holds, ...)                                                                    \
	do {                                                                                       \
		if (unlikely(!(holds)))                                                            \
			bide__misuse(__VA_ARGS__);                                                 \
	} while (0)

/* Prints "bide: misuse by task NAME: …" to stderr and aborts. */
__attribute__((noreturn, cold, format(printf, 1, 2))) void bide__misuse(const char *format, ...);

/* Prints one line "bide: …" to stderr, in one write. */
__attribute__((cold, format(printf, 1, 2))) void bide__report(const char *format, ...);

/* Names what runs on this thread, or returns NULL; the layer that knows tasks sets it. */
extern const char *(*bide__check_who)(void);

#endif
