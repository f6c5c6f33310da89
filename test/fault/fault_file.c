/* SPDX-License-Identifier: MIT */

/*
 * fault_file.c - the calls on files and directories fail
 */
#include "fault.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[] = "/tmp/bide-fault-XXXXXX";
static char name_a[sizeof place + 2], name_b[sizeof place + 2];

/* Runs the scenario in a fresh directory, and clears that by plain calls. */
static int run_in_place(bide_fn *fn)
{
	int r;

	memcpy(place + strlen(place) - 6, "XXXXXX", 6);
	CHECK(mkdtemp(place) != NULL);
	snprintf(name_a, sizeof name_a, "%s/a", place);
	snprintf(name_b, sizeof name_b, "%s/b", place);
	r = bide_run(fn, NULL);
	(void)unlink(name_a);
	(void)unlink(name_b);
	(void)rmdir(name_a);
	CHECK_INT(rmdir(place), 0);
	return r;
}

static int first_of(int r, ssize_t next)
{
	return r < 0 || next >= 0 ? r : (int)next;
}

static int use_file(void *arg)
{
	struct stat status;
	char buf[4];
	int fd = bide_open(name_a, O_RDWR | O_CREAT, 0600);
	int r = 0;

	(void)arg;
	if (fd < 0)
		return fd;
	r = first_of(r, bide_pwrite(fd, "text", 4, 0));
	r = first_of(r, bide_pread(fd, buf, 4, 0));
	r = first_of(r, bide_pwritev(fd, &(struct iovec){ buf, 4 }, 1, 2));
	r = first_of(r, bide_preadv(fd, &(struct iovec){ buf, 4 }, 1, 2));
	r = first_of(r, bide_fsync(fd));
	r = first_of(r, bide_fdatasync(fd));
	r = first_of(r, bide_ftruncate(fd, 1));
	r = first_of(r, bide_fstat(fd, &status));
	(void)bide_close(fd);
	return r;
}

static int file_is_used(void)
{
	return run_in_place(use_file);
}
FAULT_SWEEP(file, reports_every_failure, file_is_used)

static int use_names(void *arg)
{
	struct stat status;
	int r = 0;

	(void)arg;
	r = first_of(r, bide_mkdir(name_a, 0700));
	r = first_of(r, bide_stat(place, &status));
	r = first_of(r, bide_lstat(place, &status));
	if (r == 0)
		r = bide_rename(name_a, name_b);
	if (r == 0)
		r = bide_rename(name_b, name_a);
	if (r == 0)
		r = bide_rmdir(name_a);
	if (r == -EIO)
		(void)rmdir(name_b);
	if (r == 0)
		CHECK_INT(symlink("x", name_a), 0);
	return r < 0 ? r : bide_unlink(name_a);
}

static int names_are_used(void)
{
	return run_in_place(use_names);
}
FAULT_SWEEP(file, names_report_every_failure, names_are_used)

static int use_directory(void *arg)
{
	DIR *dir = bide_opendir(place);
	int r, count = 0;

	(void)arg;
	if (dir == NULL)
		return -errno;
	while (bide_readdir(dir) != NULL)
		count++;
	r = -errno;
	CHECK_INT(bide_closedir(dir), 0);
	CHECK(r < 0 || count == 2);
	return r;
}

static int directory_is_used(void)
{
	return run_in_place(use_directory);
}
FAULT_SWEEP(directory, reports_every_failure, directory_is_used)

static int open_reader(void *arg)
{
	(void)arg;
	return bide_open(name_a, O_RDONLY, 0);
}

static int use_fifo(void *arg)
{
	int fds[2] = { -1, -1 };
	bide_task *reader;
	int r;

	(void)arg;
	CHECK_INT(mkfifo(name_a, 0600), 0);
	reader = bide_spawn(open_reader, NULL);
	if (reader == NULL)
		return -ENOMEM;
	/* A failure of either must not leave the other one waiting. */
	BIDE_TIMEOUT(100 * BIDE_MILLISECOND)
		fds[1] = bide_open(name_a, O_WRONLY, 0);
	if (fds[1] < 0)
		(void)bide_cancel(reader);
	fds[0] = bide_join(reader);
	r = first_of(first_of(0, fds[0]), fds[1]);
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			(void)bide_close(fds[i]);
	return r;
}

/* Threads that were left behind in open() come back, and close what they get. */
static void release(void)
{
	int fd = open(name_a, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	CHECK(fd >= 0);
	(void)usleep(20000);
	CHECK_INT(close(fd), 0);
}

static int use_fifo_and_release(void)
{
	int r;

	memcpy(place + strlen(place) - 6, "XXXXXX", 6);
	CHECK(mkdtemp(place) != NULL);
	snprintf(name_a, sizeof name_a, "%s/a", place);
	r = bide_run(use_fifo, NULL);
	if (access(name_a, F_OK) == 0)
		release();
	(void)unlink(name_a);
	CHECK_INT(rmdir(place), 0);
	return r;
}
FAULT_SWEEP(fifo, reports_every_failure, use_fifo_and_release)
