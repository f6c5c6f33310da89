/* SPDX-License-Identifier: MIT */

/*
 * stream.h - what the two sides of a stream share
 */
#ifndef BIDE_IO_STREAM_H
#define BIDE_IO_STREAM_H

#include "core/operation.h"

#include <bide/stream.h>

#ifdef BIDE_HOSTILE
#define READ_SMALL_BYTES 3
#define READ_BYTES 8
#define CHUNK_SMALL_BYTES (sizeof(struct chunk) + 2)
#define CHUNK_BYTES (sizeof(struct chunk) + 8)
#else
#define READ_SMALL_BYTES 512            /* the read buffer of a task that waits for bytes */
#define READ_BYTES 16384                /* the same where more is there */
#define CHUNK_SMALL_BYTES 1024          /* the first chunk: most answers are short */
#define CHUNK_BYTES 16384
#endif

/* A piece of what is to be written. It never moves: the system may be reading it. */
struct chunk {
	struct chunk *next;
	size_t begin;                   /* what is to be written */
	size_t end;
	size_t size;                    /* of data */
	char data[];
};

/* What was received and not yet read. */
struct stream_in {
	char *data;                     /* owned; NULL: no memory is held */
	size_t capacity;                /* one byte of it is kept for a NUL */
	size_t begin;
	size_t end;
	size_t limit;                   /* of a line */
	char hidden;                    /* the byte that a line's NUL stands in for */
	bool is_hidden;
	bool is_flooded;                /* the last transfer filled what it was given */
	bool has_ended;
	bool is_busy;                   /* a task is in a reading call */
	int error;                      /* negative; of the descriptor, for good; 0: none */
};

/* What was written and is not yet with the system. */
struct stream_out {
	struct chunk *first;            /* owned, with all behind it; NULL: nothing is buffered */
	struct chunk *last;
	size_t bytes;
	size_t high;
	size_t low;
	struct bide_waitq idle;         /* those who wait for is_draining to end */
	size_t waiting_count;           /* how many of them have not gone on yet */
	struct bide_task *flusher;      /* will write, or does; NULL: nobody will */
	bool is_draining;               /* somebody is in an operation that writes (D2) */
	bool has_ended;                 /* bide_stream_close_write() has succeeded */
	bool is_busy;                   /* a task is in a writing call */
	int error;                      /* negative; of the descriptor, for good; 0: none */
};

struct bide_stream {
	int fd;                         /* owned until is_closed */
	unsigned user_count;            /* the handle, the calls that run, the flusher */
	bool is_closing;                /* no new calls; the handle is given back */
	bool is_closed;                 /* fd is not ours any more */
	struct stream_in in;
	struct stream_out out;
};

/*
 * Begins a call of the running task, which must have passed its cancellation point.
 * is_busy is that of the call's side. Returns 0, -EBADF or -EBUSY. The stream stays
 * until the call is ended, which returns r, or -EBADF where it was closed meanwhile.
 */
int bide__stream_enter(struct bide_stream *stream, bool *is_busy);
ssize_t bide__stream_leave(struct bide_stream *stream, bool *is_busy, ssize_t r);

/* Gives up one use of the stream; the last one frees it. */
void bide__stream_unref(struct bide_stream *stream);

/* Whether it is the call that fails, for want of time or memory, and not the descriptor. */
static inline bool is_passing(ssize_t r)
{
	return r == -ECANCELED || r == -ENOMEM;
}

/* Notes an error that is the descriptor's. Returns r. */
static inline ssize_t stream_note(const struct bide_stream *stream, int *error, ssize_t r)
{
	if (r < 0 && !is_passing(r) && !stream->is_closed)
		*error = (int)r;
	return r;
}

/* stream_write.c */

/* Writes what the system takes without waiting, if anything is buffered. */
void bide__stream_flush_some(struct bide_stream *stream);

/*
 * Suspends until no more than so many bytes are buffered. Returns 0, the side's
 * error, -EBADF or -ECANCELED.
 */
int bide__stream_drain(struct bide_stream *stream, size_t level);

void bide__stream_out_fini(struct stream_out *out);

#endif
