/* SPDX-License-Identifier: MIT */

/*
 * select.c - takes from two queues what comes first, until nothing does for 200 ms
 *
 * A queue that was shut down is always ready, with -ESHUTDOWN; a case without a
 * queue never is. So NULL takes a source that has ended out of the choice.
 */
#include <bide.h>
#include <errno.h>
#include <stdio.h>

struct source {
	int count;
	bide_time pause;
	bide_queue *queue;
};

static int produce(void *arg)
{
	const struct source *source = arg;
	int r = 0;

	for (int i = 0; i < source->count && r == 0; i++) {
		r = bide_sleep(source->pause);
		if (r == 0)
			r = bide_queue_put(source->queue, &i);
	}
	bide_queue_shutdown(source->queue, false);
	return r;
}

static int consume(bide_queue *a, bide_queue *b)
{
	int item;
	bide_case cases[] = {
		{ .queue = a, .item = &item, .op = BIDE_GET },
		{ .queue = b, .item = &item, .op = BIDE_GET },
	};
	ssize_t i;

	while ((i = bide_select(2, cases, 200 * BIDE_MILLISECOND)) >= 0) {
		if (cases[i].result == 0) {
			printf("%c: item %d\n", "ab"[i], item);
		} else {
			printf("%c: has ended\n", "ab"[i]);
			cases[i].queue = NULL;
		}
	}
	puts(i == -ETIMEDOUT ? "nothing for 200 ms" : bide_strerror((int)i));
	return i == -ETIMEDOUT ? 0 : (int)i;
}

static int async_main(void *arg)
{
	struct source a = { 2, 80 * BIDE_MILLISECOND, NULL };
	struct source b = { 1, 120 * BIDE_MILLISECOND, NULL };
	bide_group group;
	int r = -ENOMEM;

	(void)arg;
	a.queue = bide_queue_new(sizeof(int), BIDE_QUEUE_RENDEZVOUS);
	b.queue = bide_queue_new(sizeof(int), BIDE_QUEUE_RENDEZVOUS);
	if (a.queue != NULL && b.queue != NULL) {
		bide_group_open(&group);
		bide_group_spawn(&group, produce, &a);
		bide_group_spawn(&group, produce, &b);
		r = consume(a.queue, b.queue);
		bide_group_cancel(&group); /* who still waits to put would do so for ever */
		bide_group_close(&group);
	}
	bide_queue_free(a.queue);
	bide_queue_free(b.queue);
	return r;
}

int main(void)
{
	return bide_run(async_main, NULL) < 0;
}
