/* SPDX-License-Identifier: MIT */

/* test_sigint.c - SIGINT during a run */
#include "test.h"

#include <bide.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

static int raise_and_sleep(void *arg)
{
	(void)arg;
	CHECK_INT(raise(SIGINT), 0);
	return bide_sleep(BIDE_HOUR);
}

static bool is_default(void)
{
	struct sigaction action;

	CHECK_INT(sigaction(SIGINT, NULL, &action), 0);
	return action.sa_handler == SIG_DFL;
}

TEST(sigint, cancels_main_and_gives_eintr)
{
	CHECK_INT(bide_run(raise_and_sleep, NULL), -EINTR);
	CHECK(is_default());
	CHECK_INT(bide_run(raise_and_sleep, NULL), -EINTR);
	CHECK(is_default());
}

static int keep_result(void *arg)
{
	CHECK_INT(raise_and_sleep(arg), -ECANCELED);
	return 5;
}

TEST(sigint, leaves_any_other_result_of_main)
{
	CHECK_INT(bide_run(keep_result, NULL), 5);
}

static int handled_count;

static void count_signal(int signo)
{
	(void)signo;
	handled_count++;
}

static int raise_and_go_on(void *arg)
{
	(void)arg;
	CHECK_INT(raise(SIGINT), 0);
	return bide_sleep(BIDE_MILLISECOND);
}

TEST(sigint, is_left_alone_where_the_program_handles_it)
{
	const struct sigaction action = { .sa_handler = count_signal };

	CHECK_INT(sigaction(SIGINT, &action, NULL), 0);
	CHECK_INT(bide_run(raise_and_go_on, NULL), 0);
	CHECK_INT(handled_count, 1);
}

TEST(sigint, is_left_alone_where_the_program_ignores_it)
{
	const struct sigaction action = { .sa_handler = SIG_IGN };

	CHECK_INT(sigaction(SIGINT, &action, NULL), 0);
	CHECK_INT(bide_run(raise_and_go_on, NULL), 0);
}

static void run_without_sigint(void)
{
	bide_run_with(&(bide_options){ .flags = BIDE_NO_SIGINT }, raise_and_go_on, NULL);
}

static int raise_twice(void *arg)
{
	CHECK_INT(raise_and_sleep(arg), -ECANCELED);
	CHECK_INT(raise(SIGINT), 0);
	return 0;
}

static void run_raise_twice(void)
{
	bide_run(raise_twice, NULL);
}

static void check_killed(void (*fn)(void))
{
	char text[1024];
	int status = test_child(fn, text, sizeof text);

	CHECK(WIFSIGNALED(status));
	CHECK_INT(WTERMSIG(status), SIGINT);
}

TEST(sigint, is_left_alone_with_the_flag)
{
	check_killed(run_without_sigint);
}

TEST(sigint, kills_the_process_the_second_time)
{
	check_killed(run_raise_twice);
}
