/* SPDX-License-Identifier: MIT */

/*
 * test_backend.c - which back end a loop gets, and what poll does its own way
 *
 * The system refuses a back end by a filter on system calls, in a process of its own.
 */
#include "io_test.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define CANNOT_FILTER 77

static const char *name_of(const bide_options *options)
{
	bide_loop *loop = bide_loop_new(options);
	const char *name;

	if (loop == NULL)
		return strerrorname_np(errno);
	name = bide_loop_stats(loop).backend;
	CHECK_INT(bide_loop_close(loop), 0);
	return name;
}

static const char *name_of_asked(int backend, unsigned flags)
{
	return name_of(&(bide_options){ .backend = backend, .flags = flags });
}

TEST(backend, is_the_one_that_was_asked_for)
{
	CHECK_STR(name_of_asked(BIDE_BACKEND_EPOLL, 0), "epoll");
	CHECK_STR(name_of_asked(BIDE_BACKEND_EPOLL, BIDE_VIRTUAL_CLOCK), "epoll");
	CHECK_STR(name_of_asked(BIDE_BACKEND_POLL, 0), "poll");
	CHECK_STR(name_of_asked(BIDE_BACKEND_POLL, BIDE_VIRTUAL_CLOCK), "poll");
	CHECK_STR(name_of_asked(BIDE_BACKEND_AUTO, BIDE_VIRTUAL_CLOCK), "sim");
	CHECK(strcmp(name_of(NULL), "sim") != 0);
	CHECK(bide_loop_stats(NULL).backend == NULL);
}

TEST(backend, of_the_environment_goes_before_that_of_the_program)
{
	CHECK_INT(setenv("BIDE_BACKEND", "poll", 1), 0);
	CHECK_STR(name_of(NULL), "poll");
	CHECK_STR(name_of_asked(BIDE_BACKEND_EPOLL, 0), "poll");
	CHECK_INT(setenv("BIDE_BACKEND", "epoll", 1), 0);
	CHECK_STR(name_of_asked(BIDE_BACKEND_POLL, 0), "epoll");
}

/* ---- what the system does not have ---- */

static void refuse(long call, int code)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof filter / sizeof *filter, filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(CANNOT_FILTER);
}

/* What the child below is refused, what it asks for, and with which flags. */
static struct {
	int epoll_code;                 /* 0: not refused */
	int uring_code;
	long uring_call;                /* the one that is refused */
	int asked;
	unsigned flags;
} sandbox;

static int use_descriptors(void *arg)
{
	struct call call = { .kind = CALL_READ };
	int fds[2];

	(void)arg;
	make_pair(PAIR_UNIX, fds);
	call.fd = fds[0];
	call_start(&call);
	CHECK_INT(bide_write(fds[1], "x", 1), 1);
	CHECK_INT(call_end(&call), 1);
	close_pair(fds);
	return 0;
}

static void run_in_sandbox(void)
{
	const bide_options options = { .backend = sandbox.asked, .flags = sandbox.flags };
	const char *name;

	if (sandbox.epoll_code != 0)
		refuse(SYS_epoll_create1, sandbox.epoll_code);
	if (sandbox.uring_code != 0)
		refuse(sandbox.uring_call, sandbox.uring_code);
	name = name_of(&(bide_options){ .backend = sandbox.asked });
	if (name[0] != 'E')
		CHECK_INT(bide_run_with(&options, use_descriptors, NULL), 0);
	(void)fprintf(stderr, "%s\n", name);
}

/* Leaves in the text what the loop reports, and the name of its back end or of the error. */
static bool sandbox_tells(char *ret_text, size_t size)
{
	int status = test_child(run_in_sandbox, ret_text, size);

	/* An emulator has no filters. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_FILTER)
		return false;
	CHECK_INT(status, 0);
	return true;
}

TEST(backend, epoll_is_replaced_where_the_system_lacks_or_forbids_it)
{
	static const int codes[] = { ENOSYS, EPERM };
	char text[1000], expected[1000];

	for (int i = 0; i < 2; i++) {
		sandbox.epoll_code = codes[i];
		sandbox.asked = BIDE_BACKEND_EPOLL;
		sandbox.flags = BIDE_DEBUG;
		if (!sandbox_tells(text, sizeof text))
			return;
		snprintf(expected, sizeof expected,
		         "bide: back end epoll: %s; poll takes its place\npoll\n",
		         bide_strerror(-codes[i]));
		CHECK_STR(text, expected);

		/* Without a debugger nobody is told. */
		sandbox.flags = 0;
		CHECK(sandbox_tells(text, sizeof text));
		CHECK_STR(text, "poll\n");
	}
}

