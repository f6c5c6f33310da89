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
 * used with these calls is to be closed with bide_close(), while the loop that it
 * was used in runs on this thread: that remembers things about it. Writing never
 * raises SIGPIPE: -EPIPE.
 */
#ifndef BIDE_IO_H
#define BIDE_IO_H

#include <bide/base.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

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
 * Reads into n buffers, one after the other, as readv(2) does. Returns as bide_read(),
 * or -EINVAL where n is negative or more than IOV_MAX. All n empty: 0, without waiting.
 */
BIDE_API ssize_t bide_readv(int fd, const struct iovec *iov, int n);

/*
 * Writes from n buffers, one after the other, as writev(2) does: at most PIPE_BUF bytes
 * are one piece in a pipe. Returns as bide_write(), or -EINVAL as above.
 */
BIDE_API ssize_t bide_writev(int fd, const struct iovec *iov, int n);

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
 * Receives as recvfrom(2) does: *len is the room at addr before, and the whole length
 * of the sender's address after a success. addr may be NULL. Returns as bide_recv().
 */
BIDE_API ssize_t bide_recvfrom(int fd, void *buf, size_t n, int flags, struct sockaddr *addr,
                               socklen_t *len);

/* Sends as sendto(2) does; addr may be NULL. Returns as bide_send(). */
BIDE_API ssize_t bide_sendto(int fd, const void *buf, size_t n, int flags,
                             const struct sockaddr *addr, socklen_t len);

/*
 * Receives as recvmsg(2) does, which changes msg only where it succeeds. Descriptors
 * that come with the message are the caller's; MSG_CMSG_CLOEXEC makes them
 * close-on-exec. Returns as bide_recv().
 */
BIDE_API ssize_t bide_recvmsg(int fd, struct msghdr *msg, int flags);

/* Sends as sendmsg(2) does. Returns as bide_send(). */
BIDE_API ssize_t bide_sendmsg(int fd, const struct msghdr *msg, int flags);

/*
 * Copies n bytes from any descriptor to any other, SIZE_MAX: to the end of in, and
 * suspends for both. It takes the quickest way there is, within the kernel where that has
 * one, and the file positions move on.
 *
 * Returns how many bytes have reached out: n, or fewer at the end of in or where an
 * error or a cancellation came after some bytes, which the next call says. 0 is the end,
 * else -ECANCELED, -EPIPE, -ENOMEM, -EPERM where no task runs, or what reading in and
 * writing out fail with.
 *
 * What was not written stays in in where that is a file, a stream socket, or a pipe that
 * is copied to a file, a pipe or a non-blocking socket, provided that nobody else reads
 * from it. From anything else up to 64 KiB that were read are lost where the writing is
 * cut short.
 */
BIDE_API ssize_t bide_copy(int out, int in, size_t n);

/*
 * Sends at most n bytes of a file as sendfile(2) does: from *offset, which moves on, or
 * where that is NULL from the file position. It waits for out, and has what the memory
 * does not hold read elsewhere. Where in is no file, or out takes no sendfile(2), bytes
 * are copied as by bide_copy(); then an offset gives -ESPIPE where in has none.
 *
 * Returns how many bytes were taken, 0 at the end of the file, -EINVAL where *offset is
 * negative, or as bide_copy().
 */
BIDE_API ssize_t bide_sendfile(int out, int in, off_t *offset, size_t n);

/*
 * Closes the descriptor. Whoever waits on it gets -EBADF, or the result where
 * the kernel had it ready. Neither suspends nor is it a cancellation point; may
 * be called where no loop runs. Returns 0 or what close(2) fails with; the
 * descriptor is gone in any case. A file that a thread is reading or writing at
 * this moment is closed when that is over: until then nobody gets its number.
 */
BIDE_API int bide_close(int fd);

BIDE_END_DECLS

/* Who deals with descriptors deals with connections. */
#include <bide/net.h>

#endif
