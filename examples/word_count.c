/* SPDX-License-Identifier: MIT */

/*
 * word_count.c - counts the words of many files, as `wc -w` does
 *
 * usage: word_count FILE...
 *
 * One loop a processor, each with four tasks that take files from a shared queue.
 * Reading a file blocks the thread: bide_to_thread() does it on one of a pool.
 */
#include <bide.h>
#include <ctype.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_long total, failed;

/* Runs on a thread of the pool. */
static int count_words(void *arg)
{
	FILE *in = fopen(arg, "re");
	bool in_word = false;
	long words = 0;
	int c, r;

	if (in == NULL)
		return -errno;
	while ((c = getc_unlocked(in)) != EOF) {
		words += !isspace(c) && !in_word;
		in_word = !isspace(c);
	}
	r = ferror(in) ? -errno : 0;
	fclose(in);
	if (r == 0)
		printf("%ld %s\n", words, (const char *)arg);
	total += words;
	return r;
}

static int worker(void *names)
{
	char *name;
	int r;

	while (bide_queue_get(names, &name) == 0) {
		r = bide_to_thread(count_words, name);
		if (r < 0)
			printf("%s: %s\n", name, bide_strerror(r));
		failed += r < 0;
	}
	return bide_checkpoint(); /* there are no more, or this was cancelled */
}

static int async_main(void *names)
{
	bide_group group;

	bide_group_open(&group);
	for (int i = 0; i < 4; i++)
		bide_group_spawn(&group, worker, names);
	return bide_group_close(&group);
}

int main(int argc, char *argv[])
{
	bide_queue *names = bide_queue_new_shared(sizeof(char *), 0);
	int r;

	if (names == NULL)
		return 1;
	for (int i = 1; i < argc; i++)
		failed += bide_queue_put(names, &argv[i]) < 0;
	bide_queue_shutdown(names, false);
	r = bide_run_threads(0, async_main, names);
	printf("%ld total\n", total);
	bide_queue_free(names);
	return r < 0 || failed > 0;
}
