/* SPDX-License-Identifier: MIT */

/*
 * tree_grep.c - finds the lines of all files of a tree that match, as grep -r does
 *
 * usage: tree_grep PATTERN FOLDER        a basic regular expression, as grep's
 *
 *   ./dev run examples/programs/tree_grep.c 'to_thread(' src
 *
 * One task walks the tree and puts the names of files into a queue. Some workers take
 * them, read the files, and have them searched on threads, as many at once as there are
 * processors: the loop only ever waits. The lines of one file stay together; the order
 * of the files is open.
 *
 * To be seen in it: a queue that holds back who is faster, and a shutdown that ends
 * those who wait for more; files and folders read without holding up anybody; work for
 * the processor in bide_to_thread. Ctrl-C ends it at once.
 */
#define _GNU_SOURCE
#include <bide.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORKERS 8
#define STACK_BYTES (4 << 20) /* for folders as deep as a path can tell */

static const char *pattern;
static bool has_match, has_error;

static void complain(const char *path, int r)
{
	fprintf(stderr, "tree_grep: %s: %s\n", path, bide_strerror(r));
	has_error = true;
}

/* ---- one file ---- */

struct file {
	const char *path;
	const regex_t *regex; /* the worker's own: threads that share one wait for each other */
	char *text;           /* owned; all of it */
	size_t size;
	char *found; /* owned; what is to be printed */
	size_t found_size;
};

/* Reads the whole file. Returns 0, or why that cannot be done. */
static int read_file(struct file *file)
{
	int fd = bide_open(file->path, O_RDONLY, 0);
	struct stat status;
	ssize_t r;

	if (fd < 0)
		return fd;
	r = bide_fstat(fd, &status);
	if (r == 0) {
		file->size = (size_t)status.st_size;
		file->text = malloc(file->size + 1);
		r = file->text == NULL ? -ENOMEM : bide_read_full(fd, file->text, file->size);
	}
	if (r >= 0) {
		file->size = (size_t)r; /* it may have shrunk */
		file->text[file->size] = '\0';
	}
	bide_close(fd);
	return r < 0 ? (int)r : 0;
}

static bool matches(const regex_t *regex, const char *line, const char *end)
{
	regmatch_t range = { .rm_so = 0, .rm_eo = (regoff_t)(end - line) };

	return regexec(regex, line, 1, &range, REG_STARTEND) == 0;
}

static void search_lines(const struct file *file, FILE *out)
{
	const char *line = file->text;
	const char *end = file->text + file->size;

	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *stop = newline != NULL ? newline : end;

		if (matches(file->regex, line, stop)) {
			fprintf(out, "%s:", file->path);
			fwrite(line, 1, (size_t)(stop - line), out);
			putc('\n', out);
		}
		line = stop + 1;
	}
}

/* On a thread of the pool. */
static int search(void *arg)
{
	struct file *file = arg;
	FILE *out = open_memstream(&file->found, &file->found_size);

	if (out == NULL)
		return -ENOMEM;
	search_lines(file, out);
	if (fclose(out) != 0)
		return -ENOMEM;
	return 0;
}

static void print_found(const struct file *file)
{
	if (file->found_size == 0)
		return;
	has_match = true;
	/* As grep: of what is no text it only says that there is something. */
	if (memchr(file->text, '\0', file->size) != NULL)
		fprintf(stderr, "tree_grep: %s: binary file matches\n", file->path);
	else
		fwrite(file->found, 1, file->found_size, stdout);
}

static int search_file(const char *path, const regex_t *regex)
{
	struct file file = { .path = path, .regex = regex };
	int r = read_file(&file);

	if (r == 0)
		r = bide_to_thread(search, &file);
	if (r == 0)
		print_found(&file);
	free(file.text);
	free(file.found);
	return r;
}

/* Takes names, which are its to free, until there are no more. */
static int work(void *queue)
{
	regex_t regex;
	char *path;
	int r;

	if (regcomp(&regex, pattern, REG_NEWLINE) != 0)
		return -ENOMEM; /* main has tried the pattern */
	while ((r = bide_queue_get(queue, &path)) == 0) {
		r = search_file(path, &regex);
		if (r < 0 && r != -ECANCELED)
			complain(path, r);
		free(path);
	}
	regfree(&regex);
	return r == -ESHUTDOWN ? 0 : r;
}

/* ---- the tree ---- */

static int walk(bide_queue *queue, const char *folder);

/* Follows no links, as grep -r does, and skips devices and the like. */
static int visit(bide_queue *queue, const char *folder, const char *name)
{
	struct stat status;
	char *path;
	int r;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return -ENOMEM;
	r = bide_lstat(path, &status);
	if (r < 0 && r != -ECANCELED) {
		complain(path, r);
		r = 0;
	} else if (r == 0 && S_ISDIR(status.st_mode)) {
		r = walk(queue, path);
	} else if (r == 0 && S_ISREG(status.st_mode)) {
		r = bide_queue_put(queue, &path);
		if (r == 0)
			return 0; /* the path is the worker's now */
	}
	free(path);
	return r;
}

static int walk(bide_queue *queue, const char *folder)
{
	DIR *dir = bide_opendir(folder);
	struct dirent *entry;
	int r = 0, why;

	if (dir == NULL) {
		r = -errno;
		if (r == -ECANCELED)
			return r;
		complain(folder, r);
		return 0;
	}
	while (r == 0 && (entry = bide_readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = visit(queue, folder, entry->d_name);
	why = r < 0 ? 0 : -errno; /* 0: there are no more */
	bide_closedir(dir);
	if (why == -ECANCELED)
		return why;
	if (why < 0)
		complain(folder, why);
	return r;
}

static void free_rest(bide_queue *queue)
{
	char *path;

	while (bide_queue_try_get(queue, &path) == 0)
		free(path);
	bide_queue_free(queue);
}

static int async_main(void *folder)
{
	bide_queue *queue = bide_queue_new(sizeof(char *), 2 * WORKERS);
	bide_group workers;
	int r, end;

	if (queue == NULL)
		return -ENOMEM;
	bide_group_open(&workers);
	for (int i = 0; i < WORKERS; i++)
		bide_group_spawn(&workers, work, queue);
	r = walk(queue, folder);
	bide_queue_shutdown(queue, false);
	end = bide_group_close(&workers);
	free_rest(queue);
	return end < 0 ? end : r; /* a worker that fails ends the walk */
}

int main(int argc, char *argv[])
{
	const bide_options options = { .stack_size = STACK_BYTES };
	regex_t regex;
	int r;

	if (argc != 3 || regcomp(&regex, argv[1], REG_NEWLINE) != 0) {
		fprintf(stderr, "usage: %s PATTERN FOLDER\n", argv[0]);
		return 2;
	}
	regfree(&regex);
	pattern = argv[1];
	r = bide_run_with(&options, async_main, argv[2]);
	if (r < 0)
		fprintf(stderr, "tree_grep: %s\n", bide_strerror(r));
	return r < 0 || has_error ? 2 : !has_match;
}
