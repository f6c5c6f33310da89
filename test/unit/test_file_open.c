/* SPDX-License-Identifier: MIT */

/* test_file_open.c - what is opened only once its other end is */
#include "io_test.h"

#include <bide.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static char fifo[] = "/tmp/bide-fifo-XXXXXX";
static int open_count; /* atomic: of the FIFO, that have begun */

/* The library calls this one, too. */
int open(const char *path, int flags, ...)
{
	va_list rest;
	mode_t mode;

	va_start(rest, flags);
	mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
	va_end(rest);
	if (strncmp(path, "/tmp/bide-fifo", 14) == 0)
		__atomic_add_fetch(&open_count, 1, __ATOMIC_SEQ_CST);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static void make_fifo(void)
{
	int fd;

	memcpy(fifo + strlen(fifo) - 6, "XXXXXX", 6);
	fd = mkstemp(fifo);
	CHECK(fd >= 0);
	CHECK_INT(close(fd), 0);
	CHECK_INT(unlink(fifo), 0);
	CHECK_INT(mkfifo(fifo, 0600), 0);
	open_count = 0;
}

static int open_to_read(void *arg)
{
	/* What is on this stack is gone once the caller is. */
	char path[sizeof fifo];

	(void)arg;
	memcpy(path, fifo, sizeof path);
	return bide_open(path, O_RDONLY, 0);
}

static void wait_for_open(void)
{
	while (__atomic_load_n(&open_count, __ATOMIC_SEQ_CST) == 0)
		CHECK_INT(bide_yield(), 0);
}

IO_TEST(io_open, of_a_fifo_waits_for_its_other_end)
{
	char buf[8] = "";
	bide_task *task;
	int fds[2];

	make_fifo();
	task = bide_spawn(open_to_read, NULL);
	wait_for_open();
	let_others_run();
	CHECK(!bide_done(task));
	fds[1] = bide_open(fifo, O_WRONLY, 0);
	CHECK(fds[1] >= 0);
	fds[0] = bide_join(task);
	CHECK(fds[0] >= 0);
	CHECK_INT(bide_write_all(fds[1], "hello", 5), 5);
	CHECK_INT(bide_read_full(fds[0], buf, 5), 5);
	close_pair(fds);
	CHECK_INT(unlink(fifo), 0);
	return 0;
}

IO_TEST(io_open, of_a_fifo_does_not_wait_where_it_is_told_so)
{
	int fd;

	make_fifo();
	CHECK_INT(bide_open(fifo, O_WRONLY | O_NONBLOCK, 0), -ENXIO);
	fd = bide_open(fifo, O_RDONLY | O_NONBLOCK, 0);
	CHECK(fd >= 0);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(unlink(fifo), 0);
	return 0;
}

/* Lets go the thread that is left behind, and waits until it has closed its end. */
static void release_opener(int descriptors)
{
	int fd;

	while ((fd = open(fifo, O_WRONLY | O_NONBLOCK)) < 0)
		CHECK_INT(errno, ENXIO);
	CHECK_INT(close(fd), 0);
	for (int ms = 0; io_count_descriptors() != descriptors; ms++) {
		CHECK(ms < 10000);
		(void)poll(NULL, 0, 1);
	}
}

IO_TEST(io_open, that_is_cancelled_leaves_no_descriptor_behind)
{
	int before = io_count_descriptors();
	bide_task *task;

	make_fifo();
	task = bide_spawn(open_to_read, NULL);
	wait_for_open();
	CHECK(bide_cancel(task));
	CHECK_INT(bide_join(task), -ECANCELED);
	release_opener(before);
	CHECK_INT(unlink(fifo), 0);
	return 0;
}

/* Both at once: whoever comes second to the outcome has to see to the descriptor. */
IO_TEST(io_open, that_succeeds_while_it_is_cancelled_gives_it_or_closes_it)
{
	int before = io_count_descriptors();

	for (int i = 0; i < 20; i++) {
		bide_task *task;
		int r, fd;

		make_fifo();
		task = bide_spawn(open_to_read, NULL);
		wait_for_open();
		while ((fd = open(fifo, O_WRONLY | O_NONBLOCK)) < 0)
			;
		for (int turn = 0; turn < i; turn++)
			CHECK_INT(bide_yield(), 0);
		(void)bide_cancel(task);
		r = bide_join(task);
		if (r >= 0)
			CHECK_INT(bide_close(r), 0);
		else
			CHECK_INT(r, -ECANCELED);
		CHECK_INT(close(fd), 0);
		for (int ms = 0; io_count_descriptors() != before; ms++) {
			CHECK(ms < 10000);
			(void)poll(NULL, 0, 1);
		}
		CHECK_INT(unlink(fifo), 0);
	}
	return 0;
}

static int run_and_cancel(void *arg)
{
	bide_task *task = bide_spawn(open_to_read, NULL);

	(void)arg;
	wait_for_open();
	CHECK(bide_cancel(task));
	return bide_join(task) == -ECANCELED ? 0 : -EINVAL;
}

TEST(io_open, does_not_hold_the_end_of_the_loop)
{
	int before = io_count_descriptors();

	make_fifo();
	CHECK_INT(bide_run(run_and_cancel, NULL), 0);
	release_opener(before);
	CHECK_INT(unlink(fifo), 0);
}

static int open_with_one_thread(void *arg)
{
	bide_task *task = bide_spawn(open_to_read, NULL);
	bide_task *queued;
	struct stat status;

	(void)arg;
	wait_for_open();
	/* This one waits for the thread, and is taken back before it has begun. */
	queued = bide_spawn(open_to_read, NULL);
	let_others_run();
	CHECK(bide_cancel(queued));
	CHECK_INT(bide_join(queued), -ECANCELED);
	CHECK(bide_cancel(task));
	CHECK_INT(bide_join(task), -ECANCELED);
	/* A thread that is left behind is not one of the loop's any more. */
	CHECK_INT(bide_stat("/", &status), 0);
	return 0;
}

TEST(io_open, gives_its_thread_up_where_it_is_cancelled)
{
	bide_options options = { .max_threads = 1 };
	int before = io_count_descriptors();

	make_fifo();
	CHECK_INT(bide_run_with(&options, open_with_one_thread, NULL), 0);
	release_opener(before);
	CHECK_INT(unlink(fifo), 0);
}
