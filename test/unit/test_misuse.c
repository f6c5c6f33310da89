/* SPDX-License-Identifier: MIT */

/* test_misuse.c - calls where no task runs, and what ends the process */
#include "loop_test.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int never(void *arg)
{
	(void)arg;
	test_fail(__FILE__, __LINE__, "a function that must not be called was called");
}

TEST(outside_of_a_loop, spawning_gives_null_and_eperm)
{
	int value = 0;

	errno = 0;
	CHECK(bide_spawn(never, NULL) == NULL);
	CHECK_INT(errno, EPERM);
	errno = 0;
	CHECK(bide_spawn_copy(never, &value, sizeof value) == NULL);
	CHECK_INT(errno, EPERM);
	errno = 0;
	CHECK(bide_spawn_with(NULL, never, NULL) == NULL);
	CHECK_INT(errno, EPERM);
	errno = 0;
	CHECK(bide_spawn_with(&(bide_task_options){ .flags = BIDE_EAGER }, never, NULL) == NULL);
	CHECK_INT(errno, EPERM);
	CHECK_INT(bide_go(never, NULL), -EPERM);
	CHECK_INT(bide_go_copy(never, &value, sizeof value), -EPERM);
}

static void ignore(void *arg)
{
	(void)arg;
}

TEST(outside_of_a_loop, what_belongs_to_a_task_gives_eperm)
{
	static bide_local key;
	bide_ticker ticker = { 0 };

	CHECK_INT(bide_sleep(BIDE_SECOND), -EPERM);
	CHECK_INT(bide_sleep(0), -EPERM);
	CHECK_INT(bide_sleep_until(0), -EPERM);
	CHECK_INT(bide_yield(), -EPERM);
	bide_ticker_start(&ticker, BIDE_SECOND);
	CHECK_INT(bide_ticker_wait(&ticker), -EPERM);
	CHECK_INT(bide_local_set(&key, &key), -EPERM);
	CHECK(bide_local_get(&key) == NULL);
	CHECK_INT(bide_defer(ignore, NULL), -EPERM);
	CHECK_INT(bide_timeout(BIDE_SECOND, never, NULL), -EPERM);
	CHECK_INT(bide_shield(never, NULL), -EPERM);
	CHECK_INT(bide_started(NULL), -EPERM);
	CHECK_INT(bide_gen_yield(&key), -EPERM);
	CHECK(bide_self() == NULL);
	CHECK(bide_loop_current() == NULL);
}

TEST(outside_of_a_loop, transfers_give_eperm_and_close_works)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	char byte = 'x';
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CHECK_INT(bide_write(fds[0], &byte, 1), -EPERM);
	CHECK_INT(bide_send(fds[0], &byte, 1, 0), -EPERM);
	CHECK_INT(write(fds[0], &byte, 1), 1);
	CHECK_INT(bide_read(fds[1], &byte, 1), -EPERM);
	CHECK_INT(bide_recv(fds[1], &byte, 1, 0), -EPERM);
	CHECK_INT(bide_wait_fd(fds[1], BIDE_READABLE), -EPERM);
	CHECK_INT(bide_accept(fds[1], NULL, NULL), -EPERM);
	CHECK_INT(bide_connect(fds[1], (struct sockaddr *)&address, sizeof address), -EPERM);
	CHECK_INT(bide_tcp_connect("127.0.0.1", "1"), -EPERM);
	CHECK_INT(bide_close(fds[0]), 0);
	CHECK_INT(bide_close(fds[1]), 0);
	CHECK_INT(bide_close(fds[1]), -EBADF);
}

static bide_task *kept;

static int sleep_a_second(void *arg)
{
	(void)arg;
	bide_sleep(BIDE_SECOND);
	return 7;
}

static int spawn_kept(void *arg)
{
	(void)arg;
	kept = bide_spawn(sleep_a_second, NULL);
	bide_yield();
	return 0;
}

static int join_kept(void *arg)
{
	(void)arg;
	return bide_join(kept);
}

TEST(outside_of_a_loop, waiting_for_a_task_gives_eperm_and_keeps_the_handle)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };
	bide_loop *loop = bide_loop_new(&options);
	int result = 99;

	CHECK(loop != NULL);
	CHECK_INT(bide_loop_run(loop, spawn_kept, NULL), 0);
	CHECK_INT(bide_join(kept), -EPERM);
	CHECK_INT(bide_join_for(kept, BIDE_SECOND), -EPERM);
	CHECK_INT(bide_gather(1, &kept, &result), -EPERM);
	CHECK_INT(result, 99);
	CHECK_INT(bide_wait(1, &kept, BIDE_ALL_DONE, BIDE_FOREVER), -EPERM);
	CHECK(!bide_done(kept));
	CHECK_INT(bide_loop_run(loop, join_kept, NULL), 7);
	CHECK_INT(bide_loop_close(loop), 0);
}

