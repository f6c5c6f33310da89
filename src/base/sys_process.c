/* SPDX-License-Identifier: MIT */

/*
 * sys_process.c - system calls on processes and what connects them
 */
#include "sys_process.h"

#include "sys_call.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The same number on every architecture; older C libraries do not know the first. */
#define WAIT_PIDFD ((idtype_t)3)        /* P_PIDFD, Linux 5.4 */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424       /* Linux 5.1 */
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434              /* Linux 5.3 */
#endif

static int add_actions(posix_spawn_file_actions_t *actions, const struct program *program)
{
	int code = 0;

	if (program->cwd != NULL)
		code = posix_spawn_file_actions_addchdir_np(actions, program->cwd);
	/* A copy onto itself clears close-on-exec. */
	for (int i = 0; i < 3 && code == 0; i++)
		if (program->fds[i] >= 0)
			code = posix_spawn_file_actions_adddup2(actions, program->fds[i], i);
	return code;
}

/* How a child starts with signals; see bide/process.h. Cannot fail. */
static void set_attributes(posix_spawnattr_t *attributes, const struct program *program)
{
	sigset_t none, by_default;
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;

	(void)sigemptyset(&none);
	(void)posix_spawnattr_setsigmask(attributes, &none);
	(void)sigemptyset(&by_default);
	(void)sigaddset(&by_default, SIGPIPE);
	(void)sigaddset(&by_default, SIGXFSZ);
	(void)sigaddset(&by_default, SIGCHLD);
	(void)posix_spawnattr_setsigdefault(attributes, &by_default);
	if (program->is_session)
		flags |= POSIX_SPAWN_SETSID;
	(void)posix_spawnattr_setflags(attributes, flags);
}

int bide__sys_spawn(pid_t *ret, const struct program *program)
{
	char *const *env = program->env != NULL ? (char *const *)program->env : environ;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int code;

	if (bide__fault())
		return -EAGAIN;
	code = posix_spawn_file_actions_init(&actions);
	if (code != 0)
		return -code;
	code = posix_spawnattr_init(&attributes);
	if (code == 0) {
		set_attributes(&attributes, program);
		code = add_actions(&actions, program);
		if (code == 0)
			code = posix_spawnp(ret, program->argv[0], &actions, &attributes,
			                    (char *const *)program->argv, env);
		(void)posix_spawnattr_destroy(&attributes);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return -code;
}

int bide__sys_pipe(int ret[2])
{
	return (int)FAULT_OR(EMFILE, pipe2(ret, O_CLOEXEC));
}

int bide__sys_open_null(void)
{
	return (int)FAULT_OR(EMFILE, open("/dev/null", O_RDWR | O_CLOEXEC));
}

int bide__sys_dup_above(int fd, int lowest)
{
	return (int)FAULT_OR(EMFILE, fcntl(fd, F_DUPFD_CLOEXEC, lowest));
}

int bide__sys_pidfd_open(pid_t pid)
{
	return (int)FAULT_OR(ENOSYS, syscall(SYS_pidfd_open, pid, 0));
}

int bide__sys_kill(pid_t pid, int pidfd, int signo)
{
	if (pidfd < 0)
		return (int)bide__sys_checked(kill(pid, signo));
	return (int)bide__sys_checked(syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0));
}

/* As waitpid(2) has it. */
static int status_of(const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return (info->si_status & 0xff) << 8;
	return (info->si_status & 0x7f) | (info->si_code == CLD_DUMPED ? WCOREFLAG : 0);
}

/* Only EINTR is not the kernel's last word. */
static int wait_for(idtype_t type, id_t id, siginfo_t *info, int flags)
{
	int r;

	do {
		info->si_pid = 0;       /* what stays where there is nothing to tell */
		r = (int)bide__sys_checked(waitid(type, id, info, WEXITED | flags));
	} while (r == -EINTR);
	return r;
}

int bide__sys_reap(pid_t pid, int pidfd, int *ret_status)
{
	siginfo_t info;
	int r = -EINVAL;

	if (pidfd >= 0)
		r = wait_for(WAIT_PIDFD, (id_t)pidfd, &info, WNOHANG);
	if (r == -EINVAL)
		r = wait_for(P_PID, (id_t)pid, &info, WNOHANG);
	if (r < 0)
		return -ECHILD;
	if (info.si_pid == 0)
		return 0;
	*ret_status = status_of(&info);
	return 1;
}

void bide__sys_await_child(pid_t pid)
{
	siginfo_t info;

	(void)wait_for(P_PID, (id_t)pid, &info, WNOWAIT);
}
