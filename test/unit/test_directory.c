/* SPDX-License-Identifier: MIT */

/* test_directory.c - the entries of directories */
#include "io_test.h"

#include <bide.h>
#include <stdio.h>
#include <sys/stat.h>

/* More than are fetched at a time, as the names are long. */
#define MANY 700

static char place[] = "/tmp/bide-directory-XXXXXX";

static const char *name_of(int i)
{
	static char name[sizeof place + 128];

	snprintf(name, sizeof name, "%s/%d-%0100d", place, i, 0);
	return name;
}

static void enter_place(int count)
{
	memcpy(place + strlen(place) - 6, "XXXXXX", 6);
	CHECK(mkdtemp(place) != NULL);
	for (int i = 0; i < count; i++)
		CHECK_INT(mknod(name_of(i), S_IFREG | 0600, 0), 0);
}

static void leave_place(int count)
{
	for (int i = 0; i < count; i++)
		CHECK_INT(unlink(name_of(i)), 0);
	CHECK_INT(rmdir(place), 0);
}

/* Each number in the directory must come just once. */
static int expect_all(DIR *dir, int count)
{
	static bool was_seen[MANY];
	struct dirent *entry;
	int others = 0;

	memset(was_seen, 0, sizeof was_seen);
	errno = EIO;
	while ((entry = bide_readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.') {
			others++;
			continue;
		}
		CHECK(!was_seen[atoi(entry->d_name)]);
		was_seen[atoi(entry->d_name)] = true;
		count--;
	}
	CHECK_INT(errno, 0);
	CHECK_INT(count, 0);
	return others;
}

IO_TEST(io_readdir, gives_every_entry_once)
{
	static const int counts[] = { 0, 1, 20 };

	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		DIR *dir;

		enter_place(counts[i]);
		dir = bide_opendir(place);
		CHECK(dir != NULL);
		CHECK(fcntl(dirfd(dir), F_GETFD) & FD_CLOEXEC);
		CHECK_INT(expect_all(dir, counts[i]), 2);
		CHECK(bide_readdir(dir) == NULL);
		CHECK_INT(errno, 0);
		rewinddir(dir);
		CHECK_INT(expect_all(dir, counts[i]), 2);
		CHECK_INT(bide_closedir(dir), 0);
		leave_place(counts[i]);
	}
	return 0;
}

/* A call that goes to a thread switches to other tasks, one that does not need not. */
static int read_many(void *arg)
{
	DIR *dir = bide_opendir(place);
	uint64_t before;

	(void)arg;
	CHECK(dir != NULL);
	before = bide_loop_stats(NULL).switches;
	CHECK_INT(expect_all(dir, MANY), 2);
	CHECK(bide_loop_stats(NULL).switches - before < MANY / 10);
	CHECK_INT(bide_closedir(dir), 0);
	return 0;
}

TEST(io_readdir, leaves_the_loop_only_to_fetch_more)
{
	enter_place(MANY);
	CHECK_INT(bide_run(read_many, NULL), 0);
	leave_place(MANY);
}

IO_TEST(io_readdir, goes_on_where_seekdir_has_put_it)
{
	struct dirent *entry;
	char first[256], second[256];
	long position;
	DIR *dir;

	enter_place(20);
	dir = bide_opendir(place);
	CHECK(dir != NULL);
	for (int i = 0; i < 5; i++)
		CHECK(bide_readdir(dir) != NULL);
	position = telldir(dir);
	entry = bide_readdir(dir);
	CHECK(entry != NULL);
	snprintf(first, sizeof first, "%s", entry->d_name);
	while (bide_readdir(dir) != NULL)
		;
	seekdir(dir, position);
	entry = bide_readdir(dir);
	CHECK(entry != NULL);
	snprintf(second, sizeof second, "%s", entry->d_name);
	CHECK_STR(first, second);
	CHECK_INT(bide_closedir(dir), 0);
	leave_place(20);
	return 0;
}

static int read_cancelled(void *arg)
{
	DIR *dir = arg;

	CHECK(bide_cancel(bide_self()));
	errno = 0;
	CHECK(bide_readdir(dir) == NULL);
	CHECK_INT(errno, ECANCELED);
	CHECK(bide_opendir("/") == NULL);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(bide_closedir(dir), 0);
	return 0;
}

IO_TEST(io_readdir, does_nothing_where_it_is_cancelled)
{
	/* Nothing is in memory, or the next entry is. */
	for (int i = 0; i < 2; i++) {
		DIR *dir = bide_opendir("/");
		bide_task *task;

		CHECK(dir != NULL);
		if (i == 1)
			CHECK(bide_readdir(dir) != NULL);
		task = bide_spawn(read_cancelled, dir);
		CHECK_INT(bide_join(task), 0);
	}
	return 0;
}

IO_TEST(io_opendir, says_what_is_wrong)
{
	DIR *dir;
	int fd;

	enter_place(1);
	CHECK(bide_opendir("/nonexistent") == NULL);
	CHECK_INT(errno, ENOENT);
	CHECK(bide_opendir(name_of(0)) == NULL);
	CHECK_INT(errno, ENOTDIR);
	dir = bide_opendir(place);
	CHECK(dir != NULL);
	/* Behind its back it becomes something else. */
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK_INT(dup3(fd, dirfd(dir), O_CLOEXEC), dirfd(dir));
	CHECK_INT(close(fd), 0);
	CHECK(bide_readdir(dir) == NULL);
	CHECK_INT(errno, ENOTDIR);
	CHECK_INT(bide_closedir(dir), 0);
	leave_place(1);
	return 0;
}

TEST(io_opendir, needs_a_task)
{
	DIR *dir = opendir("/");

	CHECK(bide_opendir("/") == NULL);
	CHECK_INT(errno, EPERM);
	CHECK(bide_readdir(dir) == NULL);
	CHECK_INT(errno, EPERM);
	CHECK_INT(bide_closedir(dir), 0);
}
