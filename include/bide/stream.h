/* SPDX-License-Identifier: MIT */

/*
 * bide/stream.h - buffered reading and writing of a descriptor
 *
 * A stream owns a descriptor of any kind that carries a stream of bytes: a
 * connection, a pipe, a terminal. Reading takes much at a time from the system and
 * hands it out by lines, delimiters or counts. Writing collects: what was written
 * leaves by itself, in one system call, when the writing task next lets others run,
 * reads from the stream or flushes it.
 *
 * One task at a time may read and one may write, which may be the same or two; a
 * second one gets -EBUSY. Every call that may suspend does nothing and returns
 * -ECANCELED where its task is cancelled, -EPERM where no task runs and -EBADF
 * where another task has closed the stream meanwhile, which is the last thing
 * that a call on it may tell.
 *
 * A read that is cut short, or refused for its size, consumes nothing. An error
 * of the descriptor stays with the stream, on its side of it: what was received
 * before is still handed out, then each read returns it; each later write, flush
 * and close returns an error of writing.
 */
#ifndef BIDE_STREAM_H
#define BIDE_STREAM_H

#include <bide/base.h>
#include <stdarg.h>

#ifdef __GNUC__
#define BIDE_PRINTF_(text, first) __attribute__((format(printf, text, first)))
#else
#define BIDE_PRINTF_(text, first)
#endif

BIDE_BEGIN_DECLS

typedef struct bide_stream bide_stream;

/*
 * Makes a stream of the descriptor, which it owns from then on. Belongs to the loop
 * that uses it. Never suspends. Returns NULL and sets errno to EBADF (fd is
 * negative) or ENOMEM; the descriptor is the caller's still.
 */
BIDE_API bide_stream *bide_stream_open(int fd);

/*
 * Connects as bide_tcp_connect() does and makes a stream of that. Returns NULL and
 * sets errno to what that fails with, or to ENOMEM.
 */
BIDE_API bide_stream *bide_stream_connect(const char *host, const char *port);

/* Returns the descriptor, which stays the stream's. */
BIDE_API int bide_stream_fd(const bide_stream *stream);

/*
 * Reads what is there, at most n bytes, suspending until there is any. Returns the
 * count, 0 at the end of the stream or where n is 0, or
 *   -ECANCELED, -EBUSY, -EBADF, -EPERM, -ENOMEM, or what read(2) fails with.
 */
BIDE_API ssize_t bide_stream_read(bide_stream *stream, void *buf, size_t n);

/*
 * Reads n bytes, suspending until they are there. Returns n, less only at the end
 * of the stream, or as bide_stream_read(): then what has come is for the next read.
 */
BIDE_API ssize_t bide_stream_read_exactly(bide_stream *stream, void *buf, size_t n);

/*
 * Reads up to and with the delimiter, which has len bytes, suspending until it is
 * there. Returns the count, without a delimiter only at the end of the stream, or
 *   -EMSGSIZE   that would be more than n bytes; nothing is consumed
 *   -EINVAL     len is 0
 * or as bide_stream_read().
 */
BIDE_API ssize_t bide_stream_read_until(bide_stream *stream, const void *delimiter, size_t len,
                                        void *buf, size_t n);

/*
 * Reads a line with its newline, as getline(3), suspending until it is there. *line
 * is the stream's memory, the caller's to change until the next read or the close;
 * a NUL stands behind it. Returns the length, without a newline only at the end of
 * the stream, and 0 when nothing is left, or
 *   -EMSGSIZE   the line is longer than the limit; nothing is consumed: with a
 *               higher limit, or by another call, it can still be read
 * or as bide_stream_read(). *line is set where the result is positive.
 *
 * Suspends only where no whole line is buffered, as all calls that read: a loop over
 * short lines may take thousands of them in a row. One that does much with each, or
 * puts it where another task has to make room, calls bide_yield() meanwhile.
 */
BIDE_API ssize_t bide_stream_read_line(bide_stream *stream, char **line);

/* Sets the longest line of bide_stream_read_line(), by default 64 KiB. */
BIDE_API void bide_stream_set_limit(bide_stream *stream, size_t n);

/*
 * Writes n bytes: they are in the stream's buffer, or with the system, when it
 * returns. Suspends where more than the high-water mark would be buffered, until
 * no more than the low-water mark is. Returns n, or
 *   -ECANCELED  the task was cancelled before anything was taken; fewer than n
 *               where it was cancelled half-way
 *   -EPIPE      nobody reads any more, or bide_stream_close_write() was called
 *   -EBUSY, -EBADF, -EPERM, -ENOMEM, or what write(2) fails with, perhaps about
 *               bytes that were written before.
 */
BIDE_API ssize_t bide_stream_write(bide_stream *stream, const void *buf, size_t n);

/*
 * Writes as printf(3), the whole text or nothing of it. Returns the count, or
 *   -EINVAL     the format cannot be printed, such as for a character of %ls that the
 *               locale has not
 * or as bide_stream_write().
 */
BIDE_API ssize_t bide_stream_printf(bide_stream *stream, const char *format, ...)
	BIDE_PRINTF_(2, 3);
BIDE_API ssize_t bide_stream_vprintf(bide_stream *stream, const char *format, va_list args)
	BIDE_PRINTF_(2, 0);

/*
 * Sets how much may be buffered before bide_stream_write() suspends, by default
 * 64 KiB, and how much when it goes on, by default a quarter of that. With 0 for
 * both, writing waits until the system has taken all.
 */
BIDE_API void bide_stream_set_high_water(bide_stream *stream, size_t high, size_t low);

/*
 * Suspends until the system has taken all that was written. Returns 0, or
 * -ECANCELED (the rest still leaves by itself) or as bide_stream_write().
 */
BIDE_API int bide_stream_flush(bide_stream *stream);

/*
 * Flushes, then ends the writing side of a connection: the peer reads the end of the
 * stream and can still answer. Returns 0, also when called again, or
 *   -ENOTSOCK   the stream is no socket: only closing it shows its reader the end
 * or as bide_stream_flush(), or what shutdown(2) fails with.
 */
BIDE_API int bide_stream_close_write(bide_stream *stream);

/*
 * Flushes, within the scopes of the caller, then closes the descriptor and frees the
 * stream, whatever it returns but -EPERM. Other tasks that are in a call on it get
 * -EBADF. NULL is ignored. Returns 0, or
 *   -ECANCELED  the task was cancelled: what could not be flushed was dropped
 * or what went wrong with writing or closing.
 */
BIDE_API int bide_stream_close(bide_stream *stream);

/*
 * Drops what is buffered, closes the descriptor and frees the stream. The peer of a
 * TCP connection gets a reset, so that it does not take what it has for the whole.
 * Other tasks that are in a call on it get -EBADF. NULL is ignored. Never suspends;
 * may be called where no task runs.
 */
BIDE_API void bide_stream_abort(bide_stream *stream);

BIDE_END_DECLS

#endif
