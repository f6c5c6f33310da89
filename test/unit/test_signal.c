/* SPDX-License-Identifier: MIT */

/*
 * test_signal.c - waiting for signals on one thread
 *
 * A signal that raise() sends has been caught when raise() returns, so the tests
 * need no other clock than a virtual one.
 */
#include "signal_test.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- who gets it ---- */

LOOP_TEST(signal, is_seen_by_every_task_that_waits_for_it)
{
	bide_task *tasks[5];
	int results[5];

	for (int i = 0; i < 5; i++)
		tasks[i] = bide_spawn(wait_task, ARG(SIGUSR1));
	bide_yield();
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(bide_gather(5, tasks, results), 0);
	for (int i = 0; i < 5; i++)
		CHECK_INT(results[i], SIGUSR1);
	check_none_kept(SIGUSR1);
	return 0;
}

static int wait_either(void *arg)
{
	const sigset_t set = set_of(SIGUSR1, SIGUSR2);

	(void)arg;
	return bide_signal_wait(&set);
}

LOOP_TEST(signal, wakes_only_those_whose_set_it_is_in)
{
	bide_task *one = bide_spawn(wait_task, ARG(SIGUSR1));
	bide_task *other = bide_spawn(wait_task, ARG(SIGUSR2));
	bide_task *either = bide_spawn(wait_either, NULL);

	bide_yield();
	CHECK_INT(raise(SIGUSR2), 0);
	CHECK_INT(bide_join(other), SIGUSR2);
	CHECK_INT(bide_join(either), SIGUSR2);
	CHECK(!bide_done(one));
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(bide_join(one), SIGUSR1);
	return 0;
}

LOOP_TEST(signal, comes_one_at_a_time_where_several_of_a_set_were_sent)
{
	int first, second;

	take_over(SIGUSR1);
	take_over(SIGUSR2);
	CHECK_INT(raise(SIGUSR2), 0);
	CHECK_INT(raise(SIGUSR1), 0);
	first = wait_either(NULL);
	second = wait_either(NULL);
	CHECK(first == SIGUSR1 || first == SIGUSR2);
	CHECK_INT(first + second, SIGUSR1 + SIGUSR2);
	CHECK_INT(bide_timeout(1 * U, wait_either, NULL), -ETIMEDOUT);
	return 0;
}

/* The waiter runs only after both have come: it takes one and leaves the other. */
LOOP_TEST(signal, is_not_lost_where_another_one_of_the_set_ended_the_wait)
{
	bide_task *either = bide_spawn(wait_either, NULL);
	int first;

	bide_yield();
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(raise(SIGUSR2), 0);
	first = bide_join(either);
	CHECK(first == SIGUSR1 || first == SIGUSR2);
	CHECK_INT(wait_either(NULL), SIGUSR1 + SIGUSR2 - first);
	check_none_kept(SIGUSR1);
	check_none_kept(SIGUSR2);
	return 0;
}

/* ---- signals that are kept ---- */

LOOP_TEST(signal, is_kept_between_two_waits_one_of_each_kind)
{
	bide_task *task = bide_spawn(wait_either, NULL);

	bide_yield();
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(bide_join(task), SIGUSR1);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(raise(SIGUSR1), 0);
		CHECK_INT(raise(SIGUSR2), 0);
		CHECK_INT(bide_sleep(1 * U), 0);
	}
	CHECK_INT(wait_for(SIGUSR1), SIGUSR1);
	CHECK_INT(wait_for(SIGUSR2), SIGUSR2);
	check_none_kept(SIGUSR1);
	check_none_kept(SIGUSR2);
	return 0;
}

LOOP_TEST(signal, is_kept_while_tasks_wait_only_for_others)
{
	bide_task *task;

	take_over(SIGUSR1);
	task = bide_spawn(wait_task, ARG(SIGUSR2));
	bide_yield();
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK(!bide_done(task));
	CHECK_INT(wait_for(SIGUSR1), SIGUSR1);
	CHECK_INT(raise(SIGUSR2), 0);
	CHECK_INT(bide_join(task), SIGUSR2);
	return 0;
}

static int take_over_usr1(void *arg)
{
	(void)arg;
	take_over(SIGUSR1);
	return 0;
}

/* Not even a loop is needed to keep it. */
TEST(signal, is_kept_from_one_run_to_the_next)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	CHECK_INT(bide_run_with(&options, take_over_usr1, NULL), 0);
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(bide_run_with(&options, wait_task, ARG(SIGUSR1)), SIGUSR1);
	CHECK_INT(bide_run_with(&options, take_over_usr1, NULL), 0);
}

/* ---- waits that end otherwise ---- */

