/* SPDX-License-Identifier: MIT */

/*
 * unix.c - stream sockets by path
 *
 * A server that dies leaves its socket behind, and the next one cannot bind to the
 * path. So a listener looks whether anybody listens there: connecting is the only way
 * to tell, and a refusal is certain, for a socket on which nobody listens any more
 * never comes to life again.
 *
 * Between that look and the removal another server may have done the same, and its
 * fresh socket would be the one that is removed; and a socket that is bound, but does
 * not listen yet, looks as if it had been left. So whoever replaces a socket has the
 * directory locked for itself alone, and whoever listens where nothing is, together
 * with others like it. That leaves no file behind. Whoever finds the lock taken fails as
 * if it had come a moment later: a wait could last, as anybody may lock a directory.
 * Servers of other kinds know nothing of this, and can lose a socket between their
 * bind(2) and listen(2). Renaming a socket over the old one was rejected: it replaces a
 * live one as easily.
 */
#include "address.h"
#include "base/sys.h"
#include "base/sys_socket.h"
#include "core/loop.h"

#include <bide/io.h>
#include <bide/net.h>
#include <stddef.h>
#include <string.h>

#define PATH_OFFSET offsetof(struct sockaddr_un, sun_path)

/* '@' stands for the NUL of an abstract name, which has no terminator: its length ends it. */
static int address_of_path(const char *path, struct address *ret)
{
	size_t len = path != NULL ? strlen(path) : 0;

	if (len == 0)
		return -EINVAL;
	if (len >= sizeof ret->local.sun_path)
		return -ENAMETOOLONG;
	memset(&ret->local, 0, sizeof ret->local);
	ret->local.sun_family = AF_UNIX;
	memcpy(ret->local.sun_path, path, len);
	if (path[0] == '@')
		ret->local.sun_path[0] = '\0';
	else
		len++;
	ret->len = (socklen_t)(PATH_OFFSET + len);
	return 0;
}

int bide_unix_connect(const char *path)
{
	struct address address;
	int r;

	if (task_current() == NULL)
		return bide__outside_of_tasks();
	r = address_of_path(path, &address);
	return r < 0 ? r : bide__connect_new(&address);
}

/* Whether the path is a socket on which nobody listens: 0, or why it must stay. */
static int stale_check(const struct address *address)
{
	int r = bide__sys_socket_file_check(address->local.sun_path);
	int fd;

	if (r < 0)
		return r;
	fd = bide__sys_socket(AF_UNIX, SOCK_STREAM);
	if (fd < 0)
		return fd;
	r = bide__sys_connect(fd, &address->any, address->len);
	(void)bide_close(fd);           /* the answer is all that was wanted */
	return r == -ECONNREFUSED ? 0 : -EADDRINUSE;
}

static int bind_and_listen(int fd, const struct address *address)
{
	int r = bide__sys_bind(fd, &address->any, address->len);

	return r < 0 ? r : bide__sys_listen(fd, LISTEN_MAX);
}

static int stale_replace(int fd, const struct address *address)
{
	int r = stale_check(address);

	if (r == 0)
		r = bide__sys_socket_file_unlink(address->local.sun_path);
	/* Before the lock is given up: to the next one it must not look stale. */
	return r < 0 ? r : bind_and_listen(fd, address);
}

/* Locks the directory that the path is in. */
static int lock_around(const char *path, bool alone)
{
	char directory[sizeof(struct sockaddr_un) + 1] = ".";
	const char *slash = strrchr(path, '/');

	if (slash != NULL) {
		size_t len = (size_t)(slash - path) + 1;

		memcpy(directory, path, len);
		directory[len] = '\0';
	}
	return bide__sys_directory_lock(directory, alone);
}

/* Binds in place of a socket that was left there. Returns 0 or why not. */
static int stale_replace_locked(int fd, const struct address *address)
{
	int lock = lock_around(address->local.sun_path, true);
	int r;

	if (lock < 0)
		return lock;
	r = stale_replace(fd, address);
	(void)bide_close(lock);         /* unlocks */
	return r;
}

/* Listens where nothing is. Where a directory cannot be locked nothing is replaced either. */
static int listen_locked(int fd, const struct address *address)
{
	int lock = lock_around(address->local.sun_path, false);
	int r;

	if (lock == -EAGAIN)
		return -EADDRINUSE;
	r = bind_and_listen(fd, address);
	if (lock >= 0)
		(void)bide_close(lock); /* unlocks */
	return r;
}

static int listen_at(int fd, const struct address *address)
{
	int r;

	if (address->local.sun_path[0] == '\0')
		return bind_and_listen(fd, address);
	r = listen_locked(fd, address);
	if (r != -EADDRINUSE)
		return r;
	/* Whatever hinders that, the address is in use. */
	return stale_replace_locked(fd, address) == 0 ? 0 : -EADDRINUSE;
}

int bide_unix_listen(const char *path)
{
	struct address address;
	int fd;
	int r = address_of_path(path, &address);

	if (r < 0)
		return r;
	fd = bide__sys_socket(AF_UNIX, SOCK_STREAM);
	if (fd < 0)
		return fd;
	r = listen_at(fd, &address);
	if (r < 0) {
		(void)bide_close(fd);           /* what failed before is what counts */
		return r;
	}
	return fd;
}