/* Another back end would not help, or do so once and not the next time. */
TEST(backend, epoll_is_not_replaced_for_want_of_descriptors)
{
	char text[1000];

	sandbox.epoll_code = EMFILE;
	sandbox.asked = BIDE_BACKEND_EPOLL;
	sandbox.flags = BIDE_DEBUG;
	if (sandbox_tells(text, sizeof text))
		CHECK_STR(text, "EMFILE\n");
}

TEST(backend, io_uring_is_replaced_whatever_is_wrong_with_it)
{
	static const long calls[] = { SYS_io_uring_setup, SYS_io_uring_register,
		                      SYS_io_uring_enter };
	static const int codes[] = { ENOSYS, EPERM, ENOMEM };
	char text[1000];

	for (int i = 0; i < 9; i++) {
		sandbox.uring_call = calls[i / 3];
		sandbox.uring_code = codes[i % 3];
		sandbox.asked = BIDE_BACKEND_URING;
		sandbox.flags = BIDE_DEBUG;
		if (!sandbox_tells(text, sizeof text))
			return;
		CHECK(strncmp(text, "bide: back end io_uring: ", 25) == 0);
		CHECK(strstr(text, "; epoll takes its place\nepoll\n") != NULL);
	}
	sandbox.epoll_code = ENOSYS;
	CHECK(sandbox_tells(text, sizeof text));
	CHECK(strstr(text, "; epoll takes its place\n") != NULL);
	CHECK(strstr(text, "; poll takes its place\npoll\n") != NULL);
}

/* ---- poll ---- */

static const bide_options on_poll = { .backend = BIDE_BACKEND_POLL };

TEST(poll, has_no_descriptor_for_a_foreign_loop)
{
	bide_loop *loop = bide_loop_new(&on_poll);

	CHECK(loop != NULL);
	CHECK_INT(bide_loop_fd(loop), -EOPNOTSUPP);
	CHECK_INT(bide_loop_step(loop), 0);
	CHECK_INT(bide_loop_close(loop), 0);
}

static int close_behind_its_back(void *arg)
{
	struct call calls[] = {
		{ .kind = CALL_READ },
		{ .kind = CALL_READ },
		{ .kind = CALL_WAIT, .events = BIDE_READABLE },
		{ .kind = CALL_RECV },
	};
	struct call other = { .kind = CALL_READ };
	int fds[2], others[2];

	(void)arg;
	make_pair(PAIR_UNIX, fds);
	make_pair(PAIR_UNIX, others);
	for (int i = 0; i < 4; i++) {
		calls[i].fd = fds[0];
		call_start(&calls[i]);
	}
	other.fd = others[0];
	call_start(&other);
	CHECK_INT(close(fds[0]), 0);
	for (int i = 0; i < 4; i++)
		CHECK_INT(call_end(&calls[i]), -EBADF);

	/* Nobody else is touched, and the number may be used again. */
	CHECK(!bide_done(other.task));
	CHECK_INT(write(others[1], "x", 1), 1);
	CHECK_INT(call_end(&other), 1);
	CHECK_INT(dup2(others[0], fds[0]), fds[0]);
	call_start(&calls[0]);
	CHECK_INT(write(others[1], "x", 1), 1);
	CHECK_INT(call_end(&calls[0]), 1);
	CHECK_INT(bide_close(fds[0]), 0);
	CHECK_INT(bide_close(fds[1]), 0);
	close_pair(others);
	return 0;
}

TEST(poll, tells_of_a_descriptor_that_was_closed_behind_its_back)
{
	CHECK_INT(bide_run_with(&on_poll, close_behind_its_back, NULL), 0);
}

