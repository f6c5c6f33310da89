/* SPDX-License-Identifier: MIT */

/*
 * file.c - the calls on files, which may wait for a disk
 *
 * What a file has in memory is read and written at once, by an operation of the back
 * end. For everything else nobody can tell whether it will block, so a thread of the
 * pool does it, on the arguments that lie on the caller's stack.
 *
 * A disk answers in the end, and is waited for. A FIFO may never be opened on its other
 * side, and a terminal's line never be there: their open goes on without a caller who is
 * cancelled, in memory of its own.
 *
 * Invariants
 *   FI1  A patient open is freed by whoever comes second to its outcome: the thread
 *        that has opened, or the caller who has gone. The same one closes what was
 *        opened, where nobody returns it.
 */
#include "base/mem.h"
#include "base/sys_fd.h"
#include "base/sys_file.h"
#include "core/abandon.h"
#include "core/fd_use.h"
#include "core/operation.h"

#include <bide/file.h>
#include <bide/thread.h>
#include <fcntl.h>
#include <limits.h>

enum file_call_kind {
	FILE_OPEN,
	FILE_STAT,
	FILE_LSTAT,
	FILE_FSTAT,
	FILE_UNLINK,
	FILE_RMDIR,
	FILE_RENAME,
	FILE_MKDIR,
	FILE_FSYNC,
	FILE_FDATASYNC,
	FILE_FTRUNCATE,
};

struct file_call {
	enum file_call_kind kind;
	union {
		const char *path;
		int fd; /* FSTAT, FSYNC, FDATASYNC, FTRUNCATE */
	};
	union {
		struct stat *status; /* STAT, LSTAT, FSTAT */
		const char *to; /* RENAME */
		off_t length; /* FTRUNCATE */
		int flags; /* OPEN */
	};
	mode_t mode; /* OPEN, MKDIR */
	bool takes_patience; /* OPEN: it was not tried, as it may wait for ever */
};

static int open_unless_patient(struct file_call *call)
{
	struct stat status;

	/* Where there is no telling, open() has the word. */
	if (!(call->flags & O_NONBLOCK) && bide__sys_stat(call->path, &status) == 0 &&
	    (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode))) {
		call->takes_patience = true;
		return 0;
	}
	return bide__sys_open(call->path, call->flags, call->mode);
}

static int file_call_try(struct file_call *call)
{
	switch (call->kind) {
	case FILE_OPEN:
		return open_unless_patient(call);
	case FILE_STAT:
		return bide__sys_stat(call->path, call->status);
	case FILE_LSTAT:
		return bide__sys_lstat(call->path, call->status);
	case FILE_FSTAT:
		return bide__sys_fstat(call->fd, call->status);
	case FILE_UNLINK:
		return bide__sys_unlink(call->path);
	case FILE_RMDIR:
		return bide__sys_rmdir(call->path);
	case FILE_RENAME:
		return bide__sys_rename(call->path, call->to);
	case FILE_MKDIR:
		return bide__sys_mkdir(call->path, call->mode);
	case FILE_FSYNC:
		return bide__sys_fsync(call->fd);
	case FILE_FDATASYNC:
		return bide__sys_fdatasync(call->fd);
	case FILE_FTRUNCATE:
		return bide__sys_ftruncate(call->fd, call->length);
	}
	return -EINVAL;
}

/* On a thread of the pool. */
static int file_call_run(void *arg)
{
	int r;

	do {
		r = file_call_try(arg);
	} while (r == -EINTR);
	return r;
}

static int file_call_make(struct file_call *call)
{
	return bide_to_thread(file_call_run, call);
}

/* The same for those of a descriptor. */
static int fd_call_make(struct file_call *call)
{
	return bide__to_thread_with(file_call_run, call, call->fd, -1);
}

/* ---- opening ---- */

enum patient_state {
	PATIENT_WAITS,
	PATIENT_OPENED, /* or failed: the thread has a result */
	PATIENT_LEFT, /* the caller has gone */
};

struct patient_open {
	char *path; /* owned */
	int flags;
	mode_t mode;
	int result; /* once opened */
	int state; /* atomic, enum patient_state */
};

static void patient_free(struct patient_open *open)
{
	bide__free(open->path);
	bide__free(open);
}

/* For the second one to come (FI1). */
static void patient_drop(struct patient_open *open)
{
	if (open->result >= 0)
		(void)bide__sys_close(open->result); /* nobody has it */
	patient_free(open);
}

/* Returns whether the other side has come to the outcome before. */
static bool patient_settle(struct patient_open *open, enum patient_state state)
{
	/* The result goes from the thread to the caller, the rest the other way. */
	return __atomic_exchange_n(&open->state, state, __ATOMIC_ACQ_REL) != PATIENT_WAITS;
}

