/* SPDX-License-Identifier: MIT */

/*
 * philosophers.c - five philosophers at a round table, with a fork between any two
 *
 * usage: philosophers [deadlock]
 *
 * To eat takes the forks on both sides. Where all take the left one first, each has one
 * and waits for the next for ever; bide finds that, prints who waits for what, and
 * ends the tasks. Where all take the fork of the lower number first, the last of them
 * begins with the right one, and there is no such circle.
 */
#include <bide.h>
#include <stdio.h>
#include <string.h>

#define COUNT 5

static bide_lock forks[COUNT];
static bool left_first;

/* Eats with the second fork; the caller holds the first. */
static int eat(int philosopher, bide_lock *second)
{
	int r = bide_sleep(10 * BIDE_MILLISECOND); /* long enough for all to take one */

	if (r == 0)
		r = bide_lock_acquire(second);
	if (r < 0)
		return r;
	r = bide_sleep(10 * BIDE_MILLISECOND);
	if (r == 0)
		printf("philosopher %d has eaten\n", philosopher);
	bide_lock_release(second);
	return r;
}

static int philosopher(void *arg)
{
	int left = *(int *)arg, right = (left + 1) % COUNT;
	bool is_left = left_first || left < right;
	int r = 0;

	for (int meal = 0; meal < 2 && r == 0; meal++) {
		r = bide_lock_acquire(&forks[is_left ? left : right]);
		if (r < 0)
			return r;
		r = eat(left, &forks[is_left ? right : left]);
		bide_lock_release(&forks[is_left ? left : right]);
	}
	return r;
}

static int async_main(void *arg)
{
	bide_group group;

	(void)arg;
	bide_group_open(&group);
	for (int i = 0; i < COUNT; i++)
		bide_group_spawn_copy(&group, philosopher, &i, sizeof i);
	return bide_group_close(&group);
}

int main(int argc, char *argv[])
{
	int r;

	left_first = argc > 1 && strcmp(argv[1], "deadlock") == 0;
	r = bide_run(async_main, NULL);
	puts(r < 0 ? bide_strerror(r) : "all have eaten twice");
	return r < 0;
}
