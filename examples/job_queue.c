/* SPDX-License-Identifier: MIT */

/*
 * job_queue.c - a producer queues jobs, a worker starts each as a task
 *
 * bide_queue_join() waits until the worker has said bide_queue_task_done() for all
 * that was put: here that it has taken them, not that they have ended. Jobs 10 and
 * 11 are done before it is back all the same, as they were spawned before that.
 */
#include <bide.h>
#include <errno.h>
#include <stdio.h>

struct job {
	bide_fn *fn;
	int i;
};

static int print_job(void *arg)
{
	printf("job %d\n", *(int *)arg);
	return 0;
}

static int worker(void *arg)
{
	bide_queue *q = arg;
	struct job j;
	int r;

	while ((r = bide_queue_get(q, &j)) == 0) {
		bide_detach(bide_spawn_copy(j.fn, &j.i, sizeof j.i));
		bide_queue_task_done(q);
	}
	if (r == -ECANCELED)
		puts("worker cancelled");
	return r;
}

static int put_jobs(bide_queue *q, int from, int to)
{
	int r = 0;

	for (int i = from; i <= to && r == 0; i++)
		r = bide_queue_put(q, &(struct job){ print_job, i });
	return r;
}

static int async_main(void *arg)
{
	bide_queue *q = bide_queue_new(sizeof(struct job), 0);
	bide_task *w = bide_spawn(worker, q);

	(void)arg;
	put_jobs(q, 0, 9);
	puts("produced 10");
	bide_sleep(BIDE_SECOND);
	put_jobs(q, 10, 11);
	puts("produced 2 more");
	bide_queue_join(q);
	puts("join back");
	bide_cancel(w);
	bide_join(w);
	bide_queue_free(q);
	puts("end");
	return 0;
}

int main(void)
{
	return bide_run(async_main, NULL) < 0;
}