static int patient_run(void *arg)
{
	struct patient_open *open = arg;
	int r;

	do {
		r = bide__sys_open(open->path, open->flags, open->mode);
	} while (r == -EINTR);
	open->result = r;
	if (patient_settle(open, PATIENT_OPENED))
		patient_drop(open);
	return r;
}

static int open_patiently(const struct file_call *call)
{
	struct patient_open *open = bide__calloc(1, sizeof *open);
	bool goes_on;
	int r;

	if (open == NULL)
		return -ENOMEM;
	*open = (struct patient_open){ .flags = call->flags, .mode = call->mode };
	open->path = bide__strdup(call->path);
	if (open->path == NULL) {
		patient_free(open);
		return -ENOMEM;
	}
	r = bide__to_thread_abandon(patient_run, open, &goes_on);
	if (!goes_on)
		patient_free(open);
	else if (patient_settle(open, PATIENT_LEFT))
		patient_drop(open);
	return r;
}

int bide_open(const char *path, int flags, mode_t mode)
{
	struct file_call call = { .kind = FILE_OPEN, .path = path, .flags = flags, .mode = mode };
	int r = file_call_make(&call);

	return r >= 0 && call.takes_patience ? open_patiently(&call) : r;
}

/* ---- transfers at an offset ---- */

static ssize_t transfer_at(struct io_op *op, off_t offset)
{
	if (task_current() == NULL)
		return -EPERM;
	if (offset < 0)
		return -EINVAL; /* IO_CURRENT is negative */
	op->offset = offset;
	return bide__operation_run(op);
}

static ssize_t transfer_vector_at(struct io_op *op, int n, off_t offset)
{
	if (task_current() == NULL)
		return -EPERM;
	if (n < 0 || n > IOV_MAX)
		return -EINVAL;
	op->n = (size_t)n;
	return transfer_at(op, offset);
}

ssize_t bide_pread(int fd, void *buf, size_t n, off_t offset)
{
	struct io_op op = { .kind = IO_READ, .fd = fd, .buf = buf, .n = n };

	return transfer_at(&op, offset);
}

ssize_t bide_pwrite(int fd, const void *buf, size_t n, off_t offset)
{
	struct io_op op = { .kind = IO_WRITE, .fd = fd, .data = buf, .n = n };

	return transfer_at(&op, offset);
}

ssize_t bide_preadv(int fd, const struct iovec *iov, int n, off_t offset)
{
	struct io_op op = { .kind = IO_READV, .fd = fd, .iov = iov };

	return transfer_vector_at(&op, n, offset);
}

ssize_t bide_pwritev(int fd, const struct iovec *iov, int n, off_t offset)
{
	struct io_op op = { .kind = IO_WRITEV, .fd = fd, .iov = iov };

	return transfer_vector_at(&op, n, offset);
}

/* ---- the rest ---- */

int bide_fsync(int fd)
{
	return fd_call_make(&(struct file_call){ .kind = FILE_FSYNC, .fd = fd });
}

int bide_fdatasync(int fd)
{
	return fd_call_make(&(struct file_call){ .kind = FILE_FDATASYNC, .fd = fd });
}

int bide_ftruncate(int fd, off_t length)
{
	return fd_call_make(
		&(struct file_call){ .kind = FILE_FTRUNCATE, .fd = fd, .length = length });
}

int bide_stat(const char *path, struct stat *ret)
{
	return file_call_make(
		&(struct file_call){ .kind = FILE_STAT, .path = path, .status = ret });
}

int bide_lstat(const char *path, struct stat *ret)
{
	return file_call_make(
		&(struct file_call){ .kind = FILE_LSTAT, .path = path, .status = ret });
}

int bide_fstat(int fd, struct stat *ret)
{
	return fd_call_make(&(struct file_call){ .kind = FILE_FSTAT, .fd = fd, .status = ret });
}

int bide_unlink(const char *path)
{
	return file_call_make(&(struct file_call){ .kind = FILE_UNLINK, .path = path });
}

int bide_rmdir(const char *path)
{
	return file_call_make(&(struct file_call){ .kind = FILE_RMDIR, .path = path });
}

int bide_rename(const char *from, const char *to)
{
	return file_call_make(&(struct file_call){ .kind = FILE_RENAME, .path = from, .to = to });
}

int bide_mkdir(const char *path, mode_t mode)
{
	return file_call_make(
		&(struct file_call){ .kind = FILE_MKDIR, .path = path, .mode = mode });
}