LOOP_TEST(signal_wait, refuses_an_empty_set_and_signals_that_cannot_be_handled)
{
	static const int refused[] = { SIGKILL, SIGSTOP, SIGSEGV };
	sigset_t set;

	sigemptyset(&set);
	CHECK_INT(bide_signal_wait(&set), -EINVAL);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		CHECK_INT(wait_for(refused[i]), -EINVAL);
		set = set_of(SIGUSR1, refused[i]);
		CHECK_INT(bide_signal_wait(&set), -EINVAL);
	}
	sigfillset(&set);
	CHECK_INT(bide_signal_wait(&set), -EINVAL);
	return 0;
}

static void die_of_usr1(void)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };
	sigset_t set = set_of(SIGUSR1, SIGSEGV);

	(void)bide_run_with(&options, wait_task, ARG(SIGKILL));
	(void)bide_signal_wait(&set);
	raise(SIGUSR1);
}

TEST(signal_wait, takes_over_nothing_where_it_refuses)
{
	char text[1024];
	int status = test_child(die_of_usr1, text, sizeof text);

	CHECK(WIFSIGNALED(status));
	CHECK_INT(WTERMSIG(status), SIGUSR1);
}

TEST(signal_wait, is_refused_outside_of_a_task)
{
	CHECK_INT(wait_for(SIGUSR1), -EPERM);
}

LOOP_TEST(signal_wait, ends_where_its_task_is_cancelled)
{
	bide_task *task = bide_spawn(wait_task, ARG(SIGUSR1));
	bide_task *other = bide_spawn(wait_task, ARG(SIGUSR1));

	bide_yield();
	bide_cancel(task);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK(!bide_done(other));
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(bide_join(other), SIGUSR1);
	return 0;
}

LOOP_TEST(signal_wait, ends_at_its_deadline_and_later_signals_are_kept)
{
	bide_time start = bide_now();

	CHECK_INT(bide_timeout(3 * U, wait_task, ARG(SIGUSR1)), -ETIMEDOUT);
	CHECK_INT(bide_now() - start, 3 * U);
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(bide_timeout(3 * U, wait_task, ARG(SIGUSR1)), SIGUSR1);
	return 0;
}

static int wait_twice(void *arg)
{
	CHECK_INT(wait_for(INT(arg)), INT(arg));
	return wait_for(INT(arg));
}

static bide_task *victim;

static int wait_and_cancel(void *arg)
{
	CHECK_INT(wait_for(INT(arg)), INT(arg));
	return bide_cancel(victim);
}

/*
 * Two waiters are made ready at once, and the first to run cancels the other: that
 * one has its signal all the same, and only its next wait is cut short.
 */
LOOP_TEST(signal_wait, is_not_undone_by_a_cancellation_that_comes_after_the_signal)
{
	bide_task *first = bide_spawn(wait_and_cancel, ARG(SIGUSR1));

	victim = bide_spawn(wait_twice, ARG(SIGUSR1));
	bide_yield();
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(bide_join(first), 1);
	CHECK_INT(bide_join(victim), -ECANCELED);
	return 0;
}

LOOP_TEST(signal_wait, of_a_cancelled_task_takes_no_signal)
{
	bide_task *task;

	take_over(SIGUSR1);
	CHECK_INT(raise(SIGUSR1), 0);
	bide_cancel(bide_self());
	CHECK_INT(wait_for(SIGUSR1), -ECANCELED);
	CHECK_INT(bide_uncancel(), 1);
	task = bide_spawn(wait_task, ARG(SIGUSR1));
	CHECK_INT(bide_join(task), SIGUSR1);
	return 0;
}

/* ---- children ---- */

#define CHILDREN 8

static pid_t fork_child(int code)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		_exit(code);
	return pid;
}

/* Reaps whoever has ended. */
static int reap(void)
{
	int count = 0;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		count++;
	return count;
}

LOOP_TEST(signal, of_several_children_is_one_sigchld_or_more)
{
	int reaped = 0;

	take_over(SIGCHLD);
	for (int i = 0; i < CHILDREN; i++)
		fork_child(i);
	while (reaped < CHILDREN) {
		CHECK_INT(wait_for(SIGCHLD), SIGCHLD);
		reaped += reap();
	}
	CHECK_INT(reaped, CHILDREN);
	return 0;
}

