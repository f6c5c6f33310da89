/* SPDX-License-Identifier: MIT */

/*
 * group.c - three tasks in a group; one fails, and the group goes down with it
 *
 * bide_group_close() returns when all tasks of the group have ended, whatever
 * happened, so nothing that the group started outlives it. The first failure
 * cancels the others and is what close returns.
 */
#include <bide.h>
#include <errno.h>
#include <stdio.h>

struct part {
	const char *name;
	bide_time duration;
	int result;
};

static int fetch(void *arg)
{
	const struct part *part = arg;
	int r = bide_sleep(part->duration);

	if (r < 0) {
		printf("%s: cancelled\n", part->name);
		return r;
	}
	printf("%s: %s\n", part->name, part->result < 0 ? "fails" : "done");
	return part->result;
}

static int async_main(void *arg)
{
	static struct part parts[] = {
		{ "index", 200 * BIDE_MILLISECOND, 0 },
		{ "body", 500 * BIDE_MILLISECOND, -EIO },
		{ "images", 10 * BIDE_SECOND, 0 },
	};
	bide_group group;
	int r;

	(void)arg;
	bide_group_open(&group);
	for (int i = 0; i < 3; i++)
		bide_group_spawn(&group, fetch, &parts[i]);
	r = bide_group_close(&group);
	printf("group: %s\n", bide_strerror(r));
	return 0;
}

int main(void)
{
	return bide_run(async_main, NULL) < 0;
}
