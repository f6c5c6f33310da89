/* SPDX-License-Identifier: MIT */

/* test_process_end.c - waiting for processes, killing and freeing them */
#include "process_test.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* ---- how it has ended ---- */

static void check_status(const char *script, int expected)
{
	bide_process *process = start_sh(script, .err = BIDE_NULL);
	int status = wait_status(process);

	CHECK_INT(status, expected);
	CHECK_INT(wait_status(process), expected);      /* any number of times */
	CHECK_INT(bide_process_wait(process, NULL), 0);
	bide_process_free(process);
}

IO_TEST(process_wait, tells_the_status_as_waitpid_does)
{
	check_status("exit 0", 0);
	check_status("exit 255", 255 << 8);
	check_status("kill -TERM $$", SIGTERM);
	check_status("kill -RTMAX $$", SIGRTMAX);
	return 0;
}

IO_TEST(process_wait, tells_of_a_core_dump)
{
	pid_t pid = fork();
	int status, expected;

	/* Whether one is made is for the system to say: by the way of a plain child. */
	if (pid == 0) {
		execlp("sh", "sh", "-c", "ulimit -c unlimited 2>/dev/null; cd /; kill -ABRT $$",
		       (char *)NULL);
		_exit(1);
	}
	CHECK_INT(waitpid(pid, &expected, 0), pid);
	{
		bide_process *process =
			start_sh("ulimit -c unlimited 2>/dev/null; cd /; kill -ABRT $$");

		status = wait_status(process);
		bide_process_free(process);
	}
	CHECK_INT(status, expected);
	CHECK_INT(WTERMSIG(status), SIGABRT);
	return 0;
}

static int wait_task(void *arg)
{
	int status = -1;
	int r = bide_process_wait(arg, &status);

	return r < 0 ? r : WEXITSTATUS(status);
}

IO_TEST(process_wait, is_for_several_tasks_at_once)
{
	bide_process *process = start_sh("read line; exit 7", .in = BIDE_PIPE);
	bide_task *tasks[5];
	int results[5];

	for (int i = 0; i < 5; i++)
		tasks[i] = bide_spawn(wait_task, process);
	let_others_run();
	CHECK(!bide_done(tasks[0]));
	bide_cancel(tasks[4]);
	CHECK_INT(bide_close(bide_process_take_fd(process, 0)), 0);
	CHECK_INT(bide_gather(5, tasks, results), 0);
	for (int i = 0; i < 4; i++)
		CHECK_INT(results[i], 7);
	CHECK_INT(results[4], -ECANCELED);
	bide_process_free(process);
	return 0;
}

IO_TEST(process_wait, that_is_cancelled_lets_the_process_go_on)
{
	bide_process *process = start_sh("read line; exit 7", .in = BIDE_PIPE);

	CHECK_INT(bide_timeout(INSTANT, wait_task, process), -ETIMEDOUT);
	CHECK_INT(bide_process_kill(process, 0), 0);
	CHECK_INT(bide_close(bide_process_take_fd(process, 0)), 0);
	CHECK_INT(exit_code(process), 7);
	/* It has nothing to wait for, and says all the same that the task is cancelled. */
	CHECK_INT(bide_timeout(0, wait_task, process), -ETIMEDOUT);
	bide_process_free(process);
	return 0;
}

TEST(process_wait, needs_a_task)
{
	CHECK_INT(bide_process_wait(NULL, NULL), -EPERM);
	CHECK_INT(bide_process_communicate(NULL, NULL, 0, NULL, NULL), -EPERM);
}

IO_TEST(process_wait, says_where_somebody_else_was_told_the_status)
{
	bide_process *process = start_sh("exit 7");
	int status;

	CHECK_INT(waitpid(-1, &status, 0), bide_process_pid(process));
	CHECK_INT(bide_process_kill(process, SIGKILL), -ESRCH);
	CHECK_INT(bide_process_wait(process, &status), -ECHILD);
	CHECK_INT(bide_process_wait(process, &status), -ECHILD);
	bide_process_free(process);
	return 0;
}

IO_TEST(process_wait, ends_where_the_program_ignores_sigchld)
{
	bide_process *process;
	bide_buffer out;

	signal(SIGCHLD, SIG_IGN);
	process = start_sh("cat; exit 7", .in = BIDE_PIPE, .out = BIDE_PIPE);
	CHECK_INT(bide_process_communicate(process, "all", 3, &out, NULL), 0);
	CHECK_STR(out.data, "all");
	free(out.data);
	CHECK_INT(bide_process_wait(process, NULL), -ECHILD);
	CHECK_INT(bide_process_kill(process, SIGKILL), -ESRCH);
	bide_process_free(process);

	bide_process_free(start_sh("read line", .in = BIDE_PIPE));
	until_no_children();
	signal(SIGCHLD, SIG_DFL);
	return 0;
}

LOOP_TEST(process_wait, of_two_hundred_in_turn_leaves_nothing)
{
	int before = io_count_descriptors();
	int many = test_many(200);

	for (int i = 0; i < many; i++) {
		bide_process *process = start_sh("exit 3", .out = BIDE_PIPE);

		CHECK_INT(exit_code(process), 3);
		bide_process_free(process);
	}
	CHECK_INT(io_count_descriptors(), before);
	CHECK(!has_children());
	return 0;
}