/* Runs fn as a task named "culprit". */
static int name_and_run(void *arg)
{
	bide_fn **fn = arg;

	bide_set_name(bide_self(), "culprit");
	return (*fn)(NULL);
}

static bide_fn *crime;
static char crime_text[8192];

static void commit(void)
{
	bide_run(name_and_run, &crime);
}

static void check_aborts(bide_fn *fn)
{
	int status;

	crime = fn;
	status = test_child(commit, crime_text, sizeof crime_text);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		test_fail(__FILE__, __LINE__, "status is %#x, not SIGABRT; it printed: %s",
		          (unsigned)status, crime_text);
	if (strstr(crime_text, "culprit") == NULL)
		test_fail(__FILE__, __LINE__, "the task's name is not in: %s", crime_text);
}

static int return_zero(void *arg)
{
	(void)arg;
	return 0;
}

static int join_twice(void *arg)
{
	bide_task *task = bide_spawn(return_zero, NULL);

	(void)arg;
	(void)bide_join(task);
	(void)bide_join(task);
	return 0;
}

TEST(misuse, joining_a_handle_that_was_given_back_aborts)
{
	check_aborts(join_twice);
}

static int join_detached(void *arg)
{
	bide_task *task = bide_spawn(return_zero, NULL);

	(void)arg;
	bide_yield();
	bide_detach(task);
	(void)bide_join(task);
	return 0;
}

TEST(misuse, joining_a_task_that_was_detached_aborts)
{
	check_aborts(join_detached);
}

static int leave_a_scope_open(void *arg)
{
	bide_scope scope;

	(void)arg;
	bide_scope_enter(&scope, BIDE_SECOND);
	return 0;
}

TEST(misuse, ending_with_an_open_scope_aborts)
{
	check_aborts(leave_a_scope_open);
}

static int leave_a_group_open(void *arg)
{
	bide_group group;

	(void)arg;
	bide_group_open(&group);
	return 0;
}

TEST(misuse, ending_with_an_open_group_aborts)
{
	check_aborts(leave_a_group_open);
}

static int leave_out_of_order(void *arg)
{
	bide_scope outer, inner;

	(void)arg;
	bide_scope_enter(&outer, BIDE_FOREVER);
	bide_scope_enter(&inner, BIDE_FOREVER);
	(void)bide_scope_leave(&outer);
	(void)bide_scope_leave(&inner);
	return 0;
}

TEST(misuse, leaving_scopes_out_of_order_aborts)
{
	check_aborts(leave_out_of_order);
}

static int close_around_a_scope(void *arg)
{
	bide_group group;
	bide_scope scope;

	(void)arg;
	bide_group_open(&group);
	bide_scope_enter(&scope, BIDE_FOREVER);
	(void)bide_group_close(&group);
	(void)bide_scope_leave(&scope);
	return 0;
}

TEST(misuse, closing_a_group_around_an_open_scope_aborts)
{
	check_aborts(close_around_a_scope);
}

static void tell(void *arg)
{
	(void)arg;
	(void)!write(STDERR_FILENO, "deferred", 8);
}

static int leave_a_scope_open_and_defer(void *arg)
{
	bide_scope scope;

	(void)arg;
	(void)bide_defer(tell, NULL);
	bide_scope_enter(&scope, BIDE_MILLISECOND);
	return 0;
}

/* What is deferred would run on the very stack where the scope has been. */
TEST(misuse, ending_with_an_open_scope_aborts_before_deferred_functions_run)
{
	check_aborts(leave_a_scope_open_and_defer);
	CHECK(strstr(crime_text, "deferred") == NULL);
}

static int leave_a_scope_open_in_a_generator(void *arg)
{
	bide_scope scope;
	int value = 1;

	(void)arg;
	bide_gen_yield(&value);
	bide_scope_enter(&scope, BIDE_SECOND);
	return 0;
}

static int leave_a_group_open_in_a_generator(void *arg)
{
	bide_group group;

	(void)arg;
	bide_group_open(&group);
	return 0;
}

static int exhaust(bide_fn *fn)
{
	bide_gen *gen = bide_gen_new(sizeof(int), fn, NULL);
	int value;

	while (bide_gen_next(gen, &value) > 0)
		;
	bide_gen_free(gen);
	return 0;
}

static int exhaust_one_with_a_scope(void *arg)
{
	(void)arg;
	return exhaust(leave_a_scope_open_in_a_generator);
}

static int exhaust_one_with_a_group(void *arg)
{
	(void)arg;
	return exhaust(leave_a_group_open_in_a_generator);
}

/* The generator's stack goes, and the scope that stands on it. */
TEST(misuse, returning_from_a_generator_with_an_open_scope_aborts)
{
	check_aborts(exhaust_one_with_a_scope);
	CHECK(strstr(crime_text, "generator") != NULL);
}

TEST(misuse, returning_from_a_generator_with_an_open_group_aborts)
{
	check_aborts(exhaust_one_with_a_group);
	CHECK(strstr(crime_text, "generator") != NULL);
}
