/* SPDX-License-Identifier: MIT */

/*
 * pool.c - two connections, and five who want one
 *
 * The queue holds the connections that nobody uses. To take one waits where there is
 * none, for 100 ms at most. To give one back never waits, so that it works in a task
 * that was cancelled, too.
 */
#include <bide.h>
#include <errno.h>
#include <stdio.h>

#define CONNECTIONS 2

static bide_queue *idle; /* of numbers, which stand for connections here */
static int in_use, most_in_use;
static const int needed_ms[] = { 20, 60000, 200, 20, 20 }; /* by each user */

/* Returns a connection, -ETIMEDOUT or -ECANCELED. */
static int pool_take(void)
{
	int connection, r = -ECANCELED;

	BIDE_TIMEOUT(100 * BIDE_MILLISECOND) {
		r = bide_queue_get(idle, &connection);
	}
	if (r < 0)
		return bide_timed_out() ? -ETIMEDOUT : r;
	most_in_use = ++in_use > most_in_use ? in_use : most_in_use;
	return connection;
}

static int query(void *arg)
{
	int user = *(int *)arg, connection = pool_take(), r;

	if (connection < 0) {
		printf("user %d: no connection, %s\n", user, bide_strerror(connection));
		return connection == -ETIMEDOUT ? 0 : connection;
	}
	r = bide_sleep(needed_ms[user] * BIDE_MILLISECOND);
	printf("user %d: connection %d, %s\n", user, connection, r < 0 ? "cancelled" : "done");
	in_use--;
	bide_queue_try_put(idle, &connection);
	return r;
}

static int async_main(void *arg)
{
	bide_task *tasks[5] = { NULL };
	bide_group group;
	int r;

	(void)arg;
	bide_group_open(&group);
	for (int i = 0; i < 5; i++) {
		if (i == 4 && bide_sleep(150 * BIDE_MILLISECOND) == 0)
			bide_cancel(tasks[1]);
		tasks[i] = bide_group_spawn_copy(&group, query, &i, sizeof i);
	}
	r = bide_group_close(&group);
	printf("at most %d in use, %zu idle at the end\n", most_in_use, bide_queue_size(idle));
	return r;
}

int main(void)
{
	int r = -ENOMEM;

	idle = bide_queue_new(sizeof(int), CONNECTIONS);
	for (int i = 0; i < CONNECTIONS && idle != NULL; i++)
		bide_queue_try_put(idle, &i);
	if (idle != NULL)
		r = bide_run(async_main, NULL);
	bide_queue_free(idle);
	return r < 0;
}
