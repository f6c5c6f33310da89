/* SPDX-License-Identifier: MIT */

/*
 * bide.c - so many tasks wait within a time limit, which is moved time and again
 *
 * As the idle timeouts of connections, which begin anew with each request. Whoever
 * serves those would move them from the same task; here one task does, so that no wake-up
 * is counted.
 */
#include "churn.h"

#include <bide.h>

static bide_event is_over;

/* Its limit is on its stack, and the caller gets to know where. */
static int connection(void *arg)
{
	bide_scope **place = arg;
	bide_scope limit;
	int r;

	bide_scope_enter(&limit, churn_delay());
	*place = &limit;
	r = bide_event_wait(&is_over);
	if (bide_scope_leave(&limit) < 0)
		bench_fail("a limit of hours has passed");
	return r;
}

static int lead(void *arg)
{
	struct bench *bench = arg;
	size_t n = (size_t)bench->param;
	bide_scope **limits = calloc(n, sizeof *limits);

	if (limits == NULL)
		bench_fail("no memory");
	for (size_t i = 0; i < n; i++)
		if (bide_go(connection, &limits[i]) < 0)
			bench_fail("bide_go failed");
	(void)bide_yield();                     /* each runs until it waits */
	for (int64_t units; (units = bench_next(bench)) != 0;)
		for (; units != 0; units--) {
			for (int i = 0; i < CHURN_BATCH; i++)
				bide_scope_set_deadline(limits[churn_random() % n],
				                        bide_now() + churn_delay());
			(void)bide_yield();
		}
	bide_event_set(&is_over);
	(void)bide_yield();                     /* each leaves its scope */
	free(limits);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("churn", CHURN_BATCH, argc, argv);

	return bide_run(lead, &bench) < 0;
}
