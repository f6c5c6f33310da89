/* SPDX-License-Identifier: MIT */

/* fuzz.h - what every fuzz target provides, and how it says that something is wrong */
#ifndef TEST_FUZZ_FUZZ_H
#define TEST_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* One run over the input, which is copied where it has to stay. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EXPECT(holds, ...)                                                                         \
	do {                                                                                       \
		if (!(holds)) {                                                                    \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #holds);                \
			fprintf(stderr, __VA_ARGS__);                                              \
			fputc('\n', stderr);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
