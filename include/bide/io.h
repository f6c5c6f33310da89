/* SPDX-License-Identifier: MIT */

/*
 * bide/io.h - descriptors, as POSIX has them, with calls that suspend
 *
 * Every call suspends until the descriptor is ready and then transfers what it can,
 * which may be less than it was given. It ends early where the task is cancelled
 * (-ECANCELED) or the descriptor is closed by bide_close() (-EBADF). A call that has
 * moved some bytes returns their count instead. Also a call that need not wait may
 * let other tasks run, so that one busy descriptor starves nobody.
 *
 * A descriptor may be blocking or not; its flags stay as they are. One that was
 * used with these calls is to be closed with bide_close(): the loop remembers
 * things about it. Writing never raises SIGPIPE: -EPIPE.
 */
#ifndef BIDE_IO_H
#define BIDE_IO_H

#include <bide/base.h>
#include <sys/socket.h>

BIDE_BEGIN_DECLS

/* Events of bide_wait_fd(). */
enum {
	BIDE_READABLE = 1 << 0,
	BIDE_WRITABLE = 1 << 1,
};

/*
 * Reads at most n bytes; 0 is the end of file. Returns the count, -ECANCELED,
 * -EBADF, -EPERM where no task runs, or what read(2) fails with.
 */
BIDE_API ssize_t bide_read(int fd, void *buf, size_t n);

/*
 * Writes at most n bytes. Returns how many were taken, -ECANCELED, -EBADF,
 * -EPIPE, -EPERM where no task runs, or what write(2) fails with.
 */
BIDE_API ssize_t bide_write(int fd, const void *buf, size_t n);

/*
 * Reads until n bytes are there. Returns n, or fewer at the end of file or where an
 * error or a cancellation came after some bytes: the next call says so. Otherwise
 * as bide_read().
 */
BIDE_API ssize_t bide_read_full(int fd, void *buf, size_t n);

/*
 * Writes all n bytes. Returns n, or fewer where an error or a cancellation came
 * after some bytes: the next call says so. Otherwise as bide_write().
 */
BIDE_API ssize_t bide_write_all(int fd, const void *buf, size_t n);

/*
 * Suspends until one of the events holds: BIDE_READABLE | BIDE_WRITABLE. An
 * error or a hang-up on the descriptor counts as all of them, so that the next
 * call shows it. Several tasks may wait for one descriptor.
 *
 * Returns those that hold, or -ECANCELED, -EBADF, -EPERM, -EINVAL where events
 * names none.
 */
BIDE_API int bide_wait_fd(int fd, int events);

/*
 * Accepts a connection; addr and len are as for accept(2) and may be NULL. The
 * new descriptor is the caller's, non-blocking and close-on-exec. Returns it, or
 * -ECANCELED, -EBADF, -EPERM, or what accept(2) fails with.
 */
BIDE_API int bide_accept(int fd, struct sockaddr *addr, socklen_t *len);

/*
 * Connects the socket, suspending until that has succeeded or failed. Returns 0,
 * -ECANCELED, -EBADF, -EPERM, or what connect(2) fails with. After -ECANCELED
 * the socket is only good for closing.
 */
BIDE_API int bide_connect(int fd, const struct sockaddr *addr, socklen_t len);

/* Receives as recv(2) does. Returns as bide_read(); MSG_DONTWAIT gives -EAGAIN. */
BIDE_API ssize_t bide_recv(int fd, void *buf, size_t n, int flags);

/* Sends as send(2) does. Returns as bide_write(); MSG_DONTWAIT gives -EAGAIN. */
BIDE_API ssize_t bide_send(int fd, const void *buf, size_t n, int flags);

/*
 * Closes the descriptor. Whoever waits on it gets -EBADF, or the result where
 * the kernel had it ready. Neither suspends nor is it a cancellation point; may
 * be called where no loop runs. Returns 0 or what close(2) fails with; the
 * descriptor is gone in any case.
 */
BIDE_API int bide_close(int fd);

BIDE_END_DECLS

/* Who deals with descriptors deals with connections. */
#include <bide/net.h>

#endif
