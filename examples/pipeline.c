/* SPDX-License-Identifier: MIT */

/*
 * pipeline.c - three stages, with bounded queues between them
 *
 * A stage that is slow holds back the one before it: a put into a full queue waits
 * for room, so that memory does not fill up. Each stage ends by shutting down the
 * queue behind it; the next one gets what is left there, then -ESHUTDOWN.
 */
#include <bide.h>
#include <errno.h>
#include <stdio.h>

static bide_queue *numbers, *squares; /* each holds two */

static int read_numbers(void *arg)
{
	int r = 0;

	(void)arg;
	for (int i = 0; i < 8 && r == 0; i++) {
		printf("read %d%s\n", i, bide_queue_full(numbers) ? ", held back" : "");
		r = bide_queue_put(numbers, &i);
	}
	bide_queue_shutdown(numbers, false);
	return r;
}

static int square(void *arg)
{
	int n, r;

	(void)arg;
	while ((r = bide_queue_get(numbers, &n)) == 0) {
		n *= n;
		r = bide_sleep(20 * BIDE_MILLISECOND); /* it takes its time */
		if (r == 0)
			r = bide_queue_put(squares, &n);
		if (r < 0)
			break;
	}
	bide_queue_shutdown(squares, false);
	return r == -ESHUTDOWN ? 0 : r;
}

static int print_squares(void *arg)
{
	int n, r;

	(void)arg;
	while ((r = bide_queue_get(squares, &n)) == 0)
		printf("        square %d\n", n);
	return r == -ESHUTDOWN ? 0 : r;
}

static int async_main(void *arg)
{
	bide_group group;
	int r = -ENOMEM;

	(void)arg;
	numbers = bide_queue_new(sizeof(int), 2);
	squares = bide_queue_new(sizeof(int), 2);
	if (numbers != NULL && squares != NULL) {
		bide_group_open(&group);
		bide_group_spawn(&group, read_numbers, NULL);
		bide_group_spawn(&group, square, NULL);
		bide_group_spawn(&group, print_squares, NULL);
		r = bide_group_close(&group);
	}
	bide_queue_free(numbers);
	bide_queue_free(squares);
	return r;
}

int main(void)
{
	return bide_run(async_main, NULL) < 0;
}
