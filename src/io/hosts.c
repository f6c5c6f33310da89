/* SPDX-License-Identifier: MIT */

/*
 * hosts.c - names that the file of hosts knows
 *
 * "localhost" and the like are asked for all the time, and a thread for that costs more
 * than the answer. So the file is read here, but only where the C library would look
 * there first, and would look no further once it has found something: the line of
 * nsswitch.conf(5) begins with "files", and no action in brackets follows.
 *
 * Nothing is kept between two lookups. The files are small, in the page cache, and may
 * change at any moment; to ask whether they have costs almost as much as to read them.
 * Large ones, such as lists of advertisers, are left to the thread.
 */
#include "hosts.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/sys_name.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define NSSWITCH "/etc/nsswitch.conf"
#define HOSTS "/etc/hosts"
#define FILE_MAX 65536

static const char blanks[] = " \t\r\f\v";

/* A word in a line: where it begins, and how long it is; 0: there is none left. */
static size_t word_next(const char **at, const char *end)
{
	const char *word = *at;
	size_t len = 0;

	while (word < end && strchr(blanks, *word) != NULL)
		word++;
	while (word + len < end && strchr(blanks, word[len]) == NULL)
		len++;
	*at = word;
	return len;
}

/* The end of the line, or of what a comment leaves of it. */
static const char *line_end(const char *line)
{
	return line + strcspn(line, "#\n");
}

static const char *line_next(const char *line)
{
	line += strcspn(line, "\n");
	return *line == '\n' ? line + 1 : line;
}

static bool word_is(const char *word, size_t len, const char *what)
{
	return len == strlen(what) && strncasecmp(word, what, len) == 0;
}

/* The family of a numeric address, or AF_UNSPEC where it is none. */
static int family_of(const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, text, address) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, text, address) == 1 ? AF_INET6 : AF_UNSPEC;
}

/* Adds the line's address where it is the name's. False: there is no room. */
static bool line_search(const char *line, const char *name, int family, struct hosts_found *ret)
{
	const char *end = line_end(line);
	const char *address = line;
	size_t address_len = word_next(&address, end);
	const char *word = address + address_len;
	size_t len = word_next(&word, end);
	char text[INET6_ADDRSTRLEN];
	int found;

	while (len > 0 && !word_is(word, len, name)) {
		word += len;
		len = word_next(&word, end);
	}
	if (len == 0 || address_len >= sizeof text)
		return true;
	memcpy(text, address, address_len);
	text[address_len] = '\0';
	found = family_of(text);
	if (found == AF_UNSPEC || (family != AF_UNSPEC && family != found))
		return true;
	if (ret->count == HOSTS_FOUND_MAX)
		return false;
	ret->list[ret->count].family = found;
	memcpy(ret->list[ret->count].text, text, address_len + 1);
	ret->count++;
	return true;
}

bool bide__hosts_search(const char *text, const char *name, int family, struct hosts_found *ret)
{
	ret->count = 0;
	for (const char *line = text; *line != '\0'; line = line_next(line))
		if (!line_search(line, name, family, ret))
			return false;
	return true;
}

bool bide__hosts_are_first(const char *nsswitch)
{
	for (const char *line = nsswitch; *line != '\0'; line = line_next(line)) {
		const char *end = line_end(line);
		const char *word = line;
		size_t len = word_next(&word, end);

		if (!word_is(word, len, "hosts:"))
			continue;
		word += len;
		len = word_next(&word, end);
		if (!word_is(word, len, "files"))
			return false;
		word += len;
		len = word_next(&word, end);
		return len == 0 || *word != '[';
	}
	return false;
}

static int find(const char *name, int family, char *buf, struct hosts_found *ret)
{
	ssize_t r = bide__sys_read_text(NSSWITCH, buf, FILE_MAX);

	if (r < 0)
		return (int)r;
	if (!bide__hosts_are_first(buf))
		return -ENOENT;
	r = bide__sys_read_text(HOSTS, buf, FILE_MAX);
	if (r < 0)
		return (int)r;
	if (!bide__hosts_search(buf, name, family, ret))
		return -EFBIG;
	return ret->count > 0 ? 0 : -ENOENT;
}

int bide__hosts_find(const char *name, int family, struct hosts_found *ret)
{
	char *buf = bide__alloc(FILE_MAX);
	int r;

	if (buf == NULL)
		return -ENOMEM;
	r = find(name, family, buf, ret);
	bide__free(buf);
	return r;
}
