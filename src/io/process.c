/* SPDX-License-Identifier: MIT */

/*
 * process.c - starts a program, signals it, waits for its end
 *
 * A pidfd becomes readable when the process ends, so that waiting for it is one
 * operation on a descriptor like any other, and neither SIGCHLD nor its handler, of
 * which a program has only one, is touched.
 *
 * Invariants
 *   CP1  Until has_ended the pid is the child's: nobody else gets the number before we
 *        have collected it. Only a program that ignores SIGCHLD, or that waits for any
 *        child, breaks this; with a pidfd no signal goes astray even then.
 *   CP2  No descriptor that is made for the child is 0, 1 or 2, so that giving it one of
 *        these overwrites none that it still needs.
 *
 * Once the child runs nothing more can fail: its end is watched for as soon as somebody
 * waits, and a failure is his.
 */
#include "io/process.h"

#include "base/mem.h"
#include "base/sys.h"
#include "base/sys_fd.h"
#include "base/sys_process.h"

#include <bide/io.h>
#include <bide/task.h>
#include <fcntl.h>
#include <unistd.h>

/* What is ready and yet not there to be collected is with a debugger for the moment. */
#define TRACED_RETRY BIDE_MILLISECOND

/* The descriptors while a process is being started. */
struct ends {
	int theirs[3];                  /* as in struct program */
	int ours[3];                    /* owned, of pipes; negative: none */
	bool is_owned[3];               /* theirs is to be closed when the child has it */
};

/* The same open file at a number of 3 or more. Takes the descriptor. */
static int lift(int fd)
{
	int r;

	if (fd > STDERR_FILENO)
		return fd;
	r = bide__sys_dup_above(fd, STDERR_FILENO + 1);
	(void)bide__sys_close(fd);
	return r;
}

static int own(struct ends *ends, int which, int fd)
{
	ends->theirs[which] = fd;
	ends->is_owned[which] = fd >= 0;
	return fd < 0 ? fd : 0;
}

static int pipe_open(struct ends *ends, int which)
{
	bool is_input = which == STDIN_FILENO;
	int fds[2], ours;
	int r = bide__sys_pipe(fds);

	if (r < 0)
		return r;
	r = own(ends, which, lift(fds[!is_input]));
	ours = lift(fds[is_input]);
	ends->ours[which] = ours;
	if (r < 0 || ours < 0)
		return r < 0 ? r : ours;
	/* The ends of a pipe have flags of their own: the child's still blocks. */
	return bide__sys_set_status_flags(ours, O_NONBLOCK);
}

static int null_open(struct ends *ends, int which)
{
	int fd = bide__sys_open_null();

	return fd < 0 ? fd : own(ends, which, lift(fd));
}

/*
 * Programs take it that their standard streams block, and fail with EAGAIN where not; but
 * what bide makes does not. The flag is the caller's descriptor's, too: its calls need none.
 */
static int make_blocking(int fd)
{
	int flags = bide__sys_status_flags(fd);

	if (flags < 0 || !(flags & O_NONBLOCK))
		return flags < 0 ? flags : 0;
	return bide__sys_set_status_flags(fd, flags & ~O_NONBLOCK);
}

static int given_open(struct ends *ends, int which, int fd)
{
	int r = fd < 0 ? -EBADF : make_blocking(fd);

	if (r < 0)
		return r;
	if (fd <= STDERR_FILENO && fd != which)
		return own(ends, which, bide__sys_dup_above(fd, STDERR_FILENO + 1));
	ends->theirs[which] = fd;
	return 0;
}

/* Makes what the child is to have as one of its first three descriptors. */
static int end_open(struct ends *ends, int which, int how)
{
	switch (how) {
	case BIDE_INHERIT:
		return 0;
	case BIDE_PIPE:
		return pipe_open(ends, which);
	case BIDE_NULL:
		return null_open(ends, which);
	case BIDE_TO_STDOUT:
		/* By then that is the child's (CP2). */
		ends->theirs[which] = STDOUT_FILENO;
		return which == STDERR_FILENO ? 0 : -EINVAL;
	default:
		/* The others are a caller's errno, or nothing that has a name. */
		return how >= BIDE_FD(-4095) ? given_open(ends, which, how - BIDE_FD(0)) : -EINVAL;
	}
}

static void theirs_close(const struct ends *ends)
{
	for (int i = 0; i < 3; i++)
		if (ends->is_owned[i])
			(void)bide__sys_close(ends->theirs[i]);
}

static void ours_close(const struct ends *ends)
{
	for (int i = 0; i < 3; i++)
		if (ends->ours[i] >= 0)
			(void)bide__sys_close(ends->ours[i]);
}

/* A number that is free now may soon be that of a pipe of ours. */
static int given_check(int how)
{
	return how < BIDE_FD(0) ? 0 : bide__sys_status_flags(how - BIDE_FD(0));
}

static int options_check(const bide_process_options *options)
{
	int r;

	if (options == NULL || options->argv == NULL || options->argv[0] == NULL ||
	    options->flags & ~(unsigned)BIDE_NEW_SESSION)
		return -EINVAL;
	r = given_check(options->in);
	if (r >= 0)
		r = given_check(options->out);
	if (r >= 0)
		r = given_check(options->err);
	return r < 0 ? r : 0;
}

/* Starts the child with these descriptors. Returns 0 or why not. */
static int process_spawn(bide_process *process, const bide_process_options *options,
                         struct ends *ends)
{
	struct program program = {
		.argv = options->argv,
		.env = options->env,
		.cwd = options->cwd,
		.is_session = options->flags & BIDE_NEW_SESSION,
	};
	int r = end_open(ends, STDIN_FILENO, options->in);

