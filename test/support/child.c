/* SPDX-License-Identifier: MIT */

/* child.c - what must end its process, or write to its stderr */
#include "test.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void become_child(void (*fn)(void), const int pipe_fds[2])
{
	const struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	dup2(pipe_fds[1], STDERR_FILENO);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	fn();
	fflush(stderr);
	_exit(0);
}

int test_child(void (*fn)(void), char *ret_text, size_t size)
{
	char rest[512];
	size_t used = 0;
	ssize_t n;
	int fds[2], status;
	pid_t pid;

	CHECK(pipe(fds) == 0);
	fflush(NULL);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		become_child(fn, fds);

	close(fds[1]);
	while ((n = read(fds[0], ret_text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	ret_text[used] = '\0';
	/* What does not fit is dropped, so that the child can go on. */
	while (read(fds[0], rest, sizeof rest) > 0)
		;
	close(fds[0]);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return status;
}
