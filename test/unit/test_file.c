/* SPDX-License-Identifier: MIT */

/* test_file.c - files without stopping the loop, and every way in which they fail */
#include "io_test.h"
#include "slow_disk.h"

#include <bide.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>

#define NOBODY 65534

static char place[] = "/tmp/bide-file-XXXXXX";
static char name_a[sizeof place + 2], name_b[sizeof place + 2];

/* A fresh directory, two names in it. */
static void enter_place(void)
{
	memcpy(place + strlen(place) - 6, "XXXXXX", 6);
	CHECK(mkdtemp(place) != NULL);
	snprintf(name_a, sizeof name_a, "%s/a", place);
	snprintf(name_b, sizeof name_b, "%s/b", place);
}

static void leave_place(void)
{
	(void)unlink(name_a);
	(void)unlink(name_b);
	CHECK_INT(rmdir(place), 0);
}

static int create(const char *path)
{
	int fd = bide_open(path, O_RDWR | O_CREAT | O_EXCL, 0644);

	CHECK(fd >= 0);
	return fd;
}

IO_TEST(io_open, gives_a_descriptor_that_exec_closes)
{
	struct stat status;
	int fd;

	enter_place();
	CHECK_INT(bide_open(name_a, O_RDWR, 0), -ENOENT);
	fd = bide_open(name_a, O_RDWR | O_CREAT, 0640);
	CHECK(fd >= 0);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK_INT(bide_fstat(fd, &status), 0);
	CHECK_INT(status.st_mode & 0777, 0640);
	CHECK_INT(bide_open(name_a, O_RDWR | O_CREAT | O_EXCL, 0640), -EEXIST);
	CHECK_INT(bide_close(fd), 0);
	leave_place();
	return 0;
}

IO_TEST(io_pread, transfers_at_an_offset_and_leaves_the_position)
{
	char a[3] = "", b[4] = "";
	struct iovec out[] = { { (void *)"AB", 2 }, { (void *)"CD", 2 } };
	struct iovec in[] = { { a, 2 }, { b, 3 } };
	int fd;

	enter_place();
	fd = create(name_a);
	CHECK_INT(bide_write(fd, "0123456789", 10), 10);
	CHECK_INT(bide_pwrite(fd, "xy", 2, 3), 2);
	CHECK_INT(bide_pread(fd, a, 2, 4), 2);
	CHECK_STR(a, "y5");
	CHECK_INT(bide_pwritev(fd, out, 2, 6), 4);
	CHECK_INT(bide_preadv(fd, in, 2, 5), 5);
	CHECK_STR(a, "5A");
	CHECK_STR(b, "BCD");
	CHECK_INT(bide_preadv(fd, in, 2, 10), 0);
	CHECK_INT(bide_pread(fd, a, 2, 1000), 0);
	CHECK_INT(bide_pwrite(fd, "z", 1, 0), 1);
	CHECK_INT(lseek(fd, 0, SEEK_CUR), 10);
	CHECK_INT(bide_close(fd), 0);
	leave_place();
	return 0;
}

IO_TEST(io_pread, refuses_offsets_and_counts_that_are_none)
{
	static struct iovec many[IOV_MAX + 1];
	char buf[2];
	int fds[2];
	int fd;

	enter_place();
	fd = create(name_a);
	CHECK_INT(bide_pread(fd, buf, 2, -1), -EINVAL);
	CHECK_INT(bide_pwrite(fd, buf, 2, -1), -EINVAL);
	CHECK_INT(bide_preadv(fd, many, 1, -2), -EINVAL);
	CHECK_INT(bide_pwritev(fd, many, 1, INT64_MIN), -EINVAL);
	CHECK_INT(bide_preadv(fd, many, IOV_MAX + 1, 0), -EINVAL);
	CHECK_INT(bide_pwritev(fd, many, -1, 0), -EINVAL);
	CHECK_INT(bide_preadv(fd, many, IOV_MAX, 0), 0);
	CHECK_INT(lseek(fd, 0, SEEK_END), 0);
	CHECK_INT(bide_close(fd), 0);
	for (enum pair_kind kind = 0; kind < PAIR_KIND_COUNT; kind++) {
		make_pair(kind, fds);
		CHECK_INT(bide_pread(fds[0], buf, 2, 0), -ESPIPE);
		CHECK_INT(bide_pwrite(fds[1], buf, 2, 0), -ESPIPE);
		close_pair(fds);
	}
	leave_place();
	return 0;
}

