/* SPDX-License-Identifier: MIT */

/* cases_sub.c - SUB: subprocesses */
#include "process_test.h"

#include <time.h>

CASE(SUB_01, "communicate: writes the input, closes it, reads both outputs to the end, waits",
     .trace = "hello err 3", .elapsed = -1, .real_too = true, .io = true)
{
	bide_process *p = start_sh("cat; printf err >&2; exit 3", .in = BIDE_PIPE, .out = BIDE_PIPE,
	                           .err = BIDE_PIPE);
	bide_buffer out, err;

	CHECK_INT(bide_process_communicate(p, "hello", 5, &out, &err), 0);
	LOG("%s %s %d", out.data, err.data, exit_code(p));
	free(out.data);
	free(err.data);
	bide_process_free(p);
	return 0;
}

static int sub02_signal_of(int signo)
{
	const char *const argv[] = { "sleep", "60", NULL };
	bide_process *p = start_sh(NULL, .argv = argv);
	int status;

	CHECK_INT(bide_process_kill(p, signo), 0);
	status = wait_status(p);
	CHECK(WIFSIGNALED(status));
	bide_process_free(p);
	return WTERMSIG(status);
}

CASE(SUB_02, "killed by a signal: the status tells it as waitpid does", .trace = "9 · 15",
     .elapsed = -1, .real_too = true, .io = true)
{
	LOG("%d", sub02_signal_of(SIGKILL));
	LOG("%d", sub02_signal_of(SIGTERM));
	return 0;
}

CASE(SUB_04, "a communicate that times out leaves the process running: kill and collect it",
     .trace = "-ECANCELED · -ETIMEDOUT · 0 · 9", .elapsed = 3, .real_too = true, .io = true)
{
	const char *const argv[] = { "sleep", "60", NULL };
	bide_process *p = start_sh(NULL, .argv = argv);
	bide_scope s;

	bide_scope_enter(&s, 3 * U);
	LOG("%s", ERR(bide_process_communicate(p, NULL, 0, NULL, NULL)));
	LOG("%s", ERR(bide_scope_leave(&s)));
	LOG("%s", ERR(bide_process_kill(p, SIGKILL)));
	LOG("%d", WTERMSIG(wait_status(p)));
	bide_process_free(p);
	return 0;
}

#define SUB05_BYTES 5000000u

CASE(SUB_05, "5 MB through both pipes of cat at once: no deadlock", .trace = "5000000 true · 0",
     .elapsed = -1, .real_too = true, .io = true)
{
	bide_process *p = start_sh("exec cat", .in = BIDE_PIPE, .out = BIDE_PIPE);
	char *bytes = malloc(SUB05_BYTES);
	bide_buffer out;

	for (size_t i = 0; i < SUB05_BYTES; i++)
		bytes[i] = (char)(i * 31 >> 3);
	CHECK_INT(bide_process_communicate(p, bytes, SUB05_BYTES, &out, NULL), 0);
	LOG("%zu %s", out.size, BOOL(memcmp(out.data, bytes, SUB05_BYTES) == 0));
	LOG("%d", wait_status(p));
	free(bytes);
	free(out.data);
	bide_process_free(p);
	return 0;
}

CASE(SUB_07, "a program that does not exist: NULL and ENOENT; sh ends with 127",
     .trace = "true -ENOENT · 127", .elapsed = -1, .real_too = true, .io = true)
{
	const char *const argv[] = { "/no/such", NULL };
	const bide_process_options options = { .argv = argv };
	bide_process *p = bide_process_start(&options);
	int code = errno;

	if (hides_failures_of_exec()) {
		bide_process_free(p);
		p = NULL;
		code = ENOENT;
	}
	LOG("%s %s", BOOL(p == NULL), ERR(-code));
	p = start_sh("/no/such", .err = BIDE_NULL);
	LOG("%d", exit_code(p));
	bide_process_free(p);
	return 0;
}

CASE(SUB_08, "the child closes its input early: communicate ignores the broken pipe",
     .trace = "0 bye", .elapsed = -1, .real_too = true, .io = true)
{
	bide_process *p = start_sh("exec <&-; printf bye", .in = BIDE_PIPE, .out = BIDE_PIPE);
	char *input = calloc(2, 1 << 20);
	bide_buffer out;

	CHECK_INT(bide_process_communicate(p, input, 2 << 20, &out, NULL), 0);
	LOG("%d %s", wait_status(p), out.data);
	free(input);
	free(out.data);
	bide_process_free(p);
	return 0;
}

CASE(SUB_10, "a signal for a process that has been collected: -ESRCH, and nothing is sent",
     .trace = "0 · -ESRCH", .elapsed = -1, .real_too = true, .io = true)
{
	bide_process *p = start_sh("exit 0");

	LOG("%d", wait_status(p));
	LOG("%s", ERR(bide_process_kill(p, SIGKILL)));
	bide_process_free(p);
	return 0;
}

static int sub11_run(void *arg)
{
	char script[16];
	bide_process *p;
	int code;

	snprintf(script, sizeof script, "exit %d", INT(arg));
	p = start_sh(script);
	code = exit_code(p);
	bide_process_free(p);
	return code;
}

CASE(SUB_11, "ten at a time: each wait gives its own code",
     .trace = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]", .elapsed = -1, .order = ANY_ORDER, .real_too = true,
     .io = true)
{
	bide_task *tasks[10];
	int results[10];

	for (int i = 0; i < 10; i++)
		tasks[i] = bide_spawn(sub11_run, ARG(i));
	bide_gather(10, tasks, results);
	LOG("%s", case_list(10, results));
	return 0;
}

static bide_time sub13_line(int fd)
{
	char line[8] = "";
	ssize_t n = bide_read(fd, line, sizeof line - 1);

	line[strcspn(line, "\n")] = '\0';
	LOG("%zd %s", n, line);
	return bide_now();
}

CASE(SUB_13, "lines come as they are printed, while the process runs", .trace = "2 a · 2 b · 0 ",
     .elapsed = 4, .real_only = true)
{
	bide_process *p = start_sh("echo a; sleep 0.1; echo b", .out = BIDE_PIPE);
	int fd = bide_process_take_fd(p, 1);
	bide_time first = sub13_line(fd);

	CHECK(sub13_line(fd) - first >= 80 * BIDE_MILLISECOND);
	sub13_line(fd);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(exit_code(p), 0);
	bide_process_free(p);
	return 0;
}

CASE(SUB_14, "output printed before the end can be read after wait", .trace = "0 · 4 late",
     .elapsed = -1, .real_too = true, .io = true)
{
	bide_process *p = start_sh("printf late", .out = BIDE_PIPE);
	char text[8] = "";

	LOG("%d", wait_status(p));
	CHECK_INT(bide_read_full(bide_process_fd(p, 1), text, sizeof text), 4);
	LOG("4 %s", text);
	bide_process_free(p);
	return 0;
}
