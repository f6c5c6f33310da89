/* SPDX-License-Identifier: MIT */

/*
 * sys_process.h - system calls on processes and what connects them
 */
#ifndef BIDE_BASE_SYS_PROCESS_H
#define BIDE_BASE_SYS_PROCESS_H

#include <bide/base.h>

struct program {
	const char *const *argv;
	const char *const *env;         /* NULL: this process's */
	const char *cwd;                /* NULL: this process's */
	/* Of what the child's first three descriptors are copies, made in this order;
	 * negative: as they are here. */
	int fds[3];
	bool is_session;                /* it begins one */
};

/* Starts a program. Returns 0, or why that was not possible, also inside of the child. */
int bide__sys_spawn(pid_t *ret, const struct program *program);

/* All that follow are close-on-exec. */
int bide__sys_pipe(int ret[2]);
int bide__sys_open_null(void);
int bide__sys_dup_above(int fd, int lowest);

/* A descriptor that is readable once the process has ended. -ENOSYS: not here. */
int bide__sys_pidfd_open(pid_t pid);

/* Sends a signal; the descriptor says to whom, where it is not negative. */
int bide__sys_kill(pid_t pid, int pidfd, int signo);

/*
 * Collects the child where it has ended. Returns 1 and its wait status, 0 where it has
 * not, or -ECHILD where there is no such child, or not any more.
 */
int bide__sys_reap(pid_t pid, int pidfd, int *ret_status);

/* Blocks until the child has ended, or there is no such child. Does not collect it. */
void bide__sys_await_child(pid_t pid);

#endif