IO_TEST(io_file, names_are_made_changed_and_removed)
{
	char target[8] = "";
	struct stat status, other;
	int fd;

	enter_place();
	fd = create(name_a);
	CHECK_INT(bide_write(fd, "hello", 5), 5);
	CHECK_INT(bide_fsync(fd), 0);
	CHECK_INT(bide_fdatasync(fd), 0);
	CHECK_INT(bide_ftruncate(fd, 3), 0);
	CHECK_INT(bide_stat(name_a, &status), 0);
	CHECK_INT(status.st_size, 3);
	CHECK_INT(bide_rename(name_a, name_b), 0);
	CHECK_INT(bide_stat(name_a, &other), -ENOENT);
	CHECK_INT(bide_stat(name_b, &other), 0);
	CHECK(status.st_ino == other.st_ino);
	CHECK_INT(symlink("b", name_a), 0);
	CHECK_INT(bide_lstat(name_a, &other), 0);
	CHECK(S_ISLNK(other.st_mode));
	CHECK_INT(bide_stat(name_a, &other), 0);
	CHECK(S_ISREG(other.st_mode));
	CHECK_INT(readlink(name_a, target, sizeof target), 1);
	CHECK_INT(bide_unlink(name_a), 0);
	CHECK_INT(bide_unlink(name_a), -ENOENT);
	CHECK_INT(bide_unlink(name_b), 0);
	CHECK_INT(bide_mkdir(name_a, 0750), 0);
	CHECK_INT(bide_mkdir(name_a, 0750), -EEXIST);
	CHECK_INT(bide_rmdir(place), -ENOTEMPTY);
	CHECK_INT(bide_rmdir(name_a), 0);
	CHECK_INT(bide_close(fd), 0);
	leave_place();
	return 0;
}

/* ---- what fails ---- */

IO_TEST(io_file, says_what_is_wrong_with_a_path_or_descriptor)
{
	static char too_long[PATH_MAX + 2];
	char below[sizeof name_a + 2];
	struct stat status;
	int fd;

	memset(too_long, 'x', sizeof too_long - 1);
	enter_place();
	fd = create(name_a);
	snprintf(below, sizeof below, "%s/x", name_a);
	CHECK_INT(bide_open(too_long, O_RDONLY, 0), -ENAMETOOLONG);
	CHECK_INT(bide_stat(too_long, &status), -ENAMETOOLONG);
	CHECK_INT(bide_rename(name_a, too_long), -ENAMETOOLONG);
	CHECK_INT(bide_open(below, O_RDONLY, 0), -ENOTDIR);
	CHECK_INT(bide_mkdir(below, 0700), -ENOTDIR);
	CHECK_INT(bide_rmdir(name_a), -ENOTDIR);
	CHECK_INT(bide_open(place, O_WRONLY, 0), -EISDIR);
	CHECK_INT(bide_unlink(place), -EISDIR);
	CHECK_INT(bide_ftruncate(fd, -1), -EINVAL);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_fstat(fd, &status), -EBADF);
	CHECK_INT(bide_fsync(fd), -EBADF);
	CHECK_INT(bide_fdatasync(-1), -EBADF);
	CHECK_INT(bide_ftruncate(-1, 0), -EBADF);
	CHECK_INT(bide_pread(fd, below, 1, 0), -EBADF);
	CHECK_INT(bide_pwrite(-1, below, 1, 0), -EBADF);
	fd = bide_open(place, O_RDONLY, 0);
	CHECK_INT(bide_pread(fd, below, 1, 0), -EISDIR);
	CHECK_INT(bide_pwrite(fd, below, 1, 0), -EBADF);
	CHECK_INT(bide_close(fd), 0);
	leave_place();
	return 0;
}

