/* SPDX-License-Identifier: MIT */

/* test_serve_short.c - a server that connections fail, or that has run out of something */
#include "serve_test.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define CLIENTS 8

#define DESCRIPTORS 64

/* Takes each descriptor that is left. Returns how many those were. */
static int use_up(int fds[DESCRIPTORS])
{
	struct rlimit few = { .rlim_cur = DESCRIPTORS, .rlim_max = DESCRIPTORS };
	int count = 0;

	CHECK_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
	while ((fds[count] = dup(2)) >= 0)
		count++;
	CHECK_INT(errno, EMFILE);
	return count;
}

/* The clients' sockets are there before the last descriptor is taken. */
IO_TEST(serve, without_a_free_descriptor_ends_connections_and_recovers)
{
	struct serving serving = { .handler = echo };
	struct sockaddr_in addr;
	socklen_t len = sizeof addr;
	int fds[CLIENTS];
	int taken[DESCRIPTORS];

	serve_start(&serving);
	CHECK_INT(getsockname(serving.listener, (struct sockaddr *)&addr, &len), 0);
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	let_others_run();
	for (int i = 0; i < CLIENTS; i++) {
		int count = i % 4 < 3 ? use_up(taken) : 0;

		CHECK_INT(bide_connect(fds[i], (struct sockaddr *)&addr, len), 0);
		if (count > 0)
			expect_end(fds[i]);
		else
			expect_echo(fds[i]);
		while (count > 0)
			CHECK_INT(close(taken[--count]), 0);
		CHECK_INT(bide_close(fds[i]), 0);
		/* A handler that ends later would give back a descriptor. */
		while (serving.ended_count < serving.begun_count)
			CHECK_INT(bide_yield(), 0);
	}
	serve_end(&serving);
	CHECK_INT(serving.begun_count, CLIENTS / 4);
	return 0;
}

/* Without a spare descriptor it waits, longer each time, and then serves all. */
LOOP_TEST(serve, without_even_a_spare_descriptor_waits)
{
	struct serving serving = { .handler = echo };
	struct rlimit old;
	int fds[2];

	serving.listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	fds[0] = serve_connect(&serving);
	fds[1] = serve_connect(&serving);
	old = forbid_descriptors();
	serving.task = bide_spawn(serve, &serving);
	CHECK_INT(bide_sleep(BIDE_MINUTE), 0);
	CHECK_INT(serving.begun_count, 0);
	/* 8 pauses from 5 ms to 640 ms, then one a second. */
	CHECK(bide_loop_stats(NULL).rounds < 500);
	allow_descriptors(&old);
	expect_echo(fds[0]);
	expect_echo(fds[1]);
	CHECK(bide_now() <= BIDE_MINUTE + BIDE_SECOND);
	CHECK_INT(bide_close(fds[0]), 0);
	CHECK_INT(bide_close(fds[1]), 0);
	serve_end(&serving);
	CHECK_INT(serving.begun_count, 2);
	return 0;
}

LOOP_TEST(serve, can_be_cancelled_in_a_pause)
{
	struct serving serving = { .handler = echo };
	struct rlimit old;
	int fd;

	serving.listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	fd = serve_connect(&serving);
	old = forbid_descriptors();
	serving.task = bide_spawn(serve, &serving);
	CHECK_INT(bide_sleep(BIDE_SECOND), 0);
	serve_end(&serving);
	allow_descriptors(&old);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

LOOP_TEST(serve, notices_a_close_in_a_pause)
{
	struct serving serving = { .handler = echo };
	struct rlimit old;
	int fd;

	serving.listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	fd = serve_connect(&serving);
	old = forbid_descriptors();
	serving.task = bide_spawn(serve, &serving);
	CHECK_INT(bide_sleep(BIDE_MINUTE + BIDE_MILLISECOND), 0);
	CHECK_INT(bide_close(serving.listener), 0);
	CHECK_INT(bide_join(serving.task), -EBADF);
	CHECK_INT(bide_now(), BIDE_MINUTE + BIDE_MILLISECOND);
	allow_descriptors(&old);
	expect_end(fd);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

/* ---- in a process of its own ---- */

static const bide_options debugged = {
	.backend = BIDE_BACKEND_EPOLL,
	.flags = BIDE_VIRTUAL_CLOCK | BIDE_DEBUG,
};

static int run_short(void *arg)
{
	struct serving serving = { .handler = echo };
	struct sockaddr_in addr;
	socklen_t len = sizeof addr;

	(void)arg;
	serve_start(&serving);
	CHECK_INT(getsockname(serving.listener, (struct sockaddr *)&addr, &len), 0);
	for (int i = 0; i < 2; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		struct rlimit old = forbid_descriptors();

		CHECK_INT(bide_connect(fd, (struct sockaddr *)&addr, len), 0);
		CHECK_INT(bide_sleep(BIDE_MINUTE), 0);
		allow_descriptors(&old);
		expect_echo(fd);
		CHECK_INT(bide_close(fd), 0);
		CHECK_INT(bide_yield(), 0);
	}
	serve_end(&serving);
	return 0;
}

static void run_short_in_child(void)
{
	CHECK_INT(bide_run_with(&debugged, run_short, NULL), 0);
}

static int count_lines(const char *text, const char *beginning)
{
	int count = 0;

	for (; text != NULL && *text != '\0'; text = strchr(text, '\n')) {
		text += *text == '\n';
		count += strncmp(text, beginning, strlen(beginning)) == 0;
	}
	return count;
}

/* In each of the two there are 66 pauses. */
TEST(serve, reports_each_shortage_once_to_a_debugger)
{
	char text[2000];

	CHECK_INT(test_child(run_short_in_child, text, sizeof text), 0);
	CHECK_INT(count_lines(text, "bide: bide_serve: connections cannot be taken: -24"), 2);
	CHECK_INT(count_lines(text, "bide: "), 2);
}

#define CANNOT_FILTER 77

/* From now on accept4(2) fails with the code. */
static void forbid_accept(int code)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_accept4, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof filter / sizeof *filter, filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(CANNOT_FILTER);
}

/* Serves for a while where each connection fails, and tells how often the loop looked. */
static int serve_in_vain(void *arg)
{
	struct serving serving = { .handler = echo };
	int fd;

	serve_start(&serving);
	forbid_accept(*(int *)arg);
	fd = serve_connect(&serving);
	CHECK_INT(bide_sleep(BIDE_MINUTE), 0);
	CHECK(!bide_done(serving.task));
	CHECK_INT(serving.begun_count, 0);
	CHECK(bide_loop_stats(NULL).rounds < 20000);
	serve_end(&serving);
	return bide_close(fd);
}

static int forbidden_code;

static void serve_forbidden(void)
{
	CHECK_INT(bide_run_with(&debugged, serve_in_vain, &forbidden_code), 0);
}

/* A clock that is virtual would stand still where it did. */
TEST(serve, does_not_spin_where_every_connection_fails)
{
	static const int codes[] = { ECONNABORTED, EPERM, EPROTO };
	char text[2000];

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		int status;

		forbidden_code = codes[i];
		status = test_child(serve_forbidden, text, sizeof text);
		if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_FILTER)
			return;         /* an emulator has no filters */
		CHECK_INT(status, 0);
		CHECK_INT(count_lines(text, "bide: bide_serve: connections cannot be taken"), 1);
	}
}
