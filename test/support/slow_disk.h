/* SPDX-License-Identifier: MIT */

/*
 * slow_disk.h - a disk that answers only when the loop has gone on
 *
 * A test program that includes this, in one file, has its own stat(2), fsync(2),
 * preadv2(2) and pwritev2(2), which the library then calls, too. While disk_is_slow they
 * hold their thread until disk_ticks has moved on by DISK_TICKS, which a task of the
 * loop has to do: a loop that is blocked by its disk makes the test fail.
 */
#ifndef TEST_SUPPORT_SLOW_DISK_H
#define TEST_SUPPORT_SLOW_DISK_H

#include "test.h"

#include <bide.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define DISK_TICKS 10

static bool disk_is_slow; /* atomic, as those below */
static unsigned disk_ticks;
static int disk_call_count; /* slow calls that have begun */

static inline unsigned disk_ticks_now(void)
{
	return __atomic_load_n(&disk_ticks, __ATOMIC_SEQ_CST);
}

static void disk_wait(void)
{
	unsigned until = disk_ticks_now() + DISK_TICKS;

	if (!__atomic_load_n(&disk_is_slow, __ATOMIC_SEQ_CST))
		return;
	__atomic_add_fetch(&disk_call_count, 1, __ATOMIC_SEQ_CST);
	for (int ms = 0; (int)(disk_ticks_now() - until) < 0; ms++) {
		CHECK(ms < 10000);
		(void)poll(NULL, 0, 1);
	}
}

int stat(const char *path, struct stat *status)
{
	disk_wait();
	return fstatat(AT_FDCWD, path, status, 0);
}

int fsync(int fd)
{
	disk_wait();
	return (int)syscall(SYS_fsync, fd);
}

/* What is asked not to wait finds nothing in memory. */
static bool disk_is_cold(int flags)
{
	if (!__atomic_load_n(&disk_is_slow, __ATOMIC_SEQ_CST) || !(flags & RWF_NOWAIT)) {
		disk_wait();
		return false;
	}
	errno = EAGAIN;
	return true;
}

ssize_t preadv2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	if (disk_is_cold(flags))
		return -1;
	return syscall(SYS_preadv2, fd, iov, count, (long)offset, 0L, flags);
}

ssize_t pwritev2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	if (disk_is_cold(flags))
		return -1;
	return syscall(SYS_pwritev2, fd, iov, count, (long)offset, 0L, flags);
}

static inline int disk_tick(void *arg)
{
	(void)arg;
	while (bide_yield() == 0)
		__atomic_add_fetch(&disk_ticks, 1, __ATOMIC_SEQ_CST);
	return 0;
}

/* Between the two the disk is slow, and a task ticks. */
static inline bide_task *disk_slow_down(void)
{
	bide_task *ticker = bide_spawn(disk_tick, NULL);

	CHECK(ticker != NULL);
	__atomic_store_n(&disk_call_count, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&disk_is_slow, true, __ATOMIC_SEQ_CST);
	return ticker;
}

static inline void disk_speed_up(bide_task *ticker)
{
	__atomic_store_n(&disk_is_slow, false, __ATOMIC_SEQ_CST);
	CHECK(bide_cancel(ticker));
	CHECK_INT(bide_join(ticker), 0);
}

#endif
