/* SPDX-License-Identifier: MIT */

/* test_process.c - how programs are started: what they find, and what they do not */
#include "process_test.h"

#include <stdio.h>
#include <sys/resource.h>

/* ---- what cannot be started ---- */

static int why_not(bide_process_options options)
{
	static const char *const true_argv[] = { "true", NULL };
	bide_process *process;

	if (options.argv == NULL)
		options.argv = true_argv;
	process = bide_process_start(&options);
	CHECK(process == NULL);
	return errno;
}

#define WHY_NOT(...) why_not((bide_process_options){ __VA_ARGS__ })

IO_TEST(process_start, says_what_is_wrong_with_its_options)
{
	const char *const nothing[] = { NULL };
	const bide_process_options none = { .argv = NULL };

	CHECK(bide_process_start(&none) == NULL);
	CHECK_INT(errno, EINVAL);
	CHECK(bide_process_start(NULL) == NULL);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(WHY_NOT(.argv = nothing), EINVAL);
	CHECK_INT(WHY_NOT(.in = BIDE_TO_STDOUT), EINVAL);
	CHECK_INT(WHY_NOT(.out = BIDE_TO_STDOUT), EINVAL);
	CHECK_INT(WHY_NOT(.err = 77), EINVAL);
	CHECK_INT(WHY_NOT(.out = -1), EINVAL);
	CHECK_INT(WHY_NOT(.flags = 1u << 7), EINVAL);
	CHECK_INT(WHY_NOT(.in = BIDE_FD(-ENOENT)), EBADF);
	CHECK_INT(WHY_NOT(.in = BIDE_FD(-1)), EBADF);
	CHECK_INT(WHY_NOT(.in = BIDE_PIPE, .err = BIDE_FD(9999)), EBADF);
	return 0;
}

/* The pipe's ends get the numbers that are free. */
IO_TEST(process_start, takes_no_pipe_of_its_own_for_a_descriptor_that_was_closed)
{
	int spare = dup(0);

	CHECK(spare > 2);
	CHECK_INT(close(spare), 0);
	CHECK_INT(WHY_NOT(.in = BIDE_PIPE, .err = BIDE_FD(spare)), EBADF);
	CHECK_INT(WHY_NOT(.out = BIDE_FD(spare + 1), .in = BIDE_PIPE), EBADF);
	return 0;
}

IO_TEST(process_start, says_why_the_program_does_not_run)
{
	const char *const missing[] = { "no-such-program", NULL };
	const char *const folder[] = { "/tmp", NULL };

	if (hides_failures_of_exec())
		return 0;
	CHECK_INT(WHY_NOT(.argv = missing, .in = BIDE_PIPE, .out = BIDE_PIPE), ENOENT);
	CHECK_INT(WHY_NOT(.argv = folder), EACCES);
	CHECK_INT(WHY_NOT(.cwd = "/no/such"), ENOENT);
	CHECK(!has_children());
	return 0;
}

TEST(process_start, needs_a_task)
{
	CHECK_INT(WHY_NOT(.in = BIDE_PIPE), EPERM);
}

IO_TEST(process_start, without_descriptors_says_so_and_leaks_none)
{
	int spare = dup(0);
	struct rlimit before, few;

	CHECK_INT(close(spare), 0);
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	for (int more = 0; more < 6; more++) {
		few.rlim_cur = (rlim_t)(spare + more);
		CHECK_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
		CHECK_INT(WHY_NOT(.in = BIDE_PIPE, .out = BIDE_PIPE, .err = BIDE_PIPE), EMFILE);
	}
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
	return 0;
}

/* ---- what the child finds ---- */

IO_TEST(process_start, gives_arguments_environment_and_folder)
{
	const char *const argv[] = { "sh", "-c", "echo \"$1|$2|$X|$HOME|`pwd`\"", "sh", "a b",
		                     "",   NULL };
	const char *const env[] = { "X=y z", "PATH=/usr/bin:/bin", NULL };
	bide_process *process = start_sh(NULL, .argv = argv, .env = env, .cwd = "/",
	                                 .out = BIDE_PIPE);

	check_says(process, "a b||y z||/\n");
	return 0;
}

