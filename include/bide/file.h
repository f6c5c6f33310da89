/* SPDX-License-Identifier: MIT */

/*
 * bide/file.h - files and directories, as POSIX has them, without stopping the loop
 *
 * Nobody can tell when a disk will be ready. So these calls are made on threads of the
 * loop's pool, and suspend for as long as that takes; pread and pwrite only where the
 * memory has not got what they need. Every call but bide_closedir() may return
 *   -ECANCELED  the caller was cancelled, and nothing was done
 *   -EAGAIN     no thread could be started, -ENOMEM
 *   -EPERM      no task runs here
 * besides what the call of POSIX fails with. A call that has begun is waited for, and
 * its result stands: a cancellation or a time limit that comes meanwhile shows at the
 * next call.
 *
 * Paths and other arguments need to last for the call only. To close a file there is
 * bide_close() in io.h; bide_read() and bide_write() there work on files, too.
 */
#ifndef BIDE_FILE_H
#define BIDE_FILE_H

#include <bide/base.h>
#include <dirent.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

BIDE_BEGIN_DECLS

/*
 * Opens a file as open(2) does, always with O_CLOEXEC. mode counts where flags have it
 * created. Returns a descriptor, which is the caller's, or what open(2) fails with.
 *
 * A FIFO is open once somebody has opened its other end, as with open(2); also a terminal
 * may keep one waiting. Meanwhile a thread of the pool is taken, unless flags have
 * O_NONBLOCK. A caller that is cancelled does not wait for it: -ECANCELED, and the thread
 * closes what it will have opened, which the other end may see.
 */
BIDE_API int bide_open(const char *path, int flags, mode_t mode);

/*
 * Read and write at an offset, as pread(2), pwrite(2), preadv(2) and pwritev(2) do: the
 * file position stays where it is. They move at most n bytes, or what is in n buffers.
 *
 * Return the count of bytes, 0 at the end of the file, or -EINVAL where the offset is
 * negative, or n buffers are fewer than none or more than IOV_MAX; -ESPIPE where the
 * descriptor has no offsets; or what the call of POSIX fails with.
 */
BIDE_API ssize_t bide_pread(int fd, void *buf, size_t n, off_t offset);
BIDE_API ssize_t bide_pwrite(int fd, const void *buf, size_t n, off_t offset);
BIDE_API ssize_t bide_preadv(int fd, const struct iovec *iov, int n, off_t offset);
BIDE_API ssize_t bide_pwritev(int fd, const struct iovec *iov, int n, off_t offset);

/*
 * Suspend until what was written to the file is on its disk; bide_fdatasync() leaves out
 * what reading it back does not need, such as its times. Return 0 or what fsync(2) fails
 * with: then nobody knows what is on the disk, and another try may say 0 for no reason.
 */
BIDE_API int bide_fsync(int fd);
BIDE_API int bide_fdatasync(int fd);

/* Cuts or extends the file to the length. Returns 0 or what ftruncate(2) fails with. */
BIDE_API int bide_ftruncate(int fd, off_t length);

/*
 * Tell about a file, as stat(2) does; bide_lstat() about a symbolic link itself. Return
 * 0, or what stat(2) fails with.
 */
BIDE_API int bide_stat(const char *path, struct stat *ret);
BIDE_API int bide_lstat(const char *path, struct stat *ret);
BIDE_API int bide_fstat(int fd, struct stat *ret);

/* Remove a name, an empty directory. Return 0 or what unlink(2), rmdir(2) fail with. */
BIDE_API int bide_unlink(const char *path);
BIDE_API int bide_rmdir(const char *path);

/* Renames a file, which replaces one that is there. Returns 0 or what rename(2) fails with. */
BIDE_API int bide_rename(const char *from, const char *to);

/* Makes a directory. Returns 0 or what mkdir(2) fails with. */
BIDE_API int bide_mkdir(const char *path, mode_t mode);

/*
 * Opens a directory for reading its entries. Returns it, for bide_closedir(), or NULL
 * and sets errno: a code from above, positive, or what opendir(3) fails with. It is the
 * C library's, for rewinddir(3), dirfd(3) and the like.
 */
BIDE_API DIR *bide_opendir(const char *path);

/*
 * Gives the next entry, in no order, "." and ".." among them. It is the directory's, and
 * valid until the next call. One task at a time may read a directory. Suspends only where
 * the C library has to fetch more entries, which it does by hundreds.
 *
 * Returns NULL and sets errno: 0 at the end, else a code as bide_opendir() does.
 */
BIDE_API struct dirent *bide_readdir(DIR *dir);

/*
 * Closes the directory. Neither suspends nor is it a cancellation point; may be called
 * where no loop runs. Returns 0 or what closedir(3) fails with; it is gone in any case.
 */
BIDE_API int bide_closedir(DIR *dir);

BIDE_END_DECLS

#endif
