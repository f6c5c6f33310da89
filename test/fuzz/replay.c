/* SPDX-License-Identifier: MIT */

/*
 * replay.c - runs a fuzz target without a fuzzer
 *
 * usage: replay_fuzz_X [FILE...]
 *
 * Runs it over each file, or where none is given over random inputs, each of them
 * made from its number; BIDE_TEST_LONG=1 makes more. BIDE_TEST_SEED=n runs that one
 * only; where a run aborts, the number is told.
 */
#include "fuzz.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define SIZE_MAX_RANDOM 600
#define SHORT_COUNT 2000
#define LONG_COUNT 200000

static char what[64];

static void tell(int signo)
{
	(void)signo;
	if (write(STDERR_FILENO, what, strlen(what)) < 0)
		_exit(1);
}

static void run_random(uint64_t seed)
{
	uint8_t data[SIZE_MAX_RANDOM];
	uint64_t x = seed * 0x9e3779b97f4a7c15ull + 1;
	size_t size = 0;
	size_t wanted = seed % SIZE_MAX_RANDOM;

	while (size < wanted) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		data[size++] = (uint8_t)(x >> 24);
	}
	snprintf(what, sizeof what, "with BIDE_TEST_SEED=%llu\n", (unsigned long long)seed);
	LLVMFuzzerTestOneInput(data, size);
}

static int run_file(const char *name)
{
	static uint8_t data[1 << 20];
	FILE *file = fopen(name, "rb");
	size_t size;

	if (file == NULL) {
		perror(name);
		return 1;
	}
	size = fread(data, 1, sizeof data, file);
	fclose(file);
	snprintf(what, sizeof what, "with %.40s\n", name);
	LLVMFuzzerTestOneInput(data, size);
	return 0;
}

int main(int argc, char *argv[])
{
	const char *seed = getenv("BIDE_TEST_SEED");
	uint64_t count = getenv("BIDE_TEST_LONG") != NULL ? LONG_COUNT : SHORT_COUNT;
	int r = 0;

	signal(SIGABRT, tell);
	for (int i = 1; i < argc; i++)
		r |= run_file(argv[i]);
	if (argc == 1 && seed != NULL)
		run_random(strtoull(seed, NULL, 0));
	for (uint64_t i = 1; argc == 1 && seed == NULL && i <= count; i++)
		run_random(i);
	return r;
}
