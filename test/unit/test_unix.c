/* SPDX-License-Identifier: MIT */

/* test_unix.c - connections by path */
#include "net_test.h"

#include <sys/file.h>
#include <sys/stat.h>

/* A path in a directory of this process's own, until the next call. */
static const char *path_of(const char *name)
{
	static char directory[] = "/tmp/bide-unix-XXXXXX", path[64];
	static bool has_name;

	if (!has_name)
		CHECK(mkdtemp(directory) != NULL);
	else
		(void)mkdir(directory, 0700);   /* or it is still there */
	has_name = true;
	snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

static void remove_path(const char *path)
{
	char directory[64];

	CHECK_INT(unlink(path), 0);
	strcpy(directory, path);
	*strrchr(directory, '/') = '\0';
	CHECK_INT(rmdir(directory), 0);
}

static void connect_and_talk(const char *path, int listener)
{
	int client = bide_unix_connect(path);
	int fd;

	expect_fresh(client);
	fd = bide_accept(listener, NULL, NULL);
	expect_fresh(fd);
	expect_connected(client, fd);
	CHECK_INT(bide_close(client), 0);
	CHECK_INT(bide_close(fd), 0);
}

IO_TEST(net_unix, connects_by_path)
{
	const char *path = path_of("socket");
	int listener = bide_unix_listen(path);

	expect_fresh(listener);
	for (int i = 0; i < 5; i++)
		connect_and_talk(path, listener);
	CHECK_INT(bide_close(listener), 0);
	CHECK_INT(bide_unix_connect(path), -ECONNREFUSED);
	remove_path(path);
	CHECK_INT(bide_unix_connect(path), -ENOENT);
	return 0;
}

IO_TEST(net_unix, at_sign_is_an_abstract_name)
{
	char name[32];
	int listener;

	snprintf(name, sizeof name, "@bide-test-%d", (int)getpid());
	listener = bide_unix_listen(name);
	expect_fresh(listener);
	CHECK_INT(access(name, F_OK), -1);
	connect_and_talk(name, listener);
	CHECK_INT(bide_unix_listen(name), -EADDRINUSE);
	/* One that begins with it is another one. */
	strcat(name, "x");
	CHECK_INT(bide_unix_connect(name), -ECONNREFUSED);
	name[strlen(name) - 1] = '\0';
	CHECK_INT(bide_close(listener), 0);
	CHECK_INT(bide_unix_connect(name), -ECONNREFUSED);
	return 0;
}

IO_TEST(net_unix, longest_path_has_107_bytes)
{
	char path[110];
	struct sockaddr_un addr;
	int listener;

	memset(path, 'x', sizeof path);
	memcpy(path, "@", 1);
	snprintf(path + 1, 32, "bide-test-%d", (int)getpid());
	path[strlen(path)] = 'x';
	path[sizeof addr.sun_path] = '\0';
	CHECK_INT(bide_unix_listen(path), -ENAMETOOLONG);
	CHECK_INT(bide_unix_connect(path), -ENAMETOOLONG);
	path[sizeof addr.sun_path - 1] = '\0';
	CHECK_INT(strlen(path), 107);
	listener = bide_unix_listen(path);
	connect_and_talk(path, listener);
	CHECK_INT(bide_close(listener), 0);
	CHECK_INT(bide_unix_listen(""), -EINVAL);
	CHECK_INT(bide_unix_connect(""), -EINVAL);
	CHECK_INT(bide_unix_listen(NULL), -EINVAL);
	CHECK_INT(bide_unix_connect(NULL), -EINVAL);
	return 0;
}

IO_TEST(net_unix, replaces_a_socket_that_nobody_listens_on)
{
	const char *path = path_of("stale");
	int listener = bide_unix_listen(path);

	CHECK_INT(bide_close(listener), 0);
	listener = bide_unix_listen(path);
	expect_fresh(listener);
	connect_and_talk(path, listener);
	CHECK_INT(bide_close(listener), 0);
	remove_path(path);
	return 0;
}

IO_TEST(net_unix, leaves_a_socket_that_somebody_listens_on)
{
	const char *path = path_of("live");
	int listener = bide_unix_listen(path);
	int fd;

	CHECK_INT(bide_unix_listen(path), -EADDRINUSE);
	/* It was asked whether it is there. */
	fd = bide_accept(listener, NULL, NULL);
	expect_end(fd);
	CHECK_INT(bide_close(fd), 0);
	connect_and_talk(path, listener);
	CHECK_INT(bide_close(listener), 0);
	remove_path(path);
	return 0;
}

/* Whoever asks a full listener is told to come again, not that nobody is there. */
IO_TEST(net_unix, leaves_a_socket_whose_queue_is_full)
{
	const char *path = path_of("full");
	int listener = bide_unix_listen(path);
	int client;

	CHECK_INT(listen(listener, 0), 0);
	client = bide_unix_connect(path);
	expect_fresh(client);
	CHECK_INT(bide_unix_listen(path), -EADDRINUSE);
	CHECK_INT(bide_close(client), 0);
	CHECK_INT(bide_close(listener), 0);
	remove_path(path);
	return 0;
}

IO_TEST(net_unix, never_removes_what_is_no_stream_socket)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = path_of("other");
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	CHECK(fd >= 0);
	CHECK_INT(close(fd), 0);
	CHECK_INT(bide_unix_listen(path), -EADDRINUSE);
	CHECK_INT(access(path, F_OK), 0);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(symlink("/nowhere/at/all", path), 0);
	CHECK_INT(bide_unix_listen(path), -EADDRINUSE);
	CHECK_INT(unlink(path), 0);

	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	strcpy(addr.sun_path, path);
	CHECK_INT(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
	CHECK_INT(bide_unix_listen(path), -EADDRINUSE);
	CHECK_INT(access(path, F_OK), 0);
	CHECK_INT(close(fd), 0);
	remove_path(path);
	return 0;
}

/* Two servers that find the same old socket do not remove each other's new one. */
IO_TEST(net_unix, leaves_an_old_socket_to_who_is_just_replacing_it)
{
	char directory[64];
	const char *path = path_of("contended");
	int listener = bide_unix_listen(path);
	int lock;

	CHECK_INT(bide_close(listener), 0);
	strcpy(directory, path);
	*strrchr(directory, '/') = '\0';
	lock = open(directory, O_RDONLY | O_DIRECTORY);
	CHECK_INT(flock(lock, LOCK_EX), 0);
	CHECK_INT(bide_unix_listen(path), -EADDRINUSE);
	CHECK_INT(access(path, F_OK), 0);
	CHECK_INT(close(lock), 0);
	listener = bide_unix_listen(path);
	expect_fresh(listener);
	CHECK_INT(bide_close(listener), 0);
	remove_path(path);
	return 0;
}

/*
 * Between bind(2) and listen(2) a socket looks as if it had been left there. Who binds
 * has the directory locked with others, who replaces alone: neither begins meanwhile.
 */
IO_TEST(net_unix, listening_and_replacing_exclude_each_other)
{
	char directory[64], path[64];
	int lock, listener;

	strcpy(path, path_of("fresh"));
	strcpy(directory, path);
	*strrchr(directory, '/') = '\0';
	lock = open(directory, O_RDONLY | O_DIRECTORY);
	CHECK_INT(flock(lock, LOCK_EX), 0);
	CHECK_INT(bide_unix_listen(path), -EADDRINUSE);
	CHECK_INT(access(path, F_OK), -1);

	CHECK_INT(flock(lock, LOCK_SH), 0);
	listener = bide_unix_listen(path);
	expect_fresh(listener);
	CHECK_INT(bide_close(listener), 0);
	CHECK_INT(bide_unix_listen(path), -EADDRINUSE);
	CHECK_INT(bide_unix_connect(path), -ECONNREFUSED);
	CHECK_INT(close(lock), 0);
	listener = bide_unix_listen(path);
	expect_fresh(listener);
	CHECK_INT(bide_close(listener), 0);
	remove_path(path);
	return 0;
}

/* A directory that cannot be locked, because it may not be read, is no hindrance. */
IO_TEST(net_unix, works_in_a_directory_that_may_only_be_passed)
{
	char directory[64], path[64];
	int listener;

	strcpy(path, path_of("socket"));
	strcpy(directory, path);
	*strrchr(directory, '/') = '\0';
	CHECK_INT(chmod(directory, 0333), 0);
	listener = bide_unix_listen(path);
	connect_and_talk(path, listener);
	CHECK_INT(bide_close(listener), 0);
	CHECK_INT(chmod(directory, 0700), 0);
	remove_path(path);
	return 0;
}

IO_TEST(net_unix, works_in_the_current_directory)
{
	int here = open(".", O_RDONLY | O_DIRECTORY);
	int listener;

	CHECK_INT(chdir("/tmp"), 0);
	(void)unlink("bide-unix-relative");
	listener = bide_unix_listen("bide-unix-relative");
	CHECK_INT(bide_close(listener), 0);
	listener = bide_unix_listen("bide-unix-relative");
	connect_and_talk("bide-unix-relative", listener);
	CHECK_INT(bide_close(listener), 0);
	CHECK_INT(unlink("bide-unix-relative"), 0);
	CHECK_INT(fchdir(here), 0);
	CHECK_INT(close(here), 0);
	return 0;
}

static int connect_to(void *arg)
{
	return bide_unix_connect(arg);
}

struct connecting {
	const struct sockaddr_un *addr;
	int fd;
};

static int connect_socket(void *arg)
{
	const struct connecting *to = arg;

	return bide_connect(to->fd, (const struct sockaddr *)to->addr, sizeof *to->addr);
}

IO_TEST(net_unix, waits_for_room_in_the_queue_and_can_be_cancelled)
{
	char path[64];
	int listener, client, fd;
	bide_task *task;

	strcpy(path, path_of("waits"));
	listener = bide_unix_listen(path);
	CHECK_INT(listen(listener, 0), 0);
	client = bide_unix_connect(path);
	CHECK_INT(bide_timeout(INSTANT, connect_to, path), -ETIMEDOUT);

	task = bide_spawn(connect_to, path);
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), -ECANCELED);

	task = bide_spawn(connect_to, path);
	fd = bide_accept(listener, NULL, NULL);
	CHECK_INT(bide_close(client), 0);
	CHECK_INT(bide_close(fd), 0);
	client = bide_join(task);
	expect_fresh(client);
	fd = bide_accept(listener, NULL, NULL);
	expect_connected(client, fd);
	CHECK_INT(bide_close(client), 0);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(listener), 0);
	remove_path(path);
	return 0;
}

