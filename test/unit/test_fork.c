/* SPDX-License-Identifier: MIT */

/*
 * test_fork.c - fork in a task
 *
 * The parent is a task that waits for its child; what the child finds wrong is its
 * exit code, the line of the check that failed.
 */
#include "signal_test.h"

#include <bide.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS BIDE_MILLISECOND

/* Ends the child. Its exit code has 8 bits: the line says where, give or take 250. */
#define CHILD_CHECK(expr) ((expr) ? (void)0 : _exit(1 + __LINE__ % 250))

/* Runs fn in a child of the task; returns how that ended. */
static int fork_and_wait(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return status;
}

static char text[16384];
static void (*child_fn)(void);
static int child_status;
static int pipe_fds[2];

static int fork_main(void *arg)
{
	(void)arg;
	child_status = fork_and_wait(child_fn);
	return bide_sleep(MS);
}

static void run_fork_main(void)
{
	if (bide_run(fork_main, NULL) != 0 ||
	    write(pipe_fds[1], &child_status, sizeof child_status) != sizeof child_status)
		_exit(1);
}

/*
 * Runs fn in the child of a task, in a process of its own so that what it writes to
 * stderr is seen: in `text`. Returns how the child of the task ended.
 */
static int run_in_child_of_task(void (*fn)(void))
{
	int status;

	child_fn = fn;
	CHECK_INT(pipe(pipe_fds), 0);
	CHECK_INT(test_child(run_fork_main, text, sizeof text), 0);
	CHECK_INT(read(pipe_fds[0], &status, sizeof status), sizeof status);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return status;
}

static int count_lines(void)
{
	int count = 0;

	for (const char *c = text; *c != '\0'; c++)
		count += *c == '\n';
	return count;
}

/* ---- the loop that was left behind ---- */

static int must_not_run(void *arg)
{
	(void)arg;
	_exit(99);
}

static void never(void *arg)
{
	(void)arg;
	_exit(98);
}

static void use_dead_loop(void)
{
	static bide_lock lock;
	static bide_event event;
	char byte;

	CHILD_CHECK(bide_self() == NULL);
	CHILD_CHECK(bide_loop_current() == NULL);
	CHILD_CHECK(bide_sleep(0) == -EPERM);
	CHILD_CHECK(bide_yield() == -EPERM);
	CHILD_CHECK(bide_spawn(must_not_run, NULL) == NULL && errno == EPERM);
	CHILD_CHECK(bide_go(must_not_run, NULL) == -EPERM);
	CHILD_CHECK(bide_lock_acquire(&lock) == -EPERM);
	CHILD_CHECK(bide_event_wait(&event) == -EPERM);
	CHILD_CHECK(bide_defer(never, NULL) == -EPERM);
	CHILD_CHECK(bide_to_thread(must_not_run, NULL) == -EPERM);
	CHILD_CHECK(bide_timeout(MS, must_not_run, NULL) == -EPERM);
	CHILD_CHECK(bide_shield(must_not_run, NULL) == -EPERM);
	CHILD_CHECK(bide_read(STDIN_FILENO, &byte, 1) == -EPERM);
	CHILD_CHECK(bide_wait_fd(STDIN_FILENO, BIDE_READABLE) == -EPERM);
	CHILD_CHECK(wait_for(SIGUSR1) == -EPERM);
	CHILD_CHECK(bide_tasks(NULL, 0) == 0);
}

TEST(fork, in_a_task_leaves_the_child_without_a_loop_and_says_so_once)
{
	CHECK_INT(run_in_child_of_task(use_dead_loop), 0);
	CHECK(strstr(text, "fork") != NULL);
	CHECK_INT(count_lines(), 1);
}

static void do_nothing(void)
{
}

TEST(fork, is_silent_where_the_child_makes_no_calls)
{
	CHECK_INT(run_in_child_of_task(do_nothing), 0);
	CHECK_STR(text, "");
}

static void exit_with_3(void)
{
	exit(3);
}

TEST(fork, child_may_exit)
{
	int status = run_in_child_of_task(exit_with_3);

	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 3);
	CHECK_STR(text, "");
}

/* ---- a loop of the child's own ---- */

static int return_7(void *arg)
{
	(void)arg;
	return 7;
}

static int raise_usr1(void *arg)
{
	(void)arg;
	(void)bide_sleep(MS);
	return raise(SIGUSR1);
}