IO_TEST(process_start, passes_its_own_environment_on)
{
	CHECK_INT(setenv("BIDE_TEST_WORD", "passed on", 1), 0);
	check_says(start_sh("echo $BIDE_TEST_WORD", .out = BIDE_PIPE), "passed on\n");
	return 0;
}

IO_TEST(process_start, looks_in_the_path_of_this_process)
{
	const char *const argv[] = { "echo", "found", NULL };
	const char *const env[] = { "PATH=/no/such", NULL };

	check_says(start_sh(NULL, .argv = argv, .env = env, .out = BIDE_PIPE), "found\n");
	return 0;
}

IO_TEST(process_start, connects_the_null_device)
{
	check_says(start_sh("cat; echo lost >&2; echo end", .in = BIDE_NULL, .out = BIDE_PIPE,
	                    .err = BIDE_NULL),
	           "end\n");
	return 0;
}

IO_TEST(process_start, sends_errors_to_the_output)
{
	check_says(start_sh("echo out; echo err >&2", .out = BIDE_PIPE, .err = BIDE_TO_STDOUT),
	           "out\nerr\n");
	return 0;
}

IO_TEST(process_start, gives_a_descriptor_and_leaves_it_open)
{
	char text[16];
	bide_process *process;
	int fds[2];

	CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
	process = start_sh("echo out; echo err >&2", .out = BIDE_FD(fds[1]),
	                   .err = BIDE_FD(fds[1]));
	CHECK_INT(exit_code(process), 0);
	CHECK_INT(bide_process_fd(process, 1), -EBADF);
	bide_process_free(process);
	CHECK_INT(write(fds[1], "!", 1), 1);
	CHECK_INT(close(fds[1]), 0);
	CHECK_INT(bide_read_full(fds[0], text, sizeof text), 9);
	CHECK_INT(memcmp(text, "out\nerr\n!", 9), 0);
	CHECK_INT(bide_close(fds[0]), 0);
	return 0;
}

/* Between the two programs is what bide has made, which does not block: cat would fail. */
IO_TEST(process_start, makes_a_given_descriptor_block)
{
	bide_process *first = start_sh("read line; echo $line", .in = BIDE_PIPE, .out = BIDE_PIPE);
	int between = bide_process_take_fd(first, 1);
	int to_first = bide_process_take_fd(first, 0);
	bide_process *second;
	char *text;

	CHECK(fcntl(between, F_GETFL) & O_NONBLOCK);
	second = start_sh("cat", .in = BIDE_FD(between), .out = BIDE_PIPE);
	CHECK(!(fcntl(between, F_GETFL) & O_NONBLOCK));
	CHECK_INT(bide_close(between), 0);
	CHECK_INT(bide_write_all(to_first, "late\n", 5), 5);
	CHECK_INT(bide_close(to_first), 0);
	text = finish(second);
	CHECK_STR(text, "late\n");
	free(text);
	CHECK_INT(exit_code(first), 0);
	bide_process_free(first);
	return 0;
}

/* What is behind a descriptor of this process, such as "pipe:[1234]". */
static void show_here(char *ret, size_t size, int fd)
{
	char path[32];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	n = readlink(path, ret, size - 1);
	CHECK(n > 0);
	ret[n] = '\0';
}

