/* SPDX-License-Identifier: MIT */

/* process_test.h - starting shells, and seeing that nothing of them stays */
#ifndef TEST_SUPPORT_PROCESS_TEST_H
#define TEST_SUPPORT_PROCESS_TEST_H

#include "io_test.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

/* Starts what is given, which may have a script for sh in place of argv. */
static inline bide_process *start_script(const char *script, bide_process_options options)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	bide_process *process;

	if (options.argv == NULL)
		options.argv = argv;
	process = bide_process_start(&options);
	CHECK(process != NULL);
	return process;
}

/* start_sh(script, members of bide_process_options …) */
#define start_sh(script, ...) start_script(script, (bide_process_options){ __VA_ARGS__ })

/*
 * Whether a tool makes a fork of vfork(2): of a program that cannot be run the parent then
 * hears only that its child has ended.
 */
static inline bool hides_failures_of_exec(void)
{
	return getenv("BIDE_TEST_SLOW") != NULL || getenv("BIDE_TEST_EMULATED") != NULL;
}

/* Whether there is a child, a zombie included. */
static inline bool has_children(void)
{
	siginfo_t info;

	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
		return true;
	CHECK_INT(errno, ECHILD);
	return false;
}

/* What was killed takes its time to go. */
static inline void until_no_children(void)
{
	while (has_children())
		sched_yield();
}

static inline int wait_status(bide_process *process)
{
	int status = -1;

	CHECK_INT(bide_process_wait(process, &status), 0);
	return status;
}

static inline int exit_code(bide_process *process)
{
	int status = wait_status(process);

	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Waits for a process, gives its output as a string, for free(), and frees it. */
static inline char *finish(bide_process *process)
{
	bide_buffer out;

	CHECK_INT(bide_process_communicate(process, NULL, 0, &out, NULL), 0);
	CHECK_INT(exit_code(process), 0);
	CHECK_INT(strlen(out.data), out.size);
	bide_process_free(process);
	return out.data;
}

static inline void check_says(bide_process *process, const char *expected)
{
	char *text = finish(process);

	CHECK_STR(text, expected);
	free(text);
}

#endif