	if (r == 0)
		r = end_open(ends, STDOUT_FILENO, options->out);
	if (r == 0)
		r = end_open(ends, STDERR_FILENO, options->err);
	for (int i = 0; i < 3; i++)
		program.fds[i] = ends->theirs[i];
	if (r == 0)
		r = bide__sys_spawn(&process->pid, &program);
	theirs_close(ends);
	if (r < 0)
		ours_close(ends);
	return r;
}

/* Allocates and starts a process. */
static int process_open(bide_process **ret, const bide_process_options *options)
{
	struct ends ends = { .theirs = { -1, -1, -1 }, .ours = { -1, -1, -1 } };
	int r = options_check(options);
	bide_process *process;

	if (r < 0)
		return r;
	process = bide__calloc(1, sizeof *process);
	if (process == NULL)
		return -ENOMEM;
	r = process_spawn(process, options, &ends);
	if (r < 0) {
		bide__free(process);
		return r;
	}
	for (int i = 0; i < 3; i++)
		process->fds[i] = ends.ours[i];
	/* At once, while the number is the child's for certain (CP1). */
	process->end_fd = bide__sys_pidfd_open(process->pid);
	process->is_pidfd = process->end_fd >= 0;
	*ret = process;
	return 0;
}

bide_process *bide_process_start(const bide_process_options *options)
{
	bide_process *process;
	int r;

	if (task_current() == NULL)
		return bide__null_with(-bide__outside_of_tasks());
	bide__reaper_look();
	r = process_open(&process, options);
	return r < 0 ? bide__null_with(-r) : process;
}

pid_t bide_process_pid(const bide_process *process)
{
	return process->pid;
}

int bide_process_fd(const bide_process *process, int which)
{
	if (which < STDIN_FILENO || which > STDERR_FILENO || process->fds[which] < 0)
		return -EBADF;
	return process->fds[which];
}

int bide_process_take_fd(bide_process *process, int which)
{
	int fd = bide_process_fd(process, which);

	if (fd < 0)
		return fd;
	if (process->is_communicating)
		return -EBUSY;
	process->fds[which] = -1;
	return fd;
}

static int pidfd_of(const bide_process *process)
{
	return process->is_pidfd ? process->end_fd : -1;
}

int bide_process_kill(bide_process *process, int signo)
{
	if (process->has_ended)
		return -ESRCH;                  /* CP1 */
	return bide__sys_kill(process->pid, pidfd_of(process), signo);
}

/* Opens what becomes readable at the process's end. */
static int watch_open(bide_process *process)
{
	int fd = bide__sys_pidfd_open(process->pid);

	process->is_pidfd = fd >= 0;
	/* A kernel without them, or a sandbox: others are short of what a watcher needs. */
	if (fd < 0 && fd != -EMFILE && fd != -ENFILE && fd != -ENOMEM)
		fd = bide__watcher_start(process->pid);
	process->end_fd = fd;
	return fd < 0 ? fd : 0;
}

static void watch_close(bide_process *process)
{
	if (process->end_fd >= 0)
		(void)bide_close(process->end_fd);
	process->end_fd = -1;
}

/* Collects the process where it has ended. Returns whether it has. */
static bool process_look(bide_process *process)
{
	int r;

	if (process->has_ended)
		return true;
	r = bide__sys_reap(process->pid, pidfd_of(process), &process->status);
	if (r == 0)
		return false;
	process->has_ended = true;
	process->result = r < 0 ? r : 0;
	watch_close(process);           /* wakes whoever else waits */
	return true;
}

/* Suspends until it may have ended. Returns 0, or why it is not possible to wait. */
static int await_news(bide_process *process)
{
	int r = process->end_fd < 0 ? watch_open(process) : 0;

	if (r < 0)
		return r;
	r = bide_wait_fd(process->end_fd, BIDE_READABLE);
	/* Somebody else was first, and has closed it. */
	if (process->has_ended && r != -ECANCELED)
		return 0;
	if (r < 0 || process_look(process))
		return r < 0 ? r : 0;
	return bide_sleep(TRACED_RETRY);
}

int bide_process_wait(bide_process *process, int *status)
{
	int r = cancellation_point(task_current());

	if (r < 0)
		return r;
	process->waiting_count++;
	while (r == 0 && !process_look(process))
		r = await_news(process);
	process->waiting_count--;
	if (r < 0)
		return r;
	if (process->result == 0 && status != NULL)
		*status = process->status;
	return process->result;
}

void bide__process_discard(bide_process *process)
{
	bide__free(process->outputs[0].data);
	bide__free(process->outputs[1].data);
	bide__free(process);
}

/* Kills it and leaves its end to the reaper. */
static void process_abandon(bide_process *process)
{
	/* One that has changed its user cannot be killed: it ends when it ends. */
	(void)bide__sys_kill(process->pid, pidfd_of(process), SIGKILL);
	watch_close(process);
	bide__reaper_take(process);
}

void bide_process_free(bide_process *process)
{
	if (process == NULL)
		return;
	bide__check(process->waiting_count == 0,
	            "bide_process_free() of process %d, for which %zu task%s wait%s",
	            (int)process->pid, process->waiting_count,
	            process->waiting_count > 1 ? "s" : "", process->waiting_count > 1 ? "" : "s");
	bide__reaper_look();
	for (int i = 0; i < 3; i++)
		if (process->fds[i] >= 0)
			(void)bide_close(process->fds[i]);
	if (process_look(process))
		bide__process_discard(process);
	else
		process_abandon(process);
}