/* What was 2 here is 0 and 1 there, and so on round, close-on-exec or not. */
IO_TEST(process_start, exchanges_the_standard_descriptors)
{
	char zero[64], two[64], expected[256];
	int saved[3], fds[2];
	char *text;

	for (int i = 0; i < 3; i++)
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
	CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
	CHECK_INT(close(fds[0]), 0);
	fds[0] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	CHECK_INT(dup3(fds[0], 0, O_CLOEXEC), 0);
	CHECK_INT(dup3(fds[1], 2, O_CLOEXEC), 2);
	show_here(zero, sizeof zero, 0);
	show_here(two, sizeof two, 2);
	snprintf(expected, sizeof expected, "%s\n%s\n", zero, two);
	text = finish(start_sh("readlink /proc/self/fd/2; readlink /proc/self/fd/0",
	                       .in = BIDE_FD(2), .out = BIDE_PIPE, .err = BIDE_FD(0)));
	CHECK_STR(text, expected);
	free(text);
	/* The same number clears close-on-exec. */
	text = finish(start_sh("readlink /proc/self/fd/0; readlink /proc/self/fd/2",
	                       .in = BIDE_FD(0), .out = BIDE_PIPE, .err = BIDE_FD(2)));
	CHECK_STR(text, expected);
	free(text);
	for (int i = 0; i < 3; i++) {
		if (saved[i] < 0) {
			close(i);
			continue;
		}
		CHECK_INT(dup2(saved[i], i), i);
		CHECK_INT(close(saved[i]), 0);
	}
	CHECK_INT(close(fds[0]), 0);
	CHECK_INT(close(fds[1]), 0);
	return 0;
}

IO_TEST(process_start, passes_none_of_its_descriptors_on)
{
	bide_process *other = start_sh("cat", .in = BIDE_PIPE, .out = BIDE_PIPE);
	char *text = finish(start_sh("cd /proc/self/fd && for i in *; do readlink $i; done; :",
	                             .in = BIDE_PIPE, .out = BIDE_PIPE));
	char ours[64];

	for (int i = 0; i < 2; i++) {
		show_here(ours, sizeof ours, bide_process_fd(other, i));
		CHECK(strstr(text, ours) == NULL);
	}
	CHECK(strstr(text, "anon_inode") == NULL);
	free(text);
	bide_process_free(other);
	until_no_children();
	return 0;
}

IO_TEST(process_start, makes_pipes_that_block_there_and_not_here)
{
	bide_process *process = start_sh("cat /proc/$$/fdinfo/0 /proc/$$/fdinfo/1", .in = BIDE_PIPE,
	                                 .out = BIDE_PIPE);
	int count = 0;
	char *text;

	for (int i = 0; i < 2; i++) {
		CHECK(fcntl(bide_process_fd(process, i), F_GETFL) & O_NONBLOCK);
		CHECK(fcntl(bide_process_fd(process, i), F_GETFD) & FD_CLOEXEC);
	}
	CHECK_INT(bide_process_fd(process, 2), -EBADF);
	CHECK_INT(bide_process_fd(process, 3), -EBADF);
	CHECK_INT(bide_process_fd(process, -1), -EBADF);
	text = finish(process);
	for (const char *at = text; (at = strstr(at, "flags:")) != NULL; count++) {
		at += strlen("flags:");
		CHECK(!(strtol(at, NULL, 8) & O_NONBLOCK));
	}
	CHECK_INT(count, 2);
	free(text);
	return 0;
}

IO_TEST(process_start, begins_a_session_where_asked)
{
	bide_process *process = start_sh("read line", .in = BIDE_PIPE, .flags = BIDE_NEW_SESSION);
	pid_t pid = bide_process_pid(process);

	CHECK_INT(getsid(pid), pid);
	CHECK_INT(getpgid(pid), pid);
	CHECK_INT(kill(-pid, SIGTERM), 0);
	CHECK_INT(WTERMSIG(wait_status(process)), SIGTERM);
	bide_process_free(process);

	process = start_sh("read line", .in = BIDE_PIPE);
	CHECK_INT(getsid(bide_process_pid(process)), getsid(0));
	CHECK_INT(bide_process_kill(process, SIGTERM), 0);
	CHECK_INT(WTERMSIG(wait_status(process)), SIGTERM);
	bide_process_free(process);
	return 0;
}

