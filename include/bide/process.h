/* SPDX-License-Identifier: MIT */

/*
 * bide/process.h - other programs
 *
 * A process object stands for one child process. It belongs to the loop whose task
 * started it, and is to be freed once, also where the process has ended; one that is
 * never freed leaves a zombie until the program ends.
 *
 * A child starts with all signals unblocked, and with the default action for
 * SIGPIPE, SIGXFSZ and SIGCHLD; the others that the program ignores it ignores, too.
 * No descriptor of bide's reaches it.
 */
#ifndef BIDE_PROCESS_H
#define BIDE_PROCESS_H

#include <bide/base.h>

BIDE_BEGIN_DECLS

/* What the child has as its standard input, output and error output. */
enum {
	BIDE_INHERIT = 0,               /* what this process has */
	BIDE_PIPE,                      /* a pipe, whose other end is the process object's */
	BIDE_NULL,                      /* /dev/null */
	BIDE_TO_STDOUT,                 /* err only: the same as its standard output */
};

/*
 * The descriptor n, which stays the caller's. It is made blocking, as programs expect
 * their standard streams to be; bide's own calls on it need not care. An errno in place
 * of one, such as a failed bide_open() returns, is told from it: EBADF.
 */
#define BIDE_FD(n) ((n) + 8192)

/* Flags of bide_process_options. */
enum {
	BIDE_NEW_SESSION = 1u << 0,     /* as setsid(2); the child leads a process group, too */
};

/* All-zero members have a meaning each; argv is needed. */
typedef struct bide_process_options {
	const char *const *argv;        /* the program and its arguments; ends with NULL */
	const char *const *env;         /* "name=value" …, ends with NULL; NULL: as here */
	const char *cwd;                /* where it starts; NULL: here */
	int in;                         /* BIDE_INHERIT, _PIPE, _NULL or BIDE_FD(n) */
	int out;
	int err;                        /* or BIDE_TO_STDOUT */
	unsigned flags;
} bide_process_options;

/* Bytes with a NUL behind them, which size does not count. data is for free(3). */
typedef struct bide_buffer {
	char *data;
	size_t size;
} bide_buffer;

typedef struct bide_process bide_process;

/*
 * Starts a program. Where argv[0] has no slash it is looked for in the PATH of this
 * process; a relative path counts from cwd. The options and what they point to may
 * go once this returns. Never suspends, but holds the thread until the program was
 * loaded.
 *
 * Returns the process, or NULL with errno
 *   EINVAL      argv is NULL or empty, or a member has no such value
 *   EBADF       BIDE_FD() of what is no descriptor
 *   EPERM       no task runs here
 *   ENOENT, EACCES, EMFILE, EAGAIN, ENOMEM, or what else execve(2), chdir(2), pipe(2)
 *   and clone(2) fail with
 */
BIDE_API bide_process *bide_process_start(const bide_process_options *options);

/* Returns the process id, which once the process was waited for may be another one's. */
BIDE_API pid_t bide_process_pid(const bide_process *process);

/*
 * Returns our end of the pipe that is the process's standard input (0), output (1) or
 * error output (2): non-blocking and close-on-exec. It stays the process's, which
 * closes it when it is freed. -EBADF where there is no pipe, or no longer.
 */
BIDE_API int bide_process_fd(const bide_process *process, int which);

/*
 * The same, but the descriptor is the caller's from here on, for bide_close() or
 * whoever owns what it is given, as bide_stream_open() does. Closing the one for the
 * standard input is how the process is told that its input ends.
 *
 * Returns the descriptor, or
 *   -EBADF      there is no pipe, or no longer
 *   -EBUSY      bide_process_communicate() is using it
 */
BIDE_API int bide_process_take_fd(bide_process *process, int which);

/*
 * Sends the process a signal. One that has ended and was not waited for yet takes it
 * without effect. A child that leads a group is killed with all of that by
 * kill(-bide_process_pid(p), signo), before it was waited for. Never suspends.
 *
 * Returns 0, or
 *   -ESRCH      the process was waited for, or is gone in another way; nothing is sent
 *   -EINVAL     there is no such signal
 *   -EPERM      the process has changed its user
 */
BIDE_API int bide_process_kill(bide_process *process, int signo);

/*
 * Suspends until the process has ended. Any number of times; several tasks may wait.
 * *status is as waitpid(2) has it, for WIFEXITED() and the like; it may be NULL. What
 * the process has written into pipes can still be read after. One that writes more
 * than a pipe holds does not end before that is read.
 *
 * Returns 0, or
 *   -ECANCELED  the task or a scope around it was cancelled; the process goes on
 *   -ECHILD     it has ended and how is not known: this program ignores SIGCHLD, or
 *               waits for any child elsewhere
 *   -EPERM      no task runs here
 *   -EMFILE, -ENOMEM, -EAGAIN, or why else it cannot be waited for now
 */
BIDE_API int bide_process_wait(bide_process *process, int *status);

/*
 * Writes the input to the process's standard input and closes that, reads its outputs
 * to their ends, all at the same time, and waits for it; then bide_process_wait() tells
 * the status. Of the three, what is no pipe is left out. A process that does not read
 * all of its input is no error. An output ends when nobody has it open, children of the
 * process included.
 *
 * out and err may be NULL: what comes is dropped. Else they are set where 0 is returned,
 * data to NULL where there is no such pipe, and are not touched otherwise.
 *
 * Cut short, the process goes on and nothing is lost: the next call with the same input
 * goes on where this one stopped, and gives what both have read.
 *
 * Returns 0 once it has ended, or
 *   -ECANCELED  the task or a scope around it was cancelled
 *   -EBADF      there is input, but no pipe for it
 *   -EBUSY      another task is in this call
 *   -EPERM      no task runs here
 *   -ENOMEM, -EMFILE, or what else bide_read(), bide_write() and bide_process_wait() fail
 *   with; to know that it has ended is enough
 */
BIDE_API int bide_process_communicate(bide_process *process, const void *in, size_t n,
                                      bide_buffer *out, bide_buffer *err);

/*
 * Frees the process object, and closes what pipes it still has. A process that has not
 * ended is killed with SIGKILL; the system takes it down soon after, and no zombie
 * stays. Nobody may be waiting for it. NULL is ignored. Never suspends; may be called
 * where no loop runs.
 */
BIDE_API void bide_process_free(bide_process *process);

BIDE_END_DECLS

#endif