#define MANY_FDS 100

/* Waits end in an order that leaves gaps everywhere in the array. */
static int wait_for_many(void *arg)
{
	static struct call calls[MANY_FDS];
	static int fds[MANY_FDS][2];

	(void)arg;
	for (int i = 0; i < MANY_FDS; i++) {
		make_pair(PAIR_UNIX, fds[i]);
		calls[i] = (struct call){ .kind = CALL_READ, .fd = fds[i][0] };
		call_start(&calls[i]);
	}
	for (int step = 0, i = 0; step < MANY_FDS; step++, i = (i + 37) % MANY_FDS) {
		if (step % 3 == 0) {
			CHECK_INT(write(fds[i][1], "x", 1), 1);
			CHECK_INT(call_end(&calls[i]), 1);
		} else if (step % 3 == 1) {
			bide_cancel(calls[i].task);
			CHECK_INT(call_end(&calls[i]), -ECANCELED);
		} else {
			CHECK_INT(bide_close(fds[i][0]), 0);
			CHECK_INT(call_end(&calls[i]), -EBADF);
			fds[i][0] = fds[i][1];
		}
		/* One of those that still wait, and all of them wait on. */
		let_others_run();
		CHECK_INT(bide_tasks(NULL, 0), MANY_FDS - step);
	}
	for (int i = 0; i < MANY_FDS; i++) {
		if (fds[i][0] != fds[i][1])
			CHECK_INT(bide_close(fds[i][0]), 0);
		CHECK_INT(bide_close(fds[i][1]), 0);
	}
	return 0;
}

TEST(poll, wakes_the_right_one_of_many)
{
	CHECK_INT(bide_run_with(&on_poll, wait_for_many, NULL), 0);
}

static int look_for_errors(void *arg)
{
	char byte;

	return (int)bide_recv(*(int *)arg, &byte, 1, MSG_ERRQUEUE);
}

static int look_for_errors_beside_data(void *arg)
{
	struct call writer = { .kind = CALL_WRITE };
	uint64_t rounds;
	bide_task *task;
	size_t filled;
	int fds[2];

	(void)arg;
	make_pair(PAIR_TCP, fds);
	CHECK_INT(write(fds[1], "x", 1), 1);
	task = bide_spawn(look_for_errors, &fds[0]);
	rounds = bide_loop_stats(NULL).rounds;
	CHECK_INT(bide_sleep(20 * BIDE_MILLISECOND), 0);
	CHECK(!bide_done(task));
	CHECK(bide_loop_stats(NULL).rounds - rounds < 200);

	/* Others who wait for the descriptor are served all the same. */
	filled = fill(fds[0]);
	writer.fd = fds[0];
	call_start(&writer);
	drain(fds[1], filled);
	CHECK_INT(call_end(&writer), sizeof writer.buf);
	CHECK_INT(bide_close(fds[0]), 0);
	CHECK_INT(bide_join(task), -EBADF);
	CHECK_INT(bide_close(fds[1]), 0);
	return 0;
}

TEST(poll, does_not_spin_where_a_ready_descriptor_is_not_enough)
{
	CHECK_INT(bide_run_with(&on_poll, look_for_errors_beside_data, NULL), 0);
}

static int sleep_an_instant(void *arg)
{
	(void)arg;
	return bide_sleep(INSTANT);
}

/* More of them than the pipe holds: none may block, and none is left for later. */
TEST(poll, takes_any_number_of_interrupts_at_once)
{
	bide_loop *loop = bide_loop_new(&on_poll);
	uint64_t before;

	CHECK(loop != NULL);
	for (int i = 0; i < 100000; i++)
		bide_loop_stop(loop);
	CHECK_INT(bide_loop_run(loop, sleep_an_instant, NULL), -EINPROGRESS);
	before = bide_loop_stats(loop).rounds;
	CHECK_INT(bide_loop_run(loop, sleep_an_instant, NULL), 0);
	CHECK(bide_loop_stats(loop).rounds - before < 10);
	CHECK_INT(bide_loop_close(loop), 0);
}
