/* SPDX-License-Identifier: MIT */

/*
 * fault_process.c - processes that cannot be started, or be waited for
 *
 * Whatever fails, when the process was freed there is neither it nor a zombie.
 */
#include "fault.h"
#include "io/process.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static bool has_children(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* Where the reaper had no thread, whoever comes next sees to it. */
static void until_no_children(void)
{
	while (has_children()) {
		bide__reaper_look();
		sched_yield();
	}
}

static int run_on(int backend, bide_fn *fn)
{
	const bide_options options = { .backend = backend };
	int r = bide_run_with(&options, fn, NULL);

	until_no_children();
	return r;
}

static int talk(bide_process *process)
{
	bide_buffer out = { NULL, 0 }, err = { NULL, 0 };
	int r = bide_process_communicate(process, "hello", 5, &out, &err);

	if (r == 0) {
		CHECK_STR(out.data, "hello");
		CHECK_STR(err.data, "err");
	}
	free(out.data);
	free(err.data);
	return r;
}

static int start_and_talk(void *arg)
{
	static const char *const argv[] = { "sh", "-c", "cat; printf err >&2; exit 3", NULL };
	const bide_process_options options = {
		.argv = argv,
		.in = BIDE_PIPE,
		.out = BIDE_PIPE,
		.err = BIDE_PIPE,
		.cwd = "/",
	};
	bide_process *process = bide_process_start(&options);
	int status = 0;
	int r;

	(void)arg;
	if (process == NULL)
		return -errno;
	r = talk(process);
	/* What has failed once goes on. */
	if (r < 0)
		CHECK_INT(talk(process), 0);
	CHECK_INT(bide_process_wait(process, &status), 0);
	CHECK_INT(status, 3 << 8);
	bide_process_free(process);
	return r;
}

static int talk_on_epoll(void)
{
	return run_on(BIDE_BACKEND_EPOLL, start_and_talk);
}
FAULT_SWEEP(communicate, reports_every_failure_and_goes_on_after_it, talk_on_epoll)

static int start_and_free(void *arg)
{
	static const char *const argv[] = { "sleep", "60", NULL };
	const bide_process_options options = {
		.argv = argv,
		.in = BIDE_NULL,
		.out = BIDE_PIPE,
		.err = BIDE_FD(0),
	};
	bide_process *process = bide_process_start(&options);
	int r;

	(void)arg;
	if (process == NULL)
		return -errno;
	r = bide_process_kill(process, 0);
	bide_process_free(process);
	return r;
}

static int free_on_epoll(void)
{
	return run_on(BIDE_BACKEND_EPOLL, start_and_free);
}
FAULT_SWEEP(process_free, leaves_no_zombie_whatever_fails, free_on_epoll)