/* As bits; who runs tests in the background may have had more ignored than they do. */
static unsigned long long signals_ignored(void)
{
	unsigned long long ignored = 0;
	struct sigaction action;

	for (int i = 1; i < 32; i++)
		if (sigaction(i, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			ignored |= 1u << (i - 1);
	return ignored;
}

IO_TEST(process_start, gives_back_the_default_of_signals)
{
	static const int back[] = { SIGPIPE, SIGXFSZ, SIGCHLD };
	unsigned long long blocked, ignored, kept = signals_ignored();
	bide_process *process;
	sigset_t all, before;
	bide_buffer out;

	for (int i = 0; i < 3; i++)
		signal(back[i], SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigfillset(&all);
	CHECK_INT(sigprocmask(SIG_BLOCK, &all, &before), 0);
	process = start_sh("exec grep -e SigBlk -e SigIgn /proc/self/status", .out = BIDE_PIPE);
	CHECK_INT(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	/* As SIGCHLD is ignored, there is no status. */
	CHECK_INT(bide_process_communicate(process, NULL, 0, &out, NULL), 0);
	CHECK_INT(sscanf(out.data, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
	CHECK_INT(blocked, 0);
	/* The C library keeps the first two real-time ones to itself. */
	for (int i = 0; i < 3; i++)
		kept &= ~(1u << (back[i] - 1));
	CHECK_INT(ignored & 0x7fffffff, kept | 1u << (SIGHUP - 1));
	free(out.data);
	bide_process_free(process);
	signal(SIGCHLD, SIG_DFL);

	process = start_sh("kill -PIPE $$; exit 5");
	CHECK_INT(WTERMSIG(wait_status(process)), SIGPIPE);
	bide_process_free(process);
	for (int i = 0; i < 2; i++)
		signal(back[i], SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	return 0;
}

/* ---- where descriptors 0 to 2 are closed ---- */

static int report_fd;

static int ask_cat(void *arg)
{
	const char *const argv[] = { "sh", "-c", "cat; echo err >&2; echo end", NULL };
	const bide_process_options options = {
		.argv = argv,
		.in = BIDE_PIPE,
		.out = BIDE_PIPE,
		.err = arg != NULL ? BIDE_TO_STDOUT : BIDE_PIPE,
	};
	bide_process *process = bide_process_start(&options);
	bide_buffer out = { NULL, 0 }, err = { NULL, 0 };
	int r;

	/* Or what the program prints would go to the child. */
	for (int i = 0; i < 3; i++)
		if (bide_process_fd(process, i) >= 0 && bide_process_fd(process, i) <= 2)
			dprintf(report_fd, "end %d has a standard number\n", i);
	r = bide_process_communicate(process, "in ", 3, &out, &err);
	dprintf(report_fd, "%d %s%s", r, out.data, err.data != NULL ? err.data : "");
	free(out.data);
	free(err.data);
	bide_process_free(process);
	return 0;
}

/* The loop's own descriptors are elsewhere, so that the pipes get the low numbers. */
static int ask_cat_after_closing(void *arg)
{
	for (int i = 0; i < 3; i++)
		close(i);
	return ask_cat(arg);
}

static void run_without_standard_descriptors(void)
{
	report_fd = fcntl(2, F_DUPFD_CLOEXEC, 10);
	for (int i = 0; i < 3; i++)
		close(i);
	dprintf(report_fd, "%d\n", bide_run(ask_cat, NULL));
	dprintf(report_fd, "%d\n", bide_run(ask_cat, &report_fd));
	for (int i = 0; i < 3; i++)
		CHECK_INT(open("/dev/null", O_RDWR), i);
	dprintf(report_fd, "%d\n", bide_run(ask_cat_after_closing, NULL));
}

TEST(process_start, works_where_the_standard_descriptors_are_closed)
{
	char text[512];

	CHECK_INT(test_child(run_without_standard_descriptors, text, sizeof text), 0);
	CHECK_STR(text, "0 in end\nerr\n0\n0 in err\nend\n0\n0 in end\nerr\n0\n");
}
