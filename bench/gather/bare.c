/* SPDX-License-Identifier: MIT */

/*
 * bare.c - so many functions and arguments in a ring, each run on one stack used anew
 *
 * One switch brings each function to the beginning of the stack. Left out: tasks,
 * handles and who waits for one; a function that suspends would lose its stack.
 */
#include "bare.h"

struct record {
	int (*fn)(void *arg);
	void *arg;
};

static struct record *ring;
static long first, end;
static int64_t sum;
static struct bare lead, gone, fresh;

static int child(void *arg)
{
	(void)arg;
	return 1;
}

static void run_one(void)
{
	struct record record = ring[first++];

	sum += record.fn(record.arg);
	if (first < end)
		bare_switch(&gone, &fresh);
	bare_switch(&gone, &lead);
}

static void spawn(int (*fn)(void *arg), void *arg)
{
	ring[end++] = (struct record){ .fn = fn, .arg = arg };
}

static void gather(void)
{
	bare_switch(&lead, &fresh);
	first = end = 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("gather", 1, argc, argv);

	bench.ops_per_unit = (double)bench.param;
	fresh = *bare_new(bare_slots(1), 0, run_one);
	ring = calloc((size_t)bench.param, sizeof *ring);
	if (ring == NULL)
		bench_fail("no memory");
	for (int64_t units; (units = bench_next(&bench)) != 0;) {
		sum = 0;
		for (int64_t i = 0; i < units; i++) {
			for (long n = 0; n < bench.param; n++)
				spawn(child, NULL);
			gather();
		}
		if (sum != bench.param * units)
			bench_fail("a function did not run");
	}
	return 0;
}
