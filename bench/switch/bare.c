/* SPDX-License-Identifier: MIT */

/*
 * bare.c - to another stack and back: two switches, and no generator
 *
 * Left out: where a context comes from, whether it has ended, and items of any size.
 */
#include "bare.h"

static struct bare here, *there;
static int item;

static void count(void)
{
	for (;; item++)
		bare_switch(there, &here);
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("switch", 2, argc, argv);
	int expected = 0;

	there = bare_new(bare_slots(1), 0, count);
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--) {
			bare_switch(&here, there);
			if (item != expected++)
				bench_fail("the wrong item");
		}
	return 0;
}