/* All have ended before anybody waits: one wait is enough to learn of all. */
LOOP_TEST(signal, of_children_that_ended_between_two_waits_is_kept_once)
{
	take_over(SIGCHLD);
	for (int i = 0; i < CHILDREN; i++) {
		siginfo_t info;
		pid_t pid = fork_child(i);

		CHECK_INT(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	}
	CHECK_INT(wait_for(SIGCHLD), SIGCHLD);
	CHECK_INT(reap(), CHILDREN);
	check_none_kept(SIGCHLD);
	return 0;
}

/* ---- a busy loop ---- */

static bool must_stop;

static int keep_busy(void *arg)
{
	(void)arg;
	while (!must_stop)
		CHECK_INT(bide_yield(), 0);
	return 0;
}

LOOP_TEST(signal, reaches_a_loop_that_is_never_idle)
{
	bide_task *busy[3];

	for (int i = 0; i < 3; i++)
		busy[i] = bide_spawn(keep_busy, NULL);
	for (int i = 0; i < 10; i++) {
		bide_task *task = bide_spawn(wait_task, ARG(SIGUSR1));

		bide_yield();
		CHECK_INT(raise(SIGUSR1), 0);
		CHECK_INT(bide_join(task), SIGUSR1);
	}
	must_stop = true;
	CHECK_INT(bide_gather(3, busy, NULL), 0);
	return 0;
}

LOOP_TEST(signal, that_comes_often_while_a_task_runs_wakes_once)
{
	bide_task *task = bide_spawn(wait_task, ARG(SIGUSR1));

	bide_yield();
	for (int i = 0; i < 1000; i++)
		CHECK_INT(raise(SIGUSR1), 0);
	CHECK(!bide_done(task));
	CHECK_INT(bide_join(task), SIGUSR1);
	check_none_kept(SIGUSR1);
	return 0;
}

#define SMALL_STACK (16 * 1024)         /* less than some processors' signal frame and guard */

static int raise_often(void *arg)
{
	for (int i = 0; i < 100; i++)
		CHECK_INT(raise(INT(arg)), 0);
	return 0;
}

/* How large a signal's frame is, is the processor's business: it must not matter. */
static void check_on_stack(int signo)
{
	struct sigaction action;

	CHECK_INT(sigaction(signo, NULL, &action), 0);
	CHECK(action.sa_flags & SA_ONSTACK);
}

static int raise_on_small_stack(int signo)
{
	const bide_task_options options = { .stack_size = SMALL_STACK };
	bide_task *task = bide_spawn_with(&options, raise_often, ARG(signo));

	CHECK(task != NULL);
	return bide_join(task);
}

LOOP_TEST(signal, may_come_while_a_task_with_a_small_stack_runs)
{
	take_over(SIGUSR1);
	check_on_stack(SIGUSR1);
	CHECK_INT(raise_on_small_stack(SIGUSR1), 0);
	CHECK_INT(wait_for(SIGUSR1), SIGUSR1);
	return 0;
}

/* ---- SIGINT ---- */

static int raise_once(void *arg)
{
	(void)arg;
	return raise(SIGINT);
}

static int sigint_on_small_stack(void *arg)
{
	const bide_task_options options = { .stack_size = SMALL_STACK };

	(void)arg;
	check_on_stack(SIGINT);
	bide_detach(bide_spawn_with(&options, raise_once, NULL));
	return bide_sleep(BIDE_FOREVER);
}

TEST(sigint, may_come_while_a_task_with_a_small_stack_runs)
{
	CHECK_INT(bide_run(sigint_on_small_stack, NULL), -EINTR);
}

static int take_sigint(void *arg)
{
	bide_task *task = bide_spawn(wait_task, ARG(SIGINT));

	(void)arg;
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(raise(SIGINT), 0);
	CHECK_INT(bide_join(task), SIGINT);

	/* Neither the second one nor one that nobody waits for has its old effect. */
	CHECK_INT(raise(SIGINT), 0);
	CHECK_INT(raise(SIGINT), 0);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_INT(wait_for(SIGINT), SIGINT);
	check_none_kept(SIGINT);
	return 3;
}

static int raise_sigint(void *arg)
{
	(void)arg;
	CHECK_INT(raise(SIGINT), 0);
	CHECK_INT(bide_sleep(1 * U), 0);
	return wait_for(SIGINT);
}

TEST(signal_wait, takes_sigint_over_from_bide_run_and_keeps_it)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	CHECK_INT(bide_run_with(&options, take_sigint, NULL), 3);
	CHECK_INT(bide_run_with(&options, raise_sigint, NULL), SIGINT);
	CHECK_INT(raise(SIGINT), 0);
}

static int handled_count;

static void count_signal(int signo)
{
	(void)signo;
	handled_count++;
}

LOOP_TEST(signal_wait, leaves_the_handlers_of_other_signals_alone)
{
	const struct sigaction action = { .sa_handler = count_signal };

	CHECK_INT(sigaction(SIGUSR2, &action, NULL), 0);
	take_over(SIGUSR1);
	CHECK_INT(raise(SIGUSR2), 0);
	CHECK_INT(handled_count, 1);
	return 0;
}