static int open_forbidden(void *arg)
{
	(void)arg;
	CHECK_INT(bide_open(name_a, O_RDONLY, 0), -EACCES);
	CHECK_INT(bide_unlink(name_a), -EACCES);
	CHECK_INT(bide_mkdir(name_b, 0700), -EACCES);
	return 0;
}

TEST(io_file, says_where_it_is_not_permitted)
{
	enter_place();
	CHECK_INT(close(open(name_a, O_RDWR | O_CREAT, 0)), 0);
	/* Root may do anything. */
	if (geteuid() == 0) {
		CHECK_INT(seteuid(NOBODY), 0);
		CHECK_INT(bide_run(open_forbidden, NULL), 0);
		CHECK_INT(seteuid(0), 0);
	}
	leave_place();
}

static int fill_disk(void *arg)
{
	static char data[256 * 1024];
	int fd = create(name_a);
	ssize_t r, total = 0;

	(void)arg;
	while ((r = bide_pwrite(fd, data, sizeof data, total)) > 0)
		total += r;
	CHECK_INT(r, -ENOSPC);
	CHECK(total > 0 && total < (ssize_t)sizeof data);
	CHECK_INT(bide_write_all(fd, data, sizeof data), total);
	CHECK_INT(bide_write_all(fd, data, 1), -ENOSPC);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

TEST(io_file, says_when_the_disk_is_full)
{
	enter_place();
	/* In a name space of this test's own process; not everybody may have that. */
	if (unshare(CLONE_NEWNS) == 0 && mount("", "/", "", MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("none", place, "tmpfs", 0, "size=64k") == 0) {
		CHECK_INT(bide_run(fill_disk, NULL), 0);
		CHECK_INT(umount(place), 0);
	}
	leave_place();
}

IO_TEST(io_file, says_that_a_device_is_full)
{
	int fd = bide_open("/dev/full", O_WRONLY, 0);

	CHECK(fd >= 0);
	CHECK_INT(bide_write(fd, "x", 1), -ENOSPC);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

IO_TEST(io_file, says_when_a_file_is_as_large_as_it_may_be)
{
	struct rlimit old, limit;
	int fd;

	CHECK_INT(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit){ 4, old.rlim_max };
	CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	enter_place();
	fd = create(name_a);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
	CHECK_INT(bide_write(fd, "abcdef", 6), 4);
	CHECK_INT(bide_write(fd, "ef", 2), -EFBIG);
	CHECK_INT(bide_ftruncate(fd, 5), -EFBIG);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &old), 0);
	CHECK_INT(bide_close(fd), 0);
	leave_place();
	return 0;
}

TEST(io_file, calls_need_a_task)
{
	struct stat status;
	char byte = 0;

	CHECK_INT(bide_open("/", O_RDONLY, 0), -EPERM);
	CHECK_INT(bide_stat("/", &status), -EPERM);
	CHECK_INT(bide_fsync(0), -EPERM);
	CHECK_INT(bide_pread(0, &byte, 1, -1), -EPERM);
	CHECK_INT(bide_preadv(0, NULL, -1, 0), -EPERM);
}

/* ---- cancelled ---- */

static int remove_both(void *arg)
{
	(void)arg;
	CHECK(bide_cancel(bide_self()));
	CHECK_INT(bide_unlink(name_a), -ECANCELED);
	CHECK_INT(bide_open(name_b, O_RDWR | O_CREAT, 0600), -ECANCELED);
	CHECK_INT(bide_pread(0, NULL, 0, 0), -ECANCELED);
	return 0;
}

IO_TEST(io_file, a_cancelled_caller_does_nothing)
{
	bide_task *task;

	enter_place();
	CHECK_INT(bide_close(create(name_a)), 0);
	task = bide_spawn(remove_both, NULL);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(access(name_a, F_OK), 0);
	CHECK(access(name_b, F_OK) < 0);
	leave_place();
	return 0;
}

static int sync_and_read(void *arg)
{
	int fd = *(int *)arg;
	char byte = 0;

	CHECK_INT(bide_fsync(fd), 0);
	CHECK_INT(bide_pread(fd, &byte, 1, 0), -ECANCELED);
	return 0;
}

static int read_one(void *arg)
{
	char byte = 0;

	CHECK_INT(bide_pread(*(int *)arg, &byte, 1, 0), 1);
	return byte;
}

static void expect_to_finish(bide_fn *fn, int fd, int result)
{
	bide_task *ticker = disk_slow_down();
	bide_task *task = bide_spawn(fn, &fd);

	while (__atomic_load_n(&disk_call_count, __ATOMIC_SEQ_CST) == 0)
		CHECK_INT(bide_yield(), 0);
	CHECK(bide_cancel(task));
	CHECK_INT(bide_join(task), result);
	disk_speed_up(ticker);
}

IO_TEST(io_file, what_has_begun_is_waited_for_and_its_result_stands)
{
	int fd;

	enter_place();
	fd = create(name_a);
	CHECK_INT(bide_write(fd, "x", 1), 1);
	expect_to_finish(sync_and_read, fd, 0);
	expect_to_finish(read_one, fd, 'x');
	CHECK_INT(bide_close(fd), 0);
	leave_place();
	return 0;
}

/* ---- a slow disk ---- */

IO_TEST(io_file, a_slow_disk_does_not_stop_the_loop)
{
	struct stat status;
	bide_task *ticker;
	char buf[4] = "";
	int fd;

	enter_place();
	fd = create(name_a);
	CHECK_INT(bide_write(fd, "cold", 4), 4);
	ticker = disk_slow_down();
	/* Each of them returns only once the loop has ticked. */
	CHECK_INT(bide_stat(name_a, &status), 0);
	CHECK_INT(bide_fsync(fd), 0);
	CHECK_INT(bide_pread(fd, buf, 3, 0), 3);
	CHECK_STR(buf, "col");
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	CHECK_INT(bide_read(fd, buf, 3), 3);
	CHECK_INT(bide_readv(fd, &(struct iovec){ buf, 3 }, 1), 1);
	CHECK_INT(bide_pwrite(fd, "w", 1, 0), 1);
	CHECK_INT(disk_call_count, 6);
	disk_speed_up(ticker);
	CHECK_INT(bide_close(fd), 0);
	leave_place();
	return 0;
}

/* ---- closed meanwhile ---- */

static int write_one(void *arg)
{
	CHECK_INT(bide_pwrite(*(int *)arg, "w", 1, 0), 1);
	return 'w';
}

static int sync_one(void *arg)
{
	return bide_fsync(*(int *)arg);
}

/* A thread that has not come to its system call yet would find another file behind it. */
static void close_under(bide_fn *fn, int fd, int result)
{
	bide_task *ticker = disk_slow_down();
	bide_task *task = bide_spawn(fn, &fd);
	int other;

	while (__atomic_load_n(&disk_call_count, __ATOMIC_SEQ_CST) == 0)
		CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(fd), -EBADF);
	other = open(name_b, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(other >= 0 && other != fd);
	CHECK_INT(bide_join(task), result);
	disk_speed_up(ticker);
	CHECK_INT(lseek(other, 0, SEEK_END), 0);
	CHECK_INT(fcntl(fd, F_GETFD), -1);
	CHECK_INT(bide_close(other), 0);
	CHECK_INT(unlink(name_a), 0);
	CHECK_INT(unlink(name_b), 0);
}

IO_TEST(io_close, of_a_file_that_a_thread_is_at_keeps_its_number_from_others_until_then)
{
	enter_place();
	close_under(write_one, create(name_a), 'w');
	close_under(sync_one, create(name_a), 0);
	leave_place();
	return 0;
}