/* The number is another socket's by the time of the next try. */
IO_TEST(net_unix, connecting_to_a_full_queue_ends_where_the_socket_is_closed)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct connecting connecting = { .addr = &addr, .fd = socket(AF_UNIX, SOCK_STREAM, 0) };
	int other = socket(AF_UNIX, SOCK_STREAM, 0);
	int listener, client, fd;
	bide_task *task;

	strcpy(addr.sun_path, path_of("closed"));
	listener = bide_unix_listen(addr.sun_path);
	CHECK_INT(listen(listener, 0), 0);
	client = bide_unix_connect(addr.sun_path);
	task = bide_spawn(connect_socket, &connecting);
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_close(connecting.fd), 0);
	CHECK_INT(dup3(other, connecting.fd, O_CLOEXEC), connecting.fd);
	fd = bide_accept(listener, NULL, NULL);
	CHECK_INT(bide_join(task), -EBADF);
	CHECK_INT(bide_close(connecting.fd), 0);
	CHECK_INT(bide_close(other), 0);
	CHECK_INT(bide_close(client), 0);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(listener), 0);
	remove_path(addr.sun_path);
	return 0;
}

TEST(net_unix, listens_but_does_not_connect_outside_of_a_task)
{
	char name[32];
	int fd;

	snprintf(name, sizeof name, "@bide-test-%d", (int)getpid());
	fd = bide_unix_listen(name);
	expect_fresh(fd);
	CHECK_INT(bide_unix_connect(name), -EPERM);
	CHECK_INT(bide_close(fd), 0);
}
