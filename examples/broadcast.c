/* SPDX-License-Identifier: MIT */

/*
 * broadcast.c - a sensor, and three who follow it in their own ways
 *
 * A broadcast keeps the last two samples and waits for nobody: the log has every
 * one, the slow link is told how many it has missed. A watch has the newest only.
 */
#include <bide.h>
#include <errno.h>
#include <stdio.h>

struct receiver {
	const char *name;
	bide_time pause; /* after each sample */
};

static bide_broadcast *samples;
static bide_watch *newest;

static int receive(void *arg)
{
	const struct receiver *self = arg;
	uint64_t cursor = bide_broadcast_subscribe(samples);
	ssize_t r;
	int sample;

	while ((r = bide_broadcast_get(samples, &cursor, &sample)) >= 0) {
		printf("%s: %d, missed %zd\n", self->name, sample, r);
		bide_sleep(self->pause); /* where this is cut short, so is the next get */
	}
	return r == -ESHUTDOWN ? 0 : (int)r;
}

static int display(void *arg)
{
	uint64_t version = 0;
	int sample, r;

	(void)arg;
	while ((r = bide_watch_wait(newest, &version, &sample)) == 0) {
		printf("display: %d\n", sample);
		bide_sleep(100 * BIDE_MILLISECOND);
	}
	return r == -ESHUTDOWN ? 0 : r;
}

static int async_main(void *arg)
{
	static struct receiver log_all = { "log", 0 };
	static struct receiver slow_link = { "link", 100 * BIDE_MILLISECOND };
	bide_group group;
	int sample = 0;

	(void)arg;
	bide_group_open(&group);
	bide_group_spawn(&group, receive, &log_all);
	bide_group_spawn(&group, receive, &slow_link);
	bide_group_spawn(&group, display, NULL);
	while (bide_sleep(10 * BIDE_MILLISECOND) == 0 && ++sample <= 5) {
		bide_broadcast_put(samples, &sample);
		bide_watch_set(newest, &sample);
	}
	bide_broadcast_shutdown(samples);
	bide_watch_shutdown(newest);
	return bide_group_close(&group);
}

int main(void)
{
	int none = 0, r = -ENOMEM;

	samples = bide_broadcast_new(sizeof(int), 2);
	newest = bide_watch_new(sizeof none, &none);
	if (samples != NULL && newest != NULL)
		r = bide_run(async_main, NULL);
	bide_broadcast_free(samples);
	bide_watch_free(newest);
	return r < 0;
}