static int use_own_loop(void *arg)
{
	bide_loop *own = bide_loop_current();

	CHILD_CHECK(own != NULL && own != arg);
	CHILD_CHECK(bide_tasks(NULL, 0) == 1);
	CHILD_CHECK(bide_sleep(MS) == 0);
	CHILD_CHECK(bide_join(bide_spawn(return_7, NULL)) == 7);
	CHILD_CHECK(bide_join(bide_spawn_on(own, return_7, NULL)) == 7);
	CHILD_CHECK(bide_to_thread(return_7, NULL) == 7);
	CHILD_CHECK(bide_thread_join(bide_thread_start(NULL, return_7, NULL)) == 7);
	CHILD_CHECK(bide_go(raise_usr1, NULL) == 0);
	CHILD_CHECK(wait_for(SIGUSR1) == SIGUSR1);
	return 42;
}

static bide_loop *parents_loop;

static void run_own_loop(void)
{
	CHILD_CHECK(bide_run(use_own_loop, parents_loop) == 42);
	CHILD_CHECK(bide_loop_current() == NULL);
	CHILD_CHECK(bide_run(use_own_loop, parents_loop) == 42);
}

static int fork_with_own_loop(void *arg)
{
	(void)arg;
	parents_loop = bide_loop_current();
	CHECK_INT(fork_and_wait(run_own_loop), 0);

	/* The same with all of the parent's machinery in use. */
	CHECK_INT(bide_to_thread(return_7, NULL), 7);
	CHECK_INT(bide_go(raise_usr1, NULL), 0);
	CHECK_INT(wait_for(SIGUSR1), SIGUSR1);
	CHECK_INT(fork_and_wait(run_own_loop), 0);

	CHECK(bide_loop_current() == parents_loop);
	CHECK_INT(bide_to_thread(return_7, NULL), 7);
	CHECK_INT(bide_go(raise_usr1, NULL), 0);
	CHECK_INT(wait_for(SIGUSR1), SIGUSR1);
	return 5;
}

TEST(fork, child_may_run_a_loop_of_its_own)
{
	/* Neither TSan nor qemu can start a thread in the child of several. */
	if (HAS_TSAN || getenv("BIDE_TEST_EMULATED") != NULL)
		return;
	CHECK_INT(bide_run(fork_with_own_loop, NULL), 5);
}

/* ---- the way back into the loop ---- */

static int fork_and_return(void *arg)
{
	pid_t pid = fork();

	if (pid == 0)
		return 0;
	if (waitpid(pid, &child_status, 0) != pid)
		_exit(1);
	return (int)(intptr_t)arg;
}

static int join_forking_task(void *arg)
{
	return bide_join(bide_spawn(fork_and_return, arg));
}

static bide_fn *returning_main;

static void run_returning_main(void)
{
	/* Only the parent may come here. */
	if (bide_run(returning_main, (void *)6) != 6 || !WIFSIGNALED(child_status) ||
	    WTERMSIG(child_status) != SIGABRT)
		_exit(1);
}

static void check_abort(bide_fn *fn)
{
	returning_main = fn;
	CHECK_INT(test_child(run_returning_main, text, sizeof text), 0);
	CHECK(strstr(text, "fork") != NULL);
}

TEST(fork, child_that_returns_from_main_aborts_and_says_why)
{
	check_abort(fork_and_return);
}

TEST(fork, child_that_returns_from_a_task_aborts_and_says_why)
{
	check_abort(join_forking_task);
}

/* ---- the parent ---- */

static int pair[2];

static int echo_three(void *arg)
{
	char byte;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		CHECK_INT(bide_read(pair[0], &byte, 1), 1);
		CHECK_INT(byte, 'a' + i);
	}
	return 0;
}

static int read_parents_pair(void *arg)
{
	char byte;

	(void)arg;
	return (int)bide_read(pair[0], &byte, 1);
}

static int use_descriptors(void *arg)
{
	(void)arg;
	CHILD_CHECK(bide_timeout(MS, read_parents_pair, NULL) == -ETIMEDOUT);
	CHILD_CHECK(bide_close(pair[0]) == 0);
	return 0;
}

/* First what it inherited is waited for and closed in a loop, then all the rest. */
static void disturb(void)
{
	CHILD_CHECK(bide_run(use_descriptors, NULL) == 0);
	CHILD_CHECK(bide_close(pair[1]) == 0);
	for (int fd = 3; fd < 100; fd++)
		(void)bide_close(fd);
}

/* What the child does to its copies of the descriptors, without a loop. */
static void close_copies(void)
{
	CHILD_CHECK(bide_close(pair[0]) == 0);
	CHILD_CHECK(bide_close(pair[1]) == 0);
}

static int go_on(void *arg)
{
	bide_task *reader = bide_spawn(echo_three, NULL);
	bide_time start;

	(void)arg;
	bide_yield();
	for (int i = 0; i < 3; i++) {
		char byte = (char)('a' + i);

		if (i > 0)
			CHECK_INT(fork_and_wait(i == 1 ? disturb : close_copies), 0);
		CHECK_INT(bide_write(pair[1], &byte, 1), 1);
		start = bide_now();
		CHECK_INT(bide_sleep(MS), 0);
		CHECK(bide_now() - start >= MS);
		CHECK_INT(bide_to_thread(return_7, NULL), 7);
	}
	CHECK_INT(bide_join_for(reader, 30 * BIDE_SECOND), 0);
	CHECK_INT(bide_close(pair[0]), 0);
	CHECK_INT(bide_close(pair[1]), 0);
	return 0;
}

