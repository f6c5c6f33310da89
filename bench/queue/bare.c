/* SPDX-License-Identifier: MIT */

/*
 * bare.c - hand items from one stack to another by a ring that holds so many
 *
 * Whoever finds the ring full or empty switches to the other one. Left out: who else
 * may wait, turns that are fair to others, items of any size, and a shutdown.
 */
#include "bare.h"

static int64_t *ring;
static long size, count, head, tail;
static struct bare consumer, *producer;

static void put(int64_t item)
{
	if (count == size)
		bare_switch(producer, &consumer);
	ring[tail] = item;
	tail = tail + 1 < size ? tail + 1 : 0;
	count++;
}

static int64_t get(void)
{
	int64_t item;

	if (count == 0)
		bare_switch(&consumer, producer);
	item = ring[head];
	head = head + 1 < size ? head + 1 : 0;
	count--;
	return item;
}

static void produce(void)
{
	for (int64_t item = 0;; item++)
		put(item);
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("queue", 1, argc, argv);
	int64_t expected = 0;

	size = bench.param;
	ring = calloc((size_t)size, sizeof *ring);
	if (ring == NULL)
		bench_fail("no memory");
	producer = bare_new(bare_slots(1), 0, produce);
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			if (get() != expected++)
				bench_fail("not the next item");
	return 0;
}
