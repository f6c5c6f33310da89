/* SPDX-License-Identifier: MIT */

/*
 * sys_file.h - system calls on files and directories, as functions that return a
 * negative errno
 *
 * All may wait for a disk, but for those of which it says that they don't.
 */
#ifndef BIDE_BASE_SYS_FILE_H
#define BIDE_BASE_SYS_FILE_H

#include <bide/base.h>
#include <dirent.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Opens with O_CLOEXEC. */
int bide__sys_open(const char *path, int flags, mode_t mode);
int bide__sys_stat(const char *path, struct stat *ret);
int bide__sys_lstat(const char *path, struct stat *ret);
int bide__sys_unlink(const char *path);
int bide__sys_rmdir(const char *path);
int bide__sys_rename(const char *from, const char *to);
int bide__sys_mkdir(const char *path, mode_t mode);
int bide__sys_fsync(int fd);
int bide__sys_fdatasync(int fd);
int bide__sys_ftruncate(int fd, off_t length);

/* As lseek(2), for files only, where it neither waits nor fails. */
off_t bide__sys_seek(int fd, off_t offset, int whence);

int bide__sys_opendir(DIR **ret, const char *path);

/* The next entry, NULL at the end. */
int bide__sys_readdir(DIR *dir, struct dirent **ret);

/* Whether the next entry is in memory, so that reading it does not wait. */
bool bide__sys_has_entry(DIR *dir);
int bide__sys_closedir(DIR *dir);

/* From and to where the file positions stand. */
ssize_t bide__sys_copy_file_range(int in, int out, size_t n);

/* As sendfile(2) and splice(2), but without SIGPIPE; they wait unless told not to. */
ssize_t bide__sys_sendfile_quietly(int out, int in, off_t *offset, size_t n);
ssize_t bide__sys_splice_quietly(int in, int out, size_t n, unsigned flags);

#endif
