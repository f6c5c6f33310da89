/* SPDX-License-Identifier: MIT */

/*
 * bare.c - one yield among so many contexts, each with a page of a stack of its own
 *
 * A ring of pointers says whose turn it is, and the memory of one that comes soon is
 * fetched ahead. Left out: a task around the context, cancellation, time limits, timers
 * and descriptors, and room in the ring for one that is woken.
 */
#include "bare.h"

#define AHEAD 4

static struct bare *current, **ring;
static long at, last;                   /* in the ring, which holds all but the current */

static inline __attribute__((always_inline)) void yield(void)
{
	struct bare *self = current;

	if (at + AHEAD <= last)
		__builtin_prefetch(ring[at + AHEAD]);
	current = ring[at];
	ring[at] = self;
	at = at < last ? at + 1 : 0;
	bare_switch(self, current);
}

static void worker(void)
{
	for (;;)
		yield();
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("yield", 1, argc, argv);
	size_t others = (size_t)bench.param - 1;
	char *slots = bare_slots(others);
	struct bare lead;

	bench.ops_per_unit = (double)bench.param;
	ring = calloc(others, sizeof *ring);
	if (ring == NULL)
		bench_fail("no memory");
	for (size_t i = 0; i < others; i++)
		ring[i] = bare_new(slots, i, worker);
	last = bench.param - 2;
	current = &lead;
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			yield();
	return 0;
}