TEST(fork, does_not_disturb_the_parent_whose_descriptors_the_child_uses)
{
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	CHECK_INT(bide_run(go_on, NULL), 0);
}

/* ---- SIGINT ---- */

static void raise_sigint(void)
{
	raise(SIGINT);
}

static void check_died_of_sigint(int status)
{
	CHECK(WIFSIGNALED(status));
	CHECK_INT(WTERMSIG(status), SIGINT);
}

/* Main was not cancelled, and the parent's own way of dealing with SIGINT is as it was. */
static int go_on_to_sigint(void)
{
	CHECK_INT(bide_sleep(MS), 0);
	CHECK_INT(bide_cancel_requested(bide_self()), 0);
	CHECK_INT(raise(SIGINT), 0);
	return bide_sleep(BIDE_MINUTE);
}

static int fork_one_that_raises(void *arg)
{
	(void)arg;
	check_died_of_sigint(fork_and_wait(raise_sigint));
	return go_on_to_sigint();
}

TEST(fork, child_dies_of_its_sigint_and_the_parents_main_goes_on)
{
	CHECK_INT(bide_run(fork_one_that_raises, NULL), -EINTR);
}

/* The signal may come before the child has had the processor at all. */
static int kill_at_once(void *arg)
{
	int status;
	pid_t pid = fork();

	(void)arg;
	CHECK(pid >= 0);
	while (pid == 0)
		pause();
	CHECK_INT(kill(pid, SIGINT), 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	check_died_of_sigint(status);
	return go_on_to_sigint();
}

TEST(fork, child_dies_of_a_sigint_that_comes_as_soon_as_it_is_there)
{
	CHECK_INT(bide_run(kill_at_once, NULL), -EINTR);
}

/* ---- exec ---- */

/*
 * Leaves in `text` which descriptors and which signals, blocked or ignored, a program
 * starts with that is executed here.
 */
static void look_from_program(void)
{
	static char script[] =
		"echo /proc/self/fd/*; exec grep -E 'Sig(Blk|Ign)' /proc/self/status";
	char *argv[] = { "sh", "-c", script, NULL };
	int fds[2];
	ssize_t n;
	size_t used = 0;
	pid_t pid;

	CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		execv("/bin/sh", argv);
		_exit(127);
	}
	close(fds[1]);
	while ((n = read(fds[0], text + used, sizeof text - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	close(fds[0]);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

static int sleep_for_ever(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

static int wait_for_signals(void *arg)
{
	sigset_t set;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	for (;;) {
		int r = bide_signal_wait(&set);

		if (r < 0)
			return r;
	}
}

static int write_to_nobody(void *arg)
{
	int fds[2];

	(void)arg;
	CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
	CHECK_INT(bide_close(fds[0]), 0);
	CHECK_INT(bide_write(fds[1], "x", 1), -EPIPE);
	CHECK_INT(bide_close(fds[1]), 0);
	return 0;
}

static int look_with_all_in_use(void *arg)
{
	bide_thread *thread = bide_thread_start(NULL, sleep_for_ever, NULL);
	int listener = bide_tcp_listen("127.0.0.1", "0", NULL);

	(void)arg;
	CHECK(thread != NULL && listener >= 0);
	CHECK_INT(bide_to_thread(return_7, NULL), 7);
	CHECK_INT(bide_go(wait_for_signals, NULL), 0);
	CHECK_INT(write_to_nobody(NULL), 0);
	CHECK_INT(bide_join(bide_spawn_on(bide_thread_loop(thread), return_7, NULL)), 7);
	CHECK_INT(bide_sleep(MS), 0);
	look_from_program();
	CHECK_INT(bide_close(listener), 0);
	CHECK_INT(bide_thread_stop(thread, BIDE_FOREVER), -ECANCELED);
	return 0;
}

TEST(fork, and_exec_gives_a_program_nothing_of_the_loops)
{
	static char expected[sizeof text];
	bide_loop *kept;

	look_from_program();
	CHECK(strstr(text, "/proc/self/fd/2") != NULL);
	CHECK(strstr(text, "SigIgn") != NULL);
	strcpy(expected, text);
	text[0] = '\0';
	kept = bide_loop_new(NULL);
	CHECK(kept != NULL);
	CHECK_INT(bide_run(look_with_all_in_use, NULL), 0);
	CHECK_STR(text, expected);
	CHECK_INT(bide_loop_close(kept), 0);
}