/* ---- signals ---- */

IO_TEST(process_kill, reaches_the_process_until_it_was_collected)
{
	bide_process *process = start_sh("exit 3", .out = BIDE_PIPE);
	char rest[1];

	/* Its end closes the pipe: from then on, or soon, it is a zombie. */
	CHECK_INT(bide_read(bide_process_fd(process, 1), rest, 1), 0);
	CHECK_INT(bide_process_kill(process, SIGCONT), 0);
	CHECK_INT(bide_process_kill(process, 9999), -EINVAL);
	CHECK_INT(exit_code(process), 3);
	CHECK_INT(bide_process_kill(process, SIGCONT), -ESRCH);
	bide_process_free(process);
	return 0;
}

/* ---- the end of the object ---- */

IO_TEST(process_free, kills_what_runs_and_leaves_no_zombie)
{
	pid_t pids[3];
	char path[32];

	bide_process_free(NULL);
	for (int i = 0; i < 3; i++) {
		bide_process *process =
			start_sh("trap '' TERM HUP PIPE; while :; do sleep 60; done",
		                 .in = BIDE_PIPE, .out = BIDE_PIPE);

		pids[i] = bide_process_pid(process);
		if (i == 1)
			CHECK_INT(bide_timeout(INSTANT, wait_task, process), -ETIMEDOUT);
		bide_process_free(process);
	}
	until_no_children();
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "/proc/%d", (int)pids[i]);
		CHECK(access(path, F_OK) != 0);
	}
	return 0;
}

IO_TEST(process_free, collects_what_has_ended)
{
	bide_process *process = start_sh("exit 0");
	siginfo_t info;

	CHECK_INT(waitid(P_PID, (id_t)bide_process_pid(process), &info, WEXITED | WNOWAIT), 0);
	bide_process_free(process);
	CHECK(!has_children());
	return 0;
}

static int start_reader(void *arg)
{
	*(bide_process **)arg = start_sh("read line", .in = BIDE_PIPE);
	return 0;
}

TEST(process_free, works_when_the_loop_is_gone)
{
	int before = io_count_descriptors();
	bide_process *process;

	CHECK_INT(bide_run(start_reader, &process), 0);
	bide_process_free(process);
	until_no_children();
	CHECK_INT(io_count_descriptors(), before);
}

static int free_while_waited_for(void *arg)
{
	bide_process *process = start_sh("read line", .in = BIDE_PIPE);

	(void)arg;
	bide_go(wait_task, process);
	bide_yield();
	bide_yield();
	bide_process_free(process);
	return 0;
}

static void run_free_while_waited_for(void)
{
	bide_run(free_while_waited_for, NULL);
}

TEST(process_free, while_a_task_waits_is_reported)
{
	char text[512];
	int status = test_child(run_free_while_waited_for, text, sizeof text);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	CHECK(strstr(text, "for which 1 task waits") != NULL);
}

/* ---- where there are no pidfds ---- */

/* From here on pidfd_open(2) fails with the code. False: that cannot be had here. */
static bool refuse_pidfds(uint32_t code)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof filter / sizeof filter[0], filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* A watcher closes a descriptor of its own some time after the process has ended. */
static void until_descriptors(int count)
{
	while (io_count_descriptors() != count)
		sched_yield();
}

static int all_without_pidfds(void)
{
	int before = io_count_descriptors();

	check_status("exit 9", 9 << 8);
	block_process_wait_is_for_several_tasks_at_once(NULL);
	block_process_wait_that_is_cancelled_lets_the_process_go_on(NULL);
	block_process_wait_says_where_somebody_else_was_told_the_status(NULL);
	block_process_kill_reaches_the_process_until_it_was_collected(NULL);
	block_process_free_kills_what_runs_and_leaves_no_zombie(NULL);
	until_descriptors(before);
	return 0;
}

IO_TEST(process_without_pidfd, does_the_same_in_an_old_kernel)
{
	return refuse_pidfds(ENOSYS) ? all_without_pidfds() : 0;
}

IO_TEST(process_without_pidfd, does_the_same_in_a_sandbox)
{
	return refuse_pidfds(EPERM) ? all_without_pidfds() : 0;
}

IO_TEST(process_without_pidfd, that_are_short_goes_on_when_there_are_some)
{
	bide_process *process = start_sh("read line; exit 7", .in = BIDE_PIPE);

	if (!refuse_pidfds(EMFILE)) {
		bide_process_free(process);
		until_no_children();
		return 0;
	}
	/* This one has its own already. */
	CHECK_INT(bide_close(bide_process_take_fd(process, 0)), 0);
	CHECK_INT(exit_code(process), 7);
	bide_process_free(process);

	process = start_sh("read line; exit 7", .in = BIDE_PIPE);
	CHECK_INT(bide_process_wait(process, NULL), -EMFILE);
	CHECK_INT(bide_process_kill(process, SIGTERM), 0);
	bide_process_free(process);
	until_no_children();
	return 0;
}
