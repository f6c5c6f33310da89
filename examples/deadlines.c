/* SPDX-License-Identifier: MIT */

/*
 * deadlines.c - a worker that always takes the job that is due first
 *
 * The queue orders jobs by their deadlines, and those of one deadline as they came.
 * What would take longer is cut short when its time is over; what comes too late
 * does not start: a scope whose deadline has passed is a cancelled one.
 */
#include <bide.h>
#include <errno.h>
#include <stdio.h>

struct job {
	const char *name;
	bide_time duration;
	bide_time due;
};

static int by_due(const void *a, const void *b)
{
	bide_time x = ((const struct job *)a)->due, y = ((const struct job *)b)->due;

	return (x > y) - (x < y);
}

static int run_job(void *arg)
{
	const struct job *job = arg;
	int r = bide_checkpoint();

	if (r == 0)
		printf("%s starts\n", job->name);
	return r < 0 ? r : bide_sleep(job->duration);
}

static int worker(void *arg)
{
	struct job job;
	int r;

	while ((r = bide_queue_get(arg, &job)) == 0) {
		r = bide_timeout(job.due - bide_now(), run_job, &job);
		if (r == -ECANCELED)
			return r;
		printf("%s: %s\n", job.name, r == 0 ? "done" : bide_strerror(r));
	}
	return r == -ESHUTDOWN ? 0 : r;
}

static int async_main(void *arg)
{
	static struct job jobs[] = {
		{ "report", 40 * BIDE_MILLISECOND, 2 * BIDE_SECOND },
		{ "mirror", 10 * BIDE_SECOND, 220 * BIDE_MILLISECOND },
		{ "digest", 40 * BIDE_MILLISECOND, 220 * BIDE_MILLISECOND },
		{ "reply", 40 * BIDE_MILLISECOND, 210 * BIDE_MILLISECOND },
		{ "heartbeat", 40 * BIDE_MILLISECOND, 200 * BIDE_MILLISECOND },
	};
	bide_queue *queue = bide_queue_new_priority(sizeof(struct job), 0, by_due);
	bide_time now = bide_now();
	int r;

	(void)arg;
	if (queue == NULL)
		return -ENOMEM;
	for (int i = 0; i < 5; i++) {
		jobs[i].due += now;
		bide_queue_try_put(queue, &jobs[i]);
	}
	bide_queue_shutdown(queue, false); /* no more will come */
	r = worker(queue);
	bide_queue_free(queue);
	return r;
}

int main(void)
{
	return bide_run(async_main, NULL) < 0;
}
