/* SPDX-License-Identifier: MIT */

/*
 * http_files.h - what http_server.c knows of files: plain C without tasks
 *
 * look_up() blocks: it opens files, and there may be a slow disk or a network behind
 * them. The server calls it on a thread of the pool; nothing in here needs a loop.
 */
#ifndef HTTP_FILES_H
#define HTTP_FILES_H

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct answer {
	const char *path; /* below the root; "": the root itself */
	const char *raw_path; /* as it stands in the request, and not ended there */
	size_t raw_length;
	int status;
	int file; /* of which the body is a part; -1: the body is text */
	char *text; /* malloc()ed, or NULL */
	off_t size, from, length; /* of the file, and of the part */
	time_t modified;
};

static char root[PATH_MAX]; /* without links, and without a slash at the end but for "/" */
static int root_fd;

/*
 * Opens what lies below the root, wherever the links on the way may lead. What is
 * judged is what was opened, not a name that may mean something else by now. Returns
 * a descriptor, or a status with a minus.
 */
static int open_below(int folder, const char *name, struct stat *st)
{
	size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);
	char link[32], path[PATH_MAX];
	ssize_t length;
	int fd;

	/* Not blocking: a FIFO would wait for somebody who writes into it. */
	fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == EACCES ? -403 : errno == EMFILE || errno == ENFILE ? -503 : -404;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof path - 1);
	path[length < 0 ? 0 : length] = '\0';
	if (strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == '\0') &&
	    fstat(fd, st) == 0 && (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)))
		return fd;
	close(fd);
	return -403;
}

/* Prints a name so that it means itself, as a part of an address and as text. */
static void print_entry(FILE *out, const char *name, bool is_folder)
{
	fputs("<li><a href=\"", out);
	for (const char *at = name; *at != '\0'; at++)
		fprintf(out, isalnum((unsigned char)*at) || strchr("-_.~", *at) ? "%c" : "%%%02X",
		        (unsigned char)*at);
	fputs(is_folder ? "/\">" : "\">", out);
	for (const char *at = name; *at != '\0'; at++)
		fprintf(out, strchr("&<>", *at) ? "&#%d;" : "%c", (unsigned char)*at);
	fputs(is_folder ? "/</a>\n" : "</a>\n", out);
}

static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Writes a page with the names in the folder. Returns the status. */
static int list_folder(struct answer *answer, int folder)
{
	struct dirent **entries;
	char path[32];
	size_t size;
	FILE *out;
	int count;

	snprintf(path, sizeof path, "/proc/self/fd/%d/", folder);
	count = scandir(path, &entries, is_shown, alphasort);
	if (count < 0)
		return 500;
	out = open_memstream(&answer->text, &size);
	if (out != NULL)
		fputs("<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<ul>\n", out);
	for (int i = 0; i < count; i++) {
		if (out != NULL)
			print_entry(out, entries[i]->d_name, entries[i]->d_type == DT_DIR);
		free(entries[i]);
	}
	free(entries);
	if (out == NULL || fclose(out) != 0)
		return 500;
	answer->length = (off_t)size;
	return 200;
}

/* Opens the folder's index, or else lists it. Returns a descriptor or a status with a minus. */
static int open_index(struct answer *answer, int folder, struct stat *st)
{
	size_t n = strlen(answer->path);
	int r = -301; /* or the links of the page would lead astray */

	if (n == 0 || answer->path[n - 1] == '/') {
		r = open_below(folder, "index.html", st);
		if (r == -404)
			r = -list_folder(answer, folder);
	}
	close(folder);
	return r;
}

/* Finds out what is at the path. Blocks, and so runs on a thread of the pool. */
static int look_up(void *arg)
{
	struct answer *answer = arg;
	struct stat st;
	int r = open_below(root_fd, *answer->path == '\0' ? "." : answer->path, &st);

	if (r >= 0 && S_ISDIR(st.st_mode))
		r = open_index(answer, r, &st);
	if (r < 0) {
		answer->status = -r;
		return 0;
	}
	answer->status = S_ISREG(st.st_mode) ? 200 : 403;
	answer->file = r;
	answer->size = answer->length = st.st_size;
	answer->modified = st.st_mtime;
	return 0;
}

/* Decodes %XX in place. Returns whether it is a string then. */
static bool decode(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (*text == '%') {
			char hex[3] = { text[1], text[1] == '\0' ? '\0' : text[2], '\0' };

			if (!isxdigit((unsigned char)hex[0]) || !isxdigit((unsigned char)hex[1]))
				return false;
			text += 2;
			*text = (char)strtol(hex, NULL, 16);
			if (*text == '\0')
				return false;
		}
		*to++ = *text;
	}
	*to = '\0';
	return true;
}

/* Returns 206 and the range, 416 where the file has none of it, 200 for the whole file. */
static int find_range(const char *text, off_t size, off_t *ret_from, off_t *ret_length)
{
	bool is_suffix;
	intmax_t from, to;
	char *end;

	/* What is no range, or several of them, may be ignored. */
	if (strncasecmp(text, "bytes=", 6) != 0)
		return 200;
	is_suffix = text[6] == '-';
	text += 6 + is_suffix;
	from = strtoimax(text, &end, 10);
	if (!isdigit((unsigned char)*text) || (!is_suffix && *end++ != '-'))
		return 200;
	to = isdigit((unsigned char)*end) ? strtoimax(end, &end, 10) : INTMAX_MAX;
	if (*end != '\0' || to < from)
		return 200;

	if (is_suffix)
		from = from == 0 ? size : from < size ? size - from : 0;
	if (from >= size)
		return 416;
	*ret_from = (off_t)from;
	*ret_length = to < size ? (off_t)(to + 1 - from) : size - (off_t)from;
	return 206;
}

static void format_time(time_t when, char text[40])
{
	struct tm tm;

	text[0] = '\0';
	if (gmtime_r(&when, &tm) != NULL)
		strftime(text, 40, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

static const char *type_of(const char *path)
{
	static const char *const types[][2] = {
		{ "/", "text/html; charset=utf-8" },
		{ ".html", "text/html; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".json", "application/json" },
		{ ".txt", "text/plain; charset=utf-8" },
		{ ".md", "text/plain; charset=utf-8" },
		{ ".c", "text/plain; charset=utf-8" },
		{ ".h", "text/plain; charset=utf-8" },
		{ ".svg", "image/svg+xml" },
		{ ".png", "image/png" },
		{ ".jpg", "image/jpeg" },
		{ ".gif", "image/gif" },
		{ ".pdf", "application/pdf" },
		{ ".wasm", "application/wasm" },
	};

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		size_t length = strlen(path), n = strlen(types[i][0]);

		if (length >= n && strcasecmp(path + length - n, types[i][0]) == 0)
			return types[i][1];
	}
	return *path == '\0' ? types[0][1] : "application/octet-stream";
}

#endif
