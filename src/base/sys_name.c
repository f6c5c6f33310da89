/* SPDX-License-Identifier: MIT */

/*
 * sys_name.c - names of hosts and services, as the C library knows them
 */
#include "sys_name.h"

#include "error.h"
#include "sys_call.h"

#include <fcntl.h>
#include <unistd.h>

int bide__sys_getaddrinfo(struct name_lookup *lookup)
{
	int r, code;

	lookup->found = NULL;
	if (bide__fault())
		return EAI_MEMORY;
	(void)bide__null_with(0);
	r = getaddrinfo(lookup->host, lookup->service, lookup->hints, &lookup->found);
	/* Where it cannot open a file or a socket it says that there is no such name. */
	code = (int)-bide__sys_checked(-1);
	if (r != 0 && (code == EMFILE || code == ENFILE))
		r = EAI_SYSTEM;
	lookup->system_code = r == EAI_SYSTEM ? code : 0;
	return r;
}

static ssize_t text_read(int fd, char *buf, size_t size)
{
	size_t done = 0;
	ssize_t r;

	do {
		r = bide__sys_checked(read(fd, buf + done, size - done));
		if (r > 0)
			done += (size_t)r;
	} while ((r > 0 && done < size) || r == -EINTR);
	if (r < 0)
		return r;
	if (done == size)
		return -EFBIG;
	buf[done] = '\0';
	return (ssize_t)done;
}

ssize_t bide__sys_read_text(const char *path, char *buf, size_t size)
{
	int fd = (int)FAULT_OR(EMFILE, open(path, O_RDONLY | O_CLOEXEC));
	ssize_t r;

	if (fd < 0)
		return fd;
	r = text_read(fd, buf, size);
	(void)close(fd);                /* nothing was written to it */
	return r;
}
