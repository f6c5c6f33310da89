/* SPDX-License-Identifier: MIT */

/*
 * bide.c - a generator's next and yield: two switches
 */
#include "bench.h"

#include <bide/gen.h>

static int count(void *arg)
{
	int i = 0;

	(void)arg;
	while (bide_gen_yield(&i) == 0)
		i++;
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("switch", 2, argc, argv);
	bide_gen *gen = bide_gen_new(sizeof(int), count, NULL);
	int item, expected = 0;

	if (gen == NULL)
		bench_fail("bide_gen_new failed");
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			if (bide_gen_next(gen, &item) != 1 || item != expected++)
				bench_fail("the wrong item");
	bide_gen_free(gen);
	return 0;
}
