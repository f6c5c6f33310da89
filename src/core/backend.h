/* SPDX-License-Identifier: MIT */

/*
 * backend.h - what the loop asks of an operating system
 *
 * A back end turns operations into completions. It knows nothing of tasks: it
 * receives an io_op, and some time later gives the same io_op back with a result.
 * The loop is its only caller and calls it from one thread, except for
 * interrupt().
 *
 * Ownership: between submit() and its return an io_op and the buffers it names
 * belong to the back end. Every submitted operation comes back exactly once,
 * through wait() or cancel(), also when it was cancelled.
 */
#ifndef BIDE_CORE_BACKEND_H
#define BIDE_CORE_BACKEND_H

#include <bide/base.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum io_kind {
	IO_POLL,                        /* until one of events holds; result: those that do */
	IO_READ,                        /* as read(2), or pread(2) with an offset */
	IO_WRITE,                       /* as write(2) or pwrite(2), without SIGPIPE */
	IO_READV,                       /* as readv(2) or preadv(2) */
	IO_WRITEV,                      /* as writev(2) or pwritev(2), without SIGPIPE */
	IO_RECV,                        /* as recv(2) with flags */
	IO_SEND,                        /* as send(2) with flags, without SIGPIPE */
	IO_RECVMSG,                     /* as recvmsg(2) with flags */
	IO_SENDMSG,                     /* as sendmsg(2) with flags, without SIGPIPE */
	IO_ACCEPT,                      /* as accept(2); result: a non-blocking descriptor */
	IO_CONNECT,                     /* as connect(2), to its end */
};

#define IO_CURRENT (-1)                 /* where the descriptor's file position stands */

struct io_op {
	struct bide_node node;          /* the back end's while submitted; then in a done list */
	enum io_kind kind;
	int fd;
	union {
		void *buf;              /* READ, RECV */
		const void *data;       /* WRITE, SEND */
		const struct iovec *iov; /* READV, WRITEV */
		struct msghdr *msg;     /* RECVMSG */
		const struct msghdr *const_msg; /* SENDMSG */
		struct sockaddr *peer;  /* ACCEPT; may be NULL */
		const struct sockaddr *addr; /* CONNECT */
	};
	union {
		size_t n;               /* READ, WRITE, RECV, SEND: bytes; READV, WRITEV: buffers */
		socklen_t *peer_len;    /* ACCEPT */
		socklen_t addr_len;     /* CONNECT */
	};
	union {
		int flags;              /* RECV, SEND, RECVMSG, SENDMSG */
		int64_t offset;         /* READ, WRITE, READV, WRITEV; IO_CURRENT: of the file */
		int events;             /* POLL: BIDE_READABLE | BIDE_WRITABLE */
		bool is_begun;          /* CONNECT: connect(2) was called; zero at first */
	};
	void *entry;                    /* the back end's: what it knows of the descriptor */
	bool is_done;                   /* the back end's: it has completed */
	uint8_t marks;                  /* the back end's, while submitted */
	uint32_t request;               /* likewise */
	ssize_t result;                 /* once it has come back */
	void *owner;                    /* who submitted it; not the back end's */
};

struct backend_options {
	uint64_t seed;                  /* of the simulator's choices; 0: none of them */
	bool stays_on_one_thread;       /* the one that first waits is the only one that does */
};

/* What has come of an attempt at an operation. */
enum attempt {
	ATTEMPT_DONE,                   /* its result is set */
	ATTEMPT_WAITS,                  /* nothing has happened: submit it */
	ATTEMPT_BLOCKS,                 /* nothing has happened: a file, of which nobody
	                                 * tells when it is ready; perform it elsewhere */
};

struct backend;

struct backend_ops {
	const char *name;

	/* The back end, or NULL in *ret and a negative errno. */
	int (*open)(struct backend **ret, const struct backend_options *options);

	/* Requires that no operation is in flight. */
	void (*close)(struct backend *backend);

	/* Does the operation where it need not wait and no other one waits before
	 * it. */
	enum attempt (*attempt)(struct backend *backend, struct io_op *op);

	/* Does an operation that blocks, and sets its result. From any thread. */
	void (*perform)(struct io_op *op);

	/* Takes an operation of which attempt() said that it waits. Cannot fail, and never
	 * completes it from inside the call: an error comes out of wait(), too. */
	void (*submit)(struct backend *backend, struct io_op *op);

	/* Asks for an early end. True: the operation is back, with -ECANCELED in
	 * op->result. False: it will come back through wait(). */
	bool (*cancel)(struct backend *backend, struct io_op *op);

	/* Ends all operations on the descriptor, which is about to be closed, and
	 * forgets what is known about it. They come back through wait(), with
	 * their result where it was ready and -EBADF where not. */
	void (*forget)(struct backend *backend, int fd);

	/* Waits for a completion, an interrupt() or the timeout, whichever is
	 * first, and appends all completed operations to done in the order in
	 * which they completed. Returns 0, or why waiting is impossible. */
	int (*wait)(struct backend *backend, bide_time timeout, struct bide_node *done);

	/* Before a foreign loop waits for the descriptor, or another thread goes on
	 * with the loop: lets the system have what was submitted. NULL: it has. */
	void (*flush)(struct backend *backend);

	/* Makes the current or the next wait() return. From any thread and from
	 * signal handlers. Calls before one wait() count once. */
	void (*interrupt)(struct backend *backend);

	/* A descriptor that is readable when wait() would not wait, or -EOPNOTSUPP. */
	int (*descriptor)(const struct backend *backend);
};

/* Each back end embeds this as its first member. */
struct backend {
	const struct backend_ops *ops;
};

extern const struct backend_ops bide__backend_epoll;
extern const struct backend_ops bide__backend_poll;
extern const struct backend_ops bide__backend_uring;    /* where BIDE_HAVE_URING is defined */
extern const struct backend_ops bide__backend_sim;

#endif
